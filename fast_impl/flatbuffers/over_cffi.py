"""The verifier through cffi: a binary schema, compiled, and what is verified against it [FLB-4].

`fast_impl._handles` has the same in C.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from spec_model.vocabulary import Buffer

try:
    verifier: Any = import_module("fast_impl._verifier")
except ModuleNotFoundError as _error:
    raise ImportError("fast_impl._verifier is not built: install again with a C compiler, and cffi") from _error
ffi: Any = verifier.ffi
lib: Any = verifier.lib

_LENGTH, _OUT, _WHY = map(ffi.typeof, ("size_t *", "omni_schema **", "char[]"))
"""Parsed beforehand: cffi crashes where it has no memory to parse a type."""

WHY_SIZE = 4096
"""Bytes of a message from the loader."""


class CompiledSchema:
    """Its objects are tables and structs, by number."""

    __slots__ = ("_pointer",)

    def __init__(self, pointer: Any) -> None:
        """Use `CompiledSchema.load`."""
        self._pointer = pointer

    @classmethod
    def load(cls, data: Buffer, /) -> CompiledSchema | bytes:
        """The schema, or why it is refused; MemoryError."""
        out, why = ffi.new(_OUT), ffi.new(_WHY, WHY_SIZE)
        memory = _memory(data)
        result = lib.omni_schema_load(memory, len(memory), out, why, WHY_SIZE)
        ffi.release(memory)
        if result == lib.OMNI_SCHEMA_REFUSED:
            return bytes(ffi.string(why))
        if result == lib.OMNI_SCHEMA_NO_MEMORY:
            raise MemoryError
        return cls(ffi.gc(out[0], lib.omni_schema_free))

    def names(self) -> list[str]:
        """Of its objects, by number."""
        length: Any = ffi.new(_LENGTH)
        found: list[str] = []
        for number in range(lib.omni_schema_objects(self._pointer)):
            name = lib.omni_schema_name(self._pointer, number, length)
            found.append(ffi.unpack(name, length[0]).decode("ascii"))
        return found

    def root(self) -> int:
        """The number of the root table, or -1."""
        return int(lib.omni_schema_root(self._pointer))

    def file_identifier(self) -> bytes | None:
        """The four bytes that it declares, or None."""
        identifier = lib.omni_schema_file_identifier(self._pointer)
        return bytes(ffi.unpack(identifier, 4)) if identifier else None

    def is_table(self, number: int) -> bool:
        """False of a struct."""
        return bool(lib.omni_schema_is_table(self._pointer, number))

    def same(self, number: int, other: Any, its_number: int) -> bool:
        """Whether two objects are the same to a verifier."""
        return bool(lib.omni_schema_same(self._pointer, number, other._pointer, its_number))

    def verify(
        self,
        number: int,
        data: Buffer,
        identifier: bytes | None,
        size_prefixed: bool,
        max_depth: int,
        max_tables: int,
    ) -> bool:
        """Whether `data` is a well-formed buffer of that table; MemoryError."""
        memory = _memory(data)
        wanted = ffi.NULL if identifier is None else identifier
        verdict = lib.omni_verify(
            self._pointer, number, memory, len(memory), wanted, size_prefixed, max_depth, max_tables
        )
        ffi.release(memory)
        if verdict == lib.OMNI_VERIFY_NO_MEMORY:
            raise MemoryError
        return bool(verdict)


def _memory(data: Buffer) -> Any:
    """Any C-contiguous bytes-like object as memory for C [ARG-1].

    Release it with `ffi.release` at once: a view of a message holds its buffer [MSG-3], and not every interpreter
    counts references. Raises TypeError for other objects, BufferError for memory that is not C-contiguous.
    """
    try:
        return ffi.from_buffer(data)
    except TypeError:
        raise TypeError(f"data must be a bytes-like object, not {type(data).__name__}") from None
