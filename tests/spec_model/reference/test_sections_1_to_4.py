"""§1 to §4 of the API reference: Overview, Core Types, ChannelConfig API, MailboxBroker API."""

from __future__ import annotations

import copy
import pickle
import signal
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest


def test_1_quick_start(omni: ModuleType, together: Callable[..., None]) -> None:
    """A channel requested of the singleton carries a message from one thread to another."""
    broker = omni.MailboxBroker.instance()
    error, channel = broker.request_channel("my-channel-of-1", omni.ChannelConfig(capacity=2048, max_message_size=4096))
    assert error is omni.ChannelError.SUCCESS
    received = []

    def producer_thread() -> None:
        assert channel.producer.try_push(bytes([1, 2, 3, 4])) is omni.PushResult.SUCCESS

    def consumer_thread() -> None:
        result, message = channel.consumer.blocking_pop()
        if result is omni.PopResult.SUCCESS:
            received.append(bytes(message.data))

    together(producer_thread, consumer_thread)
    channel.close()
    assert received == [bytes([1, 2, 3, 4])]


@pytest.mark.parametrize(
    ("enumeration", "names"),
    [
        ("PushResult", ["SUCCESS", "TIMEOUT", "CHANNEL_CLOSED", "INVALID_SIZE", "QUEUE_FULL"]),
        ("PopResult", ["SUCCESS", "TIMEOUT", "CHANNEL_CLOSED", "EMPTY"]),
        ("ChannelError", ["SUCCESS", "NAME_EXISTS", "INVALID_CONFIG", "ALLOCATION_FAILED"]),
    ],
)
def test_2_1_enumerations(omni: ModuleType, enumeration: str, names: list[str]) -> None:
    """The enumerators are those of the reference, numbered from 0 in its order [VOC-1 to VOC-3]."""
    assert [(member.name, member.value) for member in getattr(omni, enumeration)] == [
        (name, number) for number, name in enumerate(names)
    ]


def test_2_2_channel_pair_moved_from(omni: ModuleType, broker: Any) -> None:
    """Handles move out of a pair one by one; what they left behind is inactive and safe."""
    error, channel = broker.request_channel("test")
    assert error is omni.ChannelError.SUCCESS
    producer = channel.producer.move()
    consumer = channel.consumer.move()

    assert channel.producer.try_push(b"data") is omni.PushResult.CHANNEL_CLOSED
    assert channel.consumer.try_pop() == (omni.PopResult.CHANNEL_CLOSED, None)

    assert producer.try_push(b"data") is omni.PushResult.SUCCESS
    assert bytes(consumer.try_pop()[1]) == b"data"


def test_2_2_channel_pair_is_move_only(channel: Any) -> None:
    """Neither the pair nor a handle can be copied [LIF-7]."""
    for thing in (channel, channel.producer, channel.consumer):
        for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError):
                duplicate(thing)


def test_3_1_defaults(omni: ModuleType) -> None:
    """A configuration is 1024 messages of up to 4096 bytes unless it says otherwise."""
    assert (omni.ChannelConfig().capacity, omni.ChannelConfig().max_message_size) == (1024, 4096)


def test_3_2_valid_ranges(omni: ModuleType) -> None:
    """Capacity is from 8 to 524288, message size from 64 to 16777216; both ends are valid."""
    for capacity, size in ((8, 64), (524_288, 16_777_216)):
        assert omni.ChannelConfig(capacity, size).is_valid()
    smallest, largest = omni.ChannelConfig(7, 63).normalize(), omni.ChannelConfig(524_289, 16_777_217).normalize()
    assert (smallest.capacity, smallest.max_message_size) == (8, 64)
    assert (largest.capacity, largest.max_message_size) == (524_288, 16_777_216)


def test_3_3_normalize(omni: ModuleType) -> None:
    """`normalize` rounds the capacity up to a power of two in a copy, and keeps the message size."""
    config = omni.ChannelConfig(capacity=1000, max_message_size=4096)
    normalized = config.normalize()
    assert normalized.capacity == 1024
    assert normalized.max_message_size == 4096
    assert config.capacity == 1000


def test_3_3_is_valid(omni: ModuleType) -> None:
    """2000 is no power of two, so that configuration is not valid until it is normalised."""
    config = omni.ChannelConfig(capacity=2000, max_message_size=4096)
    assert not config.is_valid()
    config = config.normalize()
    assert config.is_valid()
    assert config.capacity == 2048


def test_3_4_default_configuration(omni: ModuleType, broker: Any) -> None:
    """A channel requested without a configuration has the default one."""
    error, channel = broker.request_channel("default")
    assert error is omni.ChannelError.SUCCESS
    assert channel.producer.capacity() == 1024
    assert channel.consumer.max_message_size() == 4096


