"""Random buffers that are well-formed, of any schema: built by the runtime's own Builder."""

from __future__ import annotations

from random import Random
from typing import Any

from flatbuffers import Builder

from spec_model.flatbuffers.definitions import Definitions, Inline, Member, Nested, Slot, TableOf, Text, UnionOf, Vector

DEEPEST = 5


def _is_of_unions(type_: Any) -> bool:
    return isinstance(type_.element if isinstance(type_, Vector) else type_, UnionOf)


class Generator:
    """One buffer. What was built before may be referred to again, so that tables, strings and vectors are shared."""

    def __init__(self, schema: Definitions, random: Random, depth: int = DEEPEST) -> None:
        self.schema, self.random, self.depth = schema, random, depth
        self.builder = Builder(256)
        self.built: dict[Any, list[int]] = {}

    def buffer(self, name: str, size_prefixed: bool = False) -> bytes:
        """A whole one."""
        root = self.table(name, self.depth)
        (self.builder.FinishSizePrefixed if size_prefixed else self.builder.Finish)(root)
        return bytes(self.builder.Output())

    def shared(self, key: Any, make: Any) -> int:
        """What `make` builds, or sometimes what it built before."""
        before = self.built.setdefault(key, [])
        if before and self.random.random() < 0.2:
            return self.random.choice(before)
        offset: int = make()
        before.append(offset)
        return offset

    def table(self, name: str, depth: int) -> int:
        """A table; fewer fields the deeper it is."""
        return self.shared(name, lambda: self._table(name, depth))

    def _table(self, name: str, depth: int) -> int:
        slots = self.schema.tables[name]
        chance = self.random.choice((0.1, 0.3, 0.9)) if depth > 1 else 0.1
        values: dict[int, Any] = {}
        told = {number - 1 for number, slot in enumerate(slots) if _is_of_unions(slot.type)}
        for number, slot in enumerate(slots):
            if number in told:
                continue
            if slot.required or (slot.type is not None and self.random.random() < chance and depth > 0):
                self._value(values, number, slot, depth)
        self.builder.StartObject(len(slots))
        for number in self.random.sample(sorted(values), len(values)):
            self._put(number, slots[number], values[number])
        return int(self.builder.EndObject())

    def _value(self, values: dict[int, Any], number: int, slot: Slot, depth: int) -> None:
        """What goes into a slot; of a union, into the one before, too."""
        type_ = slot.type
        if isinstance(type_, Inline):
            values[number] = self.random.randbytes(type_.size)
        elif isinstance(type_, UnionOf):
            value, offset = self.union(type_.name, depth)
            values[number - 1], values[number] = bytes([value]), offset
        elif isinstance(type_, Vector) and isinstance(type_.element, UnionOf):
            pairs = [self.union(type_.element.name, depth) for _ in range(self.random.randrange(4))]
            values[number - 1] = self.builder.CreateByteVector(bytes(value for value, _ in pairs))
            values[number] = self.offsets([offset for _, offset in pairs])
        elif type_ is not None:
            values[number] = self.target(type_, depth)

    def _put(self, number: int, slot: Slot, value: Any) -> None:
        if isinstance(slot.type, Inline):
            self.inline(value, slot.type.align)
        else:
            self.builder.PrependUOffsetTRelative(value)
        self.builder.Slot(number)

    def inline(self, raw: bytes, align: int) -> None:
        """Bytes, in the table being built or standing alone."""
        self.builder.Prep(align, len(raw))
        self.builder.head -= len(raw)
        self.builder.Bytes[self.builder.head : self.builder.head + len(raw)] = raw

    def union(self, name: str, depth: int) -> tuple[int, int]:
        """A type, and what is of that type."""
        members = self.schema.unions[name]
        value = self.random.choice([value for value, member in members.items() if member is not None])
        return value, self.member(members[value], depth)

    def member(self, member: Member | None, depth: int) -> int:
        """What a union holds."""
        if isinstance(member, Inline):
            self.inline(self.random.randbytes(member.size), member.align)
            return int(self.builder.Offset())
        assert member is not None
        return self.target(member, depth)

    def target(self, type_: Any, depth: int) -> int:
        """What an offset leads to."""
        if isinstance(type_, TableOf):
            return self.table(type_.name, depth - 1)
        if isinstance(type_, Text):
            return self.shared(type_, lambda: self.builder.CreateString("é" * self.random.randrange(12)))
        if isinstance(type_, Nested):
            nested = Generator(self.schema, self.random, depth - 2).buffer(type_.name)
            return int(self.builder.CreateByteVector(nested))
        return self.shared(type_, lambda: self.vector(type_.element, depth))

    def vector(self, element: Any, depth: int) -> int:
        """A vector of scalars, structs, strings or tables."""
        count = self.random.choice((0, 1, 2, 3, 7)) if depth > 0 else 0
        if not isinstance(element, Inline):
            return self.offsets([self.target(element, depth) for _ in range(count)])
        self.builder.StartVector(element.size, count, element.align)
        self.inline(self.random.randbytes(element.size * count), 1)
        return int(self.builder.EndVector())

    def offsets(self, offsets: list[int]) -> int:
        """A vector of offsets."""
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return int(self.builder.EndVector())
