"""Popped messages, read where they lie (§6.1): one by one, or several as one buffer."""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeVar, final
from weakref import ref

from fast_impl._common import expired
from fast_impl.cffi.core import ffi, lib

if TYPE_CHECKING:
    from fast_impl.flatbuffers.reading import Root

Table = TypeVar("Table", bound="Root")


@final
class Message:
    """Bytes in the ring, readable until the consumer's next pop or close [MSG-1].

    Reading it later raises MessageExpiredError [MSG-2]; a view taken in time stays valid [MSG-3].
    """

    __slots__ = ("_consumer", "_exporter", "_raw")

    def __init__(self, consumer: Any, raw: Any) -> None:
        self._consumer = consumer  # the `omni_consumer *`, which lives as long as this
        self._raw = raw
        self._exporter: ref[Any] | None = None

    @property
    def data(self) -> memoryview:
        """A new read-only view of the message in the ring, not a copy [MSG-4]."""
        exporter = None if self._exporter is None else self._exporter()
        if exporter is None or not lib.omni_message_is_readable(self._consumer, self._raw):
            exporter = self._export()
        return memoryview(exporter).toreadonly()

    def _export(self) -> Any:
        """An object that keeps the message out of the producer's reach for as long as any view of it lives."""
        consumer, raw = self._consumer, self._raw
        if lib.omni_message_pin(consumer, raw) != 0:
            expired()
        number = raw.number
        exporter = ffi.buffer(ffi.gc(raw.data, lambda _: lib.omni_message_unpin(consumer, number)), raw.size)
        self._exporter = ref(exporter)
        return exporter

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

    def __bytes__(self) -> bytes:
        return bytes(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def __buffer__(self, flags: int) -> memoryview:
        return self.data

    def __repr__(self) -> str:
        readable = lib.omni_message_is_readable(self._consumer, self._raw)
        return f"<Message number {self._raw.number}, {f'{self._raw.size} bytes' if readable else 'expired'}>"


@final
class Batch:
    """Popped messages as one buffer in the ring, readable until the consumer's next pop or close [MSG-1].

    Message i is `data[offsets[i]:offsets[i] + lengths[i]]`. Reading `data` later raises
    MessageExpiredError [MSG-2]; a view taken in time stays valid [MSG-3].
    """

    __slots__ = ("_copy", "_lengths", "_offsets", "_span")

    def __init__(self, messages: list[Message]) -> None:
        raws = [message._raw for message in messages]
        addresses = [int(ffi.cast("uintptr_t", raw.data)) for raw in raws]
        lengths = [raw.size for raw in raws]
        self._lengths = array("Q", lengths)
        if addresses[-1] >= addresses[0]:  # they never fill the whole ring
            self._copy: bytes | None = None
            self._offsets = array("Q", [address - addresses[0] for address in addresses])
        else:
            self._copy = b"".join(map(bytes, messages))
            self._offsets = array("Q", accumulate(lengths[:-1], initial=0))
        # While this is pinned, no pop lets the producer reach the others either [MSG-3].
        first, size = raws[0], self._offsets[-1] + lengths[-1]
        span = ffi.new("omni_message *", {"data": first.data, "size": size, "number": first.number, "pop": first.pop})
        self._span = Message(messages[0]._consumer, span)

    @property
    def data(self) -> memoryview:
        """A new read-only view of the messages' memory; what lies between them means nothing."""
        if self._copy is None:
            return self._span.data
        len(self._span)  # raises where it has expired
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
        """Whether `data` is a copy, since the messages wrap around the ring's end."""
        return self._copy is not None

    def __len__(self) -> int:
        return len(self._lengths)

    def __buffer__(self, flags: int) -> memoryview:
        return self.data
