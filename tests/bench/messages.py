"""What is carried: numbered messages, so that a lost, doubled or misplaced one shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

ROOM = 2**23
"""Bytes that different messages may take; further ones repeat them."""


class WrongMessages(Exception):
    """What came out is not what went in, in that order."""


def short(size: int) -> str:
    """A size in a name."""
    return "1MiB" if size == 2**20 else str(size)


def long(size: int) -> str:
    """A size in a title."""
    return "1 MiB" if size == 2**20 else f"{size} bytes"


def numbered(size: int, count: int) -> list[bytes]:
    """So many messages of that size; they repeat after ROOM bytes."""
    different = min(count, max(8, ROOM // size))
    made = [number.to_bytes(8, "little").ljust(size, b".")[:size] for number in range(different)]
    return (made * -(-count // different))[:count]


def compare(who: str, sent: Sequence[bytes], came: Sequence[Any]) -> None:
    """Raises WrongMessages, naming the first that differs."""
    if len(came) != len(sent):
        raise WrongMessages(f"{who}: {len(came)} messages came out of {len(sent)}")
    for number, (wanted, got) in enumerate(zip(sent, came, strict=True)):
        if bytes(got) != wanted:
            raise WrongMessages(f"{who}: message {number} came out as {bytes(got)[:16]!r}..., not {wanted[:16]!r}...")
