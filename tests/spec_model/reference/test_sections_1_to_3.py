"""§1 to §3 of the API reference: Overview, Core Types, ChannelConfig API."""

from __future__ import annotations

import copy
import pickle
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
