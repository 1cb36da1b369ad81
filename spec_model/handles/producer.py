"""The sending end of a channel (§5)."""

from __future__ import annotations

from collections.abc import Iterable

from spec_model import arguments
from spec_model.channel import lifecycle, pushing, queries, reserving
from spec_model.channel.value import Blocked, Refused, Side
from spec_model.errors import WouldBlockForever
from spec_model.handles import convenience
from spec_model.handles.building import Build
from spec_model.handles.handle import Handle
from spec_model.handles.reservation import Reservation
from spec_model.handles.seat import Seat
from spec_model.vocabulary import ProducerStats, PushResult


class ProducerHandle(Handle):
    """The sending end of a channel; `request_channel` answers with one."""

    _seat: Seat[Reservation | None]

    def try_push(self, data: object) -> PushResult:
        """Send a copy of `data`, any C-contiguous bytes-like object, if there is a free slot (§5.2).

        Raises TypeError, or BufferError for a view that is not contiguous [ARG-1].
        """
        data = arguments.payload(data)
        self._seat.channel, result = pushing.try_push(self._seat.channel, data)
        return result

    def blocking_push(self, data: object, timeout: object = None) -> PushResult:
        """Send a copy of `data`, waiting up to `timeout` seconds, None for ever, for a free slot (§5.1).

        Nobody can free a slot meanwhile in a sequential world: instead of waiting it
        answers TIMEOUT at once, and raises WouldBlockForever where there is no timeout.
        """
        data, limit = arguments.payload(data), arguments.seconds(timeout)
        self._seat.channel, result = pushing.blocking_push(self._seat.channel, data)
        if not isinstance(result, Blocked):
            return result
        if limit is None:
            raise WouldBlockForever(f"blocking_push waits for {result.value}, which nobody can bring")
        self._seat.channel, timed_out = pushing.push_timed_out(self._seat.channel)
        return timed_out

    def batch_push(self, messages: Iterable[object]) -> int:
        """Send messages in order until one does not go through; how many did (§5.2) [PSH-6]."""
        data = arguments.payloads(messages)
        self._seat.channel, pushed = pushing.batch_push(self._seat.channel, data)
        return pushed

    def reserve(self, size: int) -> Reservation | None:
        """A slot to write at least `size` bytes in place, None where there is none (§5.3) [RSV-1]."""
        size = arguments.count("size", size)
        self._seat.channel, granted = reserving.reserve(self._seat.channel, size)
        if not granted:
            return None
        self._seat.belongings = Reservation._of(self.max_message_size())
        return self._seat.belongings

    def commit(self, size: int, offset: int = 0) -> bool:
        """Publish bytes [offset, offset + size) of the reservation (§5.3) [RSV-3, RSV-4].

        Raises BufferError, and nothing happens, while an export of the region other than
        `Reservation.data` is alive [RSV-7].
        """
        size, offset = arguments.count("size", size), arguments.count("offset", offset)
        region = b"" if self._seat.belongings is None else self._seat.belongings._read()
        _, answer = reserving.commit(self._seat.channel, region, size, offset, exported=True)
        if not isinstance(answer, Refused):
            return answer  # exports play no part, and nothing has changed [RSV-4]
        self._end_reservation("commit")
        self._seat.channel, answer = reserving.commit(self._seat.channel, region, size, offset)
        return answer is True

    def rollback(self) -> None:
        """Drop the reservation, if there is one (§5.3) [RSV-5].

        Raises BufferError, and nothing happens, while an export of the region other than
        `Reservation.data` is alive [RSV-7].
        """
        _, answer = reserving.rollback(self._seat.channel, exported=True)
        if answer is Refused.BY_EXPORT:
            self._end_reservation("rollback")
            self._seat.channel, _ = reserving.rollback(self._seat.channel)

    def build(self, max_bytes: int | None = None) -> Build:
        """Build a FlatBuffer as the next message: `with producer.build() as builder:` (§5.3) [FLB-1].

        Leaving the block sends what was finished, of at most `max_bytes` bytes, max_message_size without;
        an exception rolls back. Entering it raises TimeoutError where no slot is free, RuntimeError with a
        reservation outstanding, ChannelClosedError, or ValueError where `max_bytes` exceeds the slot. The
        block raises FlatBufferTooLarge [FLB-2]; leaving it ChannelClosedError, or BuilderNotFinishedError.
        """
        return Build(self, None if max_bytes is None else arguments.count("max_bytes", max_bytes))

    def available_slots(self) -> int:
        """Messages that could be sent before the queue is full (§5.4) [STA-3]."""
        return queries.available_slots(self._seat.channel)

    def get_stats(self) -> ProducerStats:
        """The counters, also after the close (§5.4) [STA-1, LIF-5]."""
        return queries.producer_stats(self._seat.channel)

    def move(self) -> ProducerHandle:
        """A new handle with everything this one has, which becomes inactive (§2.2) [LIF-3]."""
        seat = self._seat
        seat.channel, moved_from = lifecycle.move_producer(seat.channel)
        self._seat = seat.husk(moved_from, None)
        return ProducerHandle._of(seat)

    def close(self) -> None:
        """End the producer, and its reservation with it; a second time does nothing (§5.5) [LIF-1, RSV-6]."""
        super().close()
        self._drop_reservation()

    def send(self, data: object, timeout: object = None) -> None:
        """Send a copy of `data`, waiting up to `timeout` seconds, None for ever, for a free slot.

        Raises TimeoutError, ChannelClosedError, or ValueError for a size that does not fit.
        """
        convenience.send(self, data, timeout)

    def __del__(self) -> None:
        super().__del__()
        if hasattr(self, "_seat"):
            self._drop_reservation()

    def _drop_reservation(self) -> None:
        if self._seat.belongings is not None:
            self._seat.belongings._drop()
            self._seat.belongings = None

    def _side(self) -> Side:
        return self._seat.channel.producer

    def _end_reservation(self, call: str) -> None:
        """Release the view of the reserved region, or refuse [RSV-7]."""
        assert self._seat.belongings is not None
        if not self._seat.belongings._end():
            raise BufferError(f"{call} with an export of the reserved region alive: delete the slice or array first")
        self._seat.belongings = None
