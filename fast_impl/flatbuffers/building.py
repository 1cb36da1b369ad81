"""`producer.build()`: a `flatbuffers.Builder` whose memory is a reserved slot (§5.3) [FLB-1].

A Builder fills its memory from the back, and aligns relative to the end of the memory. The end is therefore put at a
multiple of the slot's own alignment, so that every scalar is aligned in memory as it is in the buffer.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Protocol, SupportsIndex
from weakref import ref

import flatbuffers
from flatbuffers.builder import BuilderNotFinishedError

from fast_impl._common import RESERVED, Snapshot, as_count, as_nanoseconds, closed
from spec_model.errors import ConcurrentUseError, FlatBufferTooLarge
from spec_model.vocabulary import PushResult, Timeout

FIRST, BEYOND = (24, 3, 6), (26,)
"""The tested versions of the FlatBuffers runtime: from the first, up to but excluding the second."""

FIELDS = {
    "Bytes", "head", "minalign", "finished", "nested", "forceDefaults", "current_vtable", "objectEnd", "vtables",
    "sharedStrings", "vectorNumElems",
}  # fmt: skip
"""The fields of their Builder. `Bytes` is its memory, `head` the position of the message's first byte in it."""


def check_runtime(version: str, builder: Any) -> None:
    """ImportError unless the version and the Builder's fields of this runtime are those that were tested."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if not FIRST <= numbers < BEYOND:
        why = f"flatbuffers {version} is not among the versions that fast_impl builds in place with"
    elif set(getattr(builder, "__slots__", ())) != FIELDS:
        why = f"the Builder of flatbuffers {version} has other fields than fast_impl knows"
    else:
        return
    raise ImportError(
        f"{why}: install flatbuffers>={'.'.join(map(str, FIRST))},<{BEYOND[0]}, or send what an ordinary Builder's "
        "Output() gives"
    )


check_runtime(flatbuffers.__version__, flatbuffers.Builder)

ALIGNMENT = 16
"""Of the first byte of every slot."""

SLACK = 256
"""More bytes than the runtime ever requests beyond those it then writes: less than one alignment."""

GONE = memoryview(b"")
GONE.release()


class _SlotBuilder(flatbuffers.Builder):  # type: ignore[misc]
    """Builds in a slot between `begin` and `end`; it has no memory otherwise, and writing raises ValueError.

    Each producer has one and reuses it.
    """

    Bytes: memoryview | bytearray
    head: int
    minalign: int

    def __init__(self) -> None:
        super().__init__(0)
        self._data = self._slot = GONE
        self._start = self._available = 0

    def begin(self, data: memoryview, available: int) -> None:
        """Build the next message, of at most `available` bytes, in the slot `data`."""
        end = len(data) & -ALIGNMENT
        self._data, self._available = data, available
        self._start = max(0, end - available)
        self._slot = data[self._start : end]
        self.Clear()

    def end(self) -> tuple[int, int]:
        """Release the slot; return the size of the message and its offset in the slot.

        Raises BuilderNotFinishedError where `Finish` was not called, FlatBufferTooLarge.
        """
        try:
            if not self.finished:
                raise BuilderNotFinishedError("nothing is sent: the block was left without builder.Finish(root)")
            size = len(self.Bytes) - self.head
            if size > self._available:
                raise FlatBufferTooLarge(size, self._available)
            if self.Bytes is self._slot:
                return size, self._start + self.head
            self._data[:size] = self.Bytes[self.head :]  # it was moved out of the slot
            return size, 0
        finally:
            self.release()

    def release(self) -> None:
        """Drop the slot, so that the reservation can end."""
        with suppress(BufferError):  # another export is alive; `commit` and `rollback` raise for it
            self._slot.release()
        self.Bytes = self._data = self._slot = GONE

    def Clear(self) -> None:
        """Start again with the whole slot."""
        self.Bytes = self._slot
        super().Clear()

    def Output(self) -> bytearray:
        """A copy of the finished message, as an ordinary Builder gives; BuilderNotFinishedError before `Finish`."""
        with memoryview(super().Output()) as output:
            return bytearray(output)

    def CreateString(self, s: str | bytes, encoding: str = "utf-8", errors: str = "strict") -> int:
        """Write a string. The runtime's own, before 25.12, grows the memory by what encoding adds to the length."""
        builder: Any = super()
        offset: int = builder.CreateString(s.encode(encoding, errors) if isinstance(s, str) else s)
        return offset

    def Prep(self, size: int, additionalBytes: int) -> None:
        """Pad so that after `additionalBytes` more bytes the position is a multiple of `size`.

        The runtime's own grows the memory; this raises FlatBufferTooLarge if the slot is too small.
        """
        if size > self.minalign:
            self.minalign = size
        head = self.head
        padding = (head - len(self.Bytes) - additionalBytes) & (size - 1)
        if head < padding + size + additionalBytes:
            self._leave_slot(padding + (additionalBytes or size))
            head = self.head
        if padding:
            self.Bytes[head - padding : head] = bytes(padding)  # a slot has held other messages
        self.head = head - padding

    def _leave_slot(self, more: int) -> None:
        """Continue in memory of our own; FlatBufferTooLarge if `more` bytes cannot fit in any case.

        It happens within the last few bytes of a slot: the runtime requests more than it then writes, and the slot's
        size may not be a multiple of the alignment. `end` checks whether the message fits.
        """
        used = len(self.Bytes) - self.head
        if used + more > self._available:
            raise FlatBufferTooLarge(used + more, self._available)
        if self.Bytes is self._slot:
            memory = bytearray(self._available + SLACK)
            memory[len(memory) - used :] = self.Bytes[self.head :]
            self.Bytes, self.head = memory, len(memory) - used


