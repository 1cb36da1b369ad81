"""A table of a loaded schema: what buffers are verified against."""

from __future__ import annotations

from typing import Any, NamedTuple

from fast_impl.flatbuffers.library import as_memory, ffi, lib
from spec_model.arguments import as_identifier, as_limit

MAX_DEPTH = 64
MAX_TABLES = 1_000_000
"""What C++'s Verifier allows, too."""


class Table(NamedTuple):
    """`pointer`: the compiled schema, which lives as long as this does. number: of the table in it."""

    pointer: Any
    number: int
    name: str
    source: str

    def judges(
        self,
        data: Any,
        size_prefixed: bool = False,
        file_identifier: bytes | str | None = None,
        max_depth: int = MAX_DEPTH,
        max_tables: int = MAX_TABLES,
    ) -> bool:
        """Whether `data` is a well-formed buffer of this table [FLB-4]; see `verify`."""
        identifier = ffi.NULL if file_identifier is None else as_identifier(file_identifier)
        if max_depth != MAX_DEPTH or max_tables != MAX_TABLES:
            as_limit("max_depth", max_depth, lib.OMNI_VERIFY_DEEPEST)
            as_limit("max_tables", max_tables, 2**32 - 1)
        memory = as_memory(data)
        verdict = lib.omni_verify(
            self.pointer, self.number, memory, len(memory), identifier, size_prefixed, max_depth, max_tables
        )
        ffi.release(memory)
        if verdict == lib.OMNI_VERIFY_NO_MEMORY:
            raise MemoryError(f"no memory to remember {max_depth} levels of tables")
        return bool(verdict)

    def same(self, other: Table) -> bool:
        """Whether a verifier sees no difference, but for what lies in the objects that these refer to."""
        return bool(lib.omni_schema_same(self.pointer, self.number, other.pointer, other.number))
