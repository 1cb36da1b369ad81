"""What is built in a slot is, byte for byte, what an ordinary Builder gives (FLB-1, FLB-2)."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fast_impl.building.messages import Message, messages, ordinary

SIZES = st.integers(64, 1200)
"""Most of them no multiple of any alignment."""


def opened(omni: ModuleType, size: int) -> Any:
    """A channel whose slots have all held other bytes."""
    pair = omni.open_channel(capacity=8, max_message_size=size)
    for _ in range(4):
        assert pair.producer.batch_push([b"\xff" * size] * 8) == 8
        pair.consumer.batch_pop(8)
    return pair


def sent(omni: ModuleType, pair: Any, message: Message) -> bytes | Exception:
    """What arrives of a message built in place, or why none does."""
    try:
        with pair.producer.build() as builder:
            message(builder)
    except omni.FlatBufferTooLarge as error:
        assert pair.consumer.available_messages() == 0
        return error
    return bytes(pair.consumer.try_pop()[1])


@pytest.mark.timeout(240)
@settings(max_examples=350, deadline=None, suppress_health_check=list(HealthCheck))
@given(size=SIZES, batch=st.lists(messages(), min_size=6, max_size=8))
def test_thousands_of_messages(size: int, batch: list[Message]) -> None:
    """Two thousand and more, in slots of every size: the same bytes wherever those fit, and refused wherever not."""
    import fast_impl

    with opened(fast_impl, size) as pair:
        for message in batch:
            bytes_wanted, found = ordinary(message), sent(fast_impl, pair, message)
            if len(bytes_wanted) <= size:
                assert found == bytes_wanted
            else:
                assert isinstance(found, fast_impl.FlatBufferTooLarge)
                assert found.available == size < found.needed <= len(bytes_wanted)
