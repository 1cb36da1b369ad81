"""What a verifier knows of a schema, as immutable values."""

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
    """What the type in the slot before says, of the union of that full name."""

    name: str


@dataclass(frozen=True)
class Nested:
    """A vector of bytes that is a buffer of its own, with that root."""

    name: str


@dataclass(frozen=True)
class Vector:
    """A length and so many elements. Those of unions have their types in a vector in the slot before."""

    element: Inline | Text | TableOf | UnionOf


Type = Union[Inline, Text, TableOf, UnionOf, Nested, Vector]
Member = Union[Inline, Text, TableOf]


@dataclass(frozen=True)
class Slot:
    """A field of a table. type: None where it is deprecated, and so looked at by nobody."""

    name: str
    type: Type | None
    required: bool = False


@dataclass(frozen=True)
class Definitions:
    """tables: their slots, by full name. structs: their sizes. unions: what each value stands for; None for NONE."""

    tables: Mapping[str, tuple[Slot, ...]]
    structs: Mapping[str, Inline]
    unions: Mapping[str, Mapping[int, Member | None]]
    root: str | None = None
    file_identifier: bytes | None = None

    def what_is(self, name: str) -> object:
        """The definition of a table or a struct, with those of the unions in it."""
        slots = self.tables.get(name, ())
        types = [slot.type.element if isinstance(slot.type, Vector) else slot.type for slot in slots]
        unions = [self.unions[type_.name] for type_ in types if isinstance(type_, UnionOf)]
        return self.structs.get(name), [(slot.type, slot.required) for slot in slots], unions
