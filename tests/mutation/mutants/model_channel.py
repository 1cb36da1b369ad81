"""Mistakes in the model: pushing, reserving, popping, and the life of handles."""

from __future__ import annotations

from tests.mutation.mutant import Mutant, crosshair, suite

PUSHING_PY = "spec_model/channel/pushing.py"
VALUE_PY = "spec_model/channel/value.py"
ARGUMENTS_PY = "spec_model/arguments.py"
PRODUCER_PY = "spec_model/handles/producer.py"
RESERVING_PY = "spec_model/channel/reserving.py"
RESERVATION_PY = "spec_model/handles/reservation.py"
QUERIES_PY = "spec_model/channel/queries.py"
REGISTRY_PY = "spec_model/registry.py"
LIFECYCLE_PY = "spec_model/channel/lifecycle.py"
POPPING_PY = "spec_model/channel/popping.py"
CONSUMER_PY = "spec_model/handles/consumer.py"
MESSAGE_PY = "spec_model/handles/message.py"
ERRORS_PY = "spec_model/errors.py"
ENDPOINT_PY = "spec_model/handles/endpoint.py"
PAIR_PY = "spec_model/handles/pair.py"

PUSHING = (
    Mutant(
        "size_checked_too_late", PUSHING_PY, suite("PSH-1"),
        "    if not 0 < len(data) <= channel.config.max_message_size:\n"
        "        return channel, PushResult.INVALID_SIZE\n"
        "    if channel.consumer is not Side.LIVE or channel.shut:\n"
        "        return _failed(channel), PushResult.CHANNEL_CLOSED  # LIF-2, SHD-1\n",
        "    if channel.consumer is not Side.LIVE or channel.shut:\n"
        "        return _failed(channel), PushResult.CHANNEL_CLOSED\n"
        "    if not 0 < len(data) <= channel.config.max_message_size:\n"
        "        return channel, PushResult.INVALID_SIZE\n",
    ),
    Mutant(
        "size_checked_too_early", PUSHING_PY, suite("PSH-1", "LIF-4"),
        "    if channel.producer is not Side.LIVE:\n        return channel, PushResult.CHANNEL_CLOSED  # LIF-4\n",
        "    if channel.producer is not Side.LIVE and 0 < len(data) <= channel.config.max_message_size:\n"
        "        return channel, PushResult.CHANNEL_CLOSED\n",
    ),
    Mutant(
        "full_before_closed", PUSHING_PY, suite("PSH-1", "LIF-2"),
        "    if channel.consumer is not Side.LIVE or channel.shut:\n",
        "    if channel.reserved or channel.free_slots == 0:\n"
        "        return channel, PushResult.QUEUE_FULL\n"
        "    if channel.consumer is not Side.LIVE or channel.shut:\n",
    ),
    Mutant("largest_refused", PUSHING_PY, suite("PSH-1"), "len(data) <= channel", "len(data) < channel"),
    Mutant(
        "empty_goes_through", PUSHING_PY, suite("PSH-1", "PSH-4", "PSH-6"),
        "if not 0 < len(data)", "if not 0 <= len(data)",
    ),
    Mutant(
        "push_past_a_reservation", PUSHING_PY, suite("PSH-1"),
        "if channel.reserved or channel.free_slots == 0", "if channel.free_slots == 0",
    ),
    Mutant("capacity_one_short", PUSHING_PY, suite("PSH-2"), "channel.free_slots == 0", "channel.free_slots <= 1"),
    Mutant("capacity_one_more", PUSHING_PY, suite("PSH-2"), "channel.free_slots == 0", "channel.free_slots < 0"),
    Mutant(
        "capacity_one_short_everywhere", VALUE_PY, suite("PSH-2", "STA-3"),
        "return self.config.capacity - len(self.waiting)", "return self.config.capacity - 1 - len(self.waiting)",
    ),
    Mutant(
        "bytes_not_copied", ARGUMENTS_PY, suite("PSH-3"),
        "    with view:\n",
        "    if isinstance(data, bytearray):\n"
        "        return data\n"
        "    with view:\n",
    ),
    Mutant(
        "blocking_push_answers_full", PUSHING_PY, suite("PSH-4"),
        "return channel, Blocked.FOR_SPACE", "return after, result",
    ),
    Mutant(
        "blocking_push_waits_for_nobody", PUSHING_PY, suite("PSH-4", "LIF-2"),
        "    if result is not PushResult.QUEUE_FULL:\n",
        "    if result not in (PushResult.QUEUE_FULL, PushResult.CHANNEL_CLOSED) or channel.producer is not "
        "Side.LIVE:\n",
    ),
    Mutant(
        "reserved_waits", PUSHING_PY, suite("PSH-5"),
        "    if channel.reserved:\n        return push_timed_out(channel)\n", "",
    ),
    Mutant("batch_skips_what_fails", PUSHING_PY, suite("PSH-6"), "            break\n", "            continue\n"),
    Mutant(
        "batch_counts_all", PUSHING_PY, suite("PSH-6"),
        "return channel, pushed  #", "return channel, len(messages)  #",
    ),
    Mutant(
        "batch_checks_as_it_goes", PRODUCER_PY, suite("PSH-6", "ARG-4"),
        "        data = arguments.payloads(messages)\n"
        "        self._endpoint.channel, pushed = pushing.batch_push(self._endpoint.channel, data)\n",
        "        data = messages = [*messages]\n        pushed = sum(map(bool, map(self.try_push, messages)))\n",
    ),
)  # fmt: skip

