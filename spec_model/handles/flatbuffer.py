"""Reading a message as a FlatBuffer (§6.1)."""

from __future__ import annotations

from typing import Any

from spec_model.flatbuffers.arguments import as_identifier


def get_flatbuffer(data: memoryview, T: Any, size_prefixed: bool, file_identifier: bytes | str | None) -> Any:
    """The root table, a T, of the FlatBuffer in `data` [FLB-3].

    TypeError where T is no class that `flatc` generated, ValueError for a buffer too short, for another file
    identifier, and where the size before it is not its own.
    """
    begin = 4 if size_prefixed else 0
    if len(data) < begin + 8:
        raise ValueError(f"too short for a FlatBuffer: {len(data)} bytes, and it has {begin + 8} or more")
    size = int.from_bytes(data[:4], "little")
    if size_prefixed and size != len(data) - 4:
        raise ValueError(f"not a size-prefixed FlatBuffer: {len(data) - 4} bytes follow, not {size}")
    found = bytes(data[begin + 4 : begin + 8])
    if file_identifier is not None and as_identifier(file_identifier) != found:
        raise ValueError(f"the file identifier is {found!r}, not {file_identifier!r}")
    return T.GetRootAs(data, begin)


def check(T: Any, file_identifier: bytes | str | None) -> None:
    """Refuse what is no class of a table, and no file identifier [ARG-4]."""
    if not callable(getattr(T, "GetRootAs", None)):
        raise TypeError(f"T must be a class that flatc generated, with GetRootAs, not {T!r}")
    if file_identifier is not None:
        as_identifier(file_identifier)
