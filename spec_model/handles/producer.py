"""The producer handle (§5), and building a FlatBuffer as its next message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, SupportsIndex

from spec_model import arguments, words
from spec_model.channel import lifecycle, pushing, queries, reserving
from spec_model.channel.value import Blocked, Channel, Refused, Side
from spec_model.errors import SEND_ERRORS, FlatBufferTooLarge, not_all_sent
from spec_model.handles.endpoint import Endpoint, Handle, time_up, turn
from spec_model.handles.reservation import Reservation
from spec_model.vocabulary import Buffer, ProducerStats, PushResult, Timeout


class ProducerHandle(Handle):
    """The sending endpoint of a channel, made by `request_channel`."""

    _endpoint: Endpoint[Reservation | None]
    _kind = "producer"

    def try_push(self, data: Buffer) -> PushResult:
        """Send a copy of `data`, any C-contiguous bytes-like object, if there is a free slot (§5.2).

        Raises TypeError, or BufferError for a view that is not contiguous [ARG-1].
        """
        data = arguments.payload(data)
        self._endpoint.channel, result = pushing.try_push(self._endpoint.channel, data)
        self._endpoint.looked(result)
        return result

    def blocking_push(self, data: Buffer, timeout: Timeout = None) -> PushResult:
        """Send a copy of `data`, waiting up to `timeout` seconds, None for ever, for a free slot (§5.1).

        In a sequential program no slot can be freed meanwhile: instead of waiting it answers TIMEOUT at once, and
        raises WouldBlockForever where there is no timeout.
        """
        data, limit = arguments.payload(data), arguments.seconds(timeout)
        self._endpoint.channel, result = pushing.blocking_push(self._endpoint.channel, data)
        if isinstance(result, Blocked):
            time_up("blocking_push", result, limit)
            self._endpoint.channel, result = pushing.push_timed_out(self._endpoint.channel)
        self._endpoint.looked(result)
        return result

    def batch_push(self, messages: Iterable[Buffer]) -> int:
        """Send messages in order until one does not go through; how many did (§5.2) [PSH-6].

        Each has the bytes that it has when `messages` yields it; all are looked at before the first is sent.
        """
        data = arguments.payloads(messages)
        self._endpoint.channel, pushed = pushing.batch_push(self._endpoint.channel, data)
        self._endpoint.looked(PushResult.SUCCESS if pushed == len(data) else PushResult.QUEUE_FULL)
        return pushed

    def reserve(self, n: SupportsIndex, timeout: Timeout = 0) -> Reservation | None:
        """A slot to write at least `n` bytes in place, None where there is none (§5.3) [RSV-1].

        Waits up to `timeout` seconds, None for ever, for a free one [WAI-2]. In a sequential program no slot can be
        freed meanwhile: instead of waiting it answers None at once, and raises WouldBlockForever without a timeout.
        """
        n, limit = arguments.count("n", n), arguments.seconds(timeout)
        self._endpoint.channel, answer = reserving.blocking_reserve(self._endpoint.channel, n)
        if isinstance(answer, Blocked):
            time_up("reserve", answer, limit)
            self._endpoint.looked(PushResult.TIMEOUT)
        if answer is not True:
            return None
        self._endpoint.resources = Reservation._of(self.max_message_size(), self.name)
        return self._endpoint.resources

    def commit(self, n: SupportsIndex, offset: SupportsIndex = 0) -> bool:
        """Publish bytes [offset, offset + n) of the reservation (§5.3) [RSV-3, RSV-4].

        Raises BufferError, and nothing happens, while an export of the region other than
        `Reservation.data` is alive [RSV-7].
        """
        n, offset = arguments.count("n", n), arguments.count("offset", offset)
        region = b"" if self._endpoint.resources is None else self._endpoint.resources._read()
        _, answer = reserving.commit(self._endpoint.channel, region, n, offset, exported=True)
        if not isinstance(answer, Refused):
            return answer  # exports play no part, and nothing has changed [RSV-4]
        self._end_reservation("commit")
        self._endpoint.channel, answer = reserving.commit(self._endpoint.channel, region, n, offset)
        return answer is True

    def rollback(self) -> None:
        """Drop the reservation, if there is one (§5.3) [RSV-5].

        Raises BufferError, and nothing happens, while an export of the region other than
        `Reservation.data` is alive [RSV-7].
        """
        _, answer = reserving.rollback(self._endpoint.channel, exported=True)
        if answer is Refused.BY_EXPORT:
            self._end_reservation("rollback")
            self._endpoint.channel, _ = reserving.rollback(self._endpoint.channel)

    def build(self, max_bytes: SupportsIndex | None = None, timeout: Timeout = 0) -> Build:
        """Build a FlatBuffer as the next message: `with producer.build() as builder:` (§5.3) [FLB-1].

        Leaving the block sends what was finished, of at most `max_bytes` bytes, max_message_size without;
        an exception rolls back. Entering it waits as `reserve` does [WAI-2], and raises TimeoutError where no
        slot became free, RuntimeError with a reservation outstanding, ChannelClosedError, or ValueError where
        `max_bytes` exceeds the slot. The block raises FlatBufferTooLarge [FLB-2]; leaving it
        ChannelClosedError, or BuilderNotFinishedError.
        """
        most = None if max_bytes is None else arguments.count("max_bytes", max_bytes)
        return Build(self, most, arguments.seconds(timeout))

    def wait(self, timeout: Timeout = None) -> PushResult:
        """SUCCESS when a slot is free, waiting up to `timeout` seconds, None for ever, for one [WAI-1].

        TIMEOUT where the time is up, and at once with a reservation outstanding [PSH-5]; CHANNEL_CLOSED. It counts
        nothing. In a sequential program no slot can be freed meanwhile: instead of waiting it answers TIMEOUT at
        once, and raises WouldBlockForever where there is no timeout.
        """
        limit = arguments.seconds(timeout)
        result = pushing.wait(self._endpoint.channel)
        if isinstance(result, Blocked):
            time_up("wait", result, limit)
            result = PushResult.TIMEOUT
        self._endpoint.looked(result)
        return result

    def available_slots(self) -> int:
        """Messages that can be sent before the queue is full (§5.4) [STA-3]."""
        return queries.available_slots(self._endpoint.channel)

    def get_stats(self) -> ProducerStats:
        """The counters, also after the close (§5.4) [STA-1, LIF-5]."""
        return queries.producer_stats(self._endpoint.channel)

    def move(self) -> ProducerHandle:
        """A new handle with everything this one has, which becomes inactive (§2.2) [LIF-3]."""
        endpoint = self._endpoint
        endpoint.channel, moved_from = lifecycle.move_producer(endpoint.channel)
        self._endpoint = endpoint.moved_from(moved_from, None)
        return ProducerHandle._of(endpoint)

    def _end(self, how: str) -> None:
        super()._end(how)
        self._drop_reservation()

    def send(self, data: Buffer, timeout: Timeout = None) -> None:
        """Send a copy of `data`, waiting up to `timeout` seconds, None for ever, for a free slot.

        Raises TimeoutError, ChannelClosedError, or ValueError for a size that does not fit.
        """
        result = self.blocking_push(data, timeout)
        if result is PushResult.TIMEOUT:
            raise words.no_slot(self.name)
        if result is PushResult.CHANNEL_CLOSED:
            raise words.closed("producer", self.name, self._handle_state())
        if result is PushResult.INVALID_SIZE:
            raise words.wrong_size(self.name, len(arguments.payload(data)), self.max_message_size())

    def send_many(self, messages: Iterable[Buffer], timeout: Timeout = None) -> None:
        """Send each message as `messages` yields it, waiting up to `timeout` seconds in all, None for ever [WAI-5].

        Raises what `send` raises, of a subclass of NotAllSent, whose `sent` says how many were sent before.
        """
        for _ in self._sending(messages, timeout):
            pass

    def _sending(self, messages: Iterable[Buffer], timeout: Timeout) -> Iterator[None]:
        """One step for each message."""
        limit = arguments.seconds(timeout)
        for sent, data in enumerate(messages):
            try:
                self.send(data, limit)
            except SEND_ERRORS as error:
                raise not_all_sent(error, sent) from None
            yield

    async def send_async(self, data: Buffer, timeout: Timeout = None) -> None:
        """`send` for a coroutine [ASY-1]; in a sequential program it finds what that finds."""
        await turn()
        self.send(data, timeout)

    async def send_many_async(self, messages: Iterable[Buffer], timeout: Timeout = None) -> None:
        """`send_many` for a coroutine [ASY-1]."""
        await turn()
        for _ in self._sending(messages, timeout):
            await turn()

    @staticmethod
    def _has_something(channel: Channel) -> bool:
        return pushing.wait(channel) in (PushResult.SUCCESS, PushResult.CHANNEL_CLOSED)

    def _lost(self) -> None:
        super()._lost()
        self._drop_reservation()

    def _drop_reservation(self) -> None:
        if self._endpoint.resources is not None:
            self._endpoint.resources._drop()
            self._endpoint.resources = None

    def _release(self) -> tuple[Channel, Refused | None]:
        return lifecycle.detach_producer(self._endpoint.channel)

    def _side(self) -> Side:
        return self._endpoint.channel.producer

    def _end_reservation(self, call: str) -> None:
        """Release the view of the reserved region, or refuse [RSV-7]."""
        assert self._endpoint.resources is not None
        if not self._endpoint.resources._end():
            raise BufferError(f"{call} with an export of the reserved region alive: delete the slice or array first")
        self._endpoint.resources = None


class Build:
    """Reserves when the block is entered; commits the output of an ordinary Builder when it is left [FLB-1]."""

    def __init__(self, producer: ProducerHandle, max_bytes: int | None, timeout: float | None) -> None:
        self._producer = producer
        self._max_bytes = max_bytes
        self._timeout = timeout

    def __enter__(self) -> Any:
        from flatbuffers import Builder

        most = self._producer.max_message_size()
        self._available = most if self._max_bytes is None else self._max_bytes
        self._reservation = self._producer.reserve(self._available, self._timeout)
        if self._reservation is None:
            raise self._refusal()
        self._builder = Builder(self._available)
        return self._builder

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._commit(self._finished())
        finally:
            self._producer.rollback()  # nothing to do after a commit

    def _refusal(self) -> Exception:
        """Why nothing could be reserved, as the exception that `send` raises with a timeout of 0 [RSV-1]."""
        producer = self._producer
        if producer.try_push(b"") is PushResult.CHANNEL_CLOSED:  # inactive; otherwise the size is wrong [PSH-1]
            return words.closed("producer", producer.name, producer._handle_state())
        if not 0 < self._available <= producer.max_message_size():
            return ValueError(
                f"max_bytes must be from 1 to {producer.max_message_size()}, the channel's max_message_size, "
                f"not {self._available}"
            )
        if not producer.is_connected():
            return words.closed("producer", producer.name, producer._handle_state())
        if producer.available_slots() > 0:
            return RuntimeError("a reservation is outstanding: commit it or roll it back first")
        return TimeoutError("no slot is free")

    def _finished(self) -> bytes:
        """The message, of at most as many bytes as are available [FLB-2]."""
        from flatbuffers.builder import BuilderNotFinishedError

        if not self._builder.finished:
            raise BuilderNotFinishedError("the block was left without builder.Finish(root): nothing is sent")
        output = bytes(self._builder.Output())
        if len(output) > self._available:
            raise FlatBufferTooLarge(len(output), self._available)
        return output

    def _commit(self, output: bytes) -> None:
        if not self._producer.is_connected():
            raise words.closed("producer", self._producer.name, self._producer._handle_state())
        assert self._reservation is not None
        self._reservation.data[: len(output)] = output
        self._producer.commit(len(output))
