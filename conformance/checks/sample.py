"""A FlatBuffers table to check with: what `flatc --python` makes of it, as far as the checks go, and its schema.

namespace sampling;
table Sample { number:uint; name:string (required); data:[ubyte]; }
root_type Sample;
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

SCHEMA = b64decode(
    "GAAAAEJGQlMQABwABAAIAAwAEAAUABgAEAAAADAAAAAoAAAAHAAAABAAAAA8AAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAY"
    "AAAAFAAUAAQACAAAAAwAAAAAAAAAEAAUAAAAKAAAABQAAAABAAAABAAAAAAAAAAAAAAAAwAAADwAAACIAAAAvAAAAA8AAABzYW1wbGluZy5T"
    "YW1wbGUAHAAUAAwAEAAIAAoAAAAAAAAAAAAAAAAAAAAHABwAAAAAAAABAgAIACQAAAAUAAAAEAAMAAYABwAAAAAAAAAIABAAAAAAAA4EAQAA"
    "AAQAAABkYXRhAAAAABQAFAAMABAACAAKAAAAAAAAAAcAFAAAAAAAAAEBAAYAFAAAAAQAAADM////AAAADQEAAAAEAAAAbmFtZQAAAAAMABAA"
    "CAAMAAAABgAMAAAAAAAEACQAAAAUAAAAEAAMAAcAAAAAAAAAAAAIABAAAAAAAAAIAQAAAAYAAABudW1iZXIAAA=="
)
"""What `flatc --schema -b` makes of it."""


class Sample:
    """The generated reader."""

    __slots__ = ("_tab",)

    @classmethod
    def GetRootAs(cls, buffer: Any, offset: int = 0) -> Sample:
        """The root table of a buffer."""
        from flatbuffers import encode, packer

        sample = cls()
        sample.Init(buffer, encode.Get(packer.uoffset, buffer, offset) + offset)
        return sample

    def Init(self, buffer: Any, position: int) -> None:
        """At a position of a buffer."""
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


# The names that generated code has, for implementations that look the schema up by them.
Sample.__module__, Sample.__qualname__ = "sampling.Sample", "Sample"


def finish(builder: Any, number: int, name: str, data: bytes = b"") -> None:
    """Build a Sample with an ordinary Builder's methods, as generated code does."""
    root(builder, number, name, data, builder.Finish)


def root(builder: Any, number: int, name: str, data: bytes, finish: Any, identifier: bytes | None = None) -> None:
    """The same, finished by that method."""
    text = builder.CreateString(name)
    vector = builder.CreateByteVector(data)
    builder.StartObject(3)
    builder.PrependUint32Slot(0, number, 0)
    builder.PrependUOffsetTRelativeSlot(1, text, 0)
    builder.PrependUOffsetTRelativeSlot(2, vector, 0)
    finish(builder.EndObject(), identifier)
