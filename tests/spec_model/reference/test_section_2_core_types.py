"""§2 of the API reference: Core Types."""

from __future__ import annotations

import copy
import pickle
from types import ModuleType
from typing import Any

import pytest


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
