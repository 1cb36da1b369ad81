"""§6 of the API reference: ConsumerHandle API.

Where the reference reads a FlatBuffer, the same structure is unpacked with `struct`
here; the examples of `get_flatbuffer` and `verify` are in `test_flatbuffers.py`.
"""

from __future__ import annotations

import struct
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

MESSAGE = struct.Struct("<8sI")
"""A name and a number, in the place of the reference's FlatBuffer."""


def test_6_1_message_raw_data(omni: ModuleType, channel: Any) -> None:
    """A message shows the bytes that were sent, and cannot be written through."""
    channel.producer.try_push(b"payload")
    result, message = channel.consumer.try_pop()
    assert result is omni.PopResult.SUCCESS
    assert bytes(message.data) == b"payload"
    assert len(message.data) == message.data.nbytes == 7
    assert message.data.readonly


def test_6_1_message_structured(omni: ModuleType, channel: Any) -> None:
    """A structure is read in place, without a copy of the message."""
    channel.producer.try_push(MESSAGE.pack(b"Alice", 42))
    _, message = channel.consumer.blocking_pop()
    name, value = MESSAGE.unpack_from(message.data)
    assert (name.rstrip(b"\0"), value) == (b"Alice", 42)


def test_6_1_message_lifetime(omni: ModuleType, channel: Any) -> None:
    """A message is valid until the next pop, and then refuses to be read."""
    channel.producer.batch_push([b"first", b"second"])
    _, first = channel.consumer.try_pop()
    assert bytes(first) == b"first"
    _, second = channel.consumer.try_pop()
    assert bytes(second) == b"second"
    with pytest.raises(omni.MessageExpiredError):
        first.data  # noqa: B018 - the access is what is tested
    channel.consumer.close()
    with pytest.raises(omni.MessageExpiredError):
        second.data  # noqa: B018


def test_6_2_blocking_pop_infinite_wait(omni: ModuleType, channel: Any, together: Callable[..., None]) -> None:
    """A consumer that waits without limit gets every message, and then CHANNEL_CLOSED."""
    received = []

    def produce() -> None:
        with channel.producer as producer:
            for number in range(8):
                producer.blocking_push(b"%d" % number)

    def consume() -> None:
        while True:
            result, message = channel.consumer.blocking_pop()
            if result is omni.PopResult.SUCCESS:
                received.append(bytes(message.data))
            elif result is omni.PopResult.CHANNEL_CLOSED:
                break

    together(produce, consume)
    assert received == [b"%d" % number for number in range(8)]


def test_6_2_blocking_pop_with_timeout(omni: ModuleType, channel: Any) -> None:
    """A pop with a limit answers SUCCESS, TIMEOUT or CHANNEL_CLOSED, never EMPTY."""
    producer, consumer = channel
    assert consumer.blocking_pop(0.01) == (omni.PopResult.TIMEOUT, None)
    producer.try_push(b"message")
    assert consumer.blocking_pop(5)[0] is omni.PopResult.SUCCESS
    producer.close()
    assert consumer.blocking_pop(5) == (omni.PopResult.CHANNEL_CLOSED, None)


def test_6_2_consumer_loop_with_shutdown(omni: ModuleType, channel: Any, together: Callable[..., None]) -> None:
    """A short timeout lets a consumer check a flag between messages."""
    shutdown = threading.Event()
    received = []

    def produce() -> None:
        for number in range(8):
            channel.producer.try_push(b"%d" % number)

    def consume() -> None:
        while not shutdown.is_set():
            result, message = channel.consumer.blocking_pop(0.1)
            if result is omni.PopResult.SUCCESS:
                received.append(bytes(message.data))
                if len(received) == 8:
                    shutdown.set()
            elif result is omni.PopResult.CHANNEL_CLOSED:
                break

    together(produce, consume)
    assert received == [b"%d" % number for number in range(8)]


def test_6_3_try_pop(omni: ModuleType, channel: Any) -> None:
    """`try_pop` answers at once: a message, EMPTY, or CHANNEL_CLOSED."""
    producer, consumer = channel
    assert consumer.try_pop() == (omni.PopResult.EMPTY, None)
    producer.try_push(b"message")
    result, message = consumer.try_pop()
    assert result is omni.PopResult.SUCCESS
    assert bytes(message) == b"message"
    producer.close()
    assert consumer.try_pop() == (omni.PopResult.CHANNEL_CLOSED, None)


