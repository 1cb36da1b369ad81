"""Buffers of corner cases that random ones seldom reach, with their verdicts; chains and bombs of tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import pack

from flatbuffers import Builder

from tests.fast_impl.flatbuffers.oracle import Request


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
