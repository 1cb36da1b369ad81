"""The stateful face: the schemas that were loaded, and the classes that read their tables."""

from __future__ import annotations

import os
from typing import Any

from spec_model.arguments import payload
from spec_model.errors import SchemaError, UnknownTableError
from spec_model.flatbuffers.arguments import as_identifier, as_limit
from spec_model.flatbuffers.definitions import Definitions
from spec_model.flatbuffers.load import load
from spec_model.flatbuffers.names import matching
from spec_model.flatbuffers.verifier import Limits, is_well_formed

DEEPEST, MOST_TABLES = 10_000, 2**32 - 1
"""What the limits may be at most."""

_by_name: dict[str, Schema] = {}
_said: dict[type, tuple[Schema, str]] = {}


class Schema:
    """What `flatc --schema -b` wrote, checked. Made by `Schema.load`."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions

    @classmethod
    def load(cls, source: Any, *, register: bool = True) -> Schema:
        """Read a binary schema, from a path or from bytes, and make it known by the full names of its tables.

        Raises SchemaError for one that is malformed, or that defines something otherwise than one loaded before.
        """
        if isinstance(source, (str, os.PathLike)):
            with open(source, "rb") as file:
                source = file.read()
        schema = cls(load(source))
        names = (*schema.definitions.tables, *schema.definitions.structs) if register else ()
        for name in names:
            known = _by_name.get(name, schema)
            if known.definitions.what_is(name) != schema.definitions.what_is(name):
                raise SchemaError(f"{name} was loaded before, and defined otherwise")
        for name in names:
            _by_name.setdefault(name, schema)
        return schema

    @property
    def tables(self) -> tuple[str, ...]:
        """The full names of its tables."""
        return tuple(self.definitions.tables)

    @property
    def root(self) -> str | None:
        """The full name of its root type, or None."""
        return self.definitions.root

    @property
    def file_identifier(self) -> bytes | None:
        """The four bytes that it declares, or None."""
        return self.definitions.file_identifier

    def add(self, T: type, name: str) -> Schema:
        """Say that class `T` reads the table of that full name."""
        _said[T] = self, self._table(name)
        return self

    def verify(self, data: Any, name: str | None = None, **limits: Any) -> bool:
        """As the function `verify`, for a table by its full name; without one, for the root type."""
        if name is None and self.root is None:
            raise SchemaError("no root type is declared; name a table")
        return _judged(self, self._table(name or self.root or ""), data, **limits)

    def _table(self, name: str) -> str:
        if name not in self.definitions.tables:
            raise SchemaError(f"there is no table {name!r}")
        return name


def verify(data: Any, T: type, **limits: Any) -> bool:
    """Whether `data` is a well-formed buffer whose root is the table that `T` reads [FLB-4].

    limits: size_prefixed, file_identifier, max_depth, max_tables. Raises UnknownTableError where no loaded schema
    has the table, or it is not clear which.
    """
    schema, name = _said.get(T) or _found(T)
    return _judged(schema, name, data, **limits)


def _found(T: type) -> tuple[Schema, str]:
    if not isinstance(T, type):
        raise TypeError(f"T must be a class that flatc generated, not {T!r}")
    names = matching(T.__module__, T.__name__, _by_name)
    if len(names) != 1:
        raise UnknownTableError(
            f"{T} may read {sorted(names) or 'no table that is loaded'}: load its schema, or add it"
        )
    schema, name = _by_name[names[0]], names[0]
    if name in schema.definitions.structs:
        raise UnknownTableError(f"{name} is a struct; only a table can be the root of a buffer")
    return schema, name


def _judged(
    schema: Schema,
    name: str,
    data: Any,
    size_prefixed: bool = False,
    file_identifier: Any = None,
    max_depth: int = 64,
    max_tables: int = 1_000_000,
) -> bool:
    return is_well_formed(
        schema.definitions,
        name,
        payload(data),
        size_prefixed=size_prefixed,
        file_identifier=None if file_identifier is None else as_identifier(file_identifier),
        limits=Limits(as_limit("max_depth", max_depth, DEEPEST), as_limit("max_tables", max_tables, MOST_TABLES)),
    )
