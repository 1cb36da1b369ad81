"""§5.3, §6.1 and §9.3 of the API reference: the examples with FlatBuffers."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flatbuffers import Builder

from conformance.checks.sample import SCHEMA, Sample, finish


@pytest.fixture
def channel(omni: ModuleType, broker: Any) -> Any:
    """A channel with slots of 256 bytes."""
    return broker.request_channel("flatbuffers", omni.ChannelConfig(max_message_size=256))[1]


def test_5_3_flatbuffers_integration(channel: Any) -> None:
    """A message is built in the reserved space, and its actual size committed."""
    with channel.producer.build(256) as builder:
        finish(builder, 42, "Alice")
    _, message = channel.consumer.blocking_pop()
    sample = message.get_flatbuffer(Sample)
    assert (sample.Name(), sample.Number()) == (b"Alice", 42)
    assert channel.producer.get_stats().bytes_sent == len(message) < 256


def test_5_3_spelled_out(channel: Any) -> None:
    """What is built from the back of the region by other means is committed with its offset [RSV-3]."""
    builder = Builder(256)
    finish(builder, 42, "Alice")
    reservation = channel.producer.reserve(256)
    reservation.data[builder.Head() :] = builder.Bytes[builder.Head() :]
    assert channel.producer.commit(len(builder.Output()), builder.Head())
    assert channel.consumer.try_pop()[1].get_flatbuffer(Sample).Number() == 42


def test_6_1_verification(omni: ModuleType, channel: Any) -> None:
    """A sound buffer verifies, a corrupted one does not, and of an expired message nothing is said [MSG-2]."""
    omni.Schema.load(SCHEMA)
    with channel.producer.build() as builder:
        finish(builder, 42, "Alice")
        corrupted = builder.Output()
    corrupted[0] ^= 0x80
    channel.producer.try_push(corrupted)
    _, sound = channel.consumer.try_pop()
    assert sound.verify(Sample) is True
    assert sound.verify(Sample, file_identifier=b"ELSE") is False
    assert channel.consumer.try_pop()[1].verify(Sample) is False
    with pytest.raises(omni.MessageExpiredError):
        sound.verify(Sample)


def test_6_1_verification_needs_a_schema(omni: ModuleType, channel: Any) -> None:
    """A class of which no table is known is an error, and not a verdict."""
    channel.producer.try_push(b"anything")
    _, message = channel.consumer.try_pop()
    with pytest.raises(omni.UnknownTableError):
        message.verify(Path)


def test_9_3_one_copy_or_two(channel: Any) -> None:
    """Built beside the queue and pushed, or built in it: the consumer reads the same bytes."""
    builder = Builder(0)
    finish(builder, 7, "the same")
    assert channel.producer.try_push(bytes(builder.Output()))
    with channel.producer.build() as builder:
        finish(builder, 7, "the same")
    slow, fast = (bytes(message) for message in channel.consumer.batch_pop(2)[1])
    assert slow == fast
