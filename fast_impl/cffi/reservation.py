"""A slot being written in place (§5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

from fast_impl._raising import ended, held
from fast_impl.cffi.core import ffi, lib

if TYPE_CHECKING:
    from fast_impl.cffi.producer import ProducerCore


class Reservation:
    """A writable region of exactly max_message_size bytes, until commit, rollback or close [RSV-2]."""

    __slots__ = ("_core", "_ended", "_exporter", "_region", "_size", "_view")

    def __init__(self, core: ProducerCore, region: Any, size: int) -> None:
        self._core = core
        self._region = region
        self._size = size
        self._ended = False
        self._view: memoryview | None = None
        self._exporter: ref[Any] | None = None

    @property
    def capacity(self) -> int:
        """Bytes in the region (§5.3)."""
        return self._size

    @property
    def data(self) -> memoryview:
        """The region, writable; ValueError once the reservation has ended [RSV-6]."""
        if self._ended:
            ended()
        view = self._view  # once: a close from another thread sets it to None [LIF-8]
        if view is None:
            self._view = view = memoryview(self._live_exporter() or self._export())
        return view

    def release(self) -> None:
        """Release `data`; BufferError, and a fresh `data`, where another export lives [RSV-7]."""
        view = self._view
        try:
            if view is not None:
                view.release()
                self._view = None
        except BufferError:
            pass  # an array or the like lies directly on it
        if self._live_exporter() is not None:
            held()

    def end(self) -> None:
        """`data` is of no more use; exports that others hold keep the memory [RSV-6]."""
        self._ended = True
        view = self._view
        try:
            if view is not None:
                view.release()
        except BufferError:
            pass  # whoever exported from it goes on holding it
        self._view = None

    def _live_exporter(self) -> Any:
        return None if self._exporter is None else self._exporter()

    def _export(self) -> Any:
        """An object whose life tells whether any view of the region lives, and that keeps it mapped."""
        core = self._core
        if lib.omni_producer_pin(core.handle) != 0:
            ended()
        exporter = ffi.buffer(ffi.gc(self._region, lambda _: lib.omni_producer_unpin(core.handle)), self._size)
        self._exporter = ref(exporter)
        return exporter
