"""`producer.build()`: reserve, build in the slot, commit (§5.3)."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, SupportsIndex
from weakref import WeakKeyDictionary

from fast_impl._common import as_count
from fast_impl.flatbuffers.builder import SlotBuilder
from spec_model.errors import ChannelClosedError, ConcurrentUseError
from spec_model.vocabulary import PushResult

if TYPE_CHECKING:
    from fast_impl import ProducerHandle, Reservation


def build(producer: ProducerHandle, /, max_bytes: SupportsIndex | None = None) -> Build:
    """The block in which a message of at most `max_bytes` is built; None for the slot's size."""
    return Build(producer, None if max_bytes is None else as_count("max_bytes", max_bytes))


class Build:
    """Reserves a slot as the block begins, commits what was built as it ends; an exception rolls back."""

    __slots__ = ("_builder", "_max_bytes", "_producer")

    _builder: SlotBuilder

    def __init__(self, producer: ProducerHandle, max_bytes: int | None) -> None:
        self._producer = producer
        self._max_bytes = max_bytes

    def __enter__(self) -> SlotBuilder:
        producer = self._producer
        available = producer.max_message_size() if self._max_bytes is None else self._max_bytes
        reservation = _reserve(producer, available)
        try:
            self._builder = _builder_of(producer)
            self._builder.begin(reservation.data, available)
        except BaseException as error:
            self._give_up(error)
            raise
        return self._builder

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._builder.let_go()
            self._give_up(error)
            return
        try:
            size, offset = self._builder.end()
            if not self._producer.commit(size, offset):
                raise ChannelClosedError(
                    "nothing was sent: the channel or the producer was closed, or moved, meanwhile"
                )
        except BaseException as failure:
            self._give_up(failure)
            raise

    def _give_up(self, error: BaseException) -> None:
        try:
            self._producer.rollback()
        except (BufferError, ConcurrentUseError) as refusal:
            error.add_note(f"The slot stays reserved until producer.rollback() goes through: {refusal}")


_builders: WeakKeyDictionary[ProducerHandle, SlotBuilder] = WeakKeyDictionary()


def _builder_of(producer: ProducerHandle) -> SlotBuilder:
    builder = _builders.get(producer)
    if builder is None:
        builder = _builders[producer] = SlotBuilder()
    return builder


def _reserve(producer: ProducerHandle, size: int) -> Reservation:
    """`reserve` for those who would rather have exceptions, those of `send` with a timeout of 0."""
    reservation = producer.reserve(size)
    if reservation is None and producer.available_slots() > 0:
        reservation = producer.reserve(size)  # the slot may have become free since
    if reservation is not None:
        return reservation
    if producer.try_push(b"") is PushResult.CHANNEL_CLOSED:  # of an inactive handle; a size of 0 counts nothing [PSH-1]
        raise ChannelClosedError("this producer is closed, or was moved from")
    most = producer.max_message_size()
    if not 0 < size <= most:
        raise ValueError(f"max_bytes must be 1 to {most}, the channel's max_message_size, not {size}")
    if not producer.is_connected():
        raise ChannelClosedError("the channel is closed: nobody receives")
    if producer.available_slots() > 0:
        raise RuntimeError("a reservation is outstanding: commit it or roll it back first")
    raise TimeoutError("the queue is full: no slot is free to build in")
