"""Building a FlatBuffer as the next message (§5.3)."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from spec_model.errors import ChannelClosedError, FlatBufferTooLarge
from spec_model.vocabulary import PushResult

if TYPE_CHECKING:
    from spec_model.handles.producer import ProducerHandle


class Build:
    """Reserves as the block begins, and as it ends commits what an ordinary Builder gives [FLB-1]."""

    def __init__(self, producer: ProducerHandle, max_bytes: int | None) -> None:
        self._producer = producer
        self._max_bytes = max_bytes

    def __enter__(self) -> Any:
        from flatbuffers import Builder

        most = self._producer.max_message_size()
        self._available = most if self._max_bytes is None else self._max_bytes
        self._reservation = self._producer.reserve(self._available)
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
            self._producer.rollback()  # what was committed is out of its reach

    def _refusal(self) -> Exception:
        """Why nothing could be reserved: what `send` would say with a timeout of 0 [RSV-1]."""
        producer = self._producer
        if producer.try_push(b"") is PushResult.CHANNEL_CLOSED:  # inactive; otherwise the size is wrong [PSH-1]
            return ChannelClosedError("the producer is closed, or was moved from")
        if not 0 < self._available <= producer.max_message_size():
            return ValueError(
                f"max_bytes must be from 1 to {producer.max_message_size()}, the channel's max_message_size, "
                f"not {self._available}"
            )
        if not producer.is_connected():
            return ChannelClosedError("nobody can receive: the channel is closed")
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
            raise ChannelClosedError("nothing was sent: the channel or the producer was closed, or moved, meanwhile")
        assert self._reservation is not None
        self._reservation.data[: len(output)] = output
        self._producer.commit(len(output))
