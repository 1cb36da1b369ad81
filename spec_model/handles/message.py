"""A popped message (§6.1)."""

from __future__ import annotations

from typing import Any

from spec_model.channel.popping import is_readable, take_export
from spec_model.errors import MessageExpiredError
from spec_model.flatbuffers import verify
from spec_model.handles import flatbuffer
from spec_model.handles.exports import Exports
from spec_model.handles.seat import Seat
from spec_model.handles.unique import Granted


class Message(Granted):
    """A message that a pop took, readable until the next pop on its consumer or its close [MSG-1].

    Reading it later raises MessageExpiredError [MSG-2].
    """

    _seat: Seat[Exports]
    _number: int
    _data: bytes

    @classmethod
    def _of(cls, seat: Seat[Exports], number: int, data: bytes) -> Message:
        message = cls.__new__(cls)
        message._seat, message._number, message._data = seat, number, data
        return message

    @property
    def data(self) -> memoryview:
        """A new read-only view, which stays valid however long it lives [MSG-3, MSG-4].

        While it lives, the consumer can pop up to `capacity` - 1 messages more.
        """
        data = self._read()
        self._seat.channel = take_export(self._seat.channel, self._number)
        return self._seat.belongings.view(self._number, data)

    def get_flatbuffer(
        self, T: Any, /, *, size_prefixed: bool = False, file_identifier: bytes | str | None = None
    ) -> Any:
        """The root table of a FlatBuffer, of the generated class T; it is an export of the message (§6.1) [FLB-3].

        Raises TypeError where T is no such class, ValueError for a buffer too short, for another file
        identifier, and where the size before the buffer is not its own.
        """
        flatbuffer.check(T, file_identifier)
        return flatbuffer.get_flatbuffer(self.data, T, size_prefixed, file_identifier)

    def verify(
        self,
        T: Any,
        /,
        *,
        size_prefixed: bool = False,
        file_identifier: bytes | str | None = None,
        max_depth: int = 64,
        max_tables: int = 1_000_000,
    ) -> bool:
        """Whether the message is a well-formed FlatBuffer with a T as its root (§6.1) [FLB-4]."""
        return verify(
            self._read(),
            T,
            size_prefixed=size_prefixed,
            file_identifier=file_identifier,
            max_depth=max_depth,
            max_tables=max_tables,
        )

    def __bytes__(self) -> bytes:
        return self._read()

    def __len__(self) -> int:
        return len(self._read())

    def __buffer__(self, flags: int) -> memoryview:
        return self.data

    def __repr__(self) -> str:
        readable = is_readable(self._seat.channel, self._number)
        return f"<Message {self._number}, {f'{len(self._data)} bytes' if readable else 'expired'}>"

    def _read(self) -> bytes:
        if not is_readable(self._seat.channel, self._number):
            raise MessageExpiredError(
                f"message {self._number} was readable until its consumer's next pop or close; "
                "take bytes(message) in time to keep it"
            )
        return self._data
