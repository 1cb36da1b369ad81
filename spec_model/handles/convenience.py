"""The layer for those who would rather have exceptions, in terms of the result codes alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from spec_model.errors import ChannelClosedError
from spec_model.vocabulary import PopResult, PushResult

if TYPE_CHECKING:
    from spec_model.handles.consumer import ConsumerHandle
    from spec_model.handles.producer import ProducerHandle


def send(producer: ProducerHandle, data: object, timeout: object) -> None:
    """`blocking_push`, with an exception for every answer but SUCCESS."""
    result = producer.blocking_push(data, timeout)
    if result is PushResult.TIMEOUT:
        raise TimeoutError(f"no free slot within {timeout} s")
    if result is PushResult.CHANNEL_CLOSED:
        raise ChannelClosedError("nobody can receive: the channel is closed")
    if result is PushResult.INVALID_SIZE:
        raise ValueError(
            f"a message here has 1 to {producer.max_message_size()} bytes, not {memoryview(data).nbytes}"  # type: ignore[arg-type]
        )


def receive(consumer: ConsumerHandle, timeout: object) -> bytes:
    """`blocking_pop`, with an exception for every answer but SUCCESS."""
    result, message = consumer.blocking_pop(timeout)
    if result is PopResult.TIMEOUT:
        raise TimeoutError(f"no message within {timeout} s")
    if message is None:
        raise ChannelClosedError("the channel is closed and drained")
    return bytes(message)


def iterate(consumer: ConsumerHandle) -> Iterator[bytes]:
    """`receive` until the channel is closed and drained."""
    while True:
        try:
            payload = receive(consumer, None)
        except ChannelClosedError:
            return
        yield payload
