"""`message.get_flatbuffer(T)`: a table that reads the ring's memory (§6.1)."""

from __future__ import annotations

from typing import Protocol

from fast_impl.flatbuffers.table import as_identifier
from spec_model.vocabulary import Table

IDENTIFIER = 4
"""Bytes of a file identifier, of a size prefix, and of the root offset."""


class Message(Protocol):
    """What reading needs of a message. Either binding's Message has it."""

    @property
    def data(self) -> memoryview:
        """The message in the ring."""
        ...


def get_flatbuffer(
    message: Message, T: type[Table], /, *, size_prefixed: bool = False, file_identifier: bytes | str | None = None
) -> Table:
    """The message's root table, of the class T that `flatc` generated, read in place [FLB-3].

    It keeps the message alive like any view of it [MSG-3]. Nothing is verified: see `verify`.

    Raises MessageExpiredError [MSG-2]; TypeError if T is no such class; ValueError for a message that is too short,
    another file identifier, or a wrong size prefix.
    """
    if not callable(getattr(T, "GetRootAs", None)):
        raise TypeError(f"T must be a class that flatc generated, with GetRootAs, not {T!r}")
    wanted = None if file_identifier is None else as_identifier(file_identifier)
    data = message.data
    begin = IDENTIFIER if size_prefixed else 0
    if len(data) < begin + 2 * IDENTIFIER:
        raise ValueError(f"a FlatBuffer here has at least {begin + 2 * IDENTIFIER} bytes, this message {len(data)}")
    if size_prefixed:
        _check_size(data)
    found = bytes(data[begin + IDENTIFIER : begin + 2 * IDENTIFIER])
    if wanted not in (None, found):
        raise ValueError(f"the message's file identifier is {found!r}, not {wanted!r}")
    table: Table = T.GetRootAs(data, begin)
    return table


def _check_size(data: memoryview) -> None:
    prefix = int.from_bytes(data[:IDENTIFIER], "little")
    if prefix != len(data) - IDENTIFIER:
        raise ValueError(
            f"the message is not size-prefixed: it begins with {prefix}, and {len(data) - IDENTIFIER} bytes follow"
        )
