"""Wrong models: popping and messages."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

POPPING = (
    Mutant(
        "closed_before_drained", ("POP-1", "CON-4", "LIF-2"), "channel/popping.py",
        "    channel = replace(channel, held=0)  # MSG-1\n",
        "    channel = replace(channel, held=0)\n"
        "    if channel.producer is not Side.LIVE:\n"
        "        return _failed(channel), PopResult.CHANNEL_CLOSED, ()\n",
    ),
    Mutant(
        "end_of_producer_is_empty", ("POP-1", "POP-4", "POP-5", "LIF-2"), "channel/popping.py",
        "    if channel.producer is not Side.LIVE or channel.shut:\n", "    if channel.shut:\n",
    ),
    Mutant("newest_first", ("POP-2",), "channel/popping.py", "channel.waiting[:count]", "channel.waiting[-count:]"),
    Mutant(
        "batch_reversed", ("POP-2",), "channel/popping.py",
        "channel.waiting[:count]", "channel.waiting[:count][::-1]",
    ),
    Mutant(
        "last_byte_torn", ("POP-2",), "channel/popping.py",
        "taken = channel.waiting[:count]", "taken = tuple(data[:63] for data in channel.waiting[:count])",
    ),
    Mutant(
        "slot_freed_with_the_message", ("POP-3", "STA-3"), "channel/value.py",
        "return self.config.capacity - len(self.waiting)",
        "return self.config.capacity - len(self.waiting) - self.held",
    ),
    Mutant(
        "blocking_pop_answers_empty", ("POP-4",), "channel/popping.py",
        "    after, result, taken = _take(channel, 1)\n"
        "    return after, Blocked.FOR_MESSAGE if result is PopResult.EMPTY else result, taken\n",
        "    return _take(channel, 1)\n",
    ),
    Mutant(
        "no_time_answers_empty", ("POP-4",), "handles/consumer.py",
        "PopResult.TIMEOUT, limit)", "PopResult.TIMEOUT if limit else PopResult.EMPTY, limit)",
    ),
    Mutant(
        "batch_waits_to_fill", ("POP-5",), "channel/popping.py",
        "    after, result, taken = _take(channel, max_count)\n",
        "    if channel.producer is channel.consumer and len(channel.waiting) < max_count:\n"
        "        return channel, Blocked.FOR_MESSAGE, ()\n"
        "    after, result, taken = _take(channel, max_count)\n",
    ),
    Mutant(
        "batch_of_one", ("POP-5",), "channel/popping.py",
        "after, result, taken = _take(channel, max_count)",
        "after, result, taken = _take(channel, min(max_count, 1))",
    ),
    Mutant(
        "batch_of_none_on_a_dead_handle", ("POP-5", "LIF-4"), "channel/popping.py",
        "if channel.consumer is Side.LIVE and max_count == 0:", "if max_count == 0:",
    ),
    Mutant(
        "batch_without_time_times_out", ("POP-5",), "handles/consumer.py",
        "PopResult.EMPTY if limit == 0 else PopResult.TIMEOUT", "PopResult.TIMEOUT",
    ),
    Mutant(
        "batch_of_none_is_a_pop", ("MSG-5",), "channel/popping.py",
        "max_count == 0:\n        return channel, PopResult.EMPTY, ()",
        "max_count == 0:\n        return replace(channel, held=0), PopResult.EMPTY, ()",
    ),
    Mutant(
        "view_overwritten", ("MSG-1",), "handles/message.py",
        "        return self._data\n",
        "        waiting = self._endpoint.channel.waiting\n"
        "        if len(waiting) == self._endpoint.channel.config.capacity:\n"
        "            return waiting[-1]\n"
        "        return self._data\n",
    ),
    Mutant("batch_holds_one", ("MSG-1",), "channel/popping.py", "held=count", "held=min(count, 1)"),
    Mutant(
        "push_expires", ("MSG-1",), "channel/pushing.py",
        "        waiting=(*channel.waiting, data),\n",
        "        waiting=(*channel.waiting, data),\n        held=0,\n",
    ),
    Mutant(
        "end_of_producer_expires", ("MSG-1",), "channel/lifecycle.py",
        "producer=Side.CLOSED, reserved=False", "producer=Side.CLOSED, reserved=False, held=0",
    ),
    Mutant(
        "pop_of_nothing_keeps", ("MSG-2",), "channel/popping.py",
        "channel = replace(channel, held=0)  # MSG-1",
        "channel = replace(channel, held=0) if channel.waiting else channel",
    ),
    Mutant(
        "close_keeps_messages", ("MSG-2",), "handles/message.py",
        "        if not is_readable(self._endpoint.channel, self._number):\n            raise",
        "        if not is_readable(self._endpoint.channel, self._number) and self._endpoint.channel.consumer.name != "
        '"CLOSED":\n'
        "            raise",
    ),
    Mutant(
        "expired_is_no_value_error", ("MSG-2",), "errors.py",
        "class MessageExpiredError(OmniError, ValueError)", "class MessageExpiredError(OmniError)",
    ),
    Mutant(
        "expired_has_a_length", ("MSG-2",), "handles/message.py",
        "return len(self._read())", "return len(self._data)",
    ),
    Mutant(
        "expired_has_a_view", ("MSG-2",), "handles/message.py",
        "        data = self._read()\n", "        data = self._data\n",
    ),
    Mutant(
        "exports_limit_nothing", ("MSG-3",), "channel/popping.py",
        "return oldest + channel.config.capacity - channel.received.messages_received",
        "return oldest + channel.config.capacity * 99",
    ),
    Mutant(
        "exports_limit_one_too_many", ("MSG-3",), "channel/popping.py",
        "return oldest + channel.config.capacity", "return oldest - 1 + channel.config.capacity",
    ),
    Mutant(
        "exports_limit_one_too_few", ("MSG-3",), "channel/popping.py",
        "return oldest + channel.config.capacity", "return oldest + 1 + channel.config.capacity",
    ),
    Mutant(
        "batch_refused_whole", ("MSG-3",), "channel/popping.py",
        "    count = min(at_most, len(channel.waiting), _poppable(channel))\n",
        "    count = min(at_most, len(channel.waiting))\n    count = count if count <= _poppable(channel) else 0\n",
    ),
    Mutant(
        "refused_pop_keeps_messages", ("MSG-3",), "channel/popping.py",
        "    channel = replace(channel, held=0)  # MSG-1\n",
        "    channel = replace(channel, held=channel.held if channel.waiting and _poppable(channel) < 1 else 0)\n",
    ),
    Mutant(
        "refused_pop_counts", ("MSG-3",), "channel/popping.py",
        "return channel, Refused.BY_EXPORT, ()", "return _failed(channel), Refused.BY_EXPORT, ()",
    ),
    Mutant(
        "nothing_refused_as_something", ("MSG-3",), "channel/popping.py",
        "    if channel.waiting:\n", "    if channel.waiting or _poppable(channel) < 1:\n",
    ),
    Mutant(
        "export_overwritten", ("MSG-3",), "handles/message.py",
        "            exporter = Exporter(data)\n",
        "            exporter = Exporter(data)\n"
        "            for old in filter(None, [each() for each in self._exporters.values()]):\n"
        "                old[:] = data[: len(old)].ljust(len(old))\n",
    ),
    Mutant(
        "exports_keep_it_open", ("MSG-3",), "channel/lifecycle.py",
        "    return replace(channel, consumer=Side.CLOSED, held=0)\n",
        "    if channel.exported:\n"
        '        raise BufferError("exports exist")\n'
        "    return replace(channel, consumer=Side.CLOSED, held=0)\n",
    ),
    Mutant(
        "data_is_writable", ("MSG-4",), "handles/message.py",
        "memoryview(exporter).toreadonly()", "memoryview(exporter)",
    ),
    Mutant(
        "data_is_bytes", ("MSG-4",), "handles/message.py",
        "memoryview(exporter).toreadonly()", "bytes(exporter)",
    ),
    Mutant(
        "length_of_the_slot", ("MSG-4",), "handles/message.py",
        "return len(self._read())", "return len(self._read()) and self._endpoint.channel.config.max_message_size",
    ),
    Mutant(
        "one_release_frees_all", ("MSG-3",), "channel/popping.py",
        "tuple(other for other in channel.exported if other != number)", "()",
    ),
    Mutant(
        "second_view_hides_the_first", ("MSG-3",), "handles/message.py",
        "exporter = None if reference is None else reference()", "exporter = None",
    ),
    Mutant(
        "move_forgets_exports", ("MSG-3",), "channel/lifecycle.py",
        "return channel, replace(channel, consumer=Side.MOVED)",
        "return replace(channel, exported=()), replace(channel, consumer=Side.MOVED)",
    ),
)  # fmt: skip
