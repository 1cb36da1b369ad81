"""What a verifier knows of a schema, as immutable values; and the schema of binary schemas itself, reflection.fbs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Union


@dataclass(frozen=True)
class Inline:
    """A scalar or a struct: so many bytes, in the table itself."""

    size: int
    align: int


@dataclass(frozen=True)
class Text:
    """A string: its length, its bytes, and a zero."""


@dataclass(frozen=True)
class TableOf:
    """A table, by its full name."""

    name: str


@dataclass(frozen=True)
class UnionOf:
    """A member of the union of that full name: the type in the slot before says which."""

    name: str


@dataclass(frozen=True)
class Nested:
    """A vector of bytes that is a buffer of its own, with that root."""

    name: str


@dataclass(frozen=True)
class Flex:
    """A vector of bytes that is a FlexBuffer."""


@dataclass(frozen=True)
class Vector:
    """A length and so many elements. Those of unions have their types in a vector in the slot before."""

    element: Inline | Text | TableOf | UnionOf


Type = Union[Inline, Text, TableOf, UnionOf, Nested, Flex, Vector]
Member = Union[Inline, Text, TableOf]


@dataclass(frozen=True)
class Slot:
    """A field of a table. type: None where it is deprecated, and so not checked."""

    name: str
    type: Type | None
    required: bool = False


@dataclass(frozen=True)
class Definitions:
    """tables: their slots, by full name. structs: their sizes. unions: the member of each value; None for NONE."""

    tables: Mapping[str, tuple[Slot, ...]]
    structs: Mapping[str, Inline]
    unions: Mapping[str, Mapping[int, Member | None]]
    root: str | None = None
    file_identifier: bytes | None = None

    def definition_of(self, name: str) -> object:
        """The definition of a table or a struct, with those of the unions in it."""
        slots = self.tables.get(name, ())
        types = [slot.type.element if isinstance(slot.type, Vector) else slot.type for slot in slots]
        unions = [self.unions[type_.name] for type_ in types if isinstance(type_, UnionOf)]
        return self.structs.get(name), [(slot.type, slot.required) for slot in slots], unions


BYTE, SHORT, INT, LONG = Inline(1, 1), Inline(2, 2), Inline(4, 4), Inline(8, 8)
TEXT, TEXTS = Text(), Vector(Text())


def _slots(**types: Inline | Text | TableOf | Vector | None) -> tuple[Slot, ...]:
    """Names that end in `_` are required."""
    return tuple(Slot(name.rstrip("_"), type_, name.endswith("_")) for name, type_ in types.items())


def _many(name: str) -> Vector:
    return Vector(TableOf(name))


_ATTRIBUTES = _many("KeyValue")

REFLECTION = Definitions(
    tables={
        "Type": _slots(base_type=BYTE, element=BYTE, index=INT, fixed_length=SHORT, base_size=INT, element_size=INT),
        "KeyValue": _slots(key_=TEXT, value=TEXT),
        "EnumVal": _slots(
            name_=TEXT, value=LONG, object=None, union_type=TableOf("Type"), documentation=TEXTS, attributes=_ATTRIBUTES
        ),
        "Enum": _slots(
            name_=TEXT, values_=_many("EnumVal"), is_union=BYTE, underlying_type_=TableOf("Type"),
            attributes=_ATTRIBUTES, documentation=TEXTS, declaration_file=TEXT,
        ),
        "Field": _slots(
            name_=TEXT, type_=TableOf("Type"), id=SHORT, offset=SHORT, default_integer=LONG, default_real=LONG,
            deprecated=BYTE, required=BYTE, key=BYTE, attributes=_ATTRIBUTES, documentation=TEXTS, optional=BYTE,
            padding=SHORT, offset64=BYTE,
        ),
        "Object": _slots(
            name_=TEXT, fields_=_many("Field"), is_struct=BYTE, minalign=INT, bytesize=INT, attributes=_ATTRIBUTES,
            documentation=TEXTS, declaration_file=TEXT,
        ),
        "RPCCall": _slots(
            name_=TEXT, request_=TableOf("Object"), response_=TableOf("Object"), attributes=_ATTRIBUTES,
            documentation=TEXTS,
        ),
        "Service": _slots(
            name_=TEXT, calls=_many("RPCCall"), attributes=_ATTRIBUTES, documentation=TEXTS, declaration_file=TEXT
        ),
        "Schema": _slots(
            objects_=_many("Object"), enums_=_many("Enum"), file_ident=TEXT, file_ext=TEXT,
            root_table=TableOf("Object"), services=_many("Service"), advanced_features=LONG,
            fbs_files=_many("SchemaFile"),
        ),
        "SchemaFile": _slots(filename_=TEXT, included_filenames=TEXTS),
    },
    structs={},
    unions={},
    root="Schema",
    file_identifier=b"BFBS",
)  # fmt: skip
"""reflection.fbs, as flatc 25 has it. Older versions wrote fewer of its fields."""
