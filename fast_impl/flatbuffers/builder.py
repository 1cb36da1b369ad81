"""A `flatbuffers.Builder` whose memory is a reserved slot [FLB-1].

A Builder fills its memory from the back. All that it writes lies relative to the memory's end, so the end is put
where the largest alignment that the ring gives falls, and every scalar is aligned in memory as it is in the buffer.
"""

from __future__ import annotations

from contextlib import suppress

import flatbuffers
from flatbuffers.builder import BuilderNotFinishedError

from fast_impl.flatbuffers import runtime
from spec_model.errors import FlatBufferTooLarge

runtime.check(flatbuffers.__version__, flatbuffers.Builder)

ALIGNMENT = 16
"""Of every slot's first byte."""

SLACK = 256
"""More than the runtime ever asks for beyond what it then writes: less than one alignment."""

GONE = memoryview(b"")
GONE.release()


class SlotBuilder(flatbuffers.Builder):  # type: ignore[misc]
    """Builds straight into a slot, between `begin` and `end`. Made once for a producer, and used again.

    Outside of that it has no memory, and writing raises ValueError.
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
        """Let go of the slot; how many bytes the message has, and where in the slot it begins.

        Raises BuilderNotFinishedError where `Finish` was not called, FlatBufferTooLarge.
        """
        try:
            if not self.finished:
                raise BuilderNotFinishedError("nothing is sent: the block was left without builder.Finish(root)")
            size = self.Offset()
            if size > self._available:
                raise FlatBufferTooLarge(size, self._available)
            if self.Bytes is self._slot:
                return size, self._start + self.head
            self._data[:size] = self.Bytes[self.head :]  # it was moved aside
            return size, 0
        finally:
            self.let_go()

    def let_go(self) -> None:
        """Have no memory, so that the reservation can end."""
        with suppress(BufferError):  # an array or the like lies on it; `commit` and `rollback` say so
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
        """Write a string; the runtime's own, before 25.12, has its memory grow by what encoding adds to the length."""
        offset: int = super().CreateString(s.encode(encoding, errors) if isinstance(s, str) else s)
        return offset

    def Prep(self, size: int, additionalBytes: int) -> None:
        """Make room for `additionalBytes` and then, aligned to `size`, for as many again.

        The runtime's own would have the memory grow. FlatBufferTooLarge where the slot is too small.
        """
        if size > self.minalign:
            self.minalign = size
        head = self.head
        padding = (head - len(self.Bytes) - additionalBytes) & (size - 1)
        if head < padding + size + additionalBytes:
            self._move_aside(padding + (additionalBytes or size))
            head = self.head
        if padding:
            self.Bytes[head - padding : head] = bytes(padding)  # a slot has held other messages
        self.head = head - padding

    def _move_aside(self, more: int) -> None:
        """Go on in memory of our own, unless `more` bytes cannot fit at all.

        The last few bytes of a slot are the case: the runtime asks for more than it then writes, and a slot's size
        need be no multiple of the alignment. Whether the message fits will be seen at its end.
        """
        used = self.Offset()
        if used + more > self._available:
            raise FlatBufferTooLarge(used + more, self._available)
        if self.Bytes is self._slot:
            aside = bytearray(self._available + SLACK)
            aside[len(aside) - used :] = self.Bytes[self.head :]
            self.Bytes, self.head = aside, len(aside) - used
