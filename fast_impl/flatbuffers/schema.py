"""`Schema`: a binary schema, loaded and compiled for the verifier."""

from __future__ import annotations

import os

from fast_impl.flatbuffers import registry
from fast_impl.flatbuffers.table import MAX_DEPTH, MAX_TABLES, CompiledSchema, Table
from spec_model.errors import SchemaError
from spec_model.vocabulary import Buffer


class Schema:
    """The output of `flatc --schema -b`, checked and compiled by `Schema.load`. It is immutable and thread-safe.

    With `--bfbs-builtins` flatc includes the attribute `nested_flatbuffer`. Without it, nested buffers are verified as
    plain vectors of bytes.
    """

    __slots__ = ("_objects", "_root", "_source", "file_identifier")

    def __init__(self, data: Buffer, source: str) -> None:
        """Use `Schema.load`."""
        compiled = _compiled(data, source)
        root = compiled.root()
        self._source = source
        """The path it was read from."""
        self.file_identifier: bytes | None = compiled.file_identifier()
        """The four bytes that the schema declares, or None."""
        self._objects = {name: Table(compiled, number, name, source) for number, name in enumerate(compiled.names())}
        self._root = None if root < 0 else list(self._objects.values())[root]

    @classmethod
    def load(cls, source: str | os.PathLike[str] | Buffer, *, register: bool = True) -> Schema:
        """Read a binary schema from a path or from bytes, and register its tables for `verify` by their full names.

        Loading the same schema again has no effect. With `register=False` only the classes given to `add` are known.

        Raises SchemaError, a ValueError, for a malformed schema, and for one that defines a table or struct
        differently from one loaded before; OSError if the path cannot be read.
        """
        if isinstance(source, (str, os.PathLike)):
            with open(source, "rb") as file:
                schema = cls(file.read(), os.fspath(source))
        else:
            schema = cls(source, "bytes")
        if register:
            registry.register(schema._objects.values())
        return schema

    @property
    def tables(self) -> tuple[str, ...]:
        """The full names of its tables."""
        return tuple(name for name, one in self._objects.items() if one.is_table)

    @property
    def root(self) -> str | None:
        """The full name of its root type, or None."""
        return None if self._root is None else self._root.name

    def add(self, T: type, name: str) -> Schema:
        """Register the table of that full name for class `T`, whose module and name do not identify it."""
        registry.add(T, self._table(name))
        return self

    def verify(
        self,
        data: Buffer,
        name: str | None = None,
        *,
        size_prefixed: bool = False,
        file_identifier: bytes | str | None = None,
        max_depth: int = MAX_DEPTH,
        max_tables: int = MAX_TABLES,
    ) -> bool:
        """Like the function `verify`, for a table by its full name, or without a name for the root type."""
        table = self._root if name is None else self._table(name)
        if table is None:
            raise SchemaError(f"{self._source} declares no root type; name one of its tables: {_some(self.tables)}")
        return table.verify(data, size_prefixed, file_identifier, max_depth, max_tables)

    def _table(self, name: str) -> Table:
        found = self._objects.get(name)
        if found is None:
            raise SchemaError(f"{self._source} has no table {name!r}; it has {_some(self.tables)}")
        if not found.is_table:
            raise SchemaError(f"{name} is a struct in {self._source}; only a table can be a root")
        return found

    def __repr__(self) -> str:
        return f"<Schema {self._source}: {len(self.tables)} tables, root {self.root}>"


def _compiled(data: Buffer, source: str) -> CompiledSchema:
    try:
        compiled = CompiledSchema.load(data)
    except MemoryError:
        raise MemoryError(f"no memory for the schema {source}") from None
    if isinstance(compiled, bytes):
        reason = compiled.decode("utf-8", "backslashreplace")  # quotes names of any bytes
        raise SchemaError(f"{source}: {''.join(one if one.isprintable() else '?' for one in reason)}")
    return compiled


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:8]) + (f", and {len(names) - 8} more" if len(names) > 8 else "") or "none"
