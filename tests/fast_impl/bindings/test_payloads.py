"""Payloads that were let go of are filled again; those that somebody has stay as they are."""

from __future__ import annotations

from types import ModuleType

import pytest


@pytest.mark.parametrize("size", [1, 2, 64, 4096, 5000])
def test_a_payload_that_is_kept_stays(fast: ModuleType, size: int) -> None:
    """However many come after it, and of whichever size."""
    with fast.open_channel(capacity=8, max_message_size=8192) as (producer, consumer):
        sent = [bytes([number]) * (size if number % 7 else size + 1) for number in range(200)]
        kept = []
        for number, data in enumerate(sent):
            producer.send(data)
            payload = consumer.receive(0)
            if number % 3:
                kept.append((number, payload))
            else:
                view = memoryview(payload)
                kept.append((number, view))
        assert [bytes(payload) for _, payload in kept] == sent


def test_a_payload_that_is_filled_again_has_a_hash_of_its_own(fast: ModuleType) -> None:
    """Its place in a dictionary is that of its bytes."""
    with fast.open_channel(capacity=8, max_message_size=64) as (producer, consumer):
        for number in range(50):
            producer.send(bytes([number]) * 8)
            assert {consumer.receive(0)} == {bytes([number]) * 8}


def test_iterating_gives_each(fast: ModuleType) -> None:
    """The payload of the turn before is still whole when the next has come."""
    producer, consumer = fast.open_channel(capacity=64, max_message_size=64)
    sent = [bytes([number]) * 8 for number in range(50)]
    assert producer.batch_push(sent) == 50
    producer.close()
    before = b""
    for number, payload in enumerate(consumer):
        assert payload == sent[number]
        assert before == (sent[number - 1] if number else b"")
        before = payload
