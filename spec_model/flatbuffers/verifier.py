"""When a buffer is well-formed: everything that its root refers to is in place, and is what the schema says.

The verdict is that of `T::Verify`, which flatc generates for C++, with the library of version 2.0.8;
`docs/flatbuffers.md` lists the differences to `flatbuffers::Verify`, which reads a schema as this does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spec_model.flatbuffers.definitions import (
    Definitions,
    Flex,
    Inline,
    Member,
    Nested,
    Slot,
    TableOf,
    Text,
    Type,
    UnionOf,
    Vector,
)
from spec_model.flatbuffers.flexbuffer import FlexBuffer
from spec_model.flatbuffers.region import LARGEST_BUFFER, OFFSET, SMALLEST_BUFFER, Malformed, Region


@dataclass(frozen=True)
class Limits:
    """max_depth: how deep tables are nested. max_tables: how many are checked, each as often as it is referred to.

    Both count on in nested buffers, where C++ starts from 0. Vectors of strings and unions, and those of values with
    types and of keys in FlexBuffers, have no more elements together than `max_tables` and the bytes of the buffer: C++
    sets no limit, and may take hours.
    """

    max_depth: int = 64
    max_tables: int = 1_000_000


def is_well_formed(
    schema: Definitions,
    table: str,
    data: Any,
    *,
    size_prefixed: bool = False,
    file_identifier: bytes | None = None,
    limits: Limits = Limits(),
) -> bool:
    """Whether `data` is a well-formed buffer with that table as its root [FLB-4]."""
    try:
        Verification(schema, Region(memoryview(data).cast("B")), limits).buffer(table, size_prefixed, file_identifier)
    except Malformed:
        return False
    return True


class Verification:
    """One pass over a buffer: raises Malformed at the first mistake."""

    def __init__(self, schema: Definitions, whole: Region, limits: Limits) -> None:
        self.schema = schema
        self.whole = whole
        self.max_depth: int = limits.max_depth
        self.tables: int = limits.max_tables
        self.elements: int = limits.max_tables + len(whole.data)
        self.waiting: list[tuple[Region, int, str, int]] = []

    def buffer(self, table: str, size_prefixed: bool, file_identifier: bytes | None) -> None:
        """The whole buffer, from its root."""
        size = len(self.whole.data)
        if not SMALLEST_BUFFER <= size < LARGEST_BUFFER:
            raise Malformed(f"{size} bytes")
        start = OFFSET if size_prefixed else 0
        if size_prefixed and self.whole.number(0, OFFSET) != size - OFFSET:
            raise Malformed(f"not the {size - OFFSET} bytes that the prefix says")
        if file_identifier is not None and bytes(self.whole.data[start + 4 : start + 8]) != file_identifier:
            raise Malformed(f"not the identifier {file_identifier!r}")
        self.root(self.whole, start, table, 1)
        while self.waiting:
            self.slots(*self.waiting.pop())

    def root(self, region: Region, start: int, table: str, depth: int) -> None:
        """A buffer, this one or a nested one."""
        if len(region.data) < SMALLEST_BUFFER:
            raise Malformed(f"a buffer of {len(region.data)} bytes")
        self.table(region, region.follow(start), table, depth)

    def table(self, region: Region, at: int, name: str, depth: int) -> None:
        """Queue a table: the order does not matter where all must be well-formed."""
        self.tables -= 1
        if depth > self.max_depth or self.tables < 0:
            raise Malformed("too many tables, or too deep")
        self.waiting.append((region, at, name, depth))

    def slots(self, region: Region, at: int, name: str, depth: int) -> None:
        """A table, and all that it refers to but other tables."""
        vtable = region.vtable(at)
        for number, slot in enumerate(self.schema.tables[name]):
            place = region.slot(vtable, at, number)
            before = region.slot(vtable, at, number - 1)
            if slot.type is None:
                continue
            if place is None:
                self.absent(region, slot, before)
            elif isinstance(slot.type, Inline):
                region.holds(place, slot.type.size, slot.type.align)
            else:
                self.target(region, region.follow(place), slot.type, before, depth)

    def absent(self, region: Region, slot: Slot, before: int | None) -> None:
        """A slot that is absent. The type of its union may be there: readers find no table and no string then."""
        if slot.required:
            raise Malformed(f"{slot.name} is required")
        if isinstance(slot.type, UnionOf) and isinstance(self.member(region, slot.type, before), Inline):
            raise Malformed(f"{slot.name} is absent, and its type says a struct")
        if isinstance(slot.type, Vector) and isinstance(slot.type.element, UnionOf) and before is not None:
            raise Malformed(f"{slot.name} is absent, and its types are not")

    def target(self, region: Region, at: int, type_: Type, before: int | None, depth: int) -> None:
        """What a slot refers to."""
        if isinstance(type_, Text):
            region.text(at)
        elif isinstance(type_, TableOf):
            self.table(region, at, type_.name, depth + 1)
        elif isinstance(type_, UnionOf):
            self.held(region, at, self.member(region, type_, before), depth)
        elif isinstance(type_, Nested):
            self.root(region.nested(at), 0, type_.name, depth + 1)
        elif isinstance(type_, Flex):
            FlexBuffer(region.nested(at).data, self.spend).check()
        elif isinstance(type_, Vector):
            if isinstance(type_.element, Inline):
                region.vector(at, type_.element.size)
            else:
                self.targets(region, at, type_.element, before, depth)

    def targets(self, region: Region, at: int, element: Type, before: int | None, depth: int) -> None:
        """What the elements of a vector refer to. Their offsets have no checks of their own, as in C++."""
        count = region.vector(at, OFFSET)
        kinds = self.kinds(region, before, count) if isinstance(element, UnionOf) else 0
        if not isinstance(element, TableOf):
            self.spend(count)
        for index in range(count):
            place = at + OFFSET + OFFSET * index
            to = place + region.number(place, OFFSET)
            if isinstance(element, UnionOf):
                self.held(region, to, self.schema.unions[element.name].get(region.number(kinds + index, 1)), depth)
            else:
                self.target(region, to, element, None, depth)

    def spend(self, count: int) -> None:
        """As many elements are about to be looked at."""
        self.elements -= count
        if self.elements < 0:
            raise Malformed("too many elements")

    def kinds(self, region: Region, before: int | None, count: int) -> int:
        """Where the types of as many unions are."""
        if before is None:
            raise Malformed("unions without their types")
        vector = region.follow(before)
        if region.vector(vector, 1) != count:
            raise Malformed("not as many types as unions")
        return vector + OFFSET

    def member(self, region: Region, union: UnionOf, before: int | None) -> Member | None:
        """What the type of a union says: None for NONE, and for what a newer schema may have added."""
        return None if before is None else self.schema.unions[union.name].get(region.number(before, 1))

    def held(self, region: Region, at: int, member: Member | None, depth: int) -> None:
        """What a union holds."""
        if isinstance(member, Inline):
            region.holds(at, member.size, member.align)
        elif member is not None:
            self.target(region, at, member, None, depth)