RESERVING = (
    Mutant("reserved_twice", RESERVING_PY, suite("RSV-1"), "        and not channel.reserved  # PSH-5\n", ""),
    Mutant(
        "reserved_without_a_slot", RESERVING_PY, (suite("RSV-1"), crosshair("blocking_reserve")),
        "    if channel.free_slots == 0:\n        return channel, Blocked.FOR_SPACE  # WAI-2\n", "",
    ),
    Mutant("nothing_reserved", RESERVING_PY, suite("RSV-1"), "and 0 < n <= channel", "and 0 <= n <= channel"),
    Mutant(
        "too_much_reserved", RESERVING_PY, suite("RSV-1"),
        "and 0 < n <= channel.config.max_message_size", "and 0 < n",
    ),
    Mutant(
        "reserved_for_nobody", RESERVING_PY, suite("RSV-1"),
        "        and channel.consumer is Side.LIVE  # LIF-2\n", "",
    ),
    Mutant(
        "region_as_asked", PRODUCER_PY, suite("RSV-2"),
        "Reservation._of(self.max_message_size(), self.name)", "Reservation._of(n, self.name)",
    ),
    Mutant(
        "region_read_only", RESERVATION_PY, suite("RSV-2"),
        "        return self._view\n", "        return self._view.toreadonly()\n",
    ),
    Mutant(
        "reservation_takes_a_slot", VALUE_PY, suite("RSV-2", "STA-3"),
        "return self.config.capacity - len(self.waiting)",
        "return self.config.capacity - len(self.waiting) - self.reserved",
    ),
    Mutant(
        "reservation_is_seen", QUERIES_PY, suite("RSV-2", "STA-3"),
        "return len(channel.waiting) if", "return len(channel.waiting) + channel.reserved if",
    ),
    Mutant(
        "commit_ignores_offset", RESERVING_PY, suite("RSV-3"),
        "publish(channel, region[offset : offset + n])", "publish(channel, region[:n])",
    ),
    Mutant(
        "commit_publishes_the_region", RESERVING_PY, suite("RSV-3"),
        "publish(channel, region[offset : offset + n])", "publish(channel, region[offset:])",
    ),
    Mutant("commit_one_short", RESERVING_PY, suite("RSV-4"), "offset + n > len", "offset + n >= len"),
    Mutant("commit_of_nothing", RESERVING_PY, suite("RSV-4"), "if n == 0 or offset", "if offset"),
    Mutant(
        "bad_commit_drops", PRODUCER_PY, suite("RSV-4"),
        "            return answer  # exports play no part, and nothing has changed [RSV-4]\n",
        "            if self._endpoint.resources is not None:\n"
        "                self._end_reservation('commit')\n"
        "                self._endpoint.channel, _ = reserving.rollback(self._endpoint.channel)\n"
        "            return answer\n",
    ),
    Mutant(
        "commit_for_nobody_keeps", PRODUCER_PY, suite("RSV-4"),
        '        self._end_reservation("commit")\n',
        "        if not self.is_connected():\n"
        "            return False\n"
        '        self._end_reservation("commit")\n',
    ),
    Mutant(
        "commit_without_reservation", RESERVING_PY, suite("RSV-4"),
        "        return channel, False\n    if n == 0",
        "        return channel, channel.producer is Side.LIVE and n > 0\n    if n == 0",
    ),
    Mutant(
        "rollback_keeps_the_slot", RESERVING_PY, suite("RSV-5"),
        "    return replace(channel, reserved=False), None  # RSV-5\n", "    return channel, None\n",
    ),
    Mutant(
        "rollback_publishes", RESERVING_PY, suite("RSV-5"),
        "    return replace(channel, reserved=False), None  # RSV-5\n",
        '    return replace(publish(channel, b"?"), reserved=False), None\n',
    ),
    Mutant(
        "rollback_of_nothing_raises", RESERVING_PY, suite("RSV-5", "LIF-4"),
        "        return channel, None  # RSV-5\n", '        raise ValueError("no reservation")\n',
    ),
    Mutant(
        "move_drops_reservation", LIFECYCLE_PY, suite("RSV-6", "LIF-3"),
        "return channel, replace(channel, producer=Side.MOVED)",
        "return replace(channel, reserved=False), replace(channel, producer=Side.MOVED)",
    ),
    Mutant(
        "close_leaves_the_region", PRODUCER_PY, suite("RSV-6"),
        "        super()._end(how)\n        self._drop_reservation()\n", "        super()._end(how)\n",
    ),
    Mutant(
        "region_view_is_not_released", RESERVATION_PY, suite("RSV-7"),
        "            self._view.release()\n", "            memoryview(self._view).release()\n",
    ),
    Mutant(
        "commit_under_an_export", PRODUCER_PY, suite("RSV-7"),
        '            raise BufferError(f"{call} with an export of the reserved region alive: delete the slice '
        'or array first")\n',
        "            self._endpoint.resources._drop()\n",
    ),
    Mutant(
        "refused_commit_loses_the_region", RESERVATION_PY, suite("RSV-7"),
        "            self._export(exporter)\n            return False\n", "            return False\n",
    ),
    Mutant(
        "close_leaves_the_view", RESERVATION_PY, suite("RSV-6"),
        "if self._base is not None and not self._end():", "if self._base is not None:",
    ),
)  # fmt: skip

