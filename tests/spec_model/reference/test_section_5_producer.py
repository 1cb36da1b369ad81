"""§5 of the API reference: ProducerHandle API.

Where the reference builds a FlatBuffer, the same structure is packed with `struct` here;
`test_flatbuffers.py` builds one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

MESSAGE = struct.Struct("<8sI")
"""A name and a number, in the place of the reference's FlatBuffer."""


def test_5_1_blocking_push_infinite_wait(omni: ModuleType, channel: Any) -> None:
    """With space in the queue, a push without a time limit is through at once."""
    assert channel.producer.blocking_push(bytes([1, 2, 3, 4, 5])) is omni.PushResult.SUCCESS
    assert bytes(channel.consumer.try_pop()[1]) == bytes([1, 2, 3, 4, 5])


def test_5_1_blocking_push_with_timeout(omni: ModuleType, channel: Any) -> None:
    """A push answers SUCCESS, TIMEOUT, INVALID_SIZE or CHANNEL_CLOSED, never QUEUE_FULL."""
    producer, consumer = channel
    for _ in range(producer.capacity()):
        assert producer.blocking_push(b"message", timedelta(seconds=1)) is omni.PushResult.SUCCESS
    assert producer.blocking_push(b"message", timedelta(milliseconds=20)) is omni.PushResult.TIMEOUT
    assert producer.blocking_push(bytes(65), 1) is omni.PushResult.INVALID_SIZE
    consumer.close()
    assert producer.blocking_push(b"message", 1) is omni.PushResult.CHANNEL_CLOSED


def test_5_1_blocking_push_wakes_on_pop(omni: ModuleType, channel: Any, together: Callable[..., None]) -> None:
    """A push that waits for space goes through when the consumer pops."""
    producer, consumer = channel
    assert producer.batch_push([b"message"] * 8) == 8
    together(
        lambda: consumer.blocking_pop(),
        lambda: producer.blocking_push(b"ninth"),
    )
    assert consumer.available_messages() == 8
    assert bytes(consumer.batch_pop(8)[1][-1]) == b"ninth"


def test_5_1_blocking_push_convenience(omni: ModuleType, channel: Any) -> None:
    """Any contiguous bytes-like object is a message."""
    for data in (b"bytes", bytearray(b"bytes"), memoryview(b"bytes")):
        assert channel.producer.blocking_push(data) is omni.PushResult.SUCCESS
    assert [bytes(message) for message in channel.consumer.batch_pop(3)[1]] == [b"bytes"] * 3


def test_5_2_try_push_backpressure(omni: ModuleType, channel: Any) -> None:
    """A full queue answers QUEUE_FULL at once; blocking instead times out while it stays full."""
    producer, consumer = channel
    while (result := producer.try_push(b"message")) is omni.PushResult.SUCCESS:
        pass
    assert result is omni.PushResult.QUEUE_FULL
    assert producer.blocking_push(b"message", 0.01) is omni.PushResult.TIMEOUT
    assert consumer.try_pop()[0] is omni.PopResult.SUCCESS
    assert producer.blocking_push(b"message", 0.1) is omni.PushResult.SUCCESS


def test_5_2_try_push_non_blocking_loop(omni: ModuleType, channel: Any) -> None:
    """A loop that gives way to the consumer on QUEUE_FULL loses nothing."""
    producer, consumer = channel
    messages = [b"message %d" % number for number in range(100)]
    received = []
    for message in messages:
        while producer.try_push(message) is omni.PushResult.QUEUE_FULL:
            received += [bytes(popped) for popped in consumer.batch_pop(100)[1]]
    received += [bytes(popped) for popped in consumer.batch_pop(100)[1]]
    assert received == messages


def test_5_2_batch_push(omni: ModuleType, broker: Any) -> None:
    """A batch of a thousand goes through whole where a thousand fit."""
    _, channel = broker.request_channel("batch")
    assert channel.producer.batch_push([bytes([1, 2, 3, 4])] * 1000) == 1000
    assert channel.consumer.available_messages() == 1000


def test_5_2_batch_push_until_full(omni: ModuleType, channel: Any) -> None:
    """A batch stops where the queue is full, and says how many went through."""
    assert channel.producer.batch_push(b"%d" % number for number in range(20)) == 8
    assert [bytes(message) for message in channel.consumer.batch_pop(20)[1]] == [b"%d" % n for n in range(8)]


def test_5_2_batch_push_pipeline(omni: ModuleType, broker: Any) -> None:
    """What a batch did not send is sent by the next one."""
    _, channel = broker.request_channel("pipeline", omni.ChannelConfig(capacity=32, max_message_size=64))
    data = [b"%d" % number for number in range(1000)]
    source = iter(data)
    batch: list[bytes] = []
    received: list[bytes] = []
    while len(received) < len(data):
        batch += [message for _, message in zip(range(100 - len(batch)), source, strict=False)]
        sent = channel.producer.batch_push(batch)
        del batch[:sent]
        received += [bytes(message) for message in channel.consumer.batch_pop(100)[1]]
    assert received == data


