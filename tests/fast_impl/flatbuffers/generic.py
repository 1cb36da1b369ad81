"""How flatbuffers::Verify of 2.0.8 deviates from the verifiers that flatc generates, as named variants of the model.

`flatbuffers::Verify` interprets a binary schema (`src/reflection.cpp`). The model with all DEVIATIONS gives its
verdicts. A difference between the two verifiers of C++ is explained if the model with these deviations reproduces it,
and is named after the deviation that causes it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import combinations
from typing import Any

from spec_model.flatbuffers.definitions import (
    REFLECTION,
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
from spec_model.flatbuffers.load import load
from spec_model.flatbuffers.region import OFFSET, Malformed, Reader, Region
from spec_model.flatbuffers.verifier import Limits, Verification
from tests.fast_impl.flatbuffers.schemas import path

DEVIATIONS = {
    "nested": "nested buffers and FlexBuffers are not checked",
    "root": "the root offset, the minimum size and the prefix are not checked",
    "zero": "an offset may be 0, that is, refer to itself",
    "place": "the position of the offset of a table or a union need not be aligned or inside the buffer",
    "required": "strings, unions and vectors, except of structs, are never required",
    "unknown": "a union of an unknown type is refused",
    "by index": "the type of a union is an index into its values, whatever their numbers",
    "no value": "an absent union whose type is that of a table is refused",
    "struct": "a struct in a union need not be aligned",
    "none": "a union of type NONE or without a type is not checked",
    "types": "a vector of unions and that of their types may differ in length, and the types may be absent",
    "deprecated": "deprecated fields are checked",
}
ALL = frozenset(DEVIATIONS)


class Crashed(Malformed):
    """The library asserts, or reads through a null pointer."""


@cache
def undeprecated(name: str) -> Definitions:
    """A schema without the attribute `deprecated`."""
    raw = bytearray(path(name).read_bytes())
    region = Region(memoryview(raw))
    root = Reader(REFLECTION, region, region.number(0, OFFSET), "Schema")
    for one in root.tables("objects", "Object"):
        for field in one.tables("fields", "Field"):
            place = field.place("deprecated")
            if place is not None:
                raw[place] = 0
    return load(raw)


class Generic(Verification):
    """The model with some deviations of flatbuffers::Verify: depth first, fields in order of their names."""

    def __init__(self, schema: Definitions, whole: Region, limits: Limits, deviations: frozenset[str]) -> None:
        super().__init__(schema, whole, limits)
        self.deviations = deviations

    def buffer(self, table: str, size_prefixed: bool, file_identifier: bytes | None) -> None:
        if "root" not in self.deviations:
            return super().buffer(table, size_prefixed, file_identifier)
        start = OFFSET if size_prefixed else 0
        self.table(self.whole, start + self.peek(self.whole, start, OFFSET), table, 1)

    def peek(self, region: Region, at: int, size: int) -> int:
        """The number at a position; the oracle has zeros beyond the end."""
        return int.from_bytes(bytes(region.data[at : at + size]), "little")

    def table(self, region: Region, at: int, name: str, depth: int) -> None:
        super().table(region, at, name, depth)
        region, at, name, depth = self.waiting.pop()
        self.slots(region, at, name, depth)

    def slots(self, region: Region, at: int, name: str, depth: int) -> None:
        vtable = region.vtable(at)
        slots = self.schema.tables[name]
        for number in sorted(range(len(slots)), key=lambda number: slots[number].name):
            slot = slots[number]
            place, before = region.slot(vtable, at, number), region.slot(vtable, at, number - 1)
            if slot.type is None:
                continue
            if place is None:
                self.absent(region, slot, before)
            elif isinstance(slot.type, Inline):
                region.holds(place, slot.type.size, slot.type.align)
            else:
                self.at(region, place, slot.type, before, depth)

    def absent(self, region: Region, slot: Slot, before: int | None) -> None:
        element = slot.type.element if isinstance(slot.type, Vector) else slot.type
        if slot.required and not ("required" in self.deviations and _is_lenient(slot.type)):
            raise Malformed(f"{slot.name} is required")
        if isinstance(slot.type, UnionOf):
            self.union(region, None, slot.type, before, 0)
        elif isinstance(element, UnionOf) and before is not None and "types" not in self.deviations:
            raise Malformed("types without unions")

    def at(self, region: Region, place: int, type_: Type, before: int | None, depth: int) -> None:
        """Check the target of the offset at `place`."""
        if isinstance(type_, UnionOf):
            self.union(region, place, type_, before, depth)
        elif isinstance(type_, (Nested, Flex)) and "nested" in self.deviations:
            region.vector(self.follow(region, place), 1)
        elif isinstance(type_, TableOf):
            self.table(region, self.jump(region, place), type_.name, depth + 1)
        else:
            self.target(region, self.follow(region, place), type_, before, depth)

    def follow(self, region: Region, place: int) -> int:
        """The target of the offset at a position, which is checked."""
        if "zero" not in self.deviations:
            return region.follow(place)
        region.holds(place, OFFSET, OFFSET)
        return place + region.number(place, OFFSET)

    def jump(self, region: Region, place: int) -> int:
        """The target of the offset of a table or a union."""
        if "place" not in self.deviations:
            return self.follow(region, place)
        offset = self.peek(region, place, OFFSET)
        if "zero" not in self.deviations and offset == 0:
            raise Malformed("an offset of 0")
        return place + offset

    def union(self, region: Region, place: int | None, type_: UnionOf, before: int | None, depth: int) -> None:
        """A union at `place`, or absent."""
        value = 0 if before is None else self.peek(region, before, 1)
        if value == 0 and "none" in self.deviations:
            return
        member = self.chosen(type_, value)
        if place is not None:
            self.held(region, self.jump(region, place), member, depth)
        elif isinstance(member, Inline) or (isinstance(member, TableOf) and "no value" in self.deviations):
            raise Malformed("a type without its union")

    def chosen(self, type_: UnionOf, value: int) -> Member | None:
        """The member of a union of that type."""
        members = self.schema.unions[type_.name]
        if "by index" in self.deviations:
            members = dict(enumerate(members.values()))
        if "unknown" in self.deviations and value not in members:
            raise Malformed(f"{value} is no type of {type_.name}")
        return members.get(value)

    def targets(self, region: Region, at: int, element: Type, before: int | None, depth: int) -> None:
        count = region.vector(at, OFFSET)
        types = self.types(region, before, count) if isinstance(element, UnionOf) else None
        for index in range(count):
            place = at + OFFSET + OFFSET * index
            to = place + region.number(place, OFFSET)
            if isinstance(element, UnionOf):
                assert types is not None
                self.held(region, to, self.chosen(element, types(index)), depth)
            else:
                self.target(region, to, element, None, depth)

    def types(self, region: Region, before: int | None, count: int) -> Callable[[int], int]:
        """The type of each union of a vector."""
        if "types" not in self.deviations:
            kinds = self.kinds(region, before, count)
            return lambda index: region.number(kinds + index, 1)
        known = 0
        if before is not None:
            vector = self.jump(region, before)
            known = region.vector(vector, 1)

        def of(index: int) -> int:
            if index >= known:
                raise Crashed("there is no such type")
            return region.number(vector + OFFSET + index, 1)

        return of

    def held(self, region: Region, at: int, member: Member | None, depth: int) -> None:
        if isinstance(member, Inline) and "struct" in self.deviations:
            region.inside(at, member.size)
        elif isinstance(member, Text):
            region.text(at)
        else:
            super().held(region, at, member, depth)


def _is_lenient(type_: Type | None) -> bool:
    """Whether `required` means nothing. Only scalars are aligned to their size here, no struct is."""
    if isinstance(type_, Vector) and isinstance(type_.element, Inline):
        return type_.element.size == type_.element.align
    return not isinstance(type_, (Inline, TableOf))


def verdict(name: str, model: Definitions, request: Any, deviations: frozenset[str]) -> int:
    """In the oracle's numbers: 0, 1, or 2 for a crash."""
    schema = undeprecated(name) if "deprecated" in deviations else model
    assert schema.root is not None
    limits = Limits(request.max_depth, request.max_tables)
    try:
        verification = Generic(schema, Region(memoryview(request.data)), limits, deviations)
        verification.buffer(schema.root, request.size_prefixed, None)
    except Crashed:
        return 2
    except Malformed:
        return 0
    return 1


def explanation(name: str, model: Definitions, request: Any, ours: bool, theirs: int) -> str | None:
    """The one or two deviations that change the model's verdict, or "several"; None for an unexplained difference.

    It is unexplained if the model's verdict is not `ours`, or the one with ALL deviations is not `theirs`.
    """
    if verdict(name, model, request, frozenset()) != ours or verdict(name, model, request, ALL) != theirs:
        return None
    for count in (1, 2):
        for some in combinations(DEVIATIONS, count):
            if verdict(name, model, request, frozenset(some)) != ours:
                return " + ".join(some)
    return "several"
