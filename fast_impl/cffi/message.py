"""Popped messages, read where they lie (§6.1): one by one, or several as one buffer."""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeVar, final

from fast_impl._common import expired
from fast_impl.cffi.core import ffi, kept, lib

if TYPE_CHECKING:
    from fast_impl.flatbuffers.reading import Root

Table = TypeVar("Table", bound="Root")


@final
class Message:
    """Bytes in the ring, readable until the consumer's next pop or close [MSG-1].

    Reading it later raises MessageExpiredError [MSG-2]; a view taken in time stays valid [MSG-3]. It equals
    nothing but itself: compare `bytes(message)` [MSG-6].
    """

    __slots__ = ("_consumer", "_raw")

    def __init__(self, consumer: Any, raw: Any) -> None:
        self._consumer = consumer  # the `omni_consumer **`, whose memory lives as long as this
        self._raw = raw

    @property
    def data(self) -> memoryview:
        """A new read-only view of the message in the ring, not a copy [MSG-4]."""
        pin = self._pin()
        if pin is None:
            expired()
        return _view(self._raw.data, self._raw.size, pin)

    def get_flatbuffer(
        self, T: type[Table], /, *, size_prefixed: bool = False, file_identifier: bytes | str | None = None
    ) -> Table:
        """The message's root table, of the class T that `flatc` generated, read where it lies (§6.1) [FLB-3].

        It holds the message as any view does [MSG-3]. Raises MessageExpiredError [MSG-2], and
        ValueError for another file identifier, a wrong size prefix, or too few bytes.
        """
        from fast_impl.flatbuffers.reading import get_flatbuffer

        return get_flatbuffer(self, T, size_prefixed=size_prefixed, file_identifier=file_identifier)

    def verify(
        self,
        T: type[Root],
        /,
        *,
        size_prefixed: bool = False,
        file_identifier: bytes | str | None = None,
        max_depth: int = 64,
        max_tables: int = 1_000_000,
    ) -> bool:
        """Whether the message is well-formed for T, as the C++ Verifier judges (§6.1) [FLB-4].

        Raises MessageExpiredError [MSG-2], and an error where the schema of T is not known.
        """
        from fast_impl.flatbuffers import verify

        return verify(
            self.data,
            T,
            size_prefixed=size_prefixed,
            file_identifier=file_identifier,
            max_depth=max_depth,
            max_tables=max_tables,
        )

    def tobytes(self) -> bytes:
        """A copy, as `bytes(message)` [MSG-6]. Raises MessageExpiredError [MSG-2]."""
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

    def __buffer__(self, flags: int) -> memoryview:
        return self.data

    def __repr__(self) -> str:
        return f"<Message number {self._raw.number}, {f'{self._raw.size} bytes' if self._is_readable() else 'expired'}>"

    def _is_readable(self) -> bool:
        return bool(lib.omni_message_is_readable(self._consumer[0], self._raw))

    def _pin(self) -> Any:
        """What keeps the bytes where they are for as long as it lives; None where the message has expired."""
        pin = ffi.gc(ffi.new("omni_pin *"), lib.omni_unpin)
        return pin if lib.omni_message_pin(self._consumer[0], self._raw, pin) == 0 else None

    def _copy(self) -> bytes | None:
        """The bytes, or None where the message has expired."""
        pin = self._pin()
        return None if pin is None else bytes(ffi.buffer(self._raw.data, self._raw.size))


def _view(start: Any, size: int, pins: Any) -> memoryview:
    """A read-only view of the ring, with `pins` for as long as any view made of it lives."""
    return memoryview(ffi.buffer(kept(start, pins), size)).toreadonly()


@final
class Batch:
    """Popped messages as one buffer in the ring, readable until the consumer's next pop or close [MSG-1].

    Message i is `data[offsets[i]:offsets[i] + lengths[i]]`. Reading `data` later raises
    MessageExpiredError [MSG-2]; a view taken in time stays valid [MSG-3].
    """

    __slots__ = ("_copy", "_lengths", "_messages", "_offsets")

    def __init__(self, messages: list[Message], copy: bytes | None) -> None:
        self._messages, self._copy = messages, copy
        self._lengths = lengths = array("Q", [message._raw.size for message in messages])
        if copy is None:
            addresses = [int(ffi.cast("uintptr_t", message._raw.data)) for message in messages]
            self._offsets = array("Q", [address - addresses[0] for address in addresses])
        else:
            self._offsets = array("Q", accumulate(lengths[:-1], initial=0))

    @property
    def data(self) -> memoryview:
        """A new read-only view of the messages' memory; what lies between them means nothing."""
        if self._copy is None:
            pins = [message._pin() for message in self._messages]
            if None in pins:
                expired()
            return _view(self._messages[0]._raw.data, self._offsets[-1] + self._lengths[-1], pins)
        len(self._messages[0])  # raises where it has expired
        return memoryview(self._copy)

    @property
    def offsets(self) -> memoryview:
        """Where in `data` each message begins: a memoryview of uint64."""
        return memoryview(self._offsets).toreadonly()

    @property
    def lengths(self) -> memoryview:
        """How many bytes each message has: a memoryview of uint64."""
        return memoryview(self._lengths).toreadonly()

    @property
    def copied(self) -> bool:
        """Whether `data` is a copy, since the messages do not lie one after the other in the ring."""
        return self._copy is not None

    def __len__(self) -> int:
        return len(self._lengths)

    def __buffer__(self, flags: int) -> memoryview:
        return self.data


def payloads(messages: list[Message]) -> list[bytes] | None:
    """A copy of each, or None where they have expired."""
    copies = [message._copy() for message in messages]
    return None if None in copies else copies  # type: ignore[return-value]


def batch(messages: list[Message]) -> Batch | None:
    """The messages of one pop as a Batch, or None where they have expired."""
    raws = ffi.new("omni_message[]", [message._raw[0] for message in messages])
    if lib.omni_messages_are_adjacent(messages[0]._consumer[0], raws, len(messages)):
        return Batch(messages, None)
    copies = payloads(messages)
    return None if copies is None else Batch(messages, b"".join(copies))