def test_6_3_try_pop_polling_loop(omni: ModuleType, channel: Any, together: Callable[..., None]) -> None:
    """A polling loop ends with CHANNEL_CLOSED, after the last message."""
    received = []

    def produce() -> None:
        with channel.producer as producer:
            for number in range(8):
                producer.blocking_push(b"%d" % number)

    def consume() -> None:
        while True:
            result, message = channel.consumer.try_pop()
            if result is omni.PopResult.SUCCESS:
                received.append(bytes(message.data))
            elif result is omni.PopResult.CHANNEL_CLOSED:
                break

    together(produce, consume)
    assert received == [b"%d" % number for number in range(8)]


def test_6_3_batch_pop(omni: ModuleType, broker: Any, together: Callable[..., None]) -> None:
    """Batches of at most a hundred bring every message in order, and then CHANNEL_CLOSED."""
    _, channel = broker.request_channel("batches")
    received: list[bytes] = []
    sizes: list[int] = []

    def produce() -> None:
        with channel.producer as producer:
            assert producer.batch_push([b"%d" % number for number in range(1000)]) == 1000

    def consume() -> None:
        while True:
            result, messages = channel.consumer.batch_pop(100, 0.01)
            if messages:
                sizes.append(len(messages))
                received.extend(bytes(message.data) for message in messages)
            if result is omni.PopResult.CHANNEL_CLOSED:
                break

    together(produce, consume)
    assert received == [b"%d" % number for number in range(1000)]
    assert max(sizes) <= 100


def test_6_3_batch_pop_drain(omni: ModuleType, channel: Any) -> None:
    """A batch of unlimited size takes all that waits; each of its messages can be read."""
    channel.producer.batch_push([b"%d" % number for number in range(8)])
    for limit in (sys.maxsize, 2**64 - 1):  # SIZE_MAX of either kind
        result, messages = channel.consumer.batch_pop(limit)
        assert result is omni.PopResult.SUCCESS
        assert [bytes(message.data) for message in messages] == [b"%d" % number for number in range(8)]
        channel.producer.batch_push([b"%d" % number for number in range(8)])


def test_6_4_is_connected(omni: ModuleType, channel: Any) -> None:
    """A consumer whose producer is gone drains the queue."""
    producer, consumer = channel
    assert consumer.is_connected() is True
    producer.batch_push([b"message"] * 5)
    producer.close()
    assert consumer.is_connected() is False
    drained = 0
    while consumer.try_pop()[0] is omni.PopResult.SUCCESS:
        drained += 1
    assert drained == 5


def test_6_4_queries(omni: ModuleType, channel: Any) -> None:
    """A consumer reports the same capacity, message size and configuration as its producer."""
    producer, consumer = channel
    assert consumer.capacity() == producer.capacity() == 8
    assert consumer.max_message_size() == producer.max_message_size() == 64
    assert consumer.get_config() == producer.get_config() == omni.ChannelConfig(8, 64)


def test_6_4_available_messages(omni: ModuleType, channel: Any) -> None:
    """The messages that wait tell whether a consumer falls behind."""
    assert channel.consumer.available_messages() == 0
    channel.producer.batch_push([b"message"] * 5)
    assert channel.consumer.available_messages() == 5
    channel.consumer.try_pop()
    assert channel.consumer.available_messages() == 4


def test_6_4_get_stats(omni: ModuleType, channel: Any) -> None:
    """A consumer counts messages, bytes and failures; an empty queue is no failure, a timeout is."""
    channel.producer.batch_push([b"four"] * 5)
    channel.consumer.batch_pop(5)
    channel.consumer.try_pop()
    channel.consumer.blocking_pop(0.001)
    stats = channel.consumer.get_stats()
    assert (stats.messages_received, stats.bytes_received, stats.failed_pops) == (5, 20, 1)


def test_6_5_destructor(omni: ModuleType, channel: Any) -> None:
    """When the consumer is gone, the producer sees CHANNEL_CLOSED on its next push."""
    with channel.consumer:
        assert channel.producer.try_push(b"message") is omni.PushResult.SUCCESS
    assert channel.producer.try_push(b"message") is omni.PushResult.CHANNEL_CLOSED


def test_6_5_move_semantics(omni: ModuleType, channel: Any) -> None:
    """A moved-from consumer is inactive; the message popped before the move can still be read."""
    channel.producer.batch_push([b"first", b"second"])
    _, message = channel.consumer.try_pop()
    consumer = channel.consumer.move()
    assert channel.consumer.try_pop() == (omni.PopResult.CHANNEL_CLOSED, None)
    assert bytes(message) == b"first"
    assert bytes(consumer.try_pop()[1]) == b"second"