POPPING = (
    Mutant(
        "closed_before_drained", POPPING_PY, suite("POP-1", "CON-4", "LIF-2"),
        "    channel = replace(channel, held=0)  # MSG-1\n",
        "    channel = replace(channel, held=0)\n"
        "    if channel.producer is not Side.LIVE:\n"
        "        return _failed(channel), PopResult.CHANNEL_CLOSED, ()\n",
    ),
    Mutant(
        "end_of_producer_is_empty", POPPING_PY, suite("POP-1", "POP-4", "POP-5", "LIF-2"),
        "    if channel.producer is not Side.LIVE or channel.shut:\n", "    if channel.shut:\n",
    ),
    Mutant("newest_first", POPPING_PY, suite("POP-2"), "channel.waiting[:count]", "channel.waiting[-count:]"),
    Mutant("batch_reversed", POPPING_PY, suite("POP-2"), "channel.waiting[:count]", "channel.waiting[:count][::-1]"),
    Mutant(
        "last_byte_torn", POPPING_PY, suite("POP-2"),
        "taken = channel.waiting[:count]", "taken = tuple(data[:63] for data in channel.waiting[:count])",
    ),
    Mutant(
        "slot_freed_with_the_message", VALUE_PY, suite("POP-3", "STA-3"),
        "return self.config.capacity - len(self.waiting)",
        "return self.config.capacity - len(self.waiting) - self.held",
    ),
    Mutant(
        "blocking_pop_answers_empty", POPPING_PY, suite("POP-4"),
        "    after, result, taken = _take(channel, 1)\n"
        "    return after, Blocked.FOR_MESSAGE if result is PopResult.EMPTY else result, taken\n",
        "    return _take(channel, 1)\n",
    ),
    Mutant(
        "no_time_answers_empty", CONSUMER_PY, suite("POP-4"),
        "PopResult.TIMEOUT, limit)", "PopResult.TIMEOUT if limit else PopResult.EMPTY, limit)",
    ),
    Mutant(
        "batch_waits_to_fill", POPPING_PY, suite("POP-5"),
        "    after, result, taken = _take(channel, max_count)\n",
        "    if channel.producer is channel.consumer and len(channel.waiting) < max_count:\n"
        "        return channel, Blocked.FOR_MESSAGE, ()\n"
        "    after, result, taken = _take(channel, max_count)\n",
    ),
    Mutant(
        "batch_of_one", POPPING_PY, suite("POP-5"),
        "after, result, taken = _take(channel, max_count)", "after, result, taken = _take(channel, min(max_count, 1))",
    ),
    Mutant(
        "batch_of_none_on_a_dead_handle", POPPING_PY, suite("POP-5", "LIF-4"),
        "if channel.consumer is Side.LIVE and max_count == 0:", "if max_count == 0:",
    ),
    Mutant(
        "batch_without_time_times_out", CONSUMER_PY, suite("POP-5"),
        "PopResult.EMPTY if limit == 0 else PopResult.TIMEOUT", "PopResult.TIMEOUT",
    ),
    Mutant(
        "batch_of_none_is_a_pop", POPPING_PY, suite("MSG-5"),
        "max_count == 0:\n        return channel, PopResult.EMPTY, ()",
        "max_count == 0:\n        return replace(channel, held=0), PopResult.EMPTY, ()",
    ),
    Mutant(
        "view_overwritten", MESSAGE_PY, suite("MSG-1"),
        "        return self._data\n",
        "        waiting = self._endpoint.channel.waiting\n"
        "        if len(waiting) == self._endpoint.channel.config.capacity:\n"
        "            return waiting[-1]\n"
        "        return self._data\n",
    ),
    Mutant("batch_holds_one", POPPING_PY, suite("MSG-1"), "held=count", "held=min(count, 1)"),
    Mutant(
        "push_expires", PUSHING_PY, suite("MSG-1"),
        "        waiting=(*channel.waiting, data),\n", "        waiting=(*channel.waiting, data),\n        held=0,\n",
    ),
    Mutant(
        "end_of_producer_expires", LIFECYCLE_PY, suite("MSG-1"),
        "producer=Side.CLOSED, reserved=False", "producer=Side.CLOSED, reserved=False, held=0",
    ),
    Mutant(
        "pop_of_nothing_keeps", POPPING_PY, suite("MSG-2"),
        "channel = replace(channel, held=0)  # MSG-1",
        "channel = replace(channel, held=0) if channel.waiting else channel",
    ),
    Mutant(
        "close_keeps_messages", MESSAGE_PY, suite("MSG-2"),
        "        if not self._is_readable():\n            raise",
        '        if not self._is_readable() and self._endpoint.channel.consumer.name != "CLOSED":\n'
        "            raise",
    ),
    Mutant(
        "expired_is_no_value_error", ERRORS_PY, suite("MSG-2"),
        "class MessageExpiredError(OmniError, ValueError)", "class MessageExpiredError(OmniError)",
    ),
    Mutant("expired_has_a_length", MESSAGE_PY, suite("MSG-2"), "return len(self._read())", "return len(self._data)"),
    Mutant(
        "expired_has_a_view", MESSAGE_PY, suite("MSG-2"),
        "        data = self._read()\n", "        data = self._data\n",
    ),
    Mutant(
        "exports_limit_nothing", POPPING_PY, suite("MSG-3"),
        "len(channel.waiting), channel.config.capacity - len(channel.exported))", "len(channel.waiting))",
    ),
    Mutant(
        "exports_limit_one_too_many", POPPING_PY, suite("MSG-3"),
        "len(channel.waiting), channel.config.capacity -", "len(channel.waiting), channel.config.capacity - 1 -",
    ),
    Mutant(
        "exports_limit_one_too_few", POPPING_PY, suite("MSG-3"),
        "len(channel.waiting), channel.config.capacity -", "len(channel.waiting), channel.config.capacity + 1 -",
    ),
    Mutant(
        "batch_refused_whole", POPPING_PY, suite("MSG-3"),
        "    count = min(at_most, len(channel.waiting), channel.config.capacity - len(channel.exported))  # MSG-3\n",
        "    count = min(at_most, len(channel.waiting))\n"
        "    count = count if count + len(channel.exported) <= channel.config.capacity else 0\n",
    ),
    Mutant(
        "old_exports_limit_pops", POPPING_PY, suite("MSG-3"),
        "len(channel.waiting), channel.config.capacity - len(channel.exported))",
        "len(channel.waiting),\n                channel.config.capacity - channel.received.messages_received\n"
        "                + min(channel.exported, default=channel.received.messages_received))",
    ),
    Mutant(
        "held_messages_limit_pops", POPPING_PY, suite("MSG-3"),
        "    channel = replace(channel, held=0)  # MSG-1\n",
        "    held, channel = channel.held, replace(channel, held=0)\n",
        "len(channel.waiting), channel.config.capacity -", "len(channel.waiting), channel.config.capacity - held -",
    ),
    Mutant(
        "refused_pop_keeps_messages", POPPING_PY, suite("MSG-3"),
        "    channel = replace(channel, held=0)  # MSG-1\n",
        "    stuck = channel.waiting and len(channel.exported) == channel.config.capacity\n"
        "    channel = replace(channel, held=channel.held if stuck else 0)\n",
    ),
    Mutant(
        "refused_pop_counts", POPPING_PY, suite("MSG-3"),
        "return channel, Refused.BY_EXPORT, ()", "return _failed(channel), Refused.BY_EXPORT, ()",
    ),
    Mutant(
        "nothing_refused_as_something", POPPING_PY, suite("MSG-3"),
        "    if channel.waiting:\n",
        "    if channel.waiting or len(channel.exported) == channel.config.capacity:\n",
    ),
    Mutant(
        "export_overwritten", MESSAGE_PY, suite("MSG-3"),
        "            exporter = Exporter(data)\n",
        "            exporter = Exporter(data)\n"
        "            for old in filter(None, [each() for each in self._exporters.values()]):\n"
        "                old[:] = data[: len(old)].ljust(len(old))\n",
    ),
    Mutant(
        "exports_keep_it_open", LIFECYCLE_PY, suite("MSG-3"),
        "    return replace(channel, consumer=Side.CLOSED, held=0)  # LIF-1, MSG-1\n",
        "    if channel.exported:\n"
        '        raise BufferError("exports exist")\n'
        "    return replace(channel, consumer=Side.CLOSED, held=0)\n",
    ),
    Mutant(
        "copy_of_the_first_byte", MESSAGE_PY, suite("MSG-6"),
        "        return bytes(self)\n", "        return bytes(self)[:1]\n",
    ),
    Mutant(
        "copy_of_an_expired_message", MESSAGE_PY, suite("MSG-6"),
        "        return bytes(self)\n", "        return self._data\n",
    ),
    Mutant(
        "messages_equal_their_bytes", MESSAGE_PY, suite("MSG-6"),
        "    def tobytes(self) -> bytes:\n",
        "    def __eq__(self, other: object) -> bool:\n"
        "        return bytes(self) == (bytes(other) if isinstance(other, Message) else other)\n\n"
        "    __hash__ = object.__hash__\n\n"
        "    def tobytes(self) -> bytes:\n",
    ),
    Mutant(
        "a_refused_pop_has_taken", CONSUMER_PY, suite("POP-6", "ARG-4"),
        "        max_count, limit = arguments.count(\"max_count\", max_count), arguments.seconds(timeout)\n",
        "        max_count = arguments.count(\"max_count\", max_count)\n"
        "        self._endpoint.channel, *_ = popping.batch_pop(self._current(), min(max_count, 1))\n"
        "        limit = arguments.seconds(timeout)\n",
    ),
    Mutant("data_is_writable", MESSAGE_PY, suite("MSG-4"), "memoryview(exporter).toreadonly()", "memoryview(exporter)"),
    Mutant("data_is_bytes", MESSAGE_PY, suite("MSG-4"), "memoryview(exporter).toreadonly()", "bytes(exporter)"),
    Mutant(
        "length_of_the_slot", MESSAGE_PY, suite("MSG-4"),
        "return len(self._read())", "return len(self._read()) and self._endpoint.channel.config.max_message_size",
    ),
    Mutant(
        "one_release_frees_all", POPPING_PY, suite("MSG-3"),
        "tuple(other for other in channel.exported if other != number)", "()",
    ),
    Mutant(
        "second_view_hides_the_first", MESSAGE_PY, suite("MSG-3"),
        "exporter = None if reference is None else reference()", "exporter = None",
    ),
    Mutant(
        "move_forgets_exports", LIFECYCLE_PY, suite("MSG-3"),
        "return channel, replace(channel, consumer=Side.MOVED)",
        "return replace(channel, exported=()), replace(channel, consumer=Side.MOVED)",
    ),
)  # fmt: skip
"""Popping, and messages."""

