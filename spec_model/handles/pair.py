"""Both handles of a new channel (§4.2)."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from spec_model.handles.consumer import ConsumerHandle
from spec_model.handles.endpoint import NonCopyable, NotConstructible
from spec_model.handles.producer import ProducerHandle

if TYPE_CHECKING:  # so that a checker takes each name that a pair unpacks into for its handle

    class _Two(tuple[ProducerHandle, ConsumerHandle]): ...
else:
    _Two = NonCopyable


class ChannelPair(NotConstructible, _Two):
    """The result of `request_channel`: `producer` and `consumer`, into which it unpacks.

    Both can be assigned; assigning over a live handle closes it [LIF-6].
    """

    _producer: ProducerHandle
    _consumer: ConsumerHandle

    @classmethod
    def _of(cls, producer: ProducerHandle, consumer: ConsumerHandle) -> ChannelPair:
        pair = cls.__new__(cls)
        pair._producer, pair._consumer = producer, consumer
        return pair

    @property
    def producer(self) -> ProducerHandle:
        """The producer handle."""
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
        """The consumer handle."""
        return self._consumer

    @consumer.setter
    def consumer(self, handle: ConsumerHandle) -> None:
        if not isinstance(handle, ConsumerHandle):
            raise TypeError(f"consumer must be a ConsumerHandle, not {type(handle).__name__}")
        if handle is not self._consumer:
            self._consumer.close()
            self._consumer = handle

    def __iter__(self) -> Iterator[ProducerHandle | ConsumerHandle]:
        yield self._producer
        yield self._consumer

    def close(self) -> None:
        """Close both handles; a second time does nothing [LIF-1]."""
        self._producer.close()
        self._consumer.close()

    def __enter__(self) -> ChannelPair:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._producer.__exit__(kind, error, trace)
        self._consumer.__exit__(kind, error, trace)

    def __repr__(self) -> str:
        return f"<ChannelPair of {self._producer!r} and {self._consumer!r}>"
