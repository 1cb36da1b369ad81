"""What flatbuffers::Verify of 2.0.8 does otherwise than the verifiers that flatc generates: each of its ways by name.

`flatbuffers::Verify` walks a binary schema (`src/reflection.cpp`). With all of its WAYS the model gives its verdicts,
so that a difference between the two verifiers of C++ is explained where the model with these WAYS repeats it, and is
named for the one way that makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import combinations
from typing import Any

from spec_model.flatbuffers.definitions import (
    REFLECTION,
    Definitions,
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

WAYS = {
    "nested": "nested buffers are not looked at",
    "root": "the root offset, the least size and the prefix are not checked",
    "zero": "an offset may be 0, and leads to itself",
    "place": "where the offset of a table or a union is need not be aligned, nor inside",
    "required": "strings, unions, and vectors but of structs, are never required",
    "unknown": "a union of a type that the schema does not know is refused",
    "by index": "the type of a union counts its values, whatever numbers these have",
    "no value": "a union whose type is there and tells a table, and which is not, is refused",
    "struct": "a struct in a union need not be aligned",
    "none": "a union of type NONE is not looked at, nor one without a type",
    "types": "a vector of unions and that of their types may have different lengths, and the types may be missing",
    "deprecated": "deprecated fields are looked at",
}
ALL = frozenset(WAYS)


class Crashed(Malformed):
    """The library asserts, or reads through a null pointer."""


@cache
def undeprecated(name: str) -> Definitions:
    """A schema as if no field of it were deprecated."""
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
    """The model with some ways of flatbuffers::Verify: depth first, fields in order of their names."""

    def __init__(self, schema: Definitions, whole: Region, limits: Limits, ways: frozenset[str]) -> None:
        super().__init__(schema, whole, limits)
        self.ways = ways

    def buffer(self, table: str, size_prefixed: bool, file_identifier: bytes | None) -> None:
        if "root" not in self.ways:
            return super().buffer(table, size_prefixed, file_identifier)
        start = OFFSET if size_prefixed else 0
        self.table(self.whole, start + self.peek(self.whole, start, OFFSET), table, 1)

    def peek(self, region: Region, at: int, size: int) -> int:
        """What is there; the oracle has zeros beyond the end."""
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
        if slot.required and not ("required" in self.ways and _is_lenient(slot.type)):
            raise Malformed(f"{slot.name} is required")
        if isinstance(slot.type, UnionOf):
            self.union(region, None, slot.type, before, 0)
        elif isinstance(element, UnionOf) and before is not None and "types" not in self.ways:
            raise Malformed("types without unions")

    def at(self, region: Region, place: int, type_: Type, before: int | None, depth: int) -> None:
        """What the offset at `place` leads to."""
        if isinstance(type_, UnionOf):
            self.union(region, place, type_, before, depth)
        elif isinstance(type_, Nested) and "nested" in self.ways:
            region.vector(self.lead(region, place), 1)
        elif isinstance(type_, TableOf):
            self.table(region, self.jump(region, place), type_.name, depth + 1)
        else:
            self.target(region, self.lead(region, place), type_, before, depth)

    def lead(self, region: Region, place: int) -> int:
        """Where the offset at a place leads that is looked at."""
        if "zero" not in self.ways:
            return region.follow(place)
        region.holds(place, OFFSET, OFFSET)
        return place + region.number(place, OFFSET)

    def jump(self, region: Region, place: int) -> int:
        """Where the offset of a table or of a union leads."""
        if "place" not in self.ways:
            return self.lead(region, place)
        offset = self.peek(region, place, OFFSET)
        if "zero" not in self.ways and offset == 0:
            raise Malformed("an offset of 0")
        return place + offset

    def union(self, region: Region, place: int | None, type_: UnionOf, before: int | None, depth: int) -> None:
        """A union, at `place` or not there at all."""
        value = 0 if before is None else self.peek(region, before, 1)
        if value == 0 and "none" in self.ways:
            return
        member = self.chosen(type_, value)
        if place is not None:
            self.held(region, self.jump(region, place), member, depth)
        elif isinstance(member, Inline) or (isinstance(member, TableOf) and "no value" in self.ways):
            raise Malformed("a type without its union")

    def chosen(self, type_: UnionOf, value: int) -> Member | None:
        """What a union of that type holds."""
        members = self.schema.unions[type_.name]
        if "by index" in self.ways:
            members = dict(enumerate(members.values()))
        if "unknown" in self.ways and value not in members:
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
        if "types" not in self.ways:
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
        if isinstance(member, Inline) and "struct" in self.ways:
            region.inside(at, member.size)
        elif isinstance(member, Text):
            region.text(at)
        else:
            super().held(region, at, member, depth)


def _is_lenient(type_: Type | None) -> bool:
    """Whether `required` means nothing. Scalars are told by their size, to which no struct here is aligned."""
    if isinstance(type_, Vector) and isinstance(type_.element, Inline):
        return type_.element.size == type_.element.align
    return not isinstance(type_, (Inline, TableOf))


def verdict(name: str, model: Definitions, request: Any, ways: frozenset[str]) -> int:
    """As the oracle tells it: 0, 1, or 2 for a crash."""
    schema = undeprecated(name) if "deprecated" in ways else model
    assert schema.root is not None
    limits = Limits(request.max_depth, request.max_tables)
    try:
        verification = Generic(schema, Region(memoryview(request.data)), limits, ways)
        verification.buffer(schema.root, request.size_prefixed, None)
    except Crashed:
        return 2
    except Malformed:
        return 0
    return 1


def way(name: str, model: Definitions, request: Any, ours: bool, theirs: int) -> str | None:
    """The way, or the two, that make flatbuffers::Verify judge otherwise than the model.

    None where the model does not judge as `ours`, or with ALL of the ways not as `theirs`.
    """
    if verdict(name, model, request, frozenset()) != ours or verdict(name, model, request, ALL) != theirs:
        return None
    for count in (1, 2):
        for some in combinations(WAYS, count):
            if verdict(name, model, request, frozenset(some)) != ours:
                return " + ".join(some)
    return "several"
