"""A slot that a producer writes in place (§5.3)."""

from __future__ import annotations

import gc
import sys
import weakref

from spec_model.handles.exporter import Exporter
from spec_model.handles.unique import Granted


class Reservation(Granted):
    """The writable region that `reserve` granted [RSV-2]."""

    _capacity: int
    _base: memoryview | None
    _view: memoryview
    _exporter: weakref.ref[Exporter]

    @classmethod
    def _of(cls, capacity: int) -> Reservation:
        reservation = cls.__new__(cls)
        reservation._capacity = capacity
        reservation._look_at(Exporter(capacity))
        return reservation

    def __repr__(self) -> str:
        return f"<Reservation of {self._capacity} bytes, {'ended' if self._base is None else 'outstanding'}>"

    @property
    def capacity(self) -> int:
        """Bytes in the region: the channel's max_message_size [RSV-2]."""
        return self._capacity

    @property
    def data(self) -> memoryview:
        """The region, writable, the same view each time; ValueError once it has ended [RSV-6]."""
        if self._base is None:
            raise ValueError("the reservation has ended")
        if _is_released(self._view):
            self._view = self._base[:]
        return self._view

    def _read(self) -> bytes:
        """What the region holds now."""
        assert self._base is not None
        return bytes(self._base)

    def _end(self) -> bool:
        """Release the view given and end; False, and still outstanding, where another export lives [RSV-7]."""
        assert self._base is not None
        try:
            self._view.release()
        except BufferError:
            return False
        self._base.release()
        exporter = self._exporter()
        if exporter is not None and sys.implementation.name != "cpython":
            del exporter
            gc.collect()  # the last reference may have gone without a trace
            exporter = self._exporter()
        if exporter is not None:
            self._look_at(exporter)
            return False
        self._base = None
        return True

    def _drop(self) -> None:
        """End whatever exports live: their memory is nobody else's any more [RSV-6]."""
        if self._base is not None and not self._end():
            self._base = None

    def _look_at(self, exporter: Exporter) -> None:
        # The exporter is kept alive by views alone, so that its weak reference tells whether
        # any lives. Ours is `_base`; `_view` is the caller's, who may release it.
        self._exporter = weakref.ref(exporter)
        self._base = memoryview(exporter)
        self._view = self._base[:]


def _is_released(view: memoryview) -> bool:
    try:
        view.nbytes  # noqa: B018 - only asked for the error
    except ValueError:
        return True
    return False
