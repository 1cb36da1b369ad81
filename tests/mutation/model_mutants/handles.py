"""Wrong models: the lifecycle of handles, and their statistics."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

LIFECYCLE = (
    Mutant(
        "closed_twice_raises", ("LIF-1",), "handles/endpoint.py",
        "        self._endpoint.close()\n",
        "        if self._endpoint._final is not None:\n"
        '            raise ValueError("closed twice")\n'
        "        self._endpoint.close()\n",
    ),
    Mutant("with_does_not_close", ("LIF-1",), "handles/endpoint.py", "        self.close()\n", "        return\n"),
    Mutant(
        "last_reference_leaks", ("LIF-1",), "handles/endpoint.py",
        "self._store.deferred.append(self.close)", "return",
    ),
    Mutant(
        "pair_closes_producer_only", ("LIF-1",), "handles/pair.py",
        "        self._producer.close()\n        self._consumer.close()\n", "        self._producer.close()\n",
    ),
    Mutant(
        "peer_is_not_asked", ("LIF-2",), "channel/queries.py",
        "return channel.producer is Side.LIVE and channel.consumer is Side.LIVE and not",
        "return (channel.producer is Side.LIVE or channel.consumer is Side.LIVE) and not",
    ),
    Mutant(
        "push_to_nobody", ("LIF-2", "PSH-1", "PSH-4", "PSH-6"), "channel/pushing.py",
        "channel.consumer is not Side.LIVE or channel.shut:", "channel.shut:",
    ),
    Mutant(
        "move_expires_messages", ("LIF-3",), "channel/lifecycle.py",
        "return channel, replace(channel, consumer=Side.MOVED)",
        "return replace(channel, held=0), replace(channel, consumer=Side.MOVED)",
    ),
    Mutant(
        "move_forgets_statistics", ("LIF-3",), "channel/lifecycle.py",
        "return channel, replace(channel, producer=Side.MOVED)",
        "return replace(channel, sent=type(channel.sent)()), replace(channel, producer=Side.MOVED)",
    ),
    Mutant(
        "move_forgets_failures", ("LIF-3",), "channel/lifecycle.py",
        "return channel, replace(channel, producer=Side.MOVED)",
        "return replace(channel, sent=channel.sent._replace(failed_pushes=0)), replace(channel, producer=Side.MOVED)",
    ),
    Mutant(
        "moved_from_is_alive", ("LIF-4", "LIF-3", "LIF-5"), "handles/endpoint.py",
        "        endpoint._final = channel\n", "",
    ),
    Mutant(
        "closed_has_slots", ("LIF-4",), "channel/queries.py",
        "return channel.free_slots if channel.producer is Side.LIVE else 0", "return channel.free_slots",
    ),
    Mutant(
        "closed_has_messages", ("LIF-4",), "channel/queries.py",
        "return len(channel.waiting) if channel.consumer is Side.LIVE else 0", "return len(channel.waiting)",
    ),
    Mutant(
        "pop_of_a_closed_handle_raises", ("LIF-4", "POP-1", "POP-4", "POP-5"), "channel/popping.py",
        "        return channel, PopResult.CHANNEL_CLOSED, ()  # LIF-4\n", '        raise ValueError("closed")\n',
    ),
    Mutant(
        "moved_from_still_counts", ("LIF-5",), "channel/queries.py",
        "return ProducerStats() if channel.producer is Side.MOVED else channel.sent", "return channel.sent",
    ),
    Mutant(
        "closed_forgets_statistics", ("LIF-5",), "channel/queries.py",
        "ConsumerStats() if channel.consumer is Side.MOVED", "ConsumerStats() if channel.consumer is not Side.LIVE",
    ),
    Mutant(
        "moved_from_has_a_size", ("LIF-5",), "channel/queries.py",
        "return ChannelConfig(0, 0) if handle is Side.MOVED else channel.config", "return channel.config",
    ),
    Mutant(
        "closed_forgets_its_size", ("LIF-5",), "channel/queries.py",
        "if handle is Side.MOVED", "if handle is not Side.LIVE",
    ),
    Mutant(
        "assigned_over_producer_lives", ("LIF-6",), "handles/pair.py",
        "            self._producer.close()\n            self._producer = handle\n",
        "            self._producer = handle\n",
    ),
    Mutant(
        "assigned_over_consumer_lives", ("LIF-6",), "handles/pair.py",
        "            self._consumer.close()\n            self._consumer = handle\n",
        "            self._consumer = handle\n",
    ),
    Mutant(
        "assigned_to_itself_ends", ("LIF-6",), "handles/pair.py",
        "        if handle is not self._producer:\n", "        if handle:\n",
    ),
    Mutant(
        "handles_can_be_copied", ("LIF-7",), "handles/endpoint.py",
        '        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled")\n',
        "        return super().__reduce_ex__(2)\n",
    ),
    Mutant(
        "pairs_can_be_copied", ("LIF-7",), "handles/pair.py",
        "class ChannelPair(NotConstructible)", "class ChannelPair",
    ),
    Mutant(
        "any_handle_is_a_consumer", ("LIF-6",), "handles/pair.py",
        "        if not isinstance(handle, ConsumerHandle):\n", "        if not hasattr(handle, 'close'):\n",
    ),
)  # fmt: skip

STATISTICS = (
    Mutant(
        "queue_full_counts_as_failed", ("STA-1",), "channel/pushing.py",
        "return channel, PushResult.QUEUE_FULL", "return _failed(channel), PushResult.QUEUE_FULL",
    ),
    Mutant(
        "invalid_size_counts_as_failed", ("STA-1",), "channel/pushing.py",
        "return channel, PushResult.INVALID_SIZE", "return _failed(channel), PushResult.INVALID_SIZE",
    ),
    Mutant(
        "batch_counts_as_failed", ("STA-1",), "channel/pushing.py",
        "            break\n", "            channel = after\n            break\n",
    ),
    Mutant(
        "commit_counts_as_failed", ("STA-1",), "channel/reserving.py",
        "    if channel.consumer is not Side.LIVE or channel.shut:\n        return channel, False\n",
        "    if channel.consumer is not Side.LIVE or channel.shut:\n"
        "        sent = channel.sent\n"
        "        return replace(channel, sent=sent._replace(failed_pushes=sent.failed_pushes + 1)), False\n",
    ),
    Mutant(
        "push_timeout_is_not_counted", ("STA-1",), "channel/pushing.py",
        "return _failed(channel), PushResult.TIMEOUT", "return channel, PushResult.TIMEOUT",
    ),
    Mutant(
        "push_to_nobody_is_not_counted", ("STA-1",), "channel/pushing.py",
        "return _failed(channel), PushResult.CHANNEL_CLOSED", "return channel, PushResult.CHANNEL_CLOSED",
    ),
    Mutant(
        "bytes_sent_of_slots", ("STA-1",), "channel/pushing.py",
        "sent.bytes_sent + len(data)", "sent.bytes_sent + channel.config.max_message_size",
    ),
    Mutant(
        "empty_counts_as_failed", ("STA-2",), "channel/popping.py",
        "# LIF-2, SHD-1\n    return channel, PopResult.EMPTY, ()",
        "# LIF-2\n    return _failed(channel), PopResult.EMPTY, ()",
    ),
    Mutant(
        "pop_timeout_is_not_counted", ("STA-2",), "channel/popping.py",
        "return _failed(channel), PopResult.TIMEOUT", "return channel, PopResult.TIMEOUT",
    ),
    Mutant(
        "closed_pop_is_not_counted", ("STA-2",), "channel/popping.py",
        "return _failed(channel), PopResult.CHANNEL_CLOSED", "return channel, PopResult.CHANNEL_CLOSED",
    ),
    Mutant(
        "batch_received_is_one", ("STA-2",), "channel/popping.py",
        "channel.received.bytes_received + sum(map(len, taken))", "channel.received.bytes_received + len(taken[0])",
    ),
    Mutant(
        "held_messages_wait", ("STA-3",), "channel/queries.py",
        "return len(channel.waiting) if", "return len(channel.waiting) + channel.held if",
    ),
    Mutant(
        "reserved_timeout_is_not_counted", ("STA-1",), "channel/pushing.py",
        "return push_timed_out(channel)", "return channel, PushResult.TIMEOUT",
    ),
)  # fmt: skip