def test_5_3_reserve_and_commit(omni: ModuleType, broker: Any) -> None:
    """A message is built in the reserved space itself, and the consumer gets what was built."""
    _, channel = broker.request_channel("reserve", omni.ChannelConfig(max_message_size=256))
    reservation = channel.producer.reserve(256)
    assert reservation is not None
    assert reservation.capacity >= 256
    MESSAGE.pack_into(reservation.data, 0, b"Alice", 42)
    assert channel.producer.commit(MESSAGE.size) is True

    _, message = channel.consumer.try_pop()
    assert MESSAGE.unpack(message.data) == (b"Alice\0\0\0", 42)


def test_5_3_reserve_errors(omni: ModuleType, channel: Any) -> None:
    """`reserve` fails on size, an uncommitted reservation, a full queue and a consumer that is gone."""
    producer, consumer = channel
    assert producer.reserve(0) is None
    assert producer.reserve(65) is None
    assert producer.reserve(64) is not None
    assert producer.reserve(1) is None  # the first is not committed
    producer.rollback()
    assert producer.batch_push([b"message"] * 9) == 8
    assert producer.reserve(1) is None
    consumer.try_pop()
    assert producer.reserve(1) is not None
    producer.rollback()
    consumer.close()
    assert producer.reserve(1) is None


def test_5_3_commit_actual_size(omni: ModuleType, broker: Any) -> None:
    """The size committed may be less than the size reserved, and is the size of the message."""
    _, channel = broker.request_channel("commit")
    source = bytes(range(50))
    reservation = channel.producer.reserve(100)
    reservation.data[:50] = source
    assert channel.consumer.available_messages() == 0  # invisible until then
    assert channel.producer.commit(50) is True
    assert bytes(channel.consumer.try_pop()[1]) == source


def test_5_3_commit_errors(omni: ModuleType, channel: Any) -> None:
    """`commit` fails without a reservation, and on a size of 0 or beyond what was given."""
    producer = channel.producer
    assert producer.commit(1) is False
    reservation = producer.reserve(10)
    assert producer.commit(0) is False
    assert producer.commit(reservation.capacity + 1) is False
    assert producer.commit(reservation.capacity) is True


def test_5_3_rollback(omni: ModuleType, channel: Any) -> None:
    """A message that cannot be built is rolled back, and nothing is sent."""
    producer, consumer = channel
    for built in (False, True):
        reservation = producer.reserve(16)
        reservation.data[:4] = b"part"
        if built:
            assert producer.commit(4) is True
        else:
            producer.rollback()
    assert consumer.available_messages() == 1
    assert producer.get_stats().messages_sent == 1


def test_5_4_is_connected(omni: ModuleType, channel: Any) -> None:
    """A producer is connected until its consumer ends."""
    assert channel.producer.is_connected() is True
    channel.consumer.close()
    assert channel.producer.is_connected() is False


def test_5_4_capacity_and_max_message_size(omni: ModuleType, channel: Any) -> None:
    """A producer knows how many messages fit and how large they may be."""
    producer = channel.producer
    assert (producer.capacity(), producer.max_message_size()) == (8, 64)
    assert producer.try_push(bytes(producer.max_message_size() + 1)) is omni.PushResult.INVALID_SIZE


def test_5_4_available_slots(omni: ModuleType, channel: Any) -> None:
    """The free slots tell a producer when to slow down."""
    producer = channel.producer
    assert producer.available_slots() == 8
    producer.batch_push([b"message"] * 6)
    assert producer.available_slots() == 2


def test_5_4_get_config(omni: ModuleType, broker: Any) -> None:
    """The configuration that a handle reports is the normalised one."""
    _, channel = broker.request_channel("config", omni.ChannelConfig(capacity=1000, max_message_size=10))
    config = channel.producer.get_config()
    assert (config.capacity, config.max_message_size) == (1024, 64)


def test_5_4_get_stats(omni: ModuleType, channel: Any) -> None:
    """A producer counts messages, bytes and failures; a full queue is no failure, a timeout is."""
    producer = channel.producer
    for _ in range(9):
        producer.try_push(b"four")
    producer.blocking_push(b"four", 0.001)
    stats = producer.get_stats()
    assert (stats.messages_sent, stats.bytes_sent, stats.failed_pushes) == (8, 32, 1)


def test_5_5_destructor(omni: ModuleType, broker: Any, together: Callable[..., None]) -> None:
    """When the producer is gone, the consumer sees CHANNEL_CLOSED.

    The reference's example leaves the message that was sent out of account; its own
    guarantee (§8.2) is that it is popped first [POP-1].
    """
    _, channel = broker.request_channel("test")

    def producer_scope() -> None:
        with channel.producer as producer:
            producer.try_push(b"message")

    together(producer_scope)
    assert bytes(channel.consumer.try_pop()[1]) == b"message"
    assert channel.consumer.try_pop() == (omni.PopResult.CHANNEL_CLOSED, None)


def test_5_5_move_semantics(omni: ModuleType, channel: Any) -> None:
    """A moved-from producer is inactive, and moving back restores the pair."""
    producer = channel.producer.move()
    assert channel.producer.try_push(b"message") is omni.PushResult.CHANNEL_CLOSED
    channel.producer = producer.move()
    assert channel.producer.try_push(b"message") is omni.PushResult.SUCCESS
    assert producer.try_push(b"message") is omni.PushResult.CHANNEL_CLOSED
