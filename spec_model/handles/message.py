"""A popped message (§6.1)."""

from __future__ import annotations

from spec_model.channel.popping import is_readable, take_export
from spec_model.errors import MessageExpiredError
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
