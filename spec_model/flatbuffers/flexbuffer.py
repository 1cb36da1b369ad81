"""When a FlexBuffer is well-formed, by the verdict of `flexbuffers::VerifyBuffer` of version 2.0.8.

A FlexBuffer says of itself what it holds: a value is an inline scalar, or an offset back to what comes before it. The
last byte is the width of the root in bytes, the one before it the root's type and the width of what it refers to.
"""

from __future__ import annotations

from collections.abc import Callable

from spec_model.flatbuffers.region import Malformed, Region

MAX_DEPTH = 64
SMALLEST = 3
WIDTHS = (1, 2, 4, 8)

# flexbuffers::Type
FLOAT, KEY, STRING, INDIRECT_INT, INDIRECT_FLOAT, MAP, VECTOR = 3, 4, 5, 6, 8, 9, 10
VECTOR_INT, VECTOR_FLOAT, VECTOR_KEY, VECTOR_STRING, VECTOR_INT2, VECTOR_FLOAT4 = 11, 13, 14, 15, 16, 24
BLOB, BOOL, VECTOR_BOOL = 25, 26, 36


class FlexBuffer:
    """One pass over a FlexBuffer: raises Malformed at the first mistake.

    spend: called with how many elements of vectors are about to be looked at, one by one; may raise too.
    """

    def __init__(self, data: memoryview, spend: Callable[[int], None]) -> None:
        self.region: Region = Region(data)
        self.spend = spend
        self.depth: int = 0
        self.vectors: int = 0

    def check(self) -> None:
        """The whole of it, from its root at the end."""
        data = self.region.data
        if len(data) < SMALLEST:
            raise Malformed(f"a FlexBuffer of {len(data)} bytes")
        width, packed = data[-1], data[-2]
        at = len(data) - 2 - width
        if width not in WIDTHS or at < 0:
            raise Malformed(f"a root of {width} bytes")
        self.value(at, width, 1 << (packed & 3), packed >> 2)

    def value(self, at: int, own: int, width: int, kind: int) -> None:
        """A value of `own` bytes at `at`; width: of what it refers to, or of the elements of that."""
        if kind <= FLOAT or kind == BOOL:
            return
        offset = self.number(at, own)
        to = at - offset
        if to < 0 or to % width:
            raise Malformed(f"the offset {offset} back from {at}")
        if INDIRECT_INT <= kind <= INDIRECT_FLOAT:
            self.region.inside(to, width)
        elif kind == MAP:
            self.elements(to, width)
            self.keys_of_map(to, width)
        elif kind == VECTOR:
            self.elements(to, width)
        elif kind in (VECTOR_KEY, VECTOR_STRING):
            self.keys(to, width)
        elif VECTOR_INT <= kind <= VECTOR_FLOAT or kind == VECTOR_BOOL:
            self.vector(to, width, width)
            self.depth -= 1
        elif VECTOR_INT2 <= kind <= VECTOR_FLOAT4:
            self.region.inside(to, width * ((kind - VECTOR_INT2) // 3 + 2))
        elif kind in (STRING, BLOB):
            count = self.vector(to, width, 1)
            self.depth -= 1
            if kind == STRING:
                self.region.inside(to, count + 1)
        elif kind != KEY:  # of which C++ only checks that it begins in the buffer: what ends it may be any byte
            raise Malformed(f"there is no type {kind}")

    def number(self, at: int, size: int) -> int:
        """The integer at `at`, which is in the buffer."""
        return int.from_bytes(self.region.data[at : at + size], "little")

    def vector(self, at: int, width: int, unit: int) -> int:
        """How many elements of `unit` bytes there are at `at`; the count, of `width` bytes, is before them."""
        self.depth += 1
        self.vectors += 1
        if self.depth > MAX_DEPTH or self.vectors > len(self.region.data) or at < width:
            raise Malformed(f"too many vectors, too deep, or no room for the count of the one at {at}")
        count = self.number(at - width, width)
        self.region.inside(at, count * unit)
        return count

    def elements(self, at: int, width: int) -> None:
        """A vector whose elements have types of their own, a byte each behind it."""
        count = self.vector(at, width, width)
        types = at + count * width
        self.region.inside(types, count)
        self.spend(count)
        for index in range(count):
            packed = self.region.data[types + index]
            self.value(at + index * width, width, 1 << (packed & 3), packed >> 2)
        self.depth -= 1

    def keys(self, at: int, width: int) -> None:
        """A vector of offsets to keys."""
        count = self.vector(at, width, width)
        self.spend(count)
        for index in range(count):
            self.value(at + index * width, width, 1, KEY)
        self.depth -= 1

    def keys_of_map(self, at: int, width: int) -> None:
        """The keys of the map whose values are at `at`: their offset and their width are before its count."""
        place = at - 3 * width
        if place < 0:
            raise Malformed(f"no room for the keys of the map at {at}")
        offset, its_width = self.number(place, width), self.number(place + width, width) & 0xFF
        if offset > place or its_width not in WIDTHS:
            raise Malformed(f"the keys of the map at {at}, {offset} back and {its_width} bytes wide")
        self.keys(place - offset, its_width)
