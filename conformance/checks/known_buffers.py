"""Buffers of a Sample, laid out by hand, and whether C++'s Verifier takes them.

The layout: root offset, vtable at 4, table at 16, its string at 32, its vector at 44. Each of the others is that with
some bytes in other places.
"""

from __future__ import annotations

from struct import pack

GOOD = b"".join(
    (
        pack("<I", 16),
        pack("<5H2x", 10, 16, 4, 8, 12),  # its size, the table's, then where number, name and data are
        pack("<iIII", 12, 7, 32 - 24, 44 - 28),
        pack("<I", 5) + b"seven\0\0\0",
        pack("<I", 7) + bytes(range(7)) + b"\0",
    )
)


def _with(*places: tuple[int, bytes]) -> bytes:
    changed = bytearray(GOOD)
    for at, raw in places:
        changed[at : at + len(raw)] = raw
    return bytes(changed)


def _number(at: int, number: int, width: int = 4) -> bytes:
    return _with((at, (number % (1 << 8 * width)).to_bytes(width, "little")))


WELL_FORMED = {
    "as an ordinary Builder has it": GOOD,
    "a field that may be absent is": _number(12, 0, 2),
    "an older schema's vtable, without the last field": _number(4, 8, 2),
    "an empty vector": _number(44, 0),
    "the string is also the vector": _number(28, 32 - 28),
    "the vtable behind the table": _with((16, pack("<i", 16 - 56))) + GOOD[4:16],
    "a newer schema's vtable, with a field more": _with((16, pack("<i", 16 - 56))) + pack("<6H", 12, 16, 4, 8, 12, 4),
    "bytes behind it": GOOD + bytes(5),
}

MALFORMED = {
    "no bytes but the least": GOOD[:12],
    "the root offset leads out of it": _number(0, 56),
    "the root offset leads to itself": _number(0, 0),
    "the root is not aligned": _number(0, 18),
    "the vtable is before the buffer": _number(16, 20),
    "the vtable is behind the buffer": _number(16, -60),
    "the vtable is not aligned": _number(16, 11),
    "the vtable has an odd size": _number(4, 9, 2),
    "the vtable ends behind the buffer": _number(4, 60, 2),
    "a scalar behind the buffer": _number(8, 0xFFFC, 2),
    "a scalar half behind the buffer": _number(8, 56 - 16 - 2, 2),
    "a scalar that is not aligned": _number(8, 5, 2),
    "a required field is absent": _number(10, 0, 2),
    "a required field is not in the vtable": _number(4, 6, 2),
    "an offset that leads out of the buffer": _number(24, 32),
    "an offset that leads to itself": _number(24, 0),
    "an offset that is negative": _number(24, -8),
    "an offset that is not aligned": _number(10, 10, 2),
    "a string that is not aligned": _with((24, pack("<I", 10)), (34, pack("<I", 1) + b"a\0")),
    "a string without a zero behind it": _with((41, b"x")),
    "a string longer than the buffer": _number(32, 10**6),
    "a string whose length is negative": _number(32, -1),
    "a string whose zero is behind the buffer": _number(32, 56 - 36),
    "a vector longer than the buffer": _number(44, 9),
    "a vector of 2**32 - 1": _number(44, -1),
}
