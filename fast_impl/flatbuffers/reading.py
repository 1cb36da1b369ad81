"""`message.get_flatbuffer(T)`: a table that reads the ring's memory (§6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from spec_model.arguments import as_identifier

if TYPE_CHECKING:
    from fast_impl import Message

IDENTIFIER = 4
"""Bytes of a file identifier, of the size before a buffer, and of the offset at its begin."""


class Root(Protocol):
    """A class that `flatc --python` makes of a table."""

    @classmethod
    def GetRootAs(cls, buf: Any, offset: int = 0, /) -> Any:
        """The root table of a buffer."""


Table = TypeVar("Table", bound=Root)


def get_flatbuffer(
    message: Message, T: type[Table], /, *, size_prefixed: bool = False, file_identifier: bytes | str | None = None
) -> Table:
    """The message's root table, of the class T that `flatc` generated, read where it lies [FLB-3].

    It holds on to the message like any view of it [MSG-3]. What it reads is what was sent, well-formed or not:
    `verify` tells.

    Raises MessageExpiredError [MSG-2]; TypeError where T is no such class; ValueError for a message too short, for
    another file identifier, and for a size at its begin that is not the message's.
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
    if wanted is not None and data[begin + IDENTIFIER : begin + 2 * IDENTIFIER] != wanted:
        found = bytes(data[begin + IDENTIFIER : begin + 2 * IDENTIFIER])
        raise ValueError(f"the message's file identifier is {found!r}, not {wanted!r}")
    table: Table = T.GetRootAs(data, begin)
    return table


def _check_size(data: memoryview) -> None:
    told = int.from_bytes(data[:IDENTIFIER], "little")
    if told != len(data) - IDENTIFIER:
        raise ValueError(
            f"the message is not size-prefixed: it begins with {told}, and {len(data) - IDENTIFIER} follow"
        )
