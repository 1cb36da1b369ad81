"""Binary schemas that are well-formed buffers and make no sense: each from a good one, by one number in it."""

from __future__ import annotations

from collections.abc import Callable

from spec_model.flatbuffers.definitions import REFLECTION
from spec_model.flatbuffers.region import OFFSET, Reader, Region
from tests.fast_impl.flatbuffers.schemas import path
from tests.fast_impl.flatbuffers.structs_in_structs import structs


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
    """The schema `features`, or another, with that number in that place, which it must have."""
    raw = bytearray(schema or path("features").read_bytes())
    region = Region(memoryview(raw))
    table = find(Reader(REFLECTION, region, region.number(0, OFFSET), "Schema"))
    assert table is not None
    place = table.place(slot)
    assert place is not None, slot
    raw[place : place + width] = (number % (1 << 8 * width)).to_bytes(width, "little")
    return bytes(raw)


def _named(find: Callable[[Reader], Reader], name: bytes) -> bytes:
    """With another name, of the same length."""
    raw = path("features").read_bytes()
    region = Region(memoryview(raw))
    old = find(Reader(REFLECTION, region, region.number(0, OFFSET), "Schema")).text("name")
    new = old[: -len(name)] + name
    assert raw.count(old + b"\0") == 1
    return raw.replace(old + b"\0", new + b"\0")


STRANGE = {
    "an object that there is not": with_number(_type("Everything", "leaf"), "index", 99, 4),
    "an object with a negative number": with_number(_type("Everything", "leaf"), "index", -2, 4),
    "a vector of an object that there is not": with_number(_type("Everything", "leaves"), "index", 1000, 4),
    "a union that there is not": with_number(_type("Everything", "any"), "index", 99, 4),
    "a union that is an enum": with_number(_type("Everything", "sparse"), "index", 1, 4),
    "a union of other types than the field before tells": with_number(_type("Everything", "any_type"), "index", 4, 4),
    "a union behind no type": with_number(_type("Everything", "any_type"), "base_type", 4, 1),
    "a union in the first field": with_number(
        _type("Everything", "scalars"), "index", 0, 4, with_number(_type("Everything", "scalars"), "base_type", 16, 1)
    ),
    "unions behind no types": with_number(_type("Everything", "many_type"), "element", 4, 1),
    "a vector of vectors": with_number(_type("Everything", "words"), "element", 14, 1),
    "a vector of nothing": with_number(_type("Everything", "words"), "element", 0, 1),
    "a field of nothing": with_number(_type("Everything", "text"), "base_type", 0, 1),
    "an array in a table": with_number(_type("Everything", "text"), "base_type", 17, 1),
    "a type that is not known": with_number(_type("Everything", "text"), "base_type", 18, 1),
    "two fields with one id": with_number(_field("Everything", "text"), "id", 2, 2),
    "an id that is too large": with_number(_field("Everything", "number"), "id", 46, 2),
    "an offset that is not of the id": with_number(_field("Everything", "text"), "offset", 8, 2),
    "a nested buffer in a vector of others": with_number(_type("Everything", "nested"), "element", 3, 1),
    "a struct of size 0": with_number(_object("Wide"), "bytesize", 0, 4),
    "a struct of negative size": with_number(_object("Wide"), "bytesize", -8, 4),
    "a struct that is not as long as it is aligned": with_number(_object("Wide"), "bytesize", 28, 4),
    "a struct that is too short for its fields": with_number(_object("Wide"), "bytesize", 16, 4),
    "an alignment that is no power of two": with_number(_object("Wide"), "minalign", 12, 4),
    "an alignment of 0": with_number(_object("Wide"), "minalign", 0, 4),
    "an alignment that is too large": with_number(_object("Aligned"), "minalign", 512, 4),
    "a struct that is aligned less than its fields": with_number(_object("Wide"), "minalign", 4, 4),
    "a field of a struct that is not aligned": with_number(_field("Wide", "d"), "offset", 4, 2),
    "a field of a struct that ends outside": with_number(_field("Wide", "p"), "offset", 24, 2),
    "a struct with a table in it": with_number(_type("Wide", "p"), "index", 5, 4),
    "a struct with itself in it": with_number(
        _field("Wide", "p"), "offset", 0, 2, with_number(_type("Wide", "p"), "index", 12, 4)
    ),
    "a struct with a string in it": with_number(_type("Wide", "d"), "base_type", 13, 1),
    "structs nested too deep": structs(65),
    "an array of length 0": with_number(_type("Arrays", "f"), "fixed_length", 0, 2),
    "a union's value that is too large": with_number(_value("Sparse", "Keyed"), "value", 256, 8),
    "a union's values out of order": with_number(_value("Sparse", "Leaf"), "value", 7, 8),
    "two of a union's values alike": with_number(_value("Sparse", "Leaf"), "value", 5, 8),
    "a union's value of an object that there is not": with_number(_member("Any", "Leaf"), "index", 13, 4),
    "a union's value that is a union": with_number(_member("Any", "Leaf"), "base_type", 16, 1),
    "a union's value that is nothing": with_number(_member("Any", "Leaf"), "base_type", 0, 1),
    "a name out of order": _named(_object("Leaf"), b"Zzzz"),
    "a name with a blank in it": _named(_object("Leaf"), b"Le f"),
}

OTHERWISE = {
    "a struct is larger": with_number(_object("Wide"), "bytesize", 32, 4),
    "a union's value has another number": with_number(_value("Sparse", "Keyed"), "value", 200, 8),
    "a union's value is another table": with_number(_member("Any", "Leaf"), "index", 6, 4),
    "a field is not required": with_number(_field("Required", "text"), "required", 0, 1),
    "a field is not deprecated": with_number(_field("Everything", "old_text"), "deprecated", 0, 1),
    "a field is of another type": with_number(_type("Everything", "shorts"), "element", 7, 1),
    "a table is another": with_number(_type("Everything", "leaf"), "index", 6, 4),
    "a vector is of another table": with_number(_type("Everything", "leaves"), "index", 6, 4),
}
"""Schemas that make sense, and not beside `features`."""