WAITING = (
    Mutant(
        "a_wait_takes", CONSUMER_PY, suite("WAI-1"),
        "        result = popping.wait(self._endpoint.channel)\n",
        "        self._endpoint.channel, result, _ = popping.blocking_pop(self._endpoint.channel)\n",
    ),
    Mutant(
        "a_wait_expires", CONSUMER_PY, suite("WAI-1"),
        "        result = popping.wait(self._endpoint.channel)\n",
        "        self._endpoint.channel = popping.replace(self._endpoint.channel, held=0)\n"
        "        result = popping.wait(self._endpoint.channel)\n",
    ),
    Mutant(
        "a_wait_counts", PRODUCER_PY, suite("WAI-1"),
        "            result = PushResult.TIMEOUT\n",
        "            self._endpoint.channel, result = pushing.push_timed_out(self._endpoint.channel)\n",
    ),
    Mutant(
        "a_wait_asks_exports", POPPING_PY, (suite("WAI-1"), crosshair("wait")),
        "blocking_pop(replace(channel, exported=()))", "blocking_pop(channel)",
        "    assert not isinstance(result, Refused)\n",
        "    result = PopResult.CHANNEL_CLOSED if isinstance(result, Refused) else result\n",
    ),
    Mutant(
        "a_wait_ignores_what_is_left", POPPING_PY, (suite("WAI-1"), crosshair("wait")),
        "blocking_pop(replace(channel, exported=()))",
        "blocking_pop(replace(channel, exported=(), waiting=() if channel.shut else channel.waiting))",
    ),
    Mutant(
        "a_wait_for_space_ignores_the_reservation", PUSHING_PY, (suite("WAI-1"), crosshair("wait")),
        'blocking_push(channel, b"x")  #', 'blocking_push(replace(channel, reserved=False), b"x")  #',
    ),
    Mutant(
        "a_reservation_never_waits", RESERVING_PY, suite("WAI-2"),
        "        return channel, Blocked.FOR_SPACE  # WAI-2\n",
        "        return replace(channel, reserved=True), True\n",
    ),
    Mutant(
        "a_second_reservation_waits", RESERVING_PY, suite("WAI-2"),
        "    if not possible:\n",
        "    if channel.reserved:\n        return channel, Blocked.FOR_SPACE\n    if not possible:\n",
    ),
    Mutant(
        "a_reservation_counts_its_timeout", PRODUCER_PY, suite("WAI-2", "STA-1"),
        "        if answer is not True:\n",
        "        if isinstance(answer, Blocked):\n"
        "            self._endpoint.channel, _ = pushing.push_timed_out(self._endpoint.channel)\n"
        "        if answer is not True:\n",
    ),
    Mutant(
        "a_build_never_waits", PRODUCER_PY, suite("WAI-2"),
        "return Build(self, most, arguments.seconds(timeout))", "return Build(self, most, 0)",
    ),
    Mutant(
        "receive_many_is_one", CONSUMER_PY, suite("WAI-5"),
        "[bytes(message) for message in messages]", "[bytes(message) for message in messages[:1]]",
    ),
    Mutant(
        "receive_many_gives_nothing_in_time", CONSUMER_PY, suite("WAI-5"),
        '        if not messages and arguments.count("max_count", max_count) > 0:\n', "        if False:\n",
    ),
    Mutant(
        "receive_many_of_nothing_times_out", CONSUMER_PY, suite("WAI-5"),
        '        if not messages and arguments.count("max_count", max_count) > 0:\n', "        if not messages:\n",
    ),
    Mutant(
        "send_many_counts_the_bad_one", PRODUCER_PY, suite("WAI-5"),
        "raise not_all_sent(error, sent) from None", "raise not_all_sent(error, sent + 1) from None",
    ),
    Mutant(
        "send_many_raises_as_send", PRODUCER_PY, suite("WAI-5"), "raise not_all_sent(error, sent) from None", "raise",
    ),
    Mutant(
        "send_many_looks_first", PRODUCER_PY, suite("WAI-5"),
        "        for sent, data in enumerate(messages):\n",
        "        for sent, data in enumerate(arguments.payloads(messages)):\n",
    ),
    Mutant(
        "every_message_is_kept", ENDPOINT_PY, suite("MEM-1", "MEM-2"),
        "        self.deferred: deque[Callable[[], None]] = deque()\n",
        "        self.deferred: deque[Callable[[], None]] = deque()\n"
        "        self._past: list[Registry] = _PAST\n",
        '        """Replace the channel registered under `name` by what an operation has made of it."""\n',
        "        self._past.append(self._registry)\n",
        "class Store:\n", "_PAST: list[Registry] = []\n\n\nclass Store:\n",
    ),
)  # fmt: skip
"""Waiting, batches of bytes, and memory."""

