"""Popped messages (§6.1): one by one, several as one buffer, and read as FlatBuffers."""

from __future__ import annotations

import weakref
from array import array
from itertools import accumulate

from spec_model import words
from spec_model.arguments import as_identifier
from spec_model.channel.popping import is_readable, release_export, take_export
from spec_model.channel.value import Channel
from spec_model.errors import MessageExpiredError
from spec_model.flatbuffers import verify
from spec_model.handles.endpoint import Endpoint, Exporter, NotConstructible, collect_unreferenced
from spec_model.vocabulary import Root, Table


class MessageExports:
    """The exporters of one consumer's popped messages, by message number [MSG-3]."""

    def __init__(self) -> None:
        self._exporters: dict[int, weakref.ref[Exporter]] = {}

    def view(self, number: int, data: bytes) -> memoryview:
        """A new read-only view of message `number`."""
        reference = self._exporters.get(number)
        exporter = None if reference is None else reference()
        if exporter is None:
            exporter = Exporter(data)
            self._exporters[number] = weakref.ref(exporter)
        return memoryview(exporter).toreadonly()

    def release_dead(self, channel: Channel) -> Channel:
        """The channel with every export released of which no view is left."""
        if self._exporters:
            collect_unreferenced()
        for number in [number for number, reference in self._exporters.items() if reference() is None]:
            del self._exporters[number]
            channel = release_export(channel, number)
        return channel


class Message(NotConstructible):
    """A message that a pop took, readable until the next pop on its consumer or its close [MSG-1].

    Reading it later raises MessageExpiredError [MSG-2]. It equals nothing but itself: compare `bytes(message)` [MSG-6].
    """

    _endpoint: Endpoint[MessageExports]
    _number: int
    _data: bytes

    @classmethod
    def _of(cls, endpoint: Endpoint[MessageExports], number: int, data: bytes) -> Message:
        message = cls.__new__(cls)
        message._endpoint, message._number, message._data = endpoint, number, data
        return message

    @property
    def data(self) -> memoryview:
        """A new read-only view, which stays valid however long it lives [MSG-3, MSG-4].

        While `capacity` earlier messages have one alive, nothing can be popped.
        """
        data = self._read()
        self._endpoint.channel = take_export(self._endpoint.channel, self._number)
        return self._endpoint.resources.view(self._number, data)

    def tobytes(self) -> bytes:
        """A copy of the message: `bytes(message)` [MSG-6]."""
        return bytes(self)

    def get_flatbuffer(
        self, T: type[Table], /, *, size_prefixed: bool = False, file_identifier: bytes | str | None = None
    ) -> Table:
        """The root table of a FlatBuffer, of the generated class T; it is an export of the message (§6.1) [FLB-3].

        Raises TypeError where T is no such class, ValueError for a buffer too short, for another file
        identifier, and where the size before the buffer is not its own.
        """
        if not callable(getattr(T, "GetRootAs", None)):
            raise TypeError(f"T must be a class that flatc generated, with GetRootAs, not {T!r}")
        identifier = None if file_identifier is None else as_identifier(file_identifier)  # ARG-4
        data, begin = self.data, 4 if size_prefixed else 0
        if len(data) < begin + 8:
            raise ValueError(f"too short for a FlatBuffer: {len(data)} bytes, and it has {begin + 8} or more")
        size = int.from_bytes(data[:4], "little")
        if size_prefixed and size != len(data) - 4:
            raise ValueError(f"not a size-prefixed FlatBuffer: {len(data) - 4} bytes follow, not {size}")
        found = bytes(data[begin + 4 : begin + 8])
        if identifier not in (None, found):
            raise ValueError(f"the file identifier is {found!r}, not {file_identifier!r}")
        table: Table = T.GetRootAs(data, begin)
        return table

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

    def __buffer__(self, flags: int, /) -> memoryview:
        return self.data

    def __repr__(self) -> str:
        return words.message(self._number, self._endpoint.name, len(self._data) if self._is_readable() else None)

    def _is_readable(self) -> bool:
        return is_readable(self._endpoint.channel, self._number)

    def _read(self) -> bytes:
        if not self._is_readable():
            raise MessageExpiredError(
                f"message {self._number} was readable until its consumer's next pop or close; "
                "take bytes(message) in time to keep it"
            )
        return self._data


class Batch(NotConstructible):
    """Messages that a pop took, readable until the next pop on their consumer or its close [MSG-1].

    Message i is `data[offsets[i]:offsets[i] + lengths[i]]`. Reading `data` later raises
    MessageExpiredError [MSG-2]; a view taken in time stays valid [MSG-3].
    """

    _first: Message
    _joined: bytes
    _lengths: list[int]

    @classmethod
    def _of(cls, messages: list[Message]) -> Batch:
        batch = cls.__new__(cls)
        batch._first = messages[0]
        batch._joined = b"".join(message._data for message in messages)
        batch._lengths = [len(message._data) for message in messages]
        return batch

    @property
    def data(self) -> memoryview:
        """A new read-only view of the messages; the bytes between them are unspecified.

        It is an export of each of them, but where it is a copy: that holds none of them [MSG-3].
        """
        self._first._read()  # raises once they have expired
        return memoryview(self._joined)

    @property
    def offsets(self) -> memoryview:
        """Where in `data` each message begins: a memoryview of uint64."""
        return memoryview(array("Q", accumulate(self._lengths[:-1], initial=0))).toreadonly()

    @property
    def lengths(self) -> memoryview:
        """How many bytes each message has: a memoryview of uint64."""
        return memoryview(array("Q", self._lengths)).toreadonly()

    @property
    def copied(self) -> bool:
        """Whether `data` is a copy; the model has no ring, so it always is."""
        return True

    def __len__(self) -> int:
        return len(self._lengths)

    def __buffer__(self, flags: int, /) -> memoryview:
        return self.data

    def __repr__(self) -> str:
        first = self._first
        return words.batch(first._number, first._endpoint.name, len(self), first._is_readable())
