"""What is received other than as messages: payloads, and a batch as one buffer."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

# ---- payloads: one that is referenced stays unchanged, any other is reused by a later `receive` ----


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


# ---- `batch_pop_buffer`: popped messages as one buffer ----


def messages_of(batch: Any) -> list[bytes]:
    """Each message, cut out of the buffer."""
    data = batch.data
    return [bytes(data[offset : offset + length]) for offset, length in zip(batch.offsets, batch.lengths, strict=True)]


def test_a_batch_at_every_place_of_the_ring(omni: ModuleType, channel: Any) -> None:
    """Wherever it lies, offsets and lengths locate what was sent; only across the ring's end is it a copy."""
    producer, consumer = channel
    copied = 0
    for turn in range(16):
        sent = [bytes([turn]) * (1 + (turn + n) % 64) for n in range(5)]
        assert producer.batch_push(sent) == 5
        result, batch = consumer.batch_pop_buffer(8)
        assert result is omni.PopResult.SUCCESS
        assert messages_of(batch) == sent
        assert len(batch) == len(batch.offsets) == len(batch.lengths) == 5
        assert batch.offsets.format == batch.lengths.format == "Q"
        assert batch.data.readonly
        copied += batch.copied
    assert copied == (16 if omni.__name__ == "spec_model" else 4)  # slots 0 to 15: from 12 on, and 5 divides 80


def test_answers_without_a_batch(omni: ModuleType, channel: Any) -> None:
    """Without messages the result is that of `batch_pop`, with None."""
    producer, consumer = channel
    assert consumer.batch_pop_buffer(3) == (omni.PopResult.EMPTY, None)
    assert consumer.batch_pop_buffer(3, 0.001) == (omni.PopResult.TIMEOUT, None)
    assert consumer.batch_pop_buffer(max_count=0, timeout=None) == (omni.PopResult.EMPTY, None)
    with pytest.raises(ValueError):
        consumer.batch_pop_buffer(-1)
    producer.try_push(b"x")
    assert len(consumer.batch_pop_buffer(3, None)[1]) == 1
    producer.close()
    assert consumer.batch_pop_buffer(3, None) == (omni.PopResult.CHANNEL_CLOSED, None)
    assert consumer.get_stats() == omni.ConsumerStats(1, 1, 2)


def test_a_batch_expires(omni: ModuleType, channel: Any) -> None:
    """`data` can be read until the next pop, the offsets and lengths always [MSG-2]."""
    producer, consumer = channel
    producer.batch_push([b"one", b"two"])
    _, batch = consumer.batch_pop_buffer(2)
    consumer.try_pop()
    with pytest.raises(omni.MessageExpiredError):
        batch.data  # noqa: B018 - the access is what is tested
    assert list(batch.lengths) == [3, 3]


def test_a_view_of_a_batch_stays_unchanged(fast: ModuleType) -> None:
    """A view of a batch that is no copy is an export of each of its messages [MSG-3]."""
    producer, consumer = fast.open_channel(capacity=8, max_message_size=64)
    producer.batch_push([b"%d" % n for n in range(4)])
    _, batch = consumer.batch_pop_buffer(4)
    view, offsets = batch.data, list(batch.offsets)
    assert not batch.copied
    del batch
    producer.batch_push([b"%d" % n for n in range(4, 12)])
    assert [bytes(message) for message in consumer.batch_pop(8)[1]] == [b"4", b"5", b"6", b"7"]
    held = [message.data for message in consumer.batch_pop(8)[1]]
    producer.try_push(b"more")
    with pytest.raises(BufferError):
        consumer.try_pop()
    assert [bytes(view[at : at + 1]) for at in offsets] == [b"0", b"1", b"2", b"3"]
    view.release()
    assert held == [b"8", b"9", b"10", b"11"]
    assert consumer.try_pop()[0] is fast.PopResult.SUCCESS


def test_records_of_one_size_as_an_array(fast: ModuleType) -> None:
    """NumPy reads a batch of equal messages as rows of the ring's memory, without a copy."""
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    producer, consumer = fast.open_channel(capacity=64, max_message_size=64)
    producer.batch_push([numpy.arange(n, n + 5, dtype=numpy.float64).tobytes() for n in range(50)])
    _, batch = consumer.batch_pop_buffer(50)
    rows = numpy.ndarray((len(batch), 5), numpy.float64, batch.data, 0, (batch.offsets[1], 8))
    assert not batch.copied
    assert not rows.flags.owndata
    assert (rows == numpy.arange(50)[:, None] + numpy.arange(5)).all()