DESCRIPTORS = (
    Mutant(
        "descriptor_stays_readable",
        "spec_model/handles/endpoint.py",
        suite("WAI-3"),
        "            self.armed = True\n            os.read(self.readable, 1)\n",
        "            self.armed = True\n",
    ),
    Mutant(
        "descriptor_misses_a_shutdown",
        "spec_model/handles/endpoint.py",
        suite("WAI-3"),
        "            descriptor.update(self.read(descriptor.name))\n",
        "            pass\n",
    ),
    Mutant(
        "wait_any_gives_duplicates",
        "spec_model/handles/waiting.py",
        suite("WAI-4"),
        "    found = [handle for handle in chosen.values() if",
        "    found = [handle for handle in (*chosen.values(), *chosen.values()) if",
    ),
    Mutant(
        "receive_async_raises_nothing",
        "spec_model/handles/consumer.py",
        suite("ASY-1"),
        "        await turn()\n        return self.receive(timeout)\n",
        "        await turn()\n        return bytes(self.blocking_pop(timeout)[1] or b'')\n",
    ),
    Mutant(
        "coroutines_of_the_model_let_nobody_run",
        "spec_model/handles/endpoint.py",
        suite("ASY-5"),
        "    yield\n\n\nclass NonCopyable",
        "    if False:\n        yield\n\n\nclass NonCopyable",
    ),
)

