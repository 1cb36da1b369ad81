"""Unions: which of their values is which table, struct or string."""

from __future__ import annotations

from collections.abc import Mapping

from spec_model.errors import SchemaError
from spec_model.flatbuffers.basetypes import NONE, OBJECT, STRING, UTYPE
from spec_model.flatbuffers.definitions import Inline, Member, TableOf, Text
from spec_model.flatbuffers.fields import Names
from spec_model.flatbuffers.reader import Reader


def members(one: Reader, names: Names, structs: Mapping[str, Inline]) -> dict[int, Member | None]:
    """What each value stands for; 0 for nothing."""
    underlying = one.table("underlying_type", "Type")
    if underlying is None or underlying.number("base_type", 1) != UTYPE:
        raise SchemaError(f"{one.text('name')!r}: a union that is not told by a byte")
    found: dict[int, Member | None] = {}
    for value in one.tables("values", "EnumVal"):
        number, type_ = value.number("value", 8, signed=True), value.table("union_type", "Type")
        if type_ is None or not max(found, default=-1) < number <= 255:
            raise SchemaError(f"{one.text('name')!r}: value {number} without type, out of order, or too large")
        found[number] = _member(number, type_, names, structs)
    return found


def _member(number: int, type_: Reader, names: Names, structs: Mapping[str, Inline]) -> Member | None:
    base = type_.number("base_type", 1)
    if (base == NONE) != (number == 0):
        raise SchemaError(f"value {number} of base type {base}")
    if base == NONE:
        return None
    if base == STRING:
        return Text()
    if base != OBJECT:
        raise SchemaError(f"base type {base} cannot be in a union")
    name = names.object(type_)
    return structs.get(name) or TableOf(name)
