"""Buffers to verify: random ones of any schema, mutations of them, and corner cases with their verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from struct import pack
from typing import Any

from flatbuffers import Builder
from flatbuffers import flexbuffers as flexbuffers_

from spec_model.flatbuffers.definitions import Definitions, Inline, Member, Nested, Slot, TableOf, Text, UnionOf, Vector
from tests.fast_impl.flatbuffers.oracle import Request

# ---- random ones: well-formed, built by the runtime's own Builder, and mutations of them ----


DEEPEST = 5
EDGES = (0, 1, 2, 3, 4, 5, 6, 8, 12, 0x7F, 0x80, 0xFF, 0x7FFFFFFC, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF)


def _is_of_unions(type_: Any) -> bool:
    return isinstance(type_.element if isinstance(type_, Vector) else type_, UnionOf)


class Generator:
    """Builds one buffer. Tables, strings and vectors may be shared, that is, referred to more than once."""

    def __init__(self, schema: Definitions, random: Random, depth: int = DEEPEST) -> None:
        self.schema, self.random, self.depth = schema, random, depth
        self.builder = Builder(256)
        self.built: dict[Any, list[int]] = {}

    def buffer(self, name: str, size_prefixed: bool = False) -> bytes:
        """A finished buffer."""
        root = self.table(name, self.depth)
        (self.builder.FinishSizePrefixed if size_prefixed else self.builder.Finish)(root)
        return bytes(self.builder.Output())

    def shared(self, key: Any, make: Any) -> int:
        """The result of `make`, or sometimes an earlier result for the same key."""
        before = self.built.setdefault(key, [])
        if before and self.random.random() < 0.2:
            return self.random.choice(before)
        offset: int = make()
        before.append(offset)
        return offset

    def table(self, name: str, depth: int) -> int:
        """A table; the deeper, the fewer fields."""
        return self.shared(name, lambda: self._table(name, depth))

    def _table(self, name: str, depth: int) -> int:
        slots = self.schema.tables[name]
        chance = self.random.choice((0.1, 0.3, 0.9)) if depth > 1 else 0.1
        values: dict[int, Any] = {}
        types = {number - 1 for number, slot in enumerate(slots) if _is_of_unions(slot.type)}
        for number, slot in enumerate(slots):
            if number in types:
                continue
            if slot.required or (slot.type is not None and self.random.random() < chance and depth > 0):
                self._value(values, number, slot, depth)
        self.builder.StartObject(len(slots))
        for number in self.random.sample(sorted(values), len(values)):
            self._put(number, slots[number], values[number])
        return int(self.builder.EndObject())

    def _value(self, values: dict[int, Any], number: int, slot: Slot, depth: int) -> None:
        """The value of a slot; for a union also that of its type, one slot before."""
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
        """Bytes, in the current table or on their own."""
        self.builder.Prep(align, len(raw))
        self.builder.head -= len(raw)
        self.builder.Bytes[self.builder.head : self.builder.head + len(raw)] = raw

    def union(self, name: str, depth: int) -> tuple[int, int]:
        """A type, and a value of that type."""
        members = self.schema.unions[name]
        value = self.random.choice([value for value, member in members.items() if member is not None])
        return value, self.member(members[value], depth)

    def member(self, member: Member | None, depth: int) -> int:
        """The value of a union."""
        if isinstance(member, Inline):
            self.inline(self.random.randbytes(member.size), member.align)
            return int(self.builder.Offset())
        assert member is not None
        return self.target(member, depth)

    def target(self, type_: Any, depth: int) -> int:
        """The target of an offset."""
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


def mutated(buffer: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """The buffer after one to three mutations; `others` provide pieces to splice in."""
    data = bytearray(buffer)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if not data:
            break
        data = random.choice(MUTATIONS)(data, others, random)
    return bytes(data)


def _place(data: bytearray, random: Random) -> int:
    """A likely position of an offset, a length or a vtable: a multiple of two, mostly of four."""
    return random.randrange(len(data)) & random.choice((-1, -2, -4, -4))


def flip(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """Flip a bit."""
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return data


def set_byte(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """Set a byte; small values are types of unions."""
    data[random.randrange(len(data))] = random.choice((random.randrange(12), random.randrange(256)))
    return data


def add(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """Add a small number to an offset or a length."""
    at, width = _place(data, random), random.choice((2, 4))
    number = int.from_bytes(data[at : at + width], "little") + random.choice((-8, -4, -2, -1, 1, 2, 4, 8))
    return put(data, at, number, width)


def edge(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """Set a number to a boundary value."""
    number = random.choice((random.choice(EDGES), len(data) + random.randrange(-16, 5)))
    return put(data, _place(data, random), number, random.choice((2, 4)))


def point(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """Set an offset to another position in the buffer, forwards or (for a vtable) backwards."""
    at, to = _place(data, random), _place(data, random)
    return put(data, at, random.choice((to - at, at - to)), 4)


def swap(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """Swap two numbers."""
    width = random.choice((2, 4, 4))
    one, other = _place(data, random), _place(data, random)
    if abs(one - other) >= width and max(one, other) + width <= len(data):
        data[one : one + width], data[other : other + width] = data[other : other + width], data[one : one + width]
    return data


def alias(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """Set an offset to the target of another: tables of other types, and cycles."""
    one, other = _place(data, random), _place(data, random)
    target = other + int.from_bytes(data[other : other + 4], "little")
    return put(data, one, target - one, 4)


def truncate(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """Cut off the end."""
    return data[: random.choice((random.randrange(len(data) + 1), max(0, len(data) - random.randrange(1, 9))))]


def splice(data: bytearray, others: Sequence[bytes], random: Random) -> bytearray:
    """Replace a piece by one of another buffer."""
    other = random.choice(others)
    size = random.choice((4, 8, 16, 64, 256))
    at, source = _place(data, random), random.randrange(len(other) + 1) & -4
    data[at : at + size] = other[source : source + size]
    return data


def erase(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """Zero some bytes: absent slots of a vtable, for example."""
    at = _place(data, random)
    size = random.choice((2, 2, 4, 8))
    data[at : at + size] = bytes(len(data[at : at + size]))
    return data


def insert(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """Insert bytes, which moves the rest and may misalign it."""
    at = _place(data, random)
    data[at:at] = bytes(random.choice((1, 2, 4, 8)))
    return data


MUTATIONS = (flip, set_byte, add, add, edge, edge, point, swap, alias, truncate, splice, erase, erase, insert)


def put(data: bytearray, at: int, number: int, width: int) -> bytearray:
    """Write `number` in little endian, as much of it as fits."""
    raw = (number & ((1 << 8 * width) - 1)).to_bytes(width, "little")
    data[at : at + width] = raw[: len(data) - at]
    return data


def flexible(flexbuffer: bytes) -> bytes:
    """A buffer of the schema `flexible`, whose only field has these bytes."""
    rest = -len(flexbuffer) % 4
    return pack("<I3H2xiII", 12, 6, 8, 4, 8, 4, len(flexbuffer)) + flexbuffer + bytes(rest)


def deep(depth: int) -> bytes:
    """A FlexBuffer of so many vectors of one element, each in the one around it."""
    return b"\x01\x07\x04" + b"\x01\x03\x28" * (depth - 1) + b"\x02\x28\x01"


def _any(builder: Any, random: Random, depth: int) -> None:
    """A value of a FlexBuffer, with what is in it."""
    kind = random.randrange(14 if depth else 7)
    number = random.choice((0, 1, -1, 200, -40_000, 2**20, 2**40))
    if kind < 3:
        (builder.Int, builder.IndirectInt, lambda value: builder.UInt(abs(value)))[kind](number)
    elif kind == 3:
        random.choice((builder.Float, builder.IndirectFloat))(random.choice((0.5, 0.1)))
    elif kind == 4:
        builder.Bool(True)
    elif kind == 5:
        random.choice((builder.String, builder.Key))("abcdefgh"[: random.randrange(9)])
    elif kind == 6:
        builder.Blob(bytes(random.randrange(300)))
    elif kind < 9:
        with builder.Vector():
            for _ in range(random.randrange(5)):
                _any(builder, random, depth - 1)
    elif kind < 11:
        with builder.Map():
            for key in "abcd"[: random.randrange(5)]:
                builder.Key(key)
                _any(builder, random, depth - 1)
    elif kind == 11:
        with builder.TypedVector():
            for _ in range(random.randrange(1, 5)):
                builder.Int(number)
    elif kind == 12:
        with builder.TypedVector():
            for key in "abc":
                builder.Key(key)
    else:
        builder.FixedTypedVectorFromElements([number] * random.choice((2, 3, 4)))


def flexbuffers(random: Random) -> Iterator[bytes]:
    """FlexBuffers without end: one as it was made, and several mutations of it."""
    others = [bytes(range(256))]
    while True:
        builder = flexbuffers_.Builder()
        _any(builder, random, 3)
        data = bytes(builder.Finish())
        others = [*others[-5:], data]
        yield data
        for _ in range(9):
            yield mutated(data, others, random)


# ---- corner cases that random ones seldom reach; chains and bombs of tables ----


def _creature(fill: Callable[[Builder], None]) -> Request:
    """A Creature with its required fields, and what `fill` adds."""
    builder = Builder(64)
    name = builder.CreateString("name")
    kinds = builder.CreateByteVector(b"\3")
    builder.StartObject(12)
    builder.PrependUOffsetTRelativeSlot(0, name, 0)
    builder.Prep(4, 12)
    builder.Pad(12)
    builder.Slot(1)
    if fill is KINDS:
        builder.PrependUOffsetTRelativeSlot(6, kinds, 0)
    else:
        fill(builder)
    builder.Finish(builder.EndObject())
    return Request("creature", bytes(builder.Output()))


def KINDS(_: Builder) -> None:
    """The types of a vector of unions that is absent."""


def _typed(kind: int, more: bool) -> Request:
    """The type of the union `equipped` without the union; `more`: the vtable has further slots."""

    def fill(builder: Builder) -> None:
        builder.PrependUint8Slot(4, kind, 0)
        if more:
            builder.PrependUint32Slot(11, 7, 0)

    return _creature(fill)


def _nesting(inner: bytes) -> Request:
    """A Node with the nested buffer `inner`."""
    builder = Builder(64)
    nested = builder.CreateByteVector(inner)
    builder.StartObject(5)
    builder.PrependUOffsetTRelativeSlot(4, nested, 0)
    builder.Finish(builder.EndObject())
    return Request("tree", bytes(builder.Output()))


def _least(size: int) -> bytes:
    """A root and a vtable without slots, in `size` bytes."""
    return (pack("<IiHH", 4, -4, 2 if size < 12 else 4, 4) + bytes(8))[:size]


def chain(length: int) -> bytes:
    """`length` Nodes, each inside the previous one."""
    builder, inner = Builder(64), 0
    for _ in range(length):
        builder.StartObject(5)
        builder.PrependUOffsetTRelativeSlot(1, inner, 0)
        inner = builder.EndObject()
    builder.Finish(inner)
    return bytes(builder.Output())


def nested_chain(length: int) -> bytes:
    """`length` buffers of a Node, each nested in the previous one."""
    data = chain(1)
    for _ in range(length - 1):
        data = _nesting(data).data
    return data


def _corners() -> Iterator[tuple[str, Request, bool]]:
    for more, where in ((False, "at the end of the vtable"), (True, "in the middle of it")):
        yield f"a table's type without it, {where}", _typed(1, more), True
        yield f"a struct's type without it, {where}", _typed(3, more), False
        yield f"a string's type without it, {where}", _typed(4, more), True
        yield f"an unknown type without its union, {where}", _typed(77, more), True
    yield "types without their unions", _creature(KINDS), False
    yield "a nested buffer of 10 bytes", _nesting(_least(10)), False
    yield "a nested buffer of 11 bytes", _nesting(_least(11)), False
    yield "a nested buffer of 12 bytes", _nesting(_least(12)), True
    yield "a nested buffer of 16 bytes", _nesting(_least(16)), True
    for length, limit, verdict in ((64, 64, True), (65, 64, False), (3, 2, False), (3, 3, True)):
        yield f"{length} tables deep of {limit}", Request("tree", chain(length), False, limit), verdict
        yield f"{length} tables of {limit}", Request("tree", chain(length), False, 64, limit), verdict and length <= 64


CORNERS = {what: (request, verdict) for what, request, verdict in _corners()}


def bomb(members: int, mottos: int) -> bytes:
    """A Creature that refers `members` times to a Creature that refers `mottos` times to a string."""
    builder = Builder(1024)
    name = builder.CreateString("")

    def offsets(offset: int, count: int) -> int:
        builder.StartVector(4, count, 4)
        for _ in range(count):
            builder.PrependUOffsetTRelative(offset)
        return int(builder.EndVector())

    def creature(slots: dict[int, int]) -> int:
        builder.StartObject(12)
        for slot, offset in {0: name, **slots}.items():
            builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
        builder.Prep(4, 12)
        builder.Pad(12)
        builder.Slot(1)
        return int(builder.EndObject())

    fields = {6: builder.CreateByteVector(b"\4" * mottos), 7: offsets(name, mottos)}
    vector = offsets(creature(fields), members)
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(0, vector, 0)
    builder.Finish(creature({9: builder.EndObject()}))
    return bytes(builder.Output())
