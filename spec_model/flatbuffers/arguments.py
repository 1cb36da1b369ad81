"""What `verify` and `get_flatbuffer` accept [ARG-4]; an implementation in Python may ask here as well."""

from __future__ import annotations


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
