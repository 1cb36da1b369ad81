"""Two threads inside one handle: the second is refused, and nothing comes to harm [CON-2]."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.fast_impl.threads.blocked_worker import blocked_in
from tests.fast_impl.threads.evidence import needs_proc

pytestmark = needs_proc


@pytest.fixture
def channel(fast: ModuleType) -> Any:
    return fast.MailboxBroker().request_channel("crowded", fast.ChannelConfig(capacity=8, max_message_size=64))[1]


def test_second_consumer_is_refused(fast: ModuleType, channel: Any) -> None:
    """While one thread is blocked in a pop, every pop of another raises; the first then gets its message."""
    consumer = channel.consumer
    worker = blocked_in(lambda: consumer.blocking_pop())
    for call in (consumer.try_pop, consumer.blocking_pop, lambda: consumer.batch_pop(1)):
        with pytest.raises(fast.ConcurrentUseError):
            call()
    channel.producer.try_push(b"for the first")
    result, message = worker.result()
    assert result is fast.PopResult.SUCCESS
    assert bytes(message) == b"for the first"
    assert consumer.get_stats() == fast.ConsumerStats(1, 13, 0)


def test_second_producer_is_refused(fast: ModuleType, channel: Any) -> None:
    """While one thread is blocked in a push, every push of another raises; the first then goes through."""
    producer, consumer = channel
    assert producer.batch_push([b"%d" % number for number in range(8)]) == 8
    worker = blocked_in(lambda: producer.blocking_push(b"blocked"))
    calls: list[Callable[[], object]] = [
        lambda: producer.try_push(b"second"),
        lambda: producer.blocking_push(b"second"),
        lambda: producer.batch_push([b"second"]),
        lambda: producer.reserve(1),
    ]
    for call in calls:
        with pytest.raises(fast.ConcurrentUseError):
            call()
    received = [bytes(consumer.try_pop()[1])]
    assert worker.result() is fast.PushResult.SUCCESS
    received += [bytes(message) for message in consumer.batch_pop(9)[1]]
    assert received == [b"%d" % number for number in range(8)] + [b"blocked"]


def test_handle_is_usable_afterwards(fast: ModuleType, channel: Any) -> None:
    """A refusal leaves no trace: the next thread may use the handle."""
    consumer = channel.consumer
    worker = blocked_in(lambda: consumer.blocking_pop())
    with pytest.raises(fast.ConcurrentUseError):
        consumer.try_pop()
    channel.producer.batch_push([b"one", b"two"])
    assert bytes(worker.result()[1]) == b"one"
    assert bytes(consumer.try_pop()[1]) == b"two"
