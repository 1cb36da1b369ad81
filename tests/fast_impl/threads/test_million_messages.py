"""Messages by the million through Python, from one thread to another [CON-1, CON-3, POP-2]."""

from __future__ import annotations

import struct
from types import ModuleType
from typing import Any

import pytest

from tests.workers import Worker

HEAD = struct.Struct("<QQ")
FACTOR = 0x9E3779B97F4A7C15
LIMIT = 40.0


def payload(number: int) -> bytes:
    """Message `number`: its number and a pattern made from it, repeated so that lengths vary."""
    return HEAD.pack(number, number * FACTOR % 2**64) * (1 + number % 4)


def send(omni: ModuleType, producer: Any, count: int) -> None:
    """Send every message, in batches of changing size, singly when the queue is full, and in place."""
    with producer:
        number = 0
        while number < count:
            batch = [payload(n) for n in range(number, min(count, number + 1 + number % 200))]
            number += producer.batch_push(batch)
            if number < count:  # also waits, where the batch found the queue full
                assert producer.blocking_push(payload(number), LIMIT) is omni.PushResult.SUCCESS
                number += 1
            if number < count and (reservation := producer.reserve(64)) is not None:
                data = payload(number)
                reservation.data[: len(data)] = data
                assert producer.commit(len(data))
                number += 1
            if number < count and producer.try_push(payload(number)) is omni.PushResult.SUCCESS:
                number += 1


def receive(omni: ModuleType, consumer: Any) -> int:
    """Pop until the channel is closed, in every way there is; how many messages came, each one right."""
    received = turn = 0
    while True:
        turn += 1
        if turn % 3 == 0:
            result, message = consumer.blocking_pop(LIMIT)
            messages = [] if message is None else [message]
        elif turn % 3 == 1:
            result, messages = consumer.batch_pop(1 + turn % 300, LIMIT)
        else:
            result, message = consumer.try_pop()
            messages = [] if message is None else [message]
        for message in messages:
            data = bytes(message)
            assert data == payload(received), f"message {received} is {data!r}"
            received += 1
        if result is omni.PopResult.CHANNEL_CLOSED:
            return received
        assert result is not omni.PopResult.TIMEOUT


# The smallest queue is full or empty most of the time: there each message may cost two changes of thread.
@pytest.mark.parametrize(("count", "capacity"), [(1_000_000, 1024), (100_000, 8)])
def test_million_messages(fast: ModuleType, count: int, capacity: int) -> None:
    """None is lost, torn, doubled or out of order, and both ends count the same."""
    _, (producer, consumer) = fast.MailboxBroker().request_channel("million", fast.ChannelConfig(capacity, 64))
    sender = Worker(lambda: send(fast, producer, count))
    receiver = Worker(lambda: receive(fast, consumer))
    try:
        assert receiver.result() == count
    finally:
        consumer.close()  # lets the sender go where the receiver failed
        producer.close()
    sender.result()
    assert producer.get_stats().messages_sent == consumer.get_stats().messages_received == count
    assert producer.get_stats().bytes_sent == consumer.get_stats().bytes_received
