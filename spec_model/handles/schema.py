"""Binary schemas by the names of their tables, and a message's verdict [FLB-4]."""

from __future__ import annotations

import os
from typing import Any

from spec_model import flatbuffers
from spec_model.errors import SchemaError, UnknownTableError
from spec_model.handles.unique import Granted

_tables: dict[str, flatbuffers.Schema] = {}
"""The schema of each table that was loaded, by full name."""
_said: dict[type, tuple[flatbuffers.Schema, str]] = {}
"""What `add` said of a class."""


class Schema(Granted):
    """What `flatc --schema -b` wrote; `Schema.load` answers with one."""

    _value: flatbuffers.Schema

    @classmethod
    def load(cls, source: Any, *, register: bool = True) -> Schema:
        """Read a binary schema, from a path or from bytes, and make its tables known to `verify` by their full names.

        With `register=False` only the classes given to `add` are known. Raises SchemaError for one that is malformed,
        or that defines a table otherwise than one loaded before; OSError where the path cannot be read.
        """
        if isinstance(source, (str, os.PathLike)):
            with open(source, "rb") as file:
                source = file.read()
        schema = cls.__new__(cls)
        schema._value = value = flatbuffers.load(source)
        if register:
            other = [n for n, slots in value.tables.items() if n in _tables and _tables[n].tables[n] != slots]
            if other:
                raise SchemaError(f"{other[0]} is defined otherwise in a schema that was loaded before")
            _tables.update({name: value for name in value.tables if name not in _tables})
        return schema

    @property
    def tables(self) -> tuple[str, ...]:
        """The full names of its tables."""
        return tuple(self._value.tables)

    @property
    def root(self) -> str | None:
        """The full name of its root type, or None."""
        return self._value.root

    @property
    def file_identifier(self) -> bytes | None:
        """The four bytes that the schema declares, or None."""
        return self._value.file_identifier

    def add(self, T: type, name: str) -> Schema:
        """Say that class `T` reads the table of that full name."""
        if not isinstance(T, type):
            raise TypeError(f"T must be a class, not {T!r}")
        if name not in self._value.tables:
            raise SchemaError(f"there is no table {name!r}; there are {', '.join(self.tables)}")
        _said[T] = self._value, name
        return self


def verify(
    data: bytes,
    T: type,
    *,
    size_prefixed: bool = False,
    file_identifier: bytes | str | None = None,
    max_depth: int = 64,
    max_tables: int = 1_000_000,
) -> bool:
    """Whether `data` is a well-formed buffer whose root is the table that `T` reads [FLB-4]."""
    schema, name = _said.get(T) or _look_up(T)
    identifier = file_identifier.encode() if isinstance(file_identifier, str) else file_identifier
    limits = flatbuffers.Limits(max_depth, max_tables)
    return flatbuffers.verify(
        schema, name, data, size_prefixed=size_prefixed, file_identifier=identifier, limits=limits
    )


def _look_up(T: type) -> tuple[flatbuffers.Schema, str]:
    """The table that a generated class reads: flatc makes a module of each, so that the module has its full name.

    Of code moved into a package only the end of it has. Of code in one file (`--gen-onefile`) just the class is named.
    """
    if not isinstance(T, type):
        raise TypeError(f"T must be a class that flatc generated, not {T!r}")
    module, last = T.__module__, T.__name__
    if module in _tables:
        return _tables[module], module
    if module.rpartition(".")[2] == last:
        names = [name for name in _tables if "." in name and module.endswith("." + name)]
    else:
        names = [name for name in _tables if name.rpartition(".")[2] == last]
    if len(names) == 1:
        return _tables[names[0]], names[0]
    which = f"may read any of {', '.join(sorted(names))}" if names else "reads no table of a schema that is loaded"
    raise UnknownTableError(f"{module}.{last} {which}: Schema.load(...).add(T, name) says which it is")
