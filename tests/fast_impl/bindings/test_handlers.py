"""What handlers of signals and other threads do while a call waits: nothing is lost, and nothing is taken [POP-6]."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest

from tests.asleep import wait_until_asleep
from tests.workers import Worker, blocked_in, needs_proc

pytestmark = needs_proc

POPS: dict[str, Callable[[Any], Any]] = {
    "blocking_pop": lambda consumer: [consumer.blocking_pop(40)[1].tobytes()],
    "batch_pop": lambda consumer: [message.tobytes() for message in consumer.batch_pop(1, 40)[1]],
    "batch_pop_buffer": lambda consumer: [bytes(consumer.batch_pop_buffer(1, 40)[1].data)],
    "receive": lambda consumer: [consumer.receive(40)],
    "receive_many": lambda consumer: consumer.receive_many(1, 40),
    "iteration": lambda consumer: [next(iter(consumer))],
}


class Raised(Exception):
    """By a handler."""


@pytest.fixture
def channel(fast: ModuleType) -> Any:
    return fast.MailboxBroker().request_channel("handlers", fast.ChannelConfig(8, 64))[1]


@contextmanager
def handler_in_a_blocked_call(handler: Callable[[], object]) -> Iterator[None]:
    """Runs `handler` as that of a signal that comes when this thread, the main one, sleeps in a call."""
    main = threading.get_native_id()

    def send() -> None:
        wait_until_asleep("self", main)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda number, frame: handler())
    worker = Worker(send)
    try:
        yield
    finally:
        worker.result()
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("pop", POPS)
def test_a_handler_that_raises(fast: ModuleType, channel: Any, pop: str) -> None:
    """The call has taken and counted nothing; earlier messages have expired [POP-6]."""
    producer, consumer = channel
    producer.try_push(b"before")
    earlier = consumer.try_pop()[1]
    sent = [b"%d" % n for n in range(3)]

    def handler() -> None:
        producer.batch_push(sent)
        raise Raised

    with pytest.raises(Raised), handler_in_a_blocked_call(handler):
        POPS[pop](consumer)
    assert consumer.get_stats() == fast.ConsumerStats(1, 6, 0)
    with pytest.raises(fast.MessageExpiredError):
        earlier.tobytes()
    assert consumer.receive_many(8) == sent


@pytest.mark.parametrize("pop", POPS)
def test_a_handler_that_pops(channel: Any, pop: str) -> None:
    """It is served before the call that it came in, and a view that it keeps stays unchanged [CON-2, MSG-3]."""
    producer, consumer = channel
    kept: list[memoryview] = []

    def handler() -> None:
        producer.batch_push([b"handler's", b"call's"])
        kept.append(consumer.try_pop()[1].data)

    with handler_in_a_blocked_call(handler):
        assert POPS[pop](consumer) == [b"call's"]
    for n in range(40):
        producer.try_push(b"%09d" % n)
        assert consumer.receive(0) == b"%09d" % n
    assert kept == [b"handler's"]


def test_a_handler_that_pops_and_raises(channel: Any) -> None:
    """What it has popped is its own, and all else is still there."""
    producer, consumer = channel
    popped: list[bytes] = []

    def handler() -> None:
        producer.batch_push([b"1", b"2", b"3"])
        popped.append(consumer.receive(0))
        raise Raised

    with pytest.raises(Raised), handler_in_a_blocked_call(handler):
        consumer.receive(40)
    assert (popped, consumer.receive_many(8)) == ([b"1"], [b"2", b"3"])


def test_a_handler_that_closes(fast: ModuleType, channel: Any) -> None:
    """The call finds its handle closed."""
    with handler_in_a_blocked_call(channel.close):
        assert channel.consumer.blocking_pop(40) == (fast.PopResult.CHANNEL_CLOSED, None)


def test_an_iterator_goes_on_after_a_handler_raised(channel: Any) -> None:
    """`next` again gives the next message: an exception of a handler does not end the iteration."""
    producer, consumer = channel
    iterator = iter(consumer)

    def handler() -> None:
        producer.try_push(b"first")
        raise Raised

    with pytest.raises(Raised), handler_in_a_blocked_call(handler):
        next(iterator)
    producer.close()
    assert list(iterator) == [b"first"]


@pytest.mark.parametrize("how", ["blocking_push", "send", "send_many", "reserve"])
def test_a_handler_that_raises_in_a_push(fast: ModuleType, channel: Any, how: str) -> None:
    """Nothing has been sent, reserved or counted by the call."""
    producer, consumer = channel
    producer.batch_push([b"full"] * 8)
    argument: Any = {"reserve": 7, "send_many": [b"blocked"]}.get(how, b"blocked")

    def handler() -> None:
        consumer.receive_many(1)
        raise Raised

    with pytest.raises(Raised), handler_in_a_blocked_call(handler):
        getattr(producer, how)(argument, 40)
    assert producer.get_stats() == fast.ProducerStats(8, 32, 0)
    assert producer.try_push(b"free") is fast.PushResult.SUCCESS


@pytest.mark.parametrize("pop", POPS)
def test_a_pop_beside_a_blocked_one(fast: ModuleType, channel: Any, pop: str) -> None:
    """Either is refused, or both are served: no message is lost [CON-2]."""
    producer, consumer = channel
    worker = blocked_in(lambda: POPS[pop](consumer))
    producer.batch_push([b"one", b"two"])
    got: list[bytes] = []
    for call in (lambda: consumer.receive_many(1, 0), worker.result, lambda: consumer.receive_many(8, 0)):
        try:
            got += call()
        except (fast.ConcurrentUseError, TimeoutError):
            continue
    assert sorted(got) == [b"one", b"two"]


@pytest.mark.parametrize("side", ["producer", "consumer"])
def test_a_handle_that_is_moved_and_dropped_beside_a_blocked_call(fast: ModuleType, channel: Any, side: str) -> None:
    """With the last reference the handle ends, and wakes the call that is still inside [LIF-1, LIF-8]."""
    producer, consumer = channel
    producer.batch_push([b"full"] * 8)
    if side == "consumer":
        consumer.batch_pop(8)
    handle = getattr(channel, side)
    worker: Worker[Any] = blocked_in(producer.wait if side == "producer" else consumer.wait)
    handle.move()
    assert worker.result().name == "CHANNEL_CLOSED"
