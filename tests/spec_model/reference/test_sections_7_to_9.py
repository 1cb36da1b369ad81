"""§7 to §9 of the API reference: Error Handling Guide, Thread Safety Guarantees, Performance Tips."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import pytest

# ---- §7 Error Handling Guide ----


def test_7_2_queue_full_drop(omni: ModuleType, channel: Any) -> None:
    """A message dropped on QUEUE_FULL leaves those in the queue as they are."""
    dropped = 0
    for number in range(10):
        if channel.producer.try_push(b"%d" % number) is omni.PushResult.QUEUE_FULL:
            dropped += 1
    assert dropped == 2
    assert [bytes(message) for message in channel.consumer.batch_pop(10)[1]] == [b"%d" % n for n in range(8)]


def test_7_2_queue_full_retry(omni: ModuleType, channel: Any) -> None:
    """Retried with a time limit, a push finds out that the consumer is too slow."""
    channel.producer.batch_push([b"message"] * 8)
    result = channel.producer.try_push(b"message")
    if result is omni.PushResult.QUEUE_FULL:
        result = channel.producer.blocking_push(b"message", 0.02)
    assert result is omni.PushResult.TIMEOUT


def test_7_2_queue_full_backpressure(omni: ModuleType, channel: Any) -> None:
    """A producer that tries again until there is space gets through when the consumer has popped."""
    channel.producer.batch_push([b"message"] * 8)
    refused = 0
    while channel.producer.try_push(b"last") is omni.PushResult.QUEUE_FULL:
        refused += 1
        if refused == 3:
            channel.consumer.try_pop()
    assert refused == 3
    assert bytes(channel.consumer.batch_pop(8)[1][-1]) == b"last"


def test_7_2_queue_empty(omni: ModuleType, channel: Any, together: Callable[..., None]) -> None:
    """Polling, a wait with a limit and a wait without one each get their message; the last then gets CHANNEL_CLOSED."""
    received = []

    def produce() -> None:
        with channel.producer as producer:
            for message in (b"polled", b"limited", b"unlimited"):
                producer.try_push(message)

    def consume() -> None:
        consumer = channel.consumer
        while (popped := consumer.try_pop())[0] is omni.PopResult.EMPTY:
            pass
        received.append(bytes(popped[1]))
        while (popped := consumer.blocking_pop(0.1))[0] is omni.PopResult.TIMEOUT:
            pass  # no message for 100 ms is normal
        received.append(bytes(popped[1]))
        while True:
            result, message = consumer.blocking_pop()
            if result is not omni.PopResult.SUCCESS:
                break
            received.append(bytes(message))
        assert result is omni.PopResult.CHANNEL_CLOSED

    together(produce, consume)
    assert received == [b"polled", b"limited", b"unlimited"]


def test_7_2_peer_disconnected_producer(omni: ModuleType, channel: Any) -> None:
    """`is_connected` and the next push report that the consumer is gone."""
    channel.consumer.close()
    assert not channel.producer.is_connected()
    assert channel.producer.try_push(b"message") is omni.PushResult.CHANNEL_CLOSED


def test_7_2_peer_disconnected_consumer(omni: ModuleType, channel: Any) -> None:
    """A consumer whose producer is gone gets what was sent before."""
    channel.producer.batch_push([b"message"] * 3)
    channel.producer.close()
    assert not channel.consumer.is_connected()
    remaining = 0
    while channel.consumer.try_pop()[0] is omni.PopResult.SUCCESS:
        remaining += 1
    assert remaining == 3
    assert channel.consumer.try_pop()[0] is omni.PopResult.CHANNEL_CLOSED


def test_7_2_channel_creation_errors(omni: ModuleType, broker: Any) -> None:
    """A name that is taken is recovered from with another one; a configuration is normalised by the request."""
    _, holder = broker.request_channel("my-channel")
    error, channel = broker.request_channel("my-channel")
    if error is omni.ChannelError.NAME_EXISTS:
        error, channel = broker.request_channel("my-channel-1")
    assert error is omni.ChannelError.SUCCESS
    assert channel.producer.is_connected()
    assert holder.producer.is_connected()

    config = omni.ChannelConfig(capacity=0, max_message_size=0)
    error, channel = broker.request_channel("odd", config)
    assert error is omni.ChannelError.SUCCESS
    assert channel.producer.get_config() == config.normalize()


def test_7_3_graceful_shutdown(omni: ModuleType, broker: Any, together: Callable[..., None]) -> None:
    """Producer and consumer end on a flag or on each other; nothing sent before the end is lost."""
    _, channel = broker.request_channel("graceful", omni.ChannelConfig(capacity=1024, max_message_size=64))
    shutdown_requested = threading.Event()
    sent, received = [], []

    def producer_thread() -> None:
        with channel.producer as producer:  # leaving it signals the consumer
            number = 0
            while not shutdown_requested.is_set():
                result = producer.try_push(b"%d" % number)
                if result is omni.PushResult.SUCCESS:
                    sent.append(b"%d" % number)
                    number += 1
                if number == 500:
                    shutdown_requested.set()

    def consumer_thread() -> None:
        with channel.consumer as consumer:
            while True:
                result, message = consumer.blocking_pop(0.1)
                if result is omni.PopResult.SUCCESS:
                    received.append(bytes(message.data))
                elif result is omni.PopResult.CHANNEL_CLOSED:
                    break

    together(producer_thread, consumer_thread)
    assert len(sent) == 500
    assert received == sent
    assert broker.shutdown() is True


# ---- §8 Thread Safety Guarantees ----
#
# The orderings of single memory accesses are the business of the tests of the core; here stands what they are for.


def test_8_2_producer_guarantees(omni: ModuleType, channel: Any) -> None:
    """Messages come in the order in which they were sent."""
    channel.producer.try_push(b"first")
    channel.producer.try_push(b"second")
    _, first = channel.consumer.try_pop()
    assert bytes(first) == b"first"
    _, second = channel.consumer.try_pop()
    assert bytes(second) == b"second"


def test_8_2_consumer_guarantees(omni: ModuleType, channel: Any) -> None:
    """On a full queue one pop makes room for exactly one push, at once, and its message stays readable."""
    channel.producer.batch_push([b"%d" % number for number in range(8)])
    _, message = channel.consumer.try_pop()
    assert channel.producer.try_push(b"eighth") is omni.PushResult.SUCCESS
    assert channel.producer.try_push(b"ninth") is omni.PushResult.QUEUE_FULL
    assert bytes(message) == b"0"


def test_8_2_destruction_guarantees(omni: ModuleType, broker: Any, together: Callable[..., None]) -> None:
    """Once a consumer sees CHANNEL_CLOSED, everything pushed before has been popped."""
    for round_number in range(200):
        _, channel = broker.request_channel("destruction", omni.ChannelConfig(capacity=8, max_message_size=64))
        popped: list[int] = []

        def produce(channel: Any = channel) -> None:
            channel.producer.batch_push([b"message"] * 8)
            channel.producer.close()

        def consume(channel: Any = channel, popped: list[int] = popped) -> None:
            while True:
                result, _ = channel.consumer.try_pop()
                if result is omni.PopResult.CHANNEL_CLOSED:
                    break
                popped.append(result is omni.PopResult.SUCCESS)

        together(produce, consume)
        assert sum(popped) == 8, f"round {round_number}"
        channel.close()


def test_8_3_concurrent_channel_creation(omni: ModuleType, broker: Any, together: Callable[..., None]) -> None:
    """Many threads can create and use channels of one broker at once."""
    created = []

    def create(number: int) -> None:
        error, channel = broker.request_channel(f"channel-{number}")
        assert error is omni.ChannelError.SUCCESS
        channel.producer.try_push(b"%d" % number)
        assert bytes(channel.consumer.try_pop()[1]) == b"%d" % number
        created.append(channel)

    together(*[partial(create, number) for number in range(10)])
    assert broker.get_stats().active_channels == len(created) == 10
    assert broker.get_stats().total_messages_sent == 10


def test_8_4_separate_channels(omni: ModuleType, broker: Any, together: Callable[..., None]) -> None:
    """Two producing threads have a channel each."""
    _, first = broker.request_channel("ch1")
    _, second = broker.request_channel("ch2")
    together(
        lambda: first.producer.try_push(b"from one"),
        lambda: second.producer.try_push(b"from two"),
    )
    assert bytes(first.consumer.try_pop()[1]) == b"from one"
    assert bytes(second.consumer.try_pop()[1]) == b"from two"


def test_8_4_move_between_threads(omni: ModuleType, channel: Any, together: Callable[..., None]) -> None:
    """A handle goes to another thread when the first one is done with it."""
    channel.producer.try_push(b"here")
    producer = channel.producer.move()
    together(lambda: producer.try_push(b"there"))
    assert [bytes(message) for message in channel.consumer.batch_pop(2)[1]] == [b"here", b"there"]


# ---- §9 Performance Tips ----
#
# What they claim about speed is measured elsewhere; here stands that each does the same as what it replaces. The tip on
# cache lines (§9.7) has no code for Python. §9.3 packs its message with `struct` here, and with FlatBuffers in
# `test_flatbuffers.py`.


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
