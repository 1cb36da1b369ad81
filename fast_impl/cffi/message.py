"""A popped message, read where it lies (§6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from weakref import ref

from fast_impl._raising import expired
from fast_impl.cffi.core import ffi, lib

if TYPE_CHECKING:
    from fast_impl.cffi.consumer import ConsumerCore
    from fast_impl.flatbuffers.reading import Root

Table = TypeVar("Table", bound="Root")


class Message:
    """Bytes in the ring, readable until the consumer's next pop or close [MSG-1].

    Reading it later raises MessageExpiredError [MSG-2]; a view taken in time stays valid [MSG-3].
    """

    __slots__ = ("_core", "_exporter", "_raw")

    def __init__(self, core: ConsumerCore, raw: Any) -> None:
        self._core = core
        self._raw = raw
        self._exporter: ref[Any] | None = None

    @property
    def data(self) -> memoryview:
        """A new read-only view of the message in the ring, not a copy [MSG-4]."""
        exporter = None if self._exporter is None else self._exporter()
        if exporter is None or not lib.omni_message_is_readable(self._core.handle, self._raw):
            exporter = self._export()
        return memoryview(exporter).toreadonly()

    def _export(self) -> Any:
        """An object that keeps the message out of the producer's reach for as long as any view of it lives."""
        core, raw = self._core, self._raw
        if lib.omni_message_pin(core.handle, raw) != 0:
            expired()
        number = raw.number
        exporter = ffi.buffer(ffi.gc(raw.data, lambda _: lib.omni_message_unpin(core.handle, number)), raw.size)
        self._exporter = ref(exporter)
        return exporter

    def get_flatbuffer(
        self, T: type[Table], /, *, size_prefixed: bool = False, file_identifier: bytes | str | None = None
    ) -> Table:
        """The message's root table, of the class T that `flatc` generated, read where it lies (§6.1) [FLB-3].

        It holds on to the message as any view does [MSG-3]. Raises MessageExpiredError [MSG-2], and
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
        readable = lib.omni_message_is_readable(self._core.handle, self._raw)
        return f"<Message number {self._raw.number}, {f'{self._raw.size} bytes' if readable else 'expired'}>"
