"""Wrong models: pushing and reserving."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

PUSHING = (
    Mutant(
        "size_checked_too_late", ("PSH-1",), "channel/pushing.py",
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
        "size_checked_too_early", ("PSH-1", "LIF-4"), "channel/pushing.py",
        "    if channel.producer is not Side.LIVE:\n        return channel, PushResult.CHANNEL_CLOSED  # LIF-4\n",
        "    if channel.producer is not Side.LIVE and 0 < len(data) <= channel.config.max_message_size:\n"
        "        return channel, PushResult.CHANNEL_CLOSED\n",
    ),
    Mutant(
        "full_before_closed", ("PSH-1", "LIF-2"), "channel/pushing.py",
        "    if channel.consumer is not Side.LIVE or channel.shut:\n",
        "    if channel.reserved or channel.free_slots == 0:\n"
        "        return channel, PushResult.QUEUE_FULL\n"
        "    if channel.consumer is not Side.LIVE or channel.shut:\n",
    ),
    Mutant("largest_refused", ("PSH-1",), "channel/pushing.py", "len(data) <= channel", "len(data) < channel"),
    Mutant(
        "empty_goes_through", ("PSH-1", "PSH-4", "PSH-6"), "channel/pushing.py",
        "if not 0 < len(data)", "if not 0 <= len(data)",
    ),
    Mutant(
        "push_past_a_reservation", ("PSH-1",), "channel/pushing.py",
        "if channel.reserved or channel.free_slots == 0", "if channel.free_slots == 0",
    ),
    Mutant(
        "capacity_one_short", ("PSH-2",), "channel/pushing.py",
        "channel.free_slots == 0", "channel.free_slots <= 1",
    ),
    Mutant(
        "capacity_one_more", ("PSH-2",), "channel/pushing.py",
        "channel.free_slots == 0", "channel.free_slots < 0",
    ),
    Mutant(
        "capacity_one_short_everywhere", ("PSH-2", "STA-3"), "channel/value.py",
        "return self.config.capacity - len(self.waiting)", "return self.config.capacity - 1 - len(self.waiting)",
    ),
    Mutant(
        "bytes_not_copied", ("PSH-3",), "arguments.py",
        "    with memoryview(data) as view:",
        "    if isinstance(data, bytearray):\n"
        "        return data\n"
        "    with memoryview(data) as view:",
    ),
    Mutant(
        "blocking_push_answers_full", ("PSH-4",), "channel/pushing.py",
        "return channel, Blocked.FOR_SPACE", "return after, result",
    ),
    Mutant(
        "blocking_push_waits_for_nobody", ("PSH-4", "LIF-2"), "channel/pushing.py",
        "    if result is not PushResult.QUEUE_FULL:\n",
        "    if result not in (PushResult.QUEUE_FULL, PushResult.CHANNEL_CLOSED) or channel.producer is not "
        "Side.LIVE:\n",
    ),
    Mutant(
        "reserved_waits", ("PSH-5",), "channel/pushing.py",
        "    if channel.reserved:\n        return push_timed_out(channel)\n", "",
    ),
    Mutant(
        "batch_skips_what_fails", ("PSH-6",), "channel/pushing.py",
        "            break\n", "            continue\n",
    ),
    Mutant(
        "batch_counts_all", ("PSH-6",), "channel/pushing.py",
        "return channel, pushed\n", "return channel, len(messages)\n",
    ),
    Mutant(
        "batch_looks_as_it_goes", ("PSH-6", "ARG-4"), "handles/producer.py",
        "        data = arguments.payloads(messages)\n"
        "        self._endpoint.channel, pushed = pushing.batch_push(self._endpoint.channel, data)\n"
        "        return pushed\n",
        "        return sum(map(bool, map(self.try_push, messages)))\n",
    ),
)  # fmt: skip

RESERVING = (
    Mutant("reserved_twice", ("RSV-1",), "channel/reserving.py", "        and not channel.reserved\n", ""),
    Mutant(
        "reserved_without_a_slot", ("RSV-1",), "channel/reserving.py",
        "        and channel.free_slots > 0\n", "",
    ),
    Mutant(
        "nothing_reserved", ("RSV-1",), "channel/reserving.py",
        "and 0 < size <= channel", "and 0 <= size <= channel",
    ),
    Mutant(
        "too_much_reserved", ("RSV-1",), "channel/reserving.py",
        "and 0 < size <= channel.config.max_message_size", "and 0 < size",
    ),
    Mutant(
        "reserved_for_nobody", ("RSV-1",), "channel/reserving.py",
        "        and channel.consumer is Side.LIVE\n", "",
    ),
    Mutant(
        "region_as_asked", ("RSV-2",), "handles/producer.py",
        "Reservation._of(self.max_message_size())", "Reservation._of(size)",
    ),
    Mutant(
        "region_read_only", ("RSV-2",), "handles/reservation.py",
        "        return self._view\n", "        return self._view.toreadonly()\n",
    ),
    Mutant(
        "reservation_takes_a_slot", ("RSV-2", "STA-3"), "channel/value.py",
        "return self.config.capacity - len(self.waiting)",
        "return self.config.capacity - len(self.waiting) - self.reserved",
    ),
    Mutant(
        "reservation_is_seen", ("RSV-2", "STA-3"), "channel/queries.py",
        "return len(channel.waiting) if", "return len(channel.waiting) + channel.reserved if",
    ),
    Mutant(
        "commit_ignores_offset", ("RSV-3",), "channel/reserving.py",
        "publish(channel, region[offset : offset + size])", "publish(channel, region[:size])",
    ),
    Mutant(
        "commit_publishes_the_region", ("RSV-3",), "channel/reserving.py",
        "publish(channel, region[offset : offset + size])", "publish(channel, region[offset:])",
    ),
    Mutant("commit_one_short", ("RSV-4",), "channel/reserving.py", "offset + size > len", "offset + size >= len"),
    Mutant("commit_of_nothing", ("RSV-4",), "channel/reserving.py", "if size == 0 or offset", "if offset"),
    Mutant(
        "bad_commit_drops", ("RSV-4",), "handles/producer.py",
        "            return answer  # exports play no part, and nothing has changed [RSV-4]\n",
        "            if self._endpoint.resources is not None:\n"
        "                self._end_reservation('commit')\n"
        "                self._endpoint.channel, _ = reserving.rollback(self._endpoint.channel)\n"
        "            return answer\n",
    ),
    Mutant(
        "commit_for_nobody_keeps", ("RSV-4",), "handles/producer.py",
        '        self._end_reservation("commit")\n',
        "        if not self.is_connected():\n"
        "            return False\n"
        '        self._end_reservation("commit")\n',
    ),
    Mutant(
        "commit_without_reservation", ("RSV-4",), "channel/reserving.py",
        "        return channel, False\n    if size == 0",
        "        return channel, channel.producer is Side.LIVE and size > 0\n    if size == 0",
    ),
    Mutant(
        "rollback_keeps_the_slot", ("RSV-5",), "channel/reserving.py",
        "    return replace(channel, reserved=False), None\n", "    return channel, None\n",
    ),
    Mutant(
        "rollback_publishes", ("RSV-5",), "channel/reserving.py",
        "    return replace(channel, reserved=False), None\n",
        '    return replace(publish(channel, b"?"), reserved=False), None\n',
    ),
    Mutant(
        "rollback_of_nothing_raises", ("RSV-5", "LIF-4"), "channel/reserving.py",
        "        return channel, None\n", '        raise ValueError("no reservation")\n',
    ),
    Mutant(
        "move_drops_reservation", ("RSV-6", "LIF-3"), "channel/lifecycle.py",
        "return channel, replace(channel, producer=Side.MOVED)",
        "return replace(channel, reserved=False), replace(channel, producer=Side.MOVED)",
    ),
    Mutant(
        "close_leaves_the_region", ("RSV-6",), "handles/producer.py",
        "        super().close()\n        self._drop_reservation()\n", "        super().close()\n",
    ),
    Mutant(
        "region_view_is_not_released", ("RSV-7",), "handles/reservation.py",
        "            self._view.release()\n", "            memoryview(self._view).release()\n",
    ),
    Mutant(
        "commit_under_an_export", ("RSV-7",), "handles/producer.py",
        '            raise BufferError(f"{call} with an export of the reserved region alive: delete the slice '
        'or array first")\n',
        "            self._endpoint.resources._drop()\n",
    ),
    Mutant(
        "refused_commit_loses_the_region", ("RSV-7",), "handles/reservation.py",
        "            self._export(exporter)\n            return False\n", "            return False\n",
    ),
    Mutant(
        "close_leaves_the_view", ("RSV-6",), "handles/reservation.py",
        "if self._base is not None and not self._end():", "if self._base is not None:",
    ),
)  # fmt: skip
