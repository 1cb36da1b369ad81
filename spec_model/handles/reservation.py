"""A slot that a producer writes in place (§5.3)."""

from __future__ import annotations

import weakref

from spec_model import words
from spec_model.handles.endpoint import Exporter, NotConstructible, collect_unreferenced


class Reservation(NotConstructible):
    """The writable region that `reserve` granted [RSV-2]."""

    _capacity: int
    _channel: str
    _base: memoryview | None
    _view: memoryview
    _exporter: weakref.ref[Exporter]

    @classmethod
    def _of(cls, capacity: int, channel: str) -> Reservation:
        reservation = cls.__new__(cls)
        reservation._capacity, reservation._channel = capacity, channel
        reservation._export(Exporter(capacity))
        return reservation

    def __repr__(self) -> str:
        return words.reservation(self._capacity, None if self._base is None else self._channel)

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
        """The current bytes of the region."""
        assert self._base is not None
        return bytes(self._base)

    def _end(self) -> bool:
        """Release the view handed out and end; False, and still outstanding, while another export is alive [RSV-7]."""
        assert self._base is not None
        try:
            self._view.release()
        except BufferError:
            return False
        self._base.release()
        collect_unreferenced()
        exporter = self._exporter()
        if exporter is not None:
            self._export(exporter)
            return False
        self._base = None
        return True

    def _drop(self) -> None:
        """End with exports alive too: they keep the memory to themselves [RSV-6]."""
        if self._base is not None and not self._end():
            self._base = None

    def _export(self, exporter: Exporter) -> None:
        # Views alone keep the exporter alive, so that its weak reference is dead when none is left. `_base` is our
        # own view; `_view` is the caller's, who may release it.
        self._exporter = weakref.ref(exporter)
        self._base = memoryview(exporter)
        self._view = self._base[:]


def _is_released(view: memoryview) -> bool:
    try:
        view.nbytes  # noqa: B018 - only asked for the error
    except ValueError:
        return True
    return False
