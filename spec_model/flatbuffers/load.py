"""From a binary schema, which may be any bytes at all, to its Definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from spec_model.errors import SchemaError
from spec_model.flatbuffers.definitions import (
    REFLECTION,
    Definitions,
    Flex,
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
from spec_model.flatbuffers.region import OFFSET, Reader, Region
from spec_model.flatbuffers.verifier import is_well_formed

# reflection.BaseType, and the sizes of its scalars.
NONE, UTYPE, UBYTE = 0, 1, 4
STRING, VECTOR, OBJECT, UNION, ARRAY = 13, 14, 15, 16, 17
SCALARS = dict(enumerate((1, 1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8), start=UTYPE))

LONGEST_NAME = 1000
IN_NAMES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")
WIDEST_ALIGN = 256
DEEPEST_STRUCT = 64
MOST_NAMESPACES = 64


def load(data: Any) -> Definitions:
    """What `flatc --schema -b` wrote, as a value. Raises SchemaError for what is malformed or contradicts itself."""
    view = memoryview(data).cast("B")
    if not is_well_formed(REFLECTION, "Schema", view, file_identifier=b"BFBS"):
        raise SchemaError("not a binary schema")
    region = Region(view)
    root = Reader(REFLECTION, region, region.number(0, OFFSET), "Schema")
    objects, enums = root.tables("objects", "Object"), root.tables("enums", "Enum")
    names = Names([_name(one) for one in objects], [_name(one) for one in enums], [_is_union(one) for one in enums])
    _in_order(names.objects)
    _in_order(names.enums)
    structs = _structs(objects, names)
    return Definitions(
        tables={name: _slots(one, names, structs) for name, one in zip(names.objects, objects) if name not in structs},
        structs=structs,
        unions={name: _members(one, names, structs) for name, one in zip(names.enums, enums) if _is_union(one)},
        root=_root(root.table("root_table", "Object"), names, structs),
        file_identifier=_identifier(root.text("file_ident")),
    )


# The schema: its names, root type and file identifier.


class Names(NamedTuple):
    """All objects and enums, by their indices."""

    objects: list[str]
    enums: list[str]
    unions: list[bool]

    def object(self, type_: Reader) -> str:
        """The object that the index of a type refers to."""
        index = _index(type_)
        if not 0 <= index < len(self.objects):
            raise SchemaError(f"there is no object {index}")
        return self.objects[index]

    def union(self, type_: Reader) -> str:
        """The union that the index of a type refers to."""
        index = _index(type_)
        if not 0 <= index < len(self.enums) or not self.unions[index]:
            raise SchemaError(f"there is no union {index}")
        return self.enums[index]


def _name(one: Reader) -> str:
    name = one.text("name")
    if not 1 <= len(name) <= LONGEST_NAME or not set(name) <= IN_NAMES:
        raise SchemaError(f"{name[:LONGEST_NAME]!r} is no name")
    return name.decode("ascii")


def _in_order(names: list[str]) -> None:
    for one, other in zip(names, names[1:]):
        if one >= other:
            raise SchemaError(f"{other!r} is out of order, or defined twice")


def _is_union(one: Reader) -> bool:
    return bool(one.number("is_union", 1))


def _root(table: Reader | None, names: Names, structs: Mapping[str, Inline]) -> str | None:
    name = None if table is None else table.text("name").decode("utf-8", "backslashreplace")
    if name is not None and (name not in names.objects or name in structs):
        raise SchemaError(f"the root type {name} is not one of the tables")
    return name


def _identifier(identifier: bytes) -> bytes | None:
    if len(identifier) not in (0, 4):
        raise SchemaError(f"the file identifier {identifier!r} has {len(identifier)} bytes, not 4")
    return identifier or None


def _type(field: Reader) -> Reader:
    type_ = field.table("type", "Type")
    assert type_ is not None  # it is required
    return type_


def _index(type_: Reader) -> int:
    return type_.number("index", 4, default=-1, signed=True)


# Structs: of fixed size, made of scalars, of other structs, and of arrays of either.


def _structs(objects: list[Reader], names: Names) -> dict[str, Inline]:
    """The sizes of all structs, whose fields fit into them."""
    readers = {name: one for name, one in zip(names.objects, objects) if one.number("is_struct", 1)}
    sizes = {name: _size(name, one) for name, one in readers.items()}
    _check_nesting({name: _parts(name, one, names, sizes) for name, one in readers.items()})
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
    found: set[str] = set()
    for field in one.tables("fields", "Field"):
        type_ = _type(field)
        base, times, offset = type_.number("base_type", 1), 1, field.number("offset", 2)
        if base == ARRAY:
            base, times = type_.number("element", 1), type_.number("fixed_length", 2)
        inner = names.object(type_) if base == OBJECT else None
        if inner is not None:
            found.add(inner)
        part = sizes.get(inner) if inner else Inline(SCALARS[base], SCALARS[base]) if base in SCALARS else None
        if part is None or not times:
            raise SchemaError(f"{name}.{field.text('name')!r}: its type cannot be in a struct")
        if part.align > sizes[name].align or offset % part.align or offset + times * part.size > sizes[name].size:
            raise SchemaError(f"{name}.{field.text('name')!r}: offset {offset} is not aligned, or too large")
    return found


def _check_nesting(parts: Mapping[str, set[str]]) -> None:
    """No struct contains itself, nor is nested too deep: one level of leaves is removed each time."""
    left = dict(parts)
    for _ in range(DEEPEST_STRUCT):
        left = {name: inner for name, inner in left.items() if inner & left.keys()}
    if left:
        raise SchemaError(f"{min(left)} contains itself, or structs nested more than {DEEPEST_STRUCT} deep")


# Unions.


def _members(one: Reader, names: Names, structs: Mapping[str, Inline]) -> dict[int, Member | None]:
    """The table, struct or string of each value; None for NONE, which is 0."""
    underlying = one.table("underlying_type", "Type")
    if underlying is None or underlying.number("base_type", 1) != UTYPE:
        raise SchemaError(f"{one.text('name')!r}: the type of a union is not a byte")
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


# Tables: the type of each slot of the vtable.


def _slots(table: Reader, names: Names, structs: Mapping[str, Inline]) -> tuple[Slot, ...]:
    """The slots of a table, in order of their ids, which have no gaps."""
    fields = table.tables("fields", "Field")
    ordered = {field.number("id", 2): field for field in fields}
    if ordered.keys() != set(range(len(fields))):
        raise SchemaError(f"{table.text('name')!r}: the ids of its fields are not 0 to {len(fields) - 1}")
    found: list[Slot] = []
    for number in range(len(fields)):
        field = ordered[number]
        if field.number("offset64", 1):
            raise SchemaError(f"{table.text('name')!r}: field {number} has a 64-bit offset, which is not supported")
        if field.number("offset", 2) != 4 + 2 * number:
            raise SchemaError(f"{table.text('name')!r}: the offset of field {number}")
        found.append(_slot(table, field, names, structs))
        if _is_of_unions(found[-1].type) and not (number and _is_type_of(ordered[number - 1], field)):
            raise SchemaError(f"{table.text('name')!r}: the field before the union {number} is not its type")
    return tuple(found)


def _is_of_unions(type_: Type | None) -> bool:
    return isinstance(type_.element if isinstance(type_, Vector) else type_, UnionOf)


def _is_type_of(before: Reader, field: Reader) -> bool:
    """Whether the field before holds the type of the union, or the vector of the types of the unions."""
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
        return Vector(_single(type_.number("element", 1), type_, names, structs))
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
    """The type, or what one of the attributes `nested_flatbuffer` and `flexbuffer` makes of it."""
    for attribute in field.tables("attributes", "KeyValue"):
        key = attribute.text("key")
        if key not in (b"nested_flatbuffer", b"flexbuffer"):
            continue
        whole = _type(field)
        of_bytes = (whole.number("base_type", 1), whole.number("element", 1)) == (VECTOR, UBYTE)
        if not of_bytes or not isinstance(type_, Vector):
            raise SchemaError(f"{key.decode()} is for a vector of bytes, and not beside another such attribute")
        if key == b"flexbuffer":
            type_ = Flex()
            continue
        name = _in_namespaces(table.text("name"), attribute.text("value"), names)
        if name is None or name in structs:
            raise SchemaError(f"{attribute.text('value')!r} is no table to be nested")
        type_ = Nested(name)
    return type_


def _in_namespaces(owner: bytes, name: bytes, names: Names) -> str | None:
    """An object by its name as the schema has it: in full, or relative to the namespace of `owner` or an outer one."""
    spaces = [b"", *(owner[: end + 1] for end in range(len(owner) - 1, -1, -1) if owner[end : end + 1] == b".")]
    for space in spaces[: MOST_NAMESPACES + 1]:
        whole = (space + name).decode("utf-8", "backslashreplace")
        if whole in names.objects:
            return whole
    return None