LIFECYCLE = (
    Mutant(
        "closed_twice_raises", ENDPOINT_PY, suite("LIF-1"),
        "        self._endpoint.close(self._kind, how)\n",
        "        if self._endpoint._final is not None:\n"
        '            raise ValueError("closed twice")\n'
        "        self._endpoint.close(self._kind, how)\n",
    ),
    Mutant(
        "a_detached_consumer_keeps_its_last_message", LIFECYCLE_PY, suite("LIF-10"),
        "    return replace(channel, held=0), None\n", "    return channel, None\n",
    ),
    Mutant(
        "a_producer_lets_go_of_a_reservation", LIFECYCLE_PY, suite("LIF-10"),
        "    return channel, Refused.BY_RESERVATION if channel.reserved else None\n", "    return channel, None\n",
    ),
    Mutant("with_does_not_close", ENDPOINT_PY, suite("LIF-1"), "self._end(words.BY_WITH)\n", "return\n"),
    Mutant("last_reference_leaks", ENDPOINT_PY, suite("LIF-1"), "self._store.deferred.append(", "(lambda _: None)("),
    Mutant(
        "pair_closes_producer_only", PAIR_PY, suite("LIF-1"),
        "        self._producer.close()\n        self._consumer.close()\n", "        self._producer.close()\n",
    ),
    Mutant(
        "peer_is_not_asked", QUERIES_PY, suite("LIF-2"),
        "return channel.producer is Side.LIVE and channel.consumer is Side.LIVE and not",
        "return (channel.producer is Side.LIVE or channel.consumer is Side.LIVE) and not",
    ),
    Mutant(
        "push_to_nobody", PUSHING_PY, suite("LIF-2", "PSH-1", "PSH-4", "PSH-6"),
        "channel.consumer is not Side.LIVE or channel.shut:", "channel.shut:",
    ),
    Mutant(
        "move_expires_messages", LIFECYCLE_PY, suite("LIF-3"),
        "return channel, replace(channel, consumer=Side.MOVED)",
        "return replace(channel, held=0), replace(channel, consumer=Side.MOVED)",
    ),
    Mutant(
        "move_forgets_statistics", LIFECYCLE_PY, suite("LIF-3"),
        "return channel, replace(channel, producer=Side.MOVED)",
        "return replace(channel, sent=type(channel.sent)()), replace(channel, producer=Side.MOVED)",
    ),
    Mutant(
        "move_forgets_failures", LIFECYCLE_PY, suite("LIF-3"),
        "return channel, replace(channel, producer=Side.MOVED)",
        "return replace(channel, sent=channel.sent._replace(failed_pushes=0)), replace(channel, producer=Side.MOVED)",
    ),
    Mutant(
        "moved_from_is_alive", ENDPOINT_PY, suite("LIF-4", "LIF-3", "LIF-5"),
        "        endpoint._final = channel\n", "",
    ),
    Mutant(
        "closed_has_slots", QUERIES_PY, suite("LIF-4"),
        "return channel.free_slots if channel.producer is Side.LIVE else 0", "return channel.free_slots",
    ),
    Mutant(
        "closed_has_messages", QUERIES_PY, suite("LIF-4"),
        "return len(channel.waiting) if channel.consumer is Side.LIVE else 0", "return len(channel.waiting)",
    ),
    Mutant(
        "pop_of_a_closed_handle_raises", POPPING_PY, suite("LIF-4", "POP-1", "POP-4", "POP-5"),
        "        return channel, PopResult.CHANNEL_CLOSED, ()  # LIF-4\n", '        raise ValueError("closed")\n',
    ),
    Mutant(
        "moved_from_still_counts", QUERIES_PY, suite("LIF-5"),
        "return ProducerStats() if channel.producer is Side.MOVED else channel.sent", "return channel.sent",
    ),
    Mutant(
        "closed_forgets_statistics", QUERIES_PY, suite("LIF-5"),
        "ConsumerStats() if channel.consumer is Side.MOVED", "ConsumerStats() if channel.consumer is not Side.LIVE",
    ),
    Mutant(
        "moved_from_has_a_size", QUERIES_PY, suite("LIF-5"),
        "return ChannelConfig(0, 0) if handle is Side.MOVED else channel.config", "return channel.config",
    ),
    Mutant(
        "a_close_counts_as_a_failure", LIFECYCLE_PY, suite("STA-4", "LIF-5"),
        "    return replace(channel, consumer=Side.CLOSED, held=0)  # LIF-1, MSG-1\n",
        "    received = channel.received._replace(failed_pops=channel.received.failed_pops + 1)\n"
        "    return replace(channel, consumer=Side.CLOSED, held=0, received=received)\n",
    ),
    Mutant(
        "closed_forgets_its_size", QUERIES_PY, suite("LIF-5"),
        "if handle is Side.MOVED else channel.config", "if handle is not Side.LIVE else channel.config",
    ),
    Mutant(
        "assigned_over_producer_lives", PAIR_PY, suite("LIF-6"),
        "            self._producer.close()\n            self._producer = handle\n",
        "            self._producer = handle\n",
    ),
    Mutant(
        "assigned_over_consumer_lives", PAIR_PY, suite("LIF-6"),
        "            self._consumer.close()\n            self._consumer = handle\n",
        "            self._consumer = handle\n",
    ),
    Mutant(
        "assigned_to_itself_ends", PAIR_PY, suite("LIF-6"),
        "        if handle is not self._producer:\n", "        if handle:\n",
    ),
    Mutant(
        "handles_can_be_copied", ENDPOINT_PY, suite("LIF-7"),
        '        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled")\n',
        "        return super().__reduce_ex__(2)\n",
    ),
    Mutant(
        "pairs_can_be_copied", PAIR_PY, suite("LIF-7"),
        "class ChannelPair(NotConstructible, _Two)", "class ChannelPair",
    ),
    Mutant(
        "any_handle_is_a_consumer", PAIR_PY, suite("LIF-6"),
        "        if not isinstance(handle, ConsumerHandle):\n", "        if not hasattr(handle, 'close'):\n",
    ),
    Mutant(
        "a_closed_consumer_still_holds", LIFECYCLE_PY, crosshair("close_consumer"),
        "consumer=Side.CLOSED, held=0", "consumer=Side.CLOSED",
    ),
)  # fmt: skip
"""How handles end."""

