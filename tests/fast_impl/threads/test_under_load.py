"""Threads at work for long: a million messages from one to another, and one broker used by many."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
from functools import partial
from types import ModuleType
from typing import Any

import pytest

import fast_impl
from tests.workers import PATIENCE, Worker, run_together

# ---- messages by the million through Python, from one thread to another [CON-1, CON-3, POP-2] ----


HEAD = struct.Struct("<QQ")
FACTOR = 0x9E3779B97F4A7C15
LIMIT = 40.0 * PATIENCE


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


# ---- one broker used by many threads at once: every call answers as if alone, and the totals add up [BRK-12] ----


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


# ---- the program of `make soak`, with small numbers ----


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--minutes 0.05", "0 lost"),
        ("--channels 300", "300 channels of capacity 1024 and messages of 4096 bytes open at once"),
        ("--opens 3000", "3,000 channels opened and closed"),
        ("--messages 100000", "100,000 messages of 64 bytes, 6,400,000 bytes"),
    ],
)
def test_soak(options: str, says: str) -> None:
    """Every message is accounted for, in some seconds of each load, and the last lines say what was moved."""
    if options.startswith("--messages"):
        pytest.importorskip("numpy", reason="numpy is not installed")
    command = [sys.executable, "-m", "tests.fast_impl.threads.soak", "--binding", fast_impl.binding, *options.split()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    limit = 50 * PATIENCE
    soak = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=limit, check=False)
    assert soak.returncode == 0, soak.stdout + soak.stderr
    assert f"{fast_impl.binding}: " in soak.stdout and says in soak.stdout
