"""A table of a compiled schema, against which the verifier in C checks buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fast_impl._choice import binding
from spec_model.vocabulary import Buffer

if TYPE_CHECKING or binding == "cffi":
    from fast_impl.flatbuffers.over_cffi import CompiledSchema as CompiledSchema
else:
    from fast_impl._handles import CompiledSchema

MAX_DEPTH = 64
MAX_TABLES = 1_000_000
"""The defaults of C++'s Verifier."""

DEEPEST = 10_000
"""The most that `max_depth` may be, as omni_flatbuffers.h says: every level takes memory."""


class Table(NamedTuple):
    """number: of the table or struct in the compiled schema."""

    schema: CompiledSchema
    number: int
    name: str
    source: str

    def verify(
        self,
        data: Buffer,
        size_prefixed: bool = False,
        file_identifier: bytes | str | None = None,
        max_depth: int = MAX_DEPTH,
        max_tables: int = MAX_TABLES,
    ) -> bool:
        """Whether `data` is a well-formed buffer of this table [FLB-4]; see the function `verify`."""
        identifier = None if file_identifier is None else as_identifier(file_identifier)
        if max_depth != MAX_DEPTH or max_tables != MAX_TABLES:
            as_limit("max_depth", max_depth, DEEPEST)
            as_limit("max_tables", max_tables, 2**32 - 1)
        try:
            return self.schema.verify(self.number, data, identifier, size_prefixed, max_depth, max_tables)
        except MemoryError:
            raise MemoryError(f"no memory for {max_depth} levels of tables") from None

    @property
    def is_table(self) -> bool:
        """False of a struct."""
        return self.schema.is_table(self.number)

    def same(self, other: Table) -> bool:
        """Whether the definitions are the same to a verifier. Referenced objects are compared by name only."""
        return self.schema.same(self.number, other.schema, other.number)


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
