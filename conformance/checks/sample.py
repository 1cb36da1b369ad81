"""The FlatBuffers table of the checks: its schema, its reader, and buffers of it with C++'s verdicts.

namespace sampling;
table Sample { number:uint; name:string (required); data:[ubyte]; }
root_type Sample;
"""

from __future__ import annotations

from base64 import b64decode
from struct import pack
from typing import Any

SCHEMA = b64decode(
    "GAAAAEJGQlMQABwABAAIAAwAEAAUABgAEAAAADAAAAAoAAAAHAAAABAAAAA8AAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAY"
    "AAAAFAAUAAQACAAAAAwAAAAAAAAAEAAUAAAAKAAAABQAAAABAAAABAAAAAAAAAAAAAAAAwAAADwAAACIAAAAvAAAAA8AAABzYW1wbGluZy5T"
    "YW1wbGUAHAAUAAwAEAAIAAoAAAAAAAAAAAAAAAAAAAAHABwAAAAAAAABAgAIACQAAAAUAAAAEAAMAAYABwAAAAAAAAAIABAAAAAAAA4EAQAA"
    "AAQAAABkYXRhAAAAABQAFAAMABAACAAKAAAAAAAAAAcAFAAAAAAAAAEBAAYAFAAAAAQAAADM////AAAADQEAAAAEAAAAbmFtZQAAAAAMABAA"
    "CAAMAAAABgAMAAAAAAAEACQAAAAUAAAAEAAMAAcAAAAAAAAAAAAIABAAAAAAAAAIAQAAAAYAAABudW1iZXIAAA=="
)
"""The output of `flatc --schema -b`."""


class Sample:
    """The part of the output of `flatc --python` that the checks need."""

    __slots__ = ("_tab",)

    @classmethod
    def GetRootAs(cls, buffer: Any, offset: int = 0) -> Sample:
        """The root table of a buffer."""
        from flatbuffers import encode, packer

        sample = cls()
        sample.Init(buffer, encode.Get(packer.uoffset, buffer, offset) + offset)
        return sample

    def Init(self, buffer: Any, position: int) -> None:
        """The table at a position of a buffer."""
        from flatbuffers.table import Table

        self._tab = Table(buffer, position)

    def Number(self) -> int:
        """The field `number`."""
        from flatbuffers import number_types

        at = self._tab.Offset(4)
        return int(self._tab.Get(number_types.Uint32Flags, at + self._tab.Pos)) if at else 0

    def Name(self) -> bytes | None:
        """The field `name`."""
        at = self._tab.Offset(6)
        return bytes(self._tab.String(at + self._tab.Pos)) if at else None


# The names of generated code, by which implementations find the schema.
Sample.__module__, Sample.__qualname__ = "sampling.Sample", "Sample"


def finish(builder: Any, number: int, name: str, data: bytes = b"") -> None:
    """Build and finish a Sample with the methods that generated code calls."""
    root(builder, number, name, data, builder.Finish)


def root(builder: Any, number: int, name: str, data: bytes, finish: Any, identifier: bytes | None = None) -> None:
    """Likewise, with `finish` as the finishing method."""
    text = builder.CreateString(name)
    vector = builder.CreateByteVector(data)
    builder.StartObject(3)
    builder.PrependUint32Slot(0, number, 0)
    builder.PrependUOffsetTRelativeSlot(1, text, 0)
    builder.PrependUOffsetTRelativeSlot(2, vector, 0)
    finish(builder.EndObject(), identifier)


GOOD = b"".join(
    (
        pack("<I", 16),
        pack("<5H2x", 10, 16, 4, 8, 12),  # sizes of vtable and table, offsets of number, name and data
        pack("<iIII", 12, 7, 32 - 24, 44 - 28),
        pack("<I", 5) + b"seven\0\0\0",
        pack("<I", 7) + bytes(range(7)) + b"\0",
    )
)
"""A Sample made by hand: root offset at 0, vtable at 4, table at 16, its string at 32, its vector at 44."""


def _with(*places: tuple[int, bytes]) -> bytes:
    changed = bytearray(GOOD)
    for at, raw in places:
        changed[at : at + len(raw)] = raw
    return bytes(changed)


def _number(at: int, number: int, width: int = 4) -> bytes:
    return _with((at, (number % (1 << 8 * width)).to_bytes(width, "little")))


WELL_FORMED = {
    "as built by an ordinary Builder": GOOD,
    "an optional field is absent": _number(12, 0, 2),
    "an older schema's vtable, without the last field": _number(4, 8, 2),
    "an empty vector": _number(44, 0),
    "the string shared as the vector": _number(28, 32 - 28),
    "the vtable behind the table": _with((16, pack("<i", 16 - 56))) + GOOD[4:16],
    "a newer schema's vtable, with one more field": _with((16, pack("<i", 16 - 56))) + pack("<6H", 12, 16, 4, 8, 12, 4),
    "bytes after it": GOOD + bytes(5),
}

MALFORMED = {
    "the minimum size only": GOOD[:12],
    "a root offset out of the buffer": _number(0, 56),
    "a root offset of 0": _number(0, 0),
    "an unaligned root": _number(0, 18),
    "a vtable before the buffer": _number(16, 20),
    "a vtable after the buffer": _number(16, -60),
    "an unaligned vtable": _number(16, 11),
    "a vtable of odd size": _number(4, 9, 2),
    "a vtable that ends after the buffer": _number(4, 60, 2),
    "a scalar after the buffer": _number(8, 0xFFFC, 2),
    "a scalar half outside the buffer": _number(8, 56 - 16 - 2, 2),
    "an unaligned scalar": _number(8, 5, 2),
    "a required field is absent": _number(10, 0, 2),
    "a required field beyond the vtable": _number(4, 6, 2),
    "an offset out of the buffer": _number(24, 32),
    "an offset of 0": _number(24, 0),
    "a negative offset": _number(24, -8),
    "an unaligned offset": _number(10, 10, 2),
    "an unaligned string": _with((24, pack("<I", 10)), (34, pack("<I", 1) + b"a\0")),
    "a string without its terminator": _with((41, b"x")),
    "a string longer than the buffer": _number(32, 10**6),
    "a string of negative length": _number(32, -1),
    "a string whose terminator is outside the buffer": _number(32, 56 - 36),
    "a vector longer than the buffer": _number(44, 9),
    "a vector of 2**32 - 1 elements": _number(44, -1),
}
