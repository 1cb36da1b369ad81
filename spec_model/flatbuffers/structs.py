"""Structs: of fixed size, made of scalars, of other structs, and of arrays of either."""

from __future__ import annotations

from collections.abc import Mapping

from spec_model.errors import SchemaError
from spec_model.flatbuffers.basetypes import ARRAY, OBJECT, SCALARS
from spec_model.flatbuffers.definitions import Inline
from spec_model.flatbuffers.fields import Names
from spec_model.flatbuffers.reader import Reader

WIDEST_ALIGN = 256
DEEPEST = 64


def structs(objects: list[Reader], names: Names) -> dict[str, Inline]:
    """The sizes of all structs, whose fields fit into them."""
    readers = {name: one for name, one in zip(names.objects, objects) if one.number("is_struct", 1)}
    sizes = {name: _size(name, one) for name, one in readers.items()}
    parts = {name: _parts(name, one, names, sizes) for name, one in readers.items()}
    _nesting(parts)
    return sizes


def _size(name: str, one: Reader) -> Inline:
    size, align = one.number("bytesize", 4, signed=True), one.number("minalign", 4, signed=True)
    if not 1 <= align <= WIDEST_ALIGN or align & (align - 1):
        raise SchemaError(f"{name}: alignment {align}")
    if size < 1 or size % align:
        raise SchemaError(f"{name}: size {size} with alignment {align}")
    return Inline(size, align)


def _parts(name: str, one: Reader, names: Names, sizes: Mapping[str, Inline]) -> set[str]:
    """The structs in a struct."""
    found = set()
    for field in one.tables("fields", "Field"):
        type_ = field.table("type", "Type")
        assert type_ is not None  # it is required
        base, times, offset = type_.number("base_type", 1), 1, field.number("offset", 2)
        if base == ARRAY:
            base, times = type_.number("element", 1), type_.number("fixed_length", 2)
        inner = names.object(type_) if base == OBJECT else None
        if inner is not None:
            found.add(inner)
        part = sizes.get(inner) if inner else Inline(SCALARS[base], SCALARS[base]) if base in SCALARS else None
        if part is None or not times:
            raise SchemaError(f"{name}.{field.text('name')!r}: what it is made of cannot be in a struct")
        if part.align > sizes[name].align or offset % part.align or offset + times * part.size > sizes[name].size:
            raise SchemaError(f"{name}.{field.text('name')!r}: offset {offset} is not aligned, or too large")
    return found


def _nesting(parts: Mapping[str, set[str]]) -> None:
    """No struct contains itself, nor is nested too deep: one is taken off the leaves each time."""
    left = dict(parts)
    for _ in range(DEEPEST):
        left = {name: inner for name, inner in left.items() if inner & left.keys()}
    if left:
        raise SchemaError(f"{min(left)} contains itself, or structs nested more than {DEEPEST} deep")
