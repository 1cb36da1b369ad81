"""Popped messages, read where they lie (§6.1): one by one, or several as one buffer."""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import Any, final

from fast_impl import _interface
from fast_impl._common import as_text, expired
from fast_impl.cffi.core import ADDRESS, PIN, channel_name, ffi, kept, lib
from spec_model import words


@final
class Message(_interface.Message):
    __slots__ = ("_consumer", "_raw")

    def __init__(self, consumer: Any, raw: Any) -> None:
        self._consumer = consumer  # the `omni_consumer **`, whose memory lives as long as this
        self._raw = raw

    @property
    def data(self) -> memoryview:
        pin = self._pin()
        if pin is None:
            expired()
        return _view(self._raw.data, self._raw.size, pin)

    def tobytes(self) -> bytes:
        copy = self._copy()
        if copy is None:
            expired()
        return copy

    def __bytes__(self) -> bytes:
        return self.tobytes()

    def __len__(self) -> int:
        if not self._is_readable():
            expired()
        return int(self._raw.size)

    def __buffer__(self, flags: int, /) -> memoryview:
        return self.data

    def __repr__(self) -> str:
        return words.message(self._raw.number, self._channel(), self._raw.size if self._is_readable() else None)

    def _channel(self) -> str:
        return as_text(channel_name(lib.omni_consumer_name, self._consumer))

    def _is_readable(self) -> bool:
        return bool(lib.omni_message_is_readable(self._consumer[0], self._raw))

    def _pin(self) -> Any:
        """What keeps the bytes where they are for as long as it lives; None where the message has expired."""
        pin = ffi.gc(ffi.new(PIN), lib.omni_unpin)
        return pin if lib.omni_message_pin(self._consumer[0], self._raw, pin) == 0 else None

    def _copy(self) -> bytes | None:
        """The bytes, or None where the message has expired."""
        pin = self._pin()
        return None if pin is None else bytes(ffi.buffer(self._raw.data, self._raw.size))


def _view(start: Any, size: int, pins: Any) -> memoryview:
    """A read-only view of the ring, with `pins` for as long as any view made of it lives."""
    return memoryview(ffi.buffer(kept(start, pins), size)).toreadonly()


@final
class Batch(_interface.Batch):
    __slots__ = ("_copy", "_lengths", "_messages", "_offsets")

    def __init__(self, messages: list[Message], copy: bytes | None) -> None:
        self._messages, self._copy = messages, copy
        self._lengths = lengths = array("Q", [message._raw.size for message in messages])
        if copy is None:
            addresses = [int(ffi.cast(ADDRESS, message._raw.data)) for message in messages]
            self._offsets = array("Q", [address - addresses[0] for address in addresses])
        else:
            self._offsets = array("Q", accumulate(lengths[:-1], initial=0))

    @property
    def data(self) -> memoryview:
        if self._copy is None:
            pins = [message._pin() for message in self._messages]
            if None in pins:
                expired()
            return _view(self._messages[0]._raw.data, self._offsets[-1] + self._lengths[-1], pins)
        len(self._messages[0])  # raises where it has expired
        return memoryview(self._copy)

    @property
    def offsets(self) -> memoryview:
        return memoryview(self._offsets).toreadonly()

    @property
    def lengths(self) -> memoryview:
        return memoryview(self._lengths).toreadonly()

    @property
    def copied(self) -> bool:
        return self._copy is not None

    def __len__(self) -> int:
        return len(self._lengths)

    def __buffer__(self, flags: int, /) -> memoryview:
        return self.data

    def __repr__(self) -> str:
        first = self._messages[0]
        return words.batch(first._raw.number, first._channel(), len(self), first._is_readable())


def payloads(messages: list[Message]) -> list[bytes] | None:
    """A copy of each, or None where they have expired."""
    copies = [message._copy() for message in messages]
    return None if None in copies else copies  # type: ignore[return-value]


def batch(messages: list[Message], pop: Any) -> Batch | None:
    """The messages of the open pop as a Batch, or None where they have expired."""
    if lib.omni_pop_is_adjacent(pop, len(messages)):
        return Batch(messages, None)
    copies = payloads(messages)
    return None if copies is None else Batch(messages, b"".join(copies))
