"""The bytes of one buffer: bounds, alignment and offsets are checked; and the fields of a buffer that was verified."""

from __future__ import annotations

from spec_model.flatbuffers.definitions import Definitions

OFFSET = 4
SMALLEST_BUFFER = 12
LARGEST_BUFFER = 2**31 - 1
LARGEST_OFFSET = 2**31 - 1


class Malformed(Exception):
    """The buffer is not well-formed; why."""


class Region:
    """A whole buffer, or one nested in another: places are counted from its own start."""

    def __init__(self, data: memoryview) -> None:
        self.data = data

    def inside(self, at: int, size: int) -> None:
        """`size` bytes at `at` are in the buffer. As in C++, they may not be the whole of it."""
        if not (0 <= at <= len(self.data) - size and size < len(self.data)):
            raise Malformed(f"{size} bytes at {at} are not inside the {len(self.data)} of the buffer")

    def holds(self, at: int, size: int, align: int) -> None:
        """As `inside`, and `at` is a multiple of `align`."""
        if at % align:
            raise Malformed(f"{at} is not a multiple of {align}")
        self.inside(at, size)

    def number(self, at: int, size: int, signed: bool = False) -> int:
        """The integer at `at`, little endian."""
        self.inside(at, size)
        return int.from_bytes(self.data[at : at + size], "little", signed=signed)

    def follow(self, at: int) -> int:
        """Where the offset at `at` leads: forward, and into the buffer."""
        self.holds(at, OFFSET, OFFSET)
        offset = self.number(at, OFFSET)
        if not 0 < offset <= LARGEST_OFFSET:
            raise Malformed(f"the offset {offset} at {at} does not lead forward")
        self.inside(at + offset, 1)
        return at + offset

    def vector(self, at: int, element: int) -> int:
        """How many elements of `element` bytes the vector at `at` has."""
        self.holds(at, OFFSET, OFFSET)
        count = self.number(at, OFFSET)
        if count >= LARGEST_BUFFER // element:
            raise Malformed(f"the vector at {at} has {count} elements")
        self.inside(at, OFFSET + count * element)
        return count

    def text(self, at: int) -> None:
        """There is a string at `at`, ended by a zero."""
        end = at + OFFSET + self.vector(at, 1)
        if self.number(end, 1) != 0:
            raise Malformed(f"the string at {at} does not end with a zero")

    def nested(self, at: int) -> Region:
        """The buffer nested in the vector of bytes at `at`."""
        start = at + OFFSET
        return Region(self.data[start : start + self.vector(at, 1)])

    def vtable(self, at: int) -> list[int]:
        """The table at `at`: how far each of its slots is from it, 0 for those that are absent."""
        self.holds(at, OFFSET, OFFSET)
        vtable = at - self.number(at, OFFSET, signed=True)
        self.holds(vtable, 2, 2)
        size = self.number(vtable, 2)
        if size % 2:
            raise Malformed(f"the vtable at {vtable} has {size} bytes")
        self.inside(vtable, size)
        return [self.number(vtable + slot, 2) for slot in range(4, size, 2)]

    def slot(self, vtable: list[int], table: int, number: int) -> int | None:
        """Where that slot of the table at `table` is, or None."""
        offset = vtable[number] if 0 <= number < len(vtable) else 0
        return table + offset if offset else None


class Reader:
    """One table of a verified buffer, read by the field names of its schema."""

    def __init__(self, schema: Definitions, region: Region, at: int, name: str) -> None:
        self.schema: Definitions = schema
        self.region: Region = region
        self.at: int = at
        self.name: str = name
        self.vtable: list[int] = region.vtable(at)

    def place(self, name: str) -> int | None:
        """Where the slot `name` is."""
        names = [slot.name for slot in self.schema.tables[self.name]]
        return self.region.slot(self.vtable, self.at, names.index(name))

    def number(self, name: str, size: int, default: int = 0, signed: bool = False) -> int:
        """A scalar."""
        place = self.place(name)
        return default if place is None else self.region.number(place, size, signed)

    def target(self, name: str) -> int | None:
        """Where the slot `name` leads."""
        place = self.place(name)
        return None if place is None else self.region.follow(place)

    def text(self, name: str) -> bytes:
        """A string; empty where it is absent."""
        at = self.target(name)
        return b"" if at is None else bytes(self.region.data[at + OFFSET :][: self.region.number(at, OFFSET)])

    def table(self, name: str, type_: str) -> Reader | None:
        """A table."""
        at = self.target(name)
        return None if at is None else Reader(self.schema, self.region, at, type_)

    def tables(self, name: str, type_: str) -> list[Reader]:
        """A vector of tables; empty where it is absent."""
        at = self.target(name)
        if at is None:
            return []
        places = range(at + OFFSET, at + OFFSET + OFFSET * self.region.number(at, OFFSET), OFFSET)
        return [Reader(self.schema, self.region, p + self.region.number(p, OFFSET), type_) for p in places]
