"""Which of a consumer's popped messages are looked at through the buffer protocol [MSG-3]."""

from __future__ import annotations

import gc
import sys
import weakref

from spec_model.channel.popping import release_export
from spec_model.channel.value import Channel
from spec_model.handles.exporter import Exporter


class Exports:
    """The exporters of one consumer's messages, by message number."""

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

    def settle(self, channel: Channel) -> Channel:
        """The channel with every export released that is gone."""
        if self._exporters and sys.implementation.name != "cpython":
            gc.collect()  # the last reference may have gone without a trace
        for number in [number for number, reference in self._exporters.items() if reference() is None]:
            del self._exporters[number]
            channel = release_export(channel, number)
        return channel
