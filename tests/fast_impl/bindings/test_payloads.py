"""A payload without other references is reused by a later `receive`; one that is referenced stays unchanged."""

from __future__ import annotations

from types import ModuleType

import pytest


@pytest.mark.parametrize("size", [1, 2, 64, 4096, 5000])
def test_a_referenced_payload_stays_unchanged(fast: ModuleType, size: int) -> None:
    """However many payloads follow it, of the same size or another."""
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


def test_a_reused_payload_has_the_hash_of_its_new_bytes(fast: ModuleType) -> None:
    """A set finds it by its bytes."""
    with fast.open_channel(capacity=8, max_message_size=64) as (producer, consumer):
        for number in range(50):
            producer.send(bytes([number]) * 8)
            assert {consumer.receive(0)} == {bytes([number]) * 8}


def test_iteration_keeps_the_previous_payload(fast: ModuleType) -> None:
    """The payload of the previous iteration is unchanged when the next has arrived."""
    producer, consumer = fast.open_channel(capacity=64, max_message_size=64)
    sent = [bytes([number]) * 8 for number in range(50)]
    assert producer.batch_push(sent) == 50
    producer.close()
    before = b""
    for number, payload in enumerate(consumer):
        assert payload == sent[number]
        assert before == (sent[number - 1] if number else b"")
        before = payload
