"""What was popped stays what it was, whatever the producer does [MSG-1, MSG-3, BRK-5]."""

from __future__ import annotations

import gc
import threading
from types import ModuleType
from typing import Any

import pytest

from tests.workers import Worker

CAPACITY = 8


def content(number: int) -> bytes:
    """64 bytes by which message `number` differs from every other one nearby."""
    return number.to_bytes(8, "little") * 8


@pytest.fixture
def channel(fast: ModuleType) -> Any:
    return fast.MailboxBroker().request_channel("held", fast.ChannelConfig(CAPACITY, 64))[1]


def test_message_and_view_while_the_producer_fills_the_queue(fast: ModuleType, channel: Any) -> None:
    """While another thread pushes until the queue is full, a popped message and a view of it do not change."""
    producer, consumer = channel
    producer.try_push(content(0))
    for turn in range(0, 500 * CAPACITY, CAPACITY):
        _, message = consumer.try_pop()
        view = message.data
        filled = threading.Event()

        def fill(turn: int = turn, filled: threading.Event = filled) -> int:
            pushed = 0
            while producer.try_push(content(turn + 1 + pushed)) is fast.PushResult.SUCCESS:
                pushed += 1
            filled.set()
            return pushed

        filler = Worker(fill)
        while not filled.is_set():
            assert view == content(turn)
        assert filler.result() == CAPACITY
        assert view == content(turn)
        assert bytes(message) == content(turn)
        view.release()
        del message
        rest = consumer.batch_pop(CAPACITY - 1)[1]
        assert [bytes(popped) for popped in rest] == [content(turn + 1 + n) for n in range(CAPACITY - 1)]


def test_hoarded_arrays(fast: ModuleType, channel: Any) -> None:
    """While arrays over messages live they do not change, and pops end `capacity` messages after the oldest."""
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    producer, consumer = channel
    arrays: list[Any] = []
    next_number = popped = 0
    for _ in range(10 * CAPACITY):
        while producer.try_push(content(next_number)) is fast.PushResult.SUCCESS:
            next_number += 1
        if len(arrays) < CAPACITY:
            result, message = consumer.try_pop()
            assert result is fast.PopResult.SUCCESS
            arrays.append((popped, numpy.frombuffer(message.data, dtype=numpy.uint8)[3:40]))
            popped += 1
        else:
            before = consumer.get_stats()
            with pytest.raises(BufferError):
                consumer.try_pop()
            with pytest.raises(BufferError):
                consumer.batch_pop(CAPACITY)
            assert consumer.get_stats() == before
            assert consumer.available_messages() == CAPACITY
            del arrays[0]
        for number, array in arrays:
            assert array.tobytes() == content(number)[3:40]


def test_usual_array_loop(fast: ModuleType, channel: Any) -> None:
    """The last round's array, still bound while the next message is popped, is no hindrance."""
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    producer, consumer = channel

    def send() -> None:
        with producer:
            for number in range(5000):
                producer.blocking_push(content(number), 40)

    sender = Worker(send)
    array: Any = None
    for number in range(5000):
        _, message = consumer.blocking_pop(40)
        if array is not None:
            assert array.tobytes() == content(number - 1)
        array = numpy.frombuffer(message.data, dtype=numpy.uint8)
        assert array.tobytes() == content(number)
    sender.result()


def test_memory_lives_until_the_last_export(fast: ModuleType) -> None:
    """A view of a message outlives its message, both handles, the broker, and channels made afterwards."""
    broker = fast.MailboxBroker()
    size = 16 * 1024 * 1024
    _, pair = broker.request_channel("large", fast.ChannelConfig(8, size))
    expected = bytes(range(256)) * (size // 256)
    assert pair.producer.try_push(expected) is fast.PushResult.SUCCESS
    _, message = pair.consumer.try_pop()
    view = message.data
    piece = view[1000:2000]
    pair.close()
    assert not broker.has_channel("large")
    del message, pair, broker
    gc.collect()
    for number in range(5):  # would be given the memory, were it free
        _, other = fast.MailboxBroker().request_channel("other", fast.ChannelConfig(8, size))
        other.producer.try_push(bytes([number]) * size)
        other.close()
    assert view == expected
    view.release()
    gc.collect()
    assert piece == expected[1000:2000]


def test_memory_that_cannot_be_had(fast: ModuleType) -> None:
    """The largest configuration is more than a machine has: ALLOCATION_FAILED, and nothing was counted."""
    broker = fast.MailboxBroker()
    error, pair = broker.request_channel("huge", fast.ChannelConfig(524_288, 16_777_216))
    assert (error, pair) == (fast.ChannelError.ALLOCATION_FAILED, None)
    assert not broker.has_channel("huge")
    assert broker.get_stats() == fast.BrokerStats(0, 0, 0, 0)
    error, pair = broker.request_channel("huge")
    assert error is fast.ChannelError.SUCCESS
