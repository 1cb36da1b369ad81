"""Well-formed buffers made into others: some still well-formed, most not."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

EDGES = (0, 1, 2, 3, 4, 5, 6, 8, 12, 0x7F, 0x80, 0xFF, 0x7FFFFFFC, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF)


def mutated(buffer: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """One to three changes."""
    data = bytearray(buffer)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if not data:
            break
        data = random.choice(CHANGES)(data, others, random)
    return bytes(data)


def _place(data: bytearray, random: Random) -> int:
    """Where offsets, lengths and vtables are: at multiples of two, mostly of four."""
    return random.randrange(len(data)) & random.choice((-1, -2, -4, -4))


def flip(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """A bit the other way."""
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return data


def set_byte(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """Some other byte; small ones are types of unions."""
    data[random.randrange(len(data))] = random.choice((random.randrange(12), random.randrange(256)))
    return data


def add(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """An offset, or a length, a little larger or smaller."""
    at, width = _place(data, random), random.choice((2, 4))
    number = int.from_bytes(data[at : at + width], "little") + random.choice((-8, -4, -2, -1, 1, 2, 4, 8))
    return put(data, at, number, width)


def edge(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """A number that is a bound of something."""
    number = random.choice((random.choice(EDGES), len(data) + random.randrange(-16, 5)))
    return put(data, _place(data, random), number, random.choice((2, 4)))


def point(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """An offset to somewhere else in the buffer, further on or (of a vtable) back."""
    at, to = _place(data, random), _place(data, random)
    return put(data, at, random.choice((to - at, at - to)), 4)


def swap(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """Two numbers change places."""
    width = random.choice((2, 4, 4))
    one, other = _place(data, random), _place(data, random)
    if abs(one - other) >= width and max(one, other) + width <= len(data):
        data[one : one + width], data[other : other + width] = data[other : other + width], data[one : one + width]
    return data


def lead_alike(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """An offset leads to where another does: tables of other types, and cycles."""
    one, other = _place(data, random), _place(data, random)
    target = other + int.from_bytes(data[other : other + 4], "little")
    return put(data, one, target - one, 4)


def truncate(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """The end is missing."""
    return data[: random.choice((random.randrange(len(data) + 1), max(0, len(data) - random.randrange(1, 9))))]


def splice(data: bytearray, others: Sequence[bytes], random: Random) -> bytearray:
    """A piece of another buffer in place of one of this."""
    other = random.choice(others)
    size = random.choice((4, 8, 16, 64, 256))
    at, source = _place(data, random), random.randrange(len(other) + 1) & -4
    data[at : at + size] = other[source : source + size]
    return data


def erase(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """Slots of a vtable, or whatever it is, become absent."""
    at = _place(data, random)
    size = random.choice((2, 2, 4, 8))
    data[at : at + size] = bytes(len(data[at : at + size]))
    return data


def insert(data: bytearray, _: Sequence[bytes], random: Random) -> bytearray:
    """Everything behind is elsewhere, and perhaps not aligned any more."""
    at = _place(data, random)
    data[at:at] = bytes(random.choice((1, 2, 4, 8)))
    return data


CHANGES = (flip, set_byte, add, add, edge, edge, point, swap, lead_alike, truncate, splice, erase, erase, insert)


def put(data: bytearray, at: int, number: int, width: int) -> bytearray:
    """`number`, in little endian, as far as there is room."""
    raw = (number & ((1 << 8 * width) - 1)).to_bytes(width, "little")
    data[at : at + width] = raw[: len(data) - at]
    return data
