"""From a binary schema, which may be anything at all, to its Definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spec_model.errors import SchemaError
from spec_model.flatbuffers.definitions import Definitions, Inline
from spec_model.flatbuffers.fields import Names, slots
from spec_model.flatbuffers.members import members
from spec_model.flatbuffers.reader import Reader
from spec_model.flatbuffers.reflection import REFLECTION
from spec_model.flatbuffers.region import OFFSET, Region
from spec_model.flatbuffers.structs import structs
from spec_model.flatbuffers.verifier import is_well_formed

LONGEST_NAME = 1000
IN_NAMES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")


def load(data: Any) -> Definitions:
    """What `flatc --schema -b` wrote, as a value. Raises SchemaError for what is malformed, or makes no sense."""
    view = memoryview(data).cast("B")
    if not is_well_formed(REFLECTION, "Schema", view, file_identifier=b"BFBS"):
        raise SchemaError("not a binary schema")
    region = Region(view)
    root = Reader(REFLECTION, region, region.number(0, OFFSET), "Schema")
    objects, enums = root.tables("objects", "Object"), root.tables("enums", "Enum")
    names = Names([_name(one) for one in objects], [_name(one) for one in enums], [_is_union(one) for one in enums])
    _in_order(names.objects)
    _in_order(names.enums)
    sizes = structs(objects, names)
    return Definitions(
        tables={name: slots(one, names, sizes) for name, one in zip(names.objects, objects) if name not in sizes},
        structs=sizes,
        unions={name: members(one, names, sizes) for name, one in zip(names.enums, enums) if _is_union(one)},
        root=_root(root.table("root_table", "Object"), names, sizes),
        file_identifier=_identifier(root.text("file_ident")),
    )


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


def _root(table: Reader | None, names: Names, sizes: Mapping[str, Inline]) -> str | None:
    name = None if table is None else table.text("name").decode("utf-8", "backslashreplace")
    if name is not None and (name not in names.objects or name in sizes):
        raise SchemaError(f"the root type {name} is not one of the tables")
    return name


def _identifier(identifier: bytes) -> bytes | None:
    if len(identifier) not in (0, 4):
        raise SchemaError(f"the file identifier {identifier!r} has {len(identifier)} bytes, not 4")
    return identifier or None
