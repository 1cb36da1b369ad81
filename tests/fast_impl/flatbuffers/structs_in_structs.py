"""A binary schema of structs, each in the one before."""

from __future__ import annotations

from flatbuffers import Builder

UBYTE, OBJECT = 4, 15


def structs(depth: int) -> bytes:
    """`depth` of them, and nothing in the last but a byte."""
    builder = Builder(1024)
    objects = []
    for number in range(depth):
        last = number == depth - 1
        field_name, name = builder.CreateString("inner"), builder.CreateString(f"S{number:03}")
        builder.StartObject(6)
        builder.PrependUint8Slot(0, UBYTE if last else OBJECT, 0)
        builder.PrependInt32Slot(2, -1 if last else number + 1, -1)
        type_ = builder.EndObject()
        builder.StartObject(14)
        builder.PrependUOffsetTRelativeSlot(0, field_name, 0)
        builder.PrependUOffsetTRelativeSlot(1, type_, 0)
        fields = _vector(builder, [builder.EndObject()])
        builder.StartObject(8)
        builder.PrependUOffsetTRelativeSlot(0, name, 0)
        builder.PrependUOffsetTRelativeSlot(1, fields, 0)
        builder.PrependBoolSlot(2, True, False)
        builder.PrependInt32Slot(3, 1, 0)
        builder.PrependInt32Slot(4, 1, 0)
        objects.append(builder.EndObject())
    vectors = _vector(builder, objects), _vector(builder, [])
    builder.StartObject(8)
    for slot, vector in enumerate(vectors):
        builder.PrependUOffsetTRelativeSlot(slot, vector, 0)
    builder.Finish(builder.EndObject(), b"BFBS")
    return bytes(builder.Output())


def _vector(builder: Builder, offsets: list[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())
