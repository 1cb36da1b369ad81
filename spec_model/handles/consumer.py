"""The receiving end of a channel (§6)."""

from __future__ import annotations

from collections.abc import Iterator

from spec_model import arguments
from spec_model.channel import lifecycle, popping, queries
from spec_model.channel.value import Blocked, Channel, Refused, Side
from spec_model.errors import WouldBlockForever
from spec_model.handles import convenience
from spec_model.handles.batch import Batch
from spec_model.handles.exports import Exports
from spec_model.handles.handle import Handle
from spec_model.handles.message import Message
from spec_model.handles.seat import Seat
from spec_model.vocabulary import ConsumerStats, PopResult


class ConsumerHandle(Handle):
    """The receiving end of a channel; `request_channel` answers with one.

    Every pop raises BufferError, and takes nothing, where an export of an old message is
    in the way [MSG-3].
    """

    _seat: Seat[Exports]

    def try_pop(self) -> tuple[PopResult, Message | None]:
        """Take the oldest message if one waits (§6.3)."""
        result, messages = self._finish(popping.try_pop(self._settled()), PopResult.EMPTY)
        return result, messages[0] if messages else None

    def blocking_pop(self, timeout: object = None) -> tuple[PopResult, Message | None]:
        """Take the oldest message, waiting up to `timeout` seconds, None for ever, for one (§6.2).

        Nobody can send meanwhile in a sequential world: instead of waiting it answers
        TIMEOUT at once, and raises WouldBlockForever where there is no timeout.
        """
        limit = arguments.seconds(timeout)
        result, messages = self._finish(popping.blocking_pop(self._settled()), PopResult.TIMEOUT, limit)
        return result, messages[0] if messages else None

    def batch_pop(self, max_count: int, timeout: object = 0) -> tuple[PopResult, list[Message]]:
        """Take up to `max_count` messages, waiting up to `timeout` seconds for the first (§6.3) [POP-5]."""
        max_count, limit = arguments.count("max_count", max_count), arguments.seconds(timeout)
        if_blocked = PopResult.EMPTY if limit == 0 else PopResult.TIMEOUT
        return self._finish(popping.batch_pop(self._settled(), max_count), if_blocked, limit)

    def batch_pop_buffer(self, max_count: int, timeout: object = 0) -> tuple[PopResult, Batch | None]:
        """As `batch_pop`, with the messages as one buffer, or None where that gives none."""
        result, messages = self.batch_pop(max_count, timeout)
        return result, Batch._of(messages) if messages else None

    def available_messages(self) -> int:
        """Messages waiting (§6.4) [STA-3]."""
        return queries.available_messages(self._seat.channel)

    def get_stats(self) -> ConsumerStats:
        """The counters, also after the close (§6.4) [STA-2, LIF-5]."""
        return queries.consumer_stats(self._seat.channel)

    def move(self) -> ConsumerHandle:
        """A new handle with everything this one has, which becomes inactive (§2.2) [LIF-3]."""
        seat = self._seat
        seat.channel, moved_from = lifecycle.move_consumer(seat.channel)
        self._seat = seat.husk(moved_from, Exports())
        return ConsumerHandle._of(seat)

    def receive(self, timeout: object = None) -> bytes:
        """The oldest message as a copy, waiting up to `timeout` seconds, None for ever, for one.

        Raises TimeoutError, or ChannelClosedError once the channel is closed and drained.
        """
        return convenience.receive(self, timeout)

    def __iter__(self) -> Iterator[bytes]:
        """Copies of the messages until the channel is closed and drained."""
        return convenience.iterate(self)

    def _side(self) -> Side:
        return self._seat.channel.consumer

    def _settled(self) -> Channel:
        return self._seat.belongings.settle(self._seat.channel)

    def _finish(
        self,
        popped: tuple[Channel, PopResult | Refused | Blocked, tuple[bytes, ...]],
        if_blocked: PopResult,
        limit: float | None = 0,
    ) -> tuple[PopResult, list[Message]]:
        """Keep the channel that a pop gives, and put its result as the caller sees it."""
        self._seat.channel, result, taken = popped
        if isinstance(result, Refused):
            raise BufferError(
                "the next message cannot be popped while an export (memoryview, array) of the message "
                f"{self.capacity()} before it is alive: delete it, or copy with bytes(message)"
            )
        if isinstance(result, Blocked):
            if limit is None:
                raise WouldBlockForever(f"a pop waits for {result.value}, which nobody can bring")
            result = if_blocked
            if if_blocked is PopResult.TIMEOUT:
                self._seat.channel, result = popping.pop_timed_out(self._seat.channel)
        first = self._seat.channel.received.messages_received - len(taken)
        return result, [Message._of(self._seat, first + index, data) for index, data in enumerate(taken)]