class Reservation(Protocol):
    """What building needs of a reservation."""

    @property
    def data(self) -> memoryview:
        """The slot."""
        ...


class Producer(Protocol):
    """What building needs of a producer. Either binding's ProducerHandle has it."""

    def _reserve(self, n: int, timeout: Timeout, /) -> tuple[int, Reservation | None]:
        """A slot to write to, with the value of a PushResult or RESERVED."""
        ...

    def _snapshot(self) -> Snapshot:
        """How it stands now."""
        ...

    def commit(self, n: int, offset: int, /) -> bool:
        """Send the reserved slot."""
        ...

    def rollback(self) -> None:
        """Give the reserved slot back."""
        ...

    def max_message_size(self) -> int:
        """The size of a slot."""
        ...


def build(producer: Producer, /, max_bytes: SupportsIndex | None = None, timeout: Timeout = 0) -> Build:
    """A context manager that builds a message of at most `max_bytes`; None for the slot's size.

    Entering waits up to `timeout` seconds for a slot [WAI-2].
    """
    most = None if max_bytes is None else as_count("max_bytes", max_bytes)
    as_nanoseconds(timeout)  # raises for a bad one, here and not on entry
    return Build(producer, most, timeout)


class Build:
    """Reserves a slot on entry and commits the message on exit; an exception rolls back."""

    __slots__ = ("_builder", "_max_bytes", "_producer", "_timeout")

    _builder: _SlotBuilder

    def __init__(self, producer: Producer, max_bytes: int | None, timeout: Timeout) -> None:
        self._producer = producer
        self._max_bytes = max_bytes
        self._timeout = timeout

    def __enter__(self) -> Any:
        producer = self._producer
        available = producer.max_message_size() if self._max_bytes is None else self._max_bytes
        reservation = _reserve(producer, available, self._timeout)
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
            self._builder.release()
            self._give_up(error)
            return
        try:
            size, offset = self._builder.end()
            if not self._producer.commit(size, offset):
                raise closed("producer", self._producer._snapshot())
        except BaseException as failure:
            self._give_up(failure)
            raise

    def _give_up(self, error: BaseException) -> None:
        try:
            self._producer.rollback()
        except (BufferError, ConcurrentUseError) as refusal:
            error.add_note(f"The slot stays reserved until producer.rollback() goes through: {refusal}")


_builders: dict[int, tuple[_SlotBuilder, ref[Producer]]] = {}


def _builder_of(producer: Producer) -> Any:
    key = id(producer)
    if key not in _builders:  # what takes it away again is in C: a signal's handler cannot raise in it
        _builders[key] = _SlotBuilder(), ref(producer, partial(_builders.pop, key))
    return _builders[key][0]


def _reserve(producer: Producer, size: int, timeout: Timeout) -> Reservation:
    """A slot, or the error that `send` of `size` bytes raises; RuntimeError with a reservation outstanding."""
    code, reservation = producer._reserve(size, timeout)
    if reservation is not None:
        return reservation
    if code == RESERVED:
        raise RuntimeError("a reservation is outstanding: commit it or roll it back first")
    if code == PushResult.CHANNEL_CLOSED.value:
        raise closed("producer", producer._snapshot())
    if code == PushResult.INVALID_SIZE.value:
        most = producer.max_message_size()
        raise ValueError(f"max_bytes must be 1 to {most}, the channel's max_message_size, not {size}")
    raise TimeoutError("the queue is full: no slot became free to build in")
