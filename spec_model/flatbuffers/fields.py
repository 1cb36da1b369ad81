"""Tables: what is in each slot of the vtable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from spec_model.errors import SchemaError
from spec_model.flatbuffers.basetypes import NONE, OBJECT, SCALARS, STRING, UBYTE, UNION, UTYPE, VECTOR
from spec_model.flatbuffers.definitions import Inline, Nested, Slot, TableOf, Text, Type, UnionOf, Vector
from spec_model.flatbuffers.reader import Reader

MOST_NAMESPACES = 64


class Names(NamedTuple):
    """All objects and enums, by their numbers."""

    objects: list[str]
    enums: list[str]
    unions: list[bool]

    def object(self, type_: Reader) -> str:
        """The object that a type's index means."""
        index = _index(type_)
        if not 0 <= index < len(self.objects):
            raise SchemaError(f"there is no object {index}")
        return self.objects[index]

    def union(self, type_: Reader) -> str:
        """The union that a type's index means."""
        index = _index(type_)
        if not 0 <= index < len(self.enums) or not self.unions[index]:
            raise SchemaError(f"there is no union {index}")
        return self.enums[index]


def slots(table: Reader, names: Names, structs: Mapping[str, Inline]) -> tuple[Slot, ...]:
    """The slots of a table, in order of their numbers, which have no gaps."""
    fields = table.tables("fields", "Field")
    ordered = {field.number("id", 2): field for field in fields}
    if ordered.keys() != set(range(len(fields))):
        raise SchemaError(f"{table.text('name')!r}: the ids of its fields are not 0 to {len(fields) - 1}")
    found: list[Slot] = []
    for number in range(len(fields)):
        field = ordered[number]
        if field.number("offset", 2) != 4 + 2 * number or field.number("offset64", 1):
            raise SchemaError(f"{table.text('name')!r}: the offset of field {number}, or of 64 bits")
        found.append(_slot(table, field, names, structs))
        if _is_of_unions(found[-1].type) and not (number and _tells(ordered[number - 1], field)):
            raise SchemaError(f"{table.text('name')!r}: the field before the union {number} is not its type")
    return tuple(found)


def _is_of_unions(type_: Type | None) -> bool:
    return isinstance(type_.element if isinstance(type_, Vector) else type_, UnionOf)


def _type(field: Reader) -> Reader:
    type_ = field.table("type", "Type")
    assert type_ is not None  # it is required
    return type_


def _index(type_: Reader) -> int:
    return type_.number("index", 4, default=-1, signed=True)


def _tells(before: Reader, field: Reader) -> bool:
    """The field before is the type of the union, or the vector of the types of the unions."""
    one, other = _type(before), _type(field)
    wanted = (VECTOR, UTYPE) if other.number("base_type", 1) == VECTOR else (UTYPE, NONE)
    is_type = (one.number("base_type", 1), one.number("element", 1)) == wanted
    return is_type and _index(one) == _index(other) and not before.number("deprecated", 1)


def _slot(table: Reader, field: Reader, names: Names, structs: Mapping[str, Inline]) -> Slot:
    name, base = field.text("name").decode("utf-8", "backslashreplace"), _type(field).number("base_type", 1)
    type_ = _nested(table, field, _type_of(_type(field), names, structs), names, structs)
    if field.number("deprecated", 1):
        return Slot(name, None)
    return Slot(name, type_, bool(field.number("required", 1)) and base not in SCALARS)


def _type_of(type_: Reader, names: Names, structs: Mapping[str, Inline]) -> Type:
    base = type_.number("base_type", 1)
    if base == VECTOR:
        element = _single(type_.number("element", 1), type_, names, structs)
        return Vector(element)
    return _single(base, type_, names, structs)


def _single(base: int, type_: Reader, names: Names, structs: Mapping[str, Inline]) -> Inline | Text | TableOf | UnionOf:
    if base in SCALARS:
        return Inline(SCALARS[base], SCALARS[base])
    if base == STRING:
        return Text()
    if base == OBJECT:
        name = names.object(type_)
        return structs.get(name) or TableOf(name)
    if base == UNION:
        return UnionOf(names.union(type_))
    raise SchemaError(f"base type {base} cannot be in a table")


def _nested(table: Reader, field: Reader, type_: Type, names: Names, structs: Mapping[str, Inline]) -> Type:
    """The type, or what the attribute `nested_flatbuffer` makes of it."""
    for attribute in field.tables("attributes", "KeyValue"):
        if attribute.text("key") != b"nested_flatbuffer":
            continue
        name = _seen_from(table.text("name"), attribute.text("value"), names)
        whole = _type(field)
        if isinstance(type_, Nested) or whole.number("base_type", 1) != VECTOR or whole.number("element", 1) != UBYTE:
            raise SchemaError("nested_flatbuffer is for a vector of bytes")
        if name is None or name in structs:
            raise SchemaError(f"{attribute.text('value')!r} is no table to be nested")
        type_ = Nested(name)
    return type_


def _seen_from(owner: bytes, name: bytes, names: Names) -> str | None:
    """An object by its name as it stands in the schema: in full, or as seen from a namespace or from one around it."""
    spaces = [b"", *(owner[: end + 1] for end in range(len(owner) - 1, -1, -1) if owner[end : end + 1] == b".")]
    for space in spaces[: MOST_NAMESPACES + 1]:
        whole = (space + name).decode("utf-8", "backslashreplace")
        if whole in names.objects:
            return whole
    return None
