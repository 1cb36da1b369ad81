"""The schemas that the verifiers are compared on, and inconsistent or conflicting ones made from them.

`schemas/features.fbs` uses every feature that a verifier checks; the others are typical of programs. The `.bfbs` are
the output of `flatc --schema -b --bfbs-builtins *.fbs` with flatc 2.0.8, which Debian bookworm has (`apt-get install
flatbuffers-compiler`). `--bfbs-builtins` includes the attributes `nested_flatbuffer` and `flexbuffer`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from flatbuffers import Builder

from fast_impl.flatbuffers import Schema
from spec_model.flatbuffers.definitions import REFLECTION, Definitions
from spec_model.flatbuffers.load import load
from spec_model.flatbuffers.region import OFFSET, Reader, Region

FOLDER = Path(__file__).parent / "schemas"

NAMES = ("features", "creature", "tree", "telemetry", "sampling")
"""In the order of oracle.cpp and ratio.cpp."""

FLEXIBLE = "flexible"
"""Of one field, a FlexBuffer."""


def path(name: str) -> Path:
    """The binary schema."""
    return FOLDER / f"{name}.bfbs"


@cache
def fast(name: str) -> Schema:
    """The schema of the fast implementation, not registered."""
    return Schema.load(path(name), register=False)


@cache
def model(name: str) -> Definitions:
    """The schema of the model."""
    return load(path(name).read_bytes())


UBYTE, STRING, OBJECT = 4, 13, 15


def structs(depth: int) -> bytes:
    """A schema of `depth` structs, each inside the previous one; the last has one byte."""
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
    return _schema(builder, objects)


def wide_offset() -> bytes:
    """A schema of a table whose only field, a string, has a 64-bit offset: only newer compilers write one."""
    builder = Builder(256)
    field_name, name = builder.CreateString("far"), builder.CreateString("T")
    builder.StartObject(6)
    builder.PrependUint8Slot(0, STRING, 0)
    type_ = builder.EndObject()
    builder.StartObject(14)
    builder.PrependUOffsetTRelativeSlot(0, field_name, 0)
    builder.PrependUOffsetTRelativeSlot(1, type_, 0)
    builder.PrependUint16Slot(3, 4, 0)
    builder.PrependBoolSlot(13, True, False)
    fields = _vector(builder, [builder.EndObject()])
    builder.StartObject(8)
    builder.PrependUOffsetTRelativeSlot(0, name, 0)
    builder.PrependUOffsetTRelativeSlot(1, fields, 0)
    return _schema(builder, [builder.EndObject()])


def _schema(builder: Builder, objects: list[int]) -> bytes:
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


def _one(table: Reader, vector: str, type_: str, name: str) -> Reader:
    return next(one for one in table.tables(vector, type_) if one.text("name").decode().rpartition(".")[2] == name)


def _object(name: str) -> Callable[[Reader], Reader]:
    return lambda root: _one(root, "objects", "Object", name)


def _enum(name: str) -> Callable[[Reader], Reader]:
    return lambda root: _one(root, "enums", "Enum", name)


def _field(owner: str, name: str) -> Callable[[Reader], Reader]:
    return lambda root: _one(_object(owner)(root), "fields", "Field", name)


def _type(owner: str, name: str) -> Callable[[Reader], Reader | None]:
    return lambda root: _field(owner, name)(root).table("type", "Type")


def _value(owner: str, name: str) -> Callable[[Reader], Reader]:
    return lambda root: _one(_enum(owner)(root), "values", "EnumVal", name)


def _member(owner: str, name: str) -> Callable[[Reader], Reader | None]:
    return lambda root: _value(owner, name)(root).table("union_type", "Type")


def with_number(
    find: Callable[[Reader], Reader | None], slot: str, number: int, width: int, schema: bytes | None = None
) -> bytes:
    """The schema `features`, or another, with `number` in a slot of the table that `find` returns."""
    raw = bytearray(schema or path("features").read_bytes())
    region = Region(memoryview(raw))
    table = find(Reader(REFLECTION, region, region.number(0, OFFSET), "Schema"))
    assert table is not None
    place = table.place(slot)
    assert place is not None, slot
    raw[place : place + width] = (number % (1 << 8 * width)).to_bytes(width, "little")
    return bytes(raw)


def _named(find: Callable[[Reader], Reader], name: bytes) -> bytes:
    """`features` with the end of a name replaced, in the same length."""
    raw = path("features").read_bytes()
    region = Region(memoryview(raw))
    old = find(Reader(REFLECTION, region, region.number(0, OFFSET), "Schema")).text("name")
    new = old[: -len(name)] + name
    assert raw.count(old + b"\0") == 1
    return raw.replace(old + b"\0", new + b"\0")


INCONSISTENT: dict[str, bytes] = {
    "an index of no object": with_number(_type("Everything", "leaf"), "index", 99, 4),
    "a negative index of an object": with_number(_type("Everything", "leaf"), "index", -2, 4),
    "a vector with an index of no object": with_number(_type("Everything", "leaves"), "index", 1000, 4),
    "an index of no union": with_number(_type("Everything", "any"), "index", 99, 4),
    "a union that is an enum": with_number(_type("Everything", "sparse"), "index", 1, 4),
    "a union and a type field of another union": with_number(_type("Everything", "any_type"), "index", 4, 4),
    "a union without a type field": with_number(_type("Everything", "any_type"), "base_type", 4, 1),
    "a union in the first field": with_number(
        _type("Everything", "scalars"), "index", 0, 4, with_number(_type("Everything", "scalars"), "base_type", 16, 1)
    ),
    "a vector of unions without a type field": with_number(_type("Everything", "many_type"), "element", 4, 1),
    "a vector of vectors": with_number(_type("Everything", "words"), "element", 14, 1),
    "a vector of nothing": with_number(_type("Everything", "words"), "element", 0, 1),
    "a field of nothing": with_number(_type("Everything", "text"), "base_type", 0, 1),
    "an array in a table": with_number(_type("Everything", "text"), "base_type", 17, 1),
    "an unknown type": with_number(_type("Everything", "text"), "base_type", 18, 1),
    "two fields with one id": with_number(_field("Everything", "text"), "id", 2, 2),
    "an id out of range": with_number(_field("Everything", "number"), "id", 46, 2),
    "a 64-bit offset": wide_offset(),
    "an offset of another id": with_number(_field("Everything", "text"), "offset", 8, 2),
    "a nested buffer in a vector of other than bytes": with_number(_type("Everything", "nested"), "element", 3, 1),
    "a struct of size 0": with_number(_object("Wide"), "bytesize", 0, 4),
    "a struct of negative size": with_number(_object("Wide"), "bytesize", -8, 4),
    "a struct whose size is no multiple of its alignment": with_number(_object("Wide"), "bytesize", 28, 4),
    "a struct too short for its fields": with_number(_object("Wide"), "bytesize", 16, 4),
    "an alignment that is no power of two": with_number(_object("Wide"), "minalign", 12, 4),
    "an alignment of 0": with_number(_object("Wide"), "minalign", 0, 4),
    "an alignment out of range": with_number(_object("Aligned"), "minalign", 512, 4),
    "a struct aligned less than its fields": with_number(_object("Wide"), "minalign", 4, 4),
    "an unaligned field of a struct": with_number(_field("Wide", "d"), "offset", 4, 2),
    "a field that ends outside its struct": with_number(_field("Wide", "p"), "offset", 24, 2),
    "a struct that contains a table": with_number(_type("Wide", "p"), "index", 5, 4),
    "a struct that contains itself": with_number(
        _field("Wide", "p"), "offset", 0, 2, with_number(_type("Wide", "p"), "index", 12, 4)
    ),
    "a struct that contains a string": with_number(_type("Wide", "d"), "base_type", 13, 1),
    "structs nested too deeply": structs(65),
    "an array of length 0": with_number(_type("Arrays", "f"), "fixed_length", 0, 2),
    "a union's value out of range": with_number(_value("Sparse", "Keyed"), "value", 256, 8),
    "a union's values out of order": with_number(_value("Sparse", "Leaf"), "value", 7, 8),
    "two equal values of a union": with_number(_value("Sparse", "Leaf"), "value", 5, 8),
    "a union's value with an index of no object": with_number(_member("Any", "Leaf"), "index", 13, 4),
    "a union's value that is a union": with_number(_member("Any", "Leaf"), "base_type", 16, 1),
    "a union's value of no type": with_number(_member("Any", "Leaf"), "base_type", 0, 1),
    "a name out of order": _named(_object("Leaf"), b"Zzzz"),
    "a name with a space": _named(_object("Leaf"), b"Le f"),
}
"""Well-formed buffers that are not valid schemas: `features` with one or two numbers changed."""

CONFLICTING: dict[str, bytes] = {
    "a larger struct": with_number(_object("Wide"), "bytesize", 32, 4),
    "a union's value has another number": with_number(_value("Sparse", "Keyed"), "value", 200, 8),
    "a union's value is another table": with_number(_member("Any", "Leaf"), "index", 6, 4),
    "a field is not required": with_number(_field("Required", "text"), "required", 0, 1),
    "a field is not deprecated": with_number(_field("Everything", "old_text"), "deprecated", 0, 1),
    "a field is of another type": with_number(_type("Everything", "shorts"), "element", 7, 1),
    "a table is another": with_number(_type("Everything", "leaf"), "index", 6, 4),
    "a vector is of another table": with_number(_type("Everything", "leaves"), "index", 6, 4),
}
"""Valid schemas that define something differently from `features`."""
