"""Payloads that are unique, and of which every byte tells which one it belongs to."""

from __future__ import annotations

from functools import lru_cache
from hashlib import shake_128

SMALLEST = 8
"""Bytes of the shortest payload: its token can be told from them."""

WORD = 2**64


@lru_cache
def _factor(size: int) -> int:
    """An odd number of `size` bytes that look random."""
    return int.from_bytes(shake_128(b"history").digest(size), "little") | 1


_INVERSE = pow(_factor(SMALLEST), -1, WORD)


def payload(token: int, size: int) -> bytes:
    """The bytes of a token: at most `size` of them, their number given by the token as well.

    Token 0 is empty and a negative one too long: sizes that every push refuses [PSH-1].
    """
    if token <= 0:
        return bytes(size + 1 if token else 0)
    length = SMALLEST + token * 11 % (size - SMALLEST + 1)
    mask = (1 << 8 * length) - 1  # a remainder would cost the square of the length
    return (token * _factor(size) & mask).to_bytes(length, "little")


def decode(data: bytes | None, size: int) -> int | bytes | None:
    """The token of a payload; bytes that are none as they are, and None for None."""
    if data is None:
        return None
    token = int.from_bytes(data[:SMALLEST], "little") * _INVERSE % WORD
    return token if 0 < token < 2**48 and payload(token, size) == data else data
