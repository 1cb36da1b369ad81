"""A table of a compiled schema, and the verifier in C that checks buffers against it, through cffi."""

from __future__ import annotations

from typing import Any, NamedTuple

try:
    from fast_impl._verifier import ffi as _ffi
    from fast_impl._verifier import lib as _lib
except ModuleNotFoundError as error:
    raise ImportError("fast_impl._verifier is not built: install again with a C compiler") from error

ffi: Any = _ffi
lib: Any = _lib

MAX_DEPTH = 64
MAX_TABLES = 1_000_000
"""The defaults of C++'s Verifier."""


def as_memory(data: Any) -> Any:
    """Any C-contiguous bytes-like object as memory for C [ARG-1].

    Release it with `ffi.release` at once: a view of a message holds its buffer [MSG-3], and not every interpreter
    counts references. Raises TypeError for other objects, BufferError for memory that is not C-contiguous.
    """
    try:
        return ffi.from_buffer(data)
    except TypeError:
        raise TypeError(f"data must be a bytes-like object, not {type(data).__name__}") from None


class Table(NamedTuple):
    """pointer: the compiled schema, which this keeps alive. number: of the table or struct in it."""

    pointer: Any
    number: int
    name: str
    source: str

    def verify(
        self,
        data: Any,
        size_prefixed: bool = False,
        file_identifier: bytes | str | None = None,
        max_depth: int = MAX_DEPTH,
        max_tables: int = MAX_TABLES,
    ) -> bool:
        """Whether `data` is a well-formed buffer of this table [FLB-4]; see the function `verify`."""
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
            raise MemoryError(f"no memory for {max_depth} levels of tables")
        return bool(verdict)

    @property
    def is_table(self) -> bool:
        """False of a struct."""
        return bool(lib.omni_schema_is_table(self.pointer, self.number))

    def same(self, other: Table) -> bool:
        """Whether the definitions are the same to a verifier. Referenced objects are compared by name only."""
        return bool(lib.omni_schema_same(self.pointer, self.number, other.pointer, other.number))


def as_identifier(identifier: bytes | str) -> bytes:
    """The four bytes of a file identifier; raises TypeError or ValueError for what is none."""
    raw = identifier.encode() if isinstance(identifier, str) else identifier
    if not isinstance(raw, bytes):
        raise TypeError(f"file_identifier must be four bytes, a str of four, or None, not {type(raw).__name__}")
    if len(raw) != 4:
        raise ValueError(f"file_identifier must have four bytes, not {len(raw)}: {identifier!r}")
    return raw


def as_limit(name: str, value: int, most: int) -> int:
    """`value`, an integer from 1 to `most`; raises TypeError or ValueError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    if not 1 <= value <= most:
        raise ValueError(f"{name} must be from 1 to {most:,}, not {value}")
    return value
