"""Verifying that bytes are a FlatBuffer of a class."""

from __future__ import annotations

from typing import Any

from fast_impl.flatbuffers.registry import table_of
from fast_impl.flatbuffers.table import MAX_DEPTH, MAX_TABLES


def verify(
    data: Any,
    T: type,
    *,
    size_prefixed: bool = False,
    file_identifier: bytes | str | None = None,
    max_depth: int = MAX_DEPTH,
    max_tables: int = MAX_TABLES,
) -> bool:
    """Whether `data` is a well-formed buffer whose root is the table that `T` reads [FLB-4].

    As `T::Verify` of C++ judges: bounds, alignment within the buffer, vtables, required fields, strings, vectors,
    unions and nested buffers. A schema with the table must have been loaded (`Schema.load`).

    data: any C-contiguous bytes-like object; it must not change meanwhile.
    size_prefixed: whether its size comes first, as `FinishSizePrefixed` writes it.
    file_identifier: four bytes that must be there; None for not looking.
    max_depth: how deep tables may be nested, 1 to 10,000. max_tables: how many there may be, each counted as often
    as it is referred to. Nested buffers count.

    Raises UnknownTableError where no loaded schema has the table, or it is not clear which.
    """
    return table_of(T).judges(data, size_prefixed, file_identifier, max_depth, max_tables)
