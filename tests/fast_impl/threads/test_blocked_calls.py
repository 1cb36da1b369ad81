"""What wakes a blocked call (the peer, its own close, shutdown), and which calls are refused meanwhile.

[LIF-2, LIF-8, SHD-1, CON-5, CON-2]
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from fast_impl._coroutines import _registrations
from tests.workers import Worker, blocked_in, needs_proc

pytestmark = needs_proc


@pytest.fixture
def broker(fast: ModuleType) -> Any:
    return fast.MailboxBroker()


@pytest.fixture
def channel(fast: ModuleType, broker: Any) -> Any:
    return broker.request_channel("waking", fast.ChannelConfig(capacity=8, max_message_size=64))[1]


def blocked_push(producer: Any) -> Worker[Any]:
    """A thread asleep in a push to a full queue."""
    assert producer.batch_push([b"filler"] * 9) == 8
    return blocked_in(lambda: producer.blocking_push(b"blocked"))


def test_push_wakes_on_pop(fast: ModuleType, channel: Any) -> None:
    """A pop wakes a blocked push, which goes through."""
    worker = blocked_push(channel.producer)
    assert channel.consumer.try_pop()[0] is fast.PopResult.SUCCESS
    assert worker.result() is fast.PushResult.SUCCESS
    assert bytes(channel.consumer.batch_pop(8)[1][-1]) == b"blocked"


@pytest.mark.parametrize("how", ["try_push", "batch_push", "commit"])
def test_pop_wakes_on_message(fast: ModuleType, channel: Any, how: str) -> None:
    """Whatever publishes a message wakes a blocked pop, which gets it."""
    producer, consumer = channel
    worker = blocked_in(lambda: consumer.blocking_pop())
    if how == "try_push":
        producer.try_push(b"awaited")
    elif how == "batch_push":
        producer.batch_push([b"awaited", b"more"])
    else:
        producer.reserve(7).data[:7] = b"awaited"
        assert producer.commit(7)
    result, message = worker.result()
    assert result is fast.PopResult.SUCCESS
    assert bytes(message) == b"awaited"


def test_batch_pop_wakes_on_message(fast: ModuleType, channel: Any) -> None:
    """A blocked `batch_pop` returns with the first message; it does not wait for the batch to fill."""
    worker = blocked_in(lambda: channel.consumer.batch_pop(5, timeout=40))
    channel.producer.try_push(b"only")
    result, messages = worker.result()
    assert result is fast.PopResult.SUCCESS
    assert [bytes(message) for message in messages] == [b"only"]


ENDS: dict[str, Callable[[Any, Any], Any]] = {
    "consumer": lambda broker, pair: pair.consumer.close(),
    "producer": lambda broker, pair: pair.producer.close(),
    "shutdown": lambda broker, pair: broker.shutdown(timeout=0),
}


@pytest.mark.parametrize("end", ENDS)
def test_push_wakes_on_end(fast: ModuleType, broker: Any, channel: Any, end: str) -> None:
    """A blocked push answers CHANNEL_CLOSED when the consumer, its own handle or the broker closes it."""
    worker = blocked_push(channel.producer)
    ENDS[end](broker, channel)
    assert worker.result() is fast.PushResult.CHANNEL_CLOSED
    assert channel.producer.get_stats().messages_sent == 8


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("call", ["blocking_pop", "batch_pop"])
def test_pop_wakes_on_end(fast: ModuleType, broker: Any, channel: Any, end: str, call: str) -> None:
    """A blocked pop answers CHANNEL_CLOSED when the producer, its own handle or the broker closes it."""
    consumer = channel.consumer
    if call == "blocking_pop":
        worker: Worker[Any] = blocked_in(lambda: consumer.blocking_pop())
    else:
        worker = blocked_in(lambda: consumer.batch_pop(8, timeout=40))
    ENDS[end](broker, channel)
    result, nothing = worker.result()
    assert result is fast.PopResult.CHANNEL_CLOSED
    assert not nothing


def test_shutdown_waits_for_the_handles(fast: ModuleType, broker: Any, channel: Any) -> None:
    """`shutdown` blocks while a handle lives, and returns True when the last is closed [SHD-2]."""
    worker = blocked_in(lambda: broker.shutdown())
    assert not channel.producer.is_connected()
    channel.producer.close()
    assert broker.has_channel("waking")
    channel.consumer.close()
    assert worker.result() is True
    assert not broker.has_channel("waking")


def test_broker_is_usable_during_shutdown(fast: ModuleType, broker: Any, channel: Any) -> None:
    """While `shutdown` waits, a new channel can be requested and used [SHD-3]."""
    worker = blocked_in(lambda: broker.shutdown())
    error, later = broker.request_channel("later")
    assert error is fast.ChannelError.SUCCESS
    assert later.producer.try_push(b"message") is fast.PushResult.SUCCESS
    channel.close()
    assert worker.result() is True
    assert later.producer.is_connected()


def test_close_of_a_blocked_handle_frees_the_name(fast: ModuleType, broker: Any, channel: Any) -> None:
    """Both ends closed while a pop is blocked: the name is free before the last close returns [BRK-8, LIF-8]."""
    consumer = channel.consumer
    worker = blocked_in(lambda: consumer.blocking_pop())
    channel.producer.close()
    consumer.close()
    assert not broker.has_channel("waking")
    assert worker.result()[0] is fast.PopResult.CHANNEL_CLOSED


# ---- a second thread in the same handle is refused, and nothing comes to harm [CON-2] ----


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


# ---- a close between two calls of the system: the descriptor's number may be another file's by then ----


@pytest.mark.parametrize("reused", [False, True])
@pytest.mark.parametrize("wait", ["wait_any", "receive_async", "send_async"])
def test_closed_before_the_wait(
    fast: ModuleType, channel: Any, monkeypatch: pytest.MonkeyPatch, wait: str, reused: bool
) -> None:
    """A handle that is closed when its descriptor is about to be polled ends the wait [LIF-8, WAI-3, ASY-3]."""
    producer, consumer = channel
    producer.batch_push([b"filler"] * 8 if wait == "send_async" else [])
    duplicate, others = os.dup, set[int]()

    def closed_first(descriptor: int) -> int:
        for handle in channel:
            handle.close()
        if reused:
            never_readable = os.pipe()
            os.dup2(never_readable[0], descriptor)
            others.update(never_readable, [descriptor])
        return duplicate(descriptor)

    monkeypatch.setattr(os, "dup", closed_first)
    if wait == "wait_any":
        assert fast.wait_any([consumer], timeout=30) == [consumer]
    else:
        call = producer.send_async(b"more", 30) if wait == "send_async" else consumer.receive_async(30)
        with pytest.raises(fast.ChannelClosedError):
            asyncio.run(call)
    for descriptor in others:
        os.close(descriptor)


def test_a_registration_that_ended_is_not_used_again(fast: ModuleType, channel: Any) -> None:
    """A message that came while nobody waited ends the loop's watch; the next wait begins another one [ASY-3]."""
    producer, consumer = channel

    def watched() -> list[Any]:
        return [each for each in _registrations.values() if each.handle() is consumer]

    async def waiting() -> tuple[asyncio.Task[bytes], list[Any]]:
        task = asyncio.ensure_future(consumer.receive_async())
        while not watched() or watched()[0]._found is None or watched()[0]._found.done():
            await asyncio.sleep(0)
        return task, watched()

    async def receive() -> list[bytes]:
        cancelled, [first] = await waiting()
        cancelled.cancel()
        await asyncio.wait([cancelled])
        producer.send(b"not awaited")
        while not first.ended:  # and it lives on, as it can in a traceback's frames
            await asyncio.sleep(0)
        received = [consumer.receive(0)]
        task, _ = await waiting()
        producer.send(b"awaited")
        await asyncio.wait([task], timeout=10)
        return [*received, task.result()]

    assert asyncio.run(receive()) == [b"not awaited", b"awaited"]
