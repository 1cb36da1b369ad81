"""The two handles of a channel (§2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fast_impl._binding import ConsumerHandle, ProducerHandle
from fast_impl._handle import Ending


class ChannelPair(Ending):
    """A producer and a consumer; unpacks into the two (§2.2).

    Assigning a member ends the handle that was there [LIF-6]; TypeError for anything but a handle.
    """

    __slots__ = ("__weakref__", "_consumer", "_producer")

    def __init__(self, producer: ProducerHandle, consumer: ConsumerHandle) -> None:
        self._producer = producer
        self._consumer = consumer

    @property
    def producer(self) -> ProducerHandle:
        """The sending end."""
        return self._producer

    @producer.setter
    def producer(self, handle: ProducerHandle) -> None:
        if not isinstance(handle, ProducerHandle):
            raise TypeError(f"producer must be a ProducerHandle, not {type(handle).__name__}")
        if handle is not self._producer:
            self._producer.close()
        self._producer = handle

    @property
    def consumer(self) -> ConsumerHandle:
        """The receiving end."""
        return self._consumer

    @consumer.setter
    def consumer(self, handle: ConsumerHandle) -> None:
        if not isinstance(handle, ConsumerHandle):
            raise TypeError(f"consumer must be a ConsumerHandle, not {type(handle).__name__}")
        if handle is not self._consumer:
            self._consumer.close()
        self._consumer = handle

    def __iter__(self) -> Iterator[Any]:  # Any: so that each name it unpacks into is taken for its handle
        yield self._producer
        yield self._consumer

    def close(self) -> None:
        """End both, the producer first."""
        self._producer.close()
        self._consumer.close()