@pytest.mark.parametrize(
    ("name", "capacity", "max_message_size"),
    [("custom", 4096, 8192), ("high-throughput", 65536, 256), ("large-messages", 128, 1_048_576)],
)
def test_3_4_configurations(omni: ModuleType, broker: Any, name: str, capacity: int, max_message_size: int) -> None:
    """The reference's configurations are used as they are, and a message of the largest size goes through."""
    error, channel = broker.request_channel(name, omni.ChannelConfig(capacity, max_message_size))
    assert error is omni.ChannelError.SUCCESS
    assert channel.producer.get_config() == channel.consumer.get_config()
    assert channel.producer.get_config() == omni.ChannelConfig(capacity, max_message_size)
    largest = bytes(range(256)) * (max_message_size // 256)
    assert channel.producer.try_push(largest) is omni.PushResult.SUCCESS
    assert bytes(channel.consumer.try_pop()[1]) == largest


def test_4_1_instance(omni: ModuleType) -> None:
    """There is one global broker."""
    assert omni.MailboxBroker.instance() is omni.MailboxBroker.instance()


def test_4_1_instance_from_every_thread(omni: ModuleType, together: Callable[..., None]) -> None:
    """It is the same one from every thread [BRK-1]."""
    seen: list[Any] = []
    together(*[lambda: seen.append(omni.MailboxBroker.instance())] * 8)
    assert len(seen) == 8
    assert all(broker is seen[0] for broker in seen)


def test_4_2_request_channel_basic_usage(omni: ModuleType, broker: Any) -> None:
    """SUCCESS comes with a pair of connected handles."""
    error, channel = broker.request_channel("my-channel")
    assert error is omni.ChannelError.SUCCESS
    producer, consumer = channel
    assert producer.is_connected()
    assert consumer.is_connected()


def test_4_2_request_channel_error_handling(omni: ModuleType, broker: Any) -> None:
    """Each error has a result code of its own, and brings no channel."""
    config = omni.ChannelConfig(capacity=2048, max_message_size=4096)
    error, channel = broker.request_channel("data-feed", config)
    assert error is omni.ChannelError.SUCCESS
    assert channel is not None
    assert broker.request_channel("data-feed", config) == (omni.ChannelError.NAME_EXISTS, None)
    assert broker.request_channel("", config) == (omni.ChannelError.INVALID_CONFIG, None)

    limited = omni.MailboxBroker(memory_limit=2048 * 4096 - 1)
    assert limited.request_channel("data-feed", config) == (omni.ChannelError.ALLOCATION_FAILED, None)


def test_4_2_request_channel_unique_names(omni: ModuleType, broker: Any) -> None:
    """Channels with names of their own live side by side, their handles moved out of the pairs."""
    producers, consumers = [], []
    for number in range(10):
        error, channel = broker.request_channel(f"channel-{number}")
        if error is omni.ChannelError.SUCCESS:
            producers.append(channel.producer.move())
            consumers.append(channel.consumer.move())
    assert len(producers) == len(consumers) == 10
    for number, producer in enumerate(producers):
        assert producer.try_push(b"to %d" % number)
    assert [bytes(consumer.try_pop()[1]) for consumer in consumers] == [b"to %d" % number for number in range(10)]


def test_4_2_has_channel(omni: ModuleType, broker: Any) -> None:
    """A channel exists from its request on, not before."""
    assert not broker.has_channel("my-channel")
    error, channel = broker.request_channel("my-channel")
    assert error is omni.ChannelError.SUCCESS
    assert broker.has_channel("my-channel")
    channel.close()


def test_4_2_remove_channel(omni: ModuleType, broker: Any) -> None:
    """With its last handle a channel removes itself, and `remove_channel` finds nothing left to do."""
    error, channel = broker.request_channel("temp")
    assert error is omni.ChannelError.SUCCESS
    with channel:
        assert broker.remove_channel("temp") is False  # handles still alive
    assert not broker.has_channel("temp")
    assert broker.remove_channel("temp") is False  # already removed


def test_4_2_get_stats(omni: ModuleType, broker: Any) -> None:
    """The broker counts channels, and the messages and bytes of all of them."""
    _, first = broker.request_channel("first")
    _, second = broker.request_channel("second")
    first.producer.try_push(b"four")
    second.producer.try_push(b"sixsix")
    first.close()
    stats = broker.get_stats()
    assert stats.active_channels == 1
    assert stats.total_channels_created == 2
    assert stats.total_messages_sent == 2
    assert stats.total_bytes_transferred == 10
    second.close()


def test_4_2_shutdown_sequence(omni: ModuleType, broker: Any, together: Callable[..., None]) -> None:
    """Threads end, their handles with them, and then `shutdown` does not wait."""
    shutdown_flag = threading.Event()
    _, channel = broker.request_channel("work")
    producer, consumer = channel

    def send() -> None:
        with producer:
            while not shutdown_flag.is_set():
                if producer.try_push(b"work") is omni.PushResult.QUEUE_FULL:
                    shutdown_flag.set()

    def receive() -> None:
        with consumer:
            while consumer.blocking_pop(timeout=10)[0] is omni.PopResult.SUCCESS:
                pass

    def stop() -> None:
        shutdown_flag.set()

    together(send, receive, stop)
    assert broker.shutdown() is True
    assert broker.get_stats().active_channels == 0


def test_4_3_explicit_lifetime(omni: ModuleType, broker: Any) -> None:
    """A handle kept for the whole program is ended explicitly."""
    kept = {}

    def init() -> None:
        _, channel = broker.request_channel("good")
        kept["producer"] = channel.producer.move()

    def cleanup() -> None:
        kept.pop("producer").close()

    init()
    assert broker.has_channel("good")  # the pair's consumer is gone, the producer was moved out in time
    cleanup()
    assert not broker.has_channel("good")


def test_4_3_signal_handler_sets_a_flag(omni: ModuleType, broker: Any) -> None:
    """A signal handler sets a flag, and the main thread shuts down when it sees it."""
    _, channel = broker.request_channel("signals")
    requested: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: requested.append(number))
    try:
        processed = 0
        while not requested:
            channel.producer.try_push(b"message")
            processed += len(channel.consumer.batch_pop(8)[1])
            if processed == 100:
                signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    channel.close()
    assert processed == 100
    assert broker.shutdown() is True
