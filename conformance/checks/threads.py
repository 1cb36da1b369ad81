"""Rules that need threads which run (§8)."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from conformance.checks.registry import function
from conformance.waiting import Task, open_pair, try_until

MANY = 20_000


def _numbers(producer: Any, first: int, count: int) -> None:
    for number in range(first, first + count):
        assert producer.blocking_push(number.to_bytes(8, "little") * 8, 20), number


def _drain(consumer: Any) -> list[int]:
    got: list[int] = []
    while True:
        result, message = consumer.blocking_pop(20)
        if not result:
            assert result.name == "CHANNEL_CLOSED", result
            return got
        data = bytes(message)
        assert data == data[:8] * 8, f"torn: {data!r}"
        got.append(int.from_bytes(data[:8], "little"))


@function("CON-1", "threads")
def both_sides_run_at_once_and_threads_may_change(omni: Any) -> None:
    """A handle goes from thread to thread; the other side runs meanwhile."""
    _, pair = open_pair(omni)
    consumer = Task(lambda: _drain(pair.consumer))
    for turn in range(10):
        Task(partial(_numbers, pair.producer, turn * 100, 100)).finish()
    pair.producer.close()
    assert consumer.finish() == list(range(1000))
    pair.close()


@function("CON-3", "threads")
def nothing_lost_duplicated_reordered_or_torn(omni: Any) -> None:
    """Numbers arrive as they were sent, each whole."""
    _, pair = open_pair(omni)
    consumer = Task(lambda: _drain(pair.consumer))
    Task(lambda: _numbers(pair.producer, 0, MANY)).finish(60)
    pair.producer.close()
    assert consumer.finish(60) == list(range(MANY))
    pair.close()


@function("CON-4", "threads")
def closed_is_seen_only_after_everything(omni: Any) -> None:
    """A producer that pushes and closes at once loses nothing."""
    for turn in range(200):
        _, pair = open_pair(omni)

        def push_and_close(producer: Any = pair.producer, count: int = turn % 8 + 1) -> None:
            for number in range(count):
                assert producer.try_push(number.to_bytes(8, "little") * 8)
            producer.close()

        task = Task(push_and_close)
        assert _drain(pair.consumer) == list(range(turn % 8 + 1))
        task.finish()
        pair.close()


@function("CON-4")
def every_pop_drains_before_it_sees_closed(omni: Any) -> None:
    """In one thread, too, whichever way it pops."""
    pops: tuple[Callable[[Any], Any], ...] = (
        lambda consumer: consumer.try_pop(),
        lambda consumer: consumer.blocking_pop(0),
        lambda consumer: consumer.batch_pop(2),
    )
    for count in (1, 8):
        for pop in pops:
            _, (producer, consumer) = open_pair(omni)
            sent = producer.batch_push([b"x"] * count)
            producer.close()
            popped = 0
            result, taken = pop(consumer)
            while result.name == "SUCCESS":
                popped += len(taken) if isinstance(taken, list) else 1
                result, taken = pop(consumer)
            assert result.name != "CHANNEL_CLOSED" or popped == sent, (
                f"CHANNEL_CLOSED after {popped} of {sent} messages"
            )
            consumer.close()


@function("CON-2", "concurrent-use")
def concurrent_use_is_a_runtime_error(omni: Any) -> None:
    """ConcurrentUseError can be caught as a RuntimeError."""
    assert issubclass(omni.ConcurrentUseError, RuntimeError)


@function("CON-2", "threads concurrent-use")
def a_second_thread_is_refused(omni: Any) -> None:
    """While one thread is blocked in a handle, another gets ConcurrentUseError, and nothing is lost."""
    _, pair = open_pair(omni)
    inside = Task(lambda: pair.consumer.blocking_pop(20))
    inside.asleep()
    for call in (pair.consumer.try_pop, lambda: pair.consumer.blocking_pop(0), lambda: pair.consumer.batch_pop(1)):
        try:
            call()
        except omni.ConcurrentUseError:
            continue
        raise AssertionError("no ConcurrentUseError")
    assert pair.producer.try_push(b"x")
    result, message = inside.finish()
    assert result
    assert message is not None
    pair.producer.batch_push([b"x"] * 8)
    pushing = Task(lambda: pair.producer.blocking_push(b"y", 20))
    pushing.asleep()
    try:
        pair.producer.try_push(b"z")
    except omni.ConcurrentUseError:
        pass
    else:
        raise AssertionError("no ConcurrentUseError")
    assert pair.consumer.try_pop()[0]
    assert pushing.finish()
    pair.close()


@function("CON-7", "threads")
def the_hot_path_keeps_nothing(omni: Any) -> None:
    """Going round the ring many times leaves no more memory in use than before."""
    import tracemalloc

    _, pair = open_pair(omni)
    producer, consumer = pair

    def round_trip() -> None:
        for _ in range(500):
            assert producer.try_push(b"x" * 64)
            assert consumer.try_pop()[0]
            assert producer.reserve(1) is not None
            assert producer.commit(64)
            assert consumer.batch_pop(8)[0]

    round_trip()
    gc.collect()
    tracemalloc.start()
    try:
        round_trip()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        round_trip()
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 16_384, f"{grown} bytes more after 500 rounds"
    pair.close()


@function("BRK-12", "threads")
def the_broker_is_for_any_number_of_threads(omni: Any) -> None:
    """Many threads request, ask, remove and close; the totals add up and nothing stays registered."""
    broker = omni.MailboxBroker()
    start = threading.Barrier(6)

    def work(me: int) -> int:
        start.wait(20)
        made = 0
        for turn in range(150):
            name = f"shared {turn % 3}"
            error, pair = broker.request_channel(name, omni.ChannelConfig(8, 64))
            broker.has_channel(name)
            broker.remove_channel(name)
            broker.get_stats()
            if pair is not None:
                made += 1
                assert pair.producer.try_push(b"123")
                pair.close()
            else:
                assert error is omni.ChannelError.NAME_EXISTS, error
        return made

    def shut() -> int:
        start.wait(20)
        for _ in range(20):
            broker.shutdown(0)
        return 0

    # shutdown must not meet pushes here: it runs on a broker whose channels it may close
    tasks = [Task(partial(work, me)) for me in range(5)]
    start.wait(20)
    made = sum(task.finish(60) for task in tasks)
    stats = broker.get_stats()
    assert tuple(stats) == (0, made, made, 3 * made), (stats, made)
    start = threading.Barrier(3)

    def churn() -> None:
        start.wait(20)
        for turn in range(100):
            _, pair = broker.request_channel(f"churn {turn}", omni.ChannelConfig(8, 64))
            if pair is not None:
                pair.producer.try_push(b"1")
                pair.close()

    tasks = [Task(churn), Task(churn), Task(shut)]
    for task in tasks:
        task.finish(60)
    assert broker.get_stats().active_channels == 0


@function("BRK-1", "threads")
def one_broker_from_every_thread(omni: Any) -> None:
    """instance() is the same object in every thread."""
    mine = omni.MailboxBroker.instance()
    assert all(Task(omni.MailboxBroker.instance).finish() is mine for _ in range(4))


@function("SHD-2", "threads")
def shutdown_waits_for_the_last_handle(omni: Any) -> None:
    """shutdown() sleeps while a handle lives and ends with the last one."""
    broker, pair = open_pair(omni)
    task = Task(broker.shutdown)
    try_until(lambda: not pair.producer.is_connected(), "the channel was not shut")
    task.asleep()
    pair.producer.close()
    task.asleep()
    assert task.value is None, "shutdown() ended before the last handle"
    pair.consumer.close()
    assert task.finish() is True


@function("SHD-2", "threads")
def shutdown_gives_up_after_its_time(omni: Any) -> None:
    """shutdown(timeout) with a live handle is False; the channel stays shut."""
    broker, pair = open_pair(omni)
    assert broker.shutdown(0.01) is False
    assert pair.producer.try_push(b"x") is omni.PushResult.CHANNEL_CLOSED
    pair.close()


@function("SHD-3", "threads")
def shutdown_does_not_wait_for_later_channels(omni: Any) -> None:
    """A channel requested while shutdown waits is open and is not waited for."""
    broker, pair = open_pair(omni)
    task = Task(broker.shutdown)
    try_until(lambda: not pair.producer.is_connected(), "the channel was not shut")
    _, later = broker.request_channel("later", omni.ChannelConfig(8, 64))
    assert later.producer.try_push(b"x")
    pair.close()
    assert task.finish() is True
    assert later.consumer.try_pop()[0]
    later.close()