SEEING = (
    Mutant(
        "nobody_is_left_alone", QUERIES_PY, suite("OBS-1"),
        "    if peer is not Side.LIVE:\n        return HandleState.ALONE\n", "",
    ),
    Mutant(
        "channels_are_listed_by_name", REGISTRY_PY, suite("OBS-2"),
        "        for name, channel in registry.channels\n    ]\n",
        "        for name, channel in sorted(registry.channels, key=lambda each: each[0])\n    ]\n",
    ),
    Mutant(
        "a_last_reference_is_logged_as_a_close", ENDPOINT_PY, suite("OBS-3"),
        "partial(self.close, side, words.BY_LAST_REFERENCE)", "partial(self.close, side, words.BY_CLOSE)",
    ),
)  # fmt: skip

STATISTICS = (
    Mutant(
        "queue_full_counts_as_failed", PUSHING_PY, suite("STA-1"),
        "return channel, PushResult.QUEUE_FULL", "return _failed(channel), PushResult.QUEUE_FULL",
    ),
    Mutant(
        "invalid_size_counts_as_failed", PUSHING_PY, suite("STA-1"),
        "return channel, PushResult.INVALID_SIZE", "return _failed(channel), PushResult.INVALID_SIZE",
    ),
    Mutant(
        "batch_counts_as_failed", PUSHING_PY, suite("STA-1"),
        "            break\n", "            channel = after\n            break\n",
    ),
    Mutant(
        "commit_counts_as_failed", RESERVING_PY, suite("STA-1"),
        "    if channel.consumer is not Side.LIVE or channel.shut:\n        return channel, False\n",
        "    if channel.consumer is not Side.LIVE or channel.shut:\n"
        "        sent = channel.sent\n"
        "        return replace(channel, sent=sent._replace(failed_pushes=sent.failed_pushes + 1)), False\n",
    ),
    Mutant(
        "push_timeout_is_not_counted", PUSHING_PY, suite("STA-1"),
        "return _failed(channel), PushResult.TIMEOUT", "return channel, PushResult.TIMEOUT",
    ),
    Mutant(
        "push_to_nobody_is_not_counted", PUSHING_PY, suite("STA-1"),
        "return _failed(channel), PushResult.CHANNEL_CLOSED", "return channel, PushResult.CHANNEL_CLOSED",
    ),
    Mutant(
        "bytes_sent_of_slots", PUSHING_PY, suite("STA-1"),
        "sent.bytes_sent + len(data)", "sent.bytes_sent + channel.config.max_message_size",
    ),
    Mutant(
        "empty_counts_as_failed", POPPING_PY, suite("STA-2"),
        "# LIF-2, SHD-1\n    return channel, PopResult.EMPTY, ()",
        "# LIF-2\n    return _failed(channel), PopResult.EMPTY, ()",
    ),
    Mutant(
        "pop_timeout_is_not_counted", POPPING_PY, suite("STA-2"),
        "return _failed(channel), PopResult.TIMEOUT", "return channel, PopResult.TIMEOUT",
    ),
    Mutant(
        "closed_pop_is_not_counted", POPPING_PY, suite("STA-2"),
        "return _failed(channel), PopResult.CHANNEL_CLOSED", "return channel, PopResult.CHANNEL_CLOSED",
    ),
    Mutant(
        "batch_received_is_one", POPPING_PY, suite("STA-2"),
        "channel.received.bytes_received + sum(map(len, taken))", "channel.received.bytes_received + len(taken[0])",
    ),
    Mutant(
        "held_messages_wait", QUERIES_PY, suite("STA-3"),
        "return len(channel.waiting) if", "return len(channel.waiting) + channel.held if",
    ),
    Mutant(
        "reserved_timeout_is_not_counted", PUSHING_PY, suite("STA-1"),
        "return push_timed_out(channel)", "return channel, PushResult.TIMEOUT",
    ),
)  # fmt: skip
