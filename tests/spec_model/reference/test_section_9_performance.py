"""§9 of the API reference: Performance Tips.

What they claim about speed is measured elsewhere; here stands that each does the same
as what it replaces. The tip on cache lines (§9.7) has no code for Python. §9.3 packs
its message with `struct` here, and with FlatBuffers in `test_flatbuffers.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest


def test_9_1_batch_operations(omni: ModuleType, broker: Any) -> None:
    """A batch is the same as its messages pushed one by one."""
    messages = [b"%d" % number for number in range(1000)]
    received = []
    for name in ("single", "batch"):
        _, channel = broker.request_channel(name)
        if name == "batch":
            assert channel.producer.batch_push(messages) == 1000
        else:
            for message in messages:
                assert channel.producer.try_push(message) is omni.PushResult.SUCCESS
        received.append([bytes(message) for message in channel.consumer.batch_pop(1000)[1]])
        assert channel.producer.get_stats() == omni.ProducerStats(1000, sum(map(len, messages)), 0)
    assert received == [messages, messages]


@pytest.mark.parametrize(("capacity", "max_message_size"), [(32768, 256), (64, 1_048_576)])
def test_9_2_message_size_optimization(omni: ModuleType, broker: Any, capacity: int, max_message_size: int) -> None:
    """Many small messages or few large ones: either configuration is used as it is."""
    error, channel = broker.request_channel("sized", omni.ChannelConfig(capacity, max_message_size))
    assert error is omni.ChannelError.SUCCESS
    assert channel.producer.available_slots() == capacity
    assert channel.producer.max_message_size() == max_message_size


def test_9_3_zero_copy(omni: ModuleType, broker: Any) -> None:
    """A message built in the queue is the same as one built outside and copied in."""
    _, channel = broker.request_channel("zero-copy")
    sample = struct.Struct("<qQd")
    buffer = sample.pack(1, 2, 42.0)
    channel.producer.try_push(buffer)

    reservation = channel.producer.reserve(256)
    sample.pack_into(reservation.data, 0, 1, 2, 42.0)
    assert channel.producer.commit(sample.size)

    copied, built = channel.consumer.batch_pop(2)[1]
    assert bytes(copied) == bytes(built) == buffer


def test_9_4_reuse_a_buffer(omni: ModuleType, channel: Any) -> None:
    """One buffer serves every message: what is written to it later does not change those sent."""
    buffer = bytearray(8)
    for number in range(8):
        struct.pack_into("<Q", buffer, 0, number)
        assert channel.producer.try_push(buffer) is omni.PushResult.SUCCESS
    _, messages = channel.consumer.batch_pop(8)
    assert [struct.unpack("<Q", message.data)[0] for message in messages] == list(range(8))


@pytest.mark.parametrize("strategy", ["blocking", "polling", "hybrid"])
def test_9_5_polling_or_blocking(omni: ModuleType, channel: Any, together: Callable[..., None], strategy: str) -> None:
    """Blocking, polling, and polling that blocks when idle, get the same messages."""
    received = []

    def produce() -> None:
        with channel.producer as producer:
            for number in range(8):
                producer.blocking_push(b"%d" % number)

    def pop(idle: int) -> Any:
        if strategy == "blocking" or (strategy == "hybrid" and idle > 10):
            return channel.consumer.blocking_pop(1)
        return channel.consumer.try_pop()

    def consume() -> None:
        idle = 0
        while True:
            result, message = pop(idle)
            if result is omni.PopResult.SUCCESS:
                received.append(bytes(message))
                idle = 0
            elif result is omni.PopResult.CHANNEL_CLOSED:
                break
            else:
                idle += 1

    together(produce, consume)
    assert received == [b"%d" % number for number in range(8)]


def test_9_6_capacity_planning(omni: ModuleType, broker: Any) -> None:
    """10 ms of a million messages a second, twice over, are 20000 slots: normalised, 32768."""
    capacity = int(1_000_000 * 0.010) * 2
    assert capacity == 20_000
    error, channel = broker.request_channel("planned", omni.ChannelConfig(capacity, 256))
    assert error is omni.ChannelError.SUCCESS
    assert channel.producer.capacity() == 32768


def test_9_8_profiling_figures(omni: ModuleType, channel: Any) -> None:
    """Mean message size and utilisation of the queue follow from what a producer reports."""
    producer = channel.producer
    producer.batch_push([b"12", b"1234", b"123456"])
    stats = producer.get_stats()
    assert stats.bytes_sent / stats.messages_sent == 4.0
    assert 1.0 - producer.available_slots() / producer.capacity() == 3 / 8
