"""One broker used by many threads at once: every call answers as if alone, and the totals add up [BRK-12]."""

from __future__ import annotations

import threading
from functools import partial
from types import ModuleType
from typing import Any

from tests.workers import Worker, run_together

THREADS = 8
ROUNDS = 300


def test_own_names(fast: ModuleType) -> None:
    """Threads that make, use and close channels of their own never disturb one another."""
    broker = fast.MailboxBroker()
    config = fast.ChannelConfig(capacity=8, max_message_size=64)
    together = threading.Barrier(THREADS)

    def work(number: int) -> None:
        together.wait()
        for turn in range(ROUNDS):
            name = f"channel {number}"  # free again after each round [BRK-8]
            error, pair = broker.request_channel(name, config)
            assert error is fast.ChannelError.SUCCESS
            with pair:
                assert broker.has_channel(name)
                assert broker.request_channel(name)[0] is fast.ChannelError.NAME_EXISTS
                assert broker.remove_channel(name) is False
                assert pair.producer.batch_push([b"four"] * (turn % 3)) == turn % 3
            assert not broker.has_channel(name)

    run_together(*[partial(work, number) for number in range(THREADS)])
    sent = THREADS * sum(turn % 3 for turn in range(ROUNDS))
    assert broker.get_stats() == fast.BrokerStats(0, THREADS * ROUNDS, sent, 4 * sent)


def test_same_name(fast: ModuleType) -> None:
    """Of threads that want one name, one at a time has it; the successes are those that are counted."""
    broker = fast.MailboxBroker()
    config = fast.ChannelConfig(capacity=8, max_message_size=64)
    together = threading.Barrier(THREADS)
    inside: list[int] = []

    def work(number: int) -> int:
        together.wait()
        successes = 0
        for _ in range(ROUNDS):
            error, pair = broker.request_channel("contended", config)
            if error is fast.ChannelError.SUCCESS:
                successes += 1
                inside.append(number)
                assert inside == [number]
                inside.remove(number)
                pair.close()
            else:
                assert (error, pair) == (fast.ChannelError.NAME_EXISTS, None)
        return successes

    workers = [Worker(partial(work, number)) for number in range(THREADS)]
    successes = sum(worker.result() for worker in workers)
    assert successes >= 1
    assert broker.get_stats() == fast.BrokerStats(0, successes, 0, 0)


def test_totals_never_fall(fast: ModuleType) -> None:
    """Statistics read while channels come and go only ever rise [BRK-11]."""
    broker = fast.MailboxBroker()
    config = fast.ChannelConfig(capacity=8, max_message_size=64)
    done = threading.Event()

    def work(number: int) -> None:
        for _ in range(ROUNDS):
            _, pair = broker.request_channel(f"channel {number}", config)
            pair.producer.batch_push([b"four"] * 5)
            pair.close()

    def watch() -> Any:
        before = broker.get_stats()
        while not done.is_set():
            now = broker.get_stats()
            assert now[1:] == tuple(map(max, now[1:], before[1:])), (before, now)
            before = now
        return before

    watcher = Worker(watch)
    try:
        run_together(*[partial(work, number) for number in range(4)])
    finally:
        done.set()
    watcher.result()
    assert broker.get_stats() == fast.BrokerStats(0, 4 * ROUNDS, 4 * ROUNDS * 5, 4 * ROUNDS * 20)


def test_ends_closed_by_two_threads(fast: ModuleType) -> None:
    """Both ends closed at the same moment: the channel is gone exactly once, and its name is free."""
    broker = fast.MailboxBroker()
    config = fast.ChannelConfig(capacity=8, max_message_size=64)
    for _ in range(ROUNDS):
        error, pair = broker.request_channel("both ends", config)
        assert error is fast.ChannelError.SUCCESS
        together = threading.Barrier(2)

        def close(handle: Any, together: threading.Barrier = together) -> None:
            together.wait()
            handle.close()

        run_together(partial(close, pair.producer), partial(close, pair.consumer))
        assert broker.get_stats().active_channels == 0
    assert broker.get_stats().total_channels_created == ROUNDS
