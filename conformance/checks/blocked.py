"""Calls that are blocked, and what wakes them (§2.2, §5.1, §6.2, §8)."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from conformance.checks.registry import function
from conformance.waiting import LIMIT, Task, open_pair

_CALLS: tuple[Callable[[Any], Any], ...] = (
    lambda pair: pair.consumer.blocking_pop()[0],
    lambda pair: pair.consumer.blocking_pop(60)[0],
    lambda pair: pair.consumer.batch_pop(4, None)[0],
    lambda pair: pair.producer.blocking_push(b"late"),
    lambda pair: pair.producer.blocking_push(b"late", 60),
)


def _blocked(omni: Any, call: Callable[[Any], Any]) -> tuple[Any, Any, Task]:
    """A thread asleep in `call`: on a full queue for pushes, on an empty one for pops."""
    broker, pair = open_pair(omni)
    if _CALLS.index(call) >= 3:
        assert pair.producer.batch_push([b"x"] * 8) == 8
    task = Task(lambda: call(pair))
    task.asleep()
    return broker, pair, task


@function("LIF-2", "threads", layer="waiting")
def the_end_of_one_side_wakes_the_other(omni: Any) -> None:
    """A blocked call wakes with CHANNEL_CLOSED when the peer closes."""
    for call in _CALLS:
        _, pair, task = _blocked(omni, call)
        (pair.consumer if _CALLS.index(call) >= 3 else pair.producer).close()
        assert task.finish().name == "CHANNEL_CLOSED"
        pair.close()


@function("LIF-8", "threads", layer="waiting")
def a_handle_closed_under_a_blocked_call(omni: Any) -> None:
    """A blocked call wakes with CHANNEL_CLOSED when its own handle is closed by another thread."""
    for call in _CALLS:
        broker, pair, task = _blocked(omni, call)
        (pair.producer if _CALLS.index(call) >= 3 else pair.consumer).close()
        assert task.finish().name == "CHANNEL_CLOSED"
        pair.close()
        assert not broker.has_channel("a")


@function("SHD-1", "threads", layer="waiting")
def shutdown_wakes_blocked_calls(omni: Any) -> None:
    """A blocked call wakes with CHANNEL_CLOSED when the broker shuts down."""
    for call in _CALLS:
        broker, pair, task = _blocked(omni, call)
        broker.shutdown(0)
        assert task.finish().name == "CHANNEL_CLOSED"
        pair.close()


@function("CON-5", "threads", layer="waiting")
def data_space_and_time_wake_blocked_calls(omni: Any) -> None:
    """A blocked call goes through when there is something for it, and ends when its time is up."""
    for call in _CALLS:
        _, pair, task = _blocked(omni, call)
        if _CALLS.index(call) >= 3:
            assert pair.consumer.try_pop()[0]
        else:
            assert pair.producer.try_push(b"x")
        assert task.finish().name == "SUCCESS"
        pair.close()
    _, pair = open_pair(omni)
    for wait in (0.0, 0.001, 0.02):
        begun = time.monotonic()
        assert pair.consumer.blocking_pop(wait)[0].name == "TIMEOUT"
        assert time.monotonic() - begun >= wait
    pair.producer.batch_push([b"x"] * 8)
    begun = time.monotonic()
    assert pair.producer.blocking_push(b"x", 0.02).name == "TIMEOUT"
    assert time.monotonic() - begun >= 0.02
    pair.close()


@function("CON-5", "threads", layer="waiting")
def no_wakeup_is_lost_in_ping_pong(omni: Any) -> None:
    """Two threads that only ever wait for each other get to the end."""
    _, there = open_pair(omni)
    _, back = open_pair(omni)
    rounds = 3000

    def echo() -> None:
        for _ in range(rounds):
            result, message = there.consumer.blocking_pop()
            assert result, result
            assert back.producer.blocking_push(bytes(message))

    task = Task(echo)
    for number in range(rounds):
        assert there.producer.blocking_push(number.to_bytes(4, "little"))
        result, message = back.consumer.blocking_pop(LIMIT)
        assert result, result
        assert bytes(message) == number.to_bytes(4, "little")
    task.finish()
    there.close()
    back.close()


@function("CON-6", "threads", layer="waiting")
def blocked_calls_leave_python_to_others(omni: Any) -> None:
    """While calls are blocked, other Python threads run, and do not find them running."""
    for call in _CALLS:
        _, pair, task = _blocked(omni, call)
        counted = Task(lambda: sum(range(100_000)))
        assert counted.finish() == sum(range(100_000))
        pair.close()
        task.finish()


@function("CON-6", "threads signals", layer="waiting")
def blocked_calls_answer_signals(omni: Any) -> None:
    """A signal's handler raises KeyboardInterrupt out of a blocked call, and nothing is lost."""
    if threading.current_thread() is not threading.main_thread():
        return

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    main = threading.get_native_id()
    old = signal.signal(signal.SIGUSR1, interrupt)
    try:
        for call in _CALLS:
            _, pair = open_pair(omni)
            full = _CALLS.index(call) >= 3
            if full:
                assert pair.producer.batch_push([b"x"] * 8) == 8
            over = threading.Event()
            task = Task(partial(_interrupt_when_asleep, main, over))
            # If the signal is not answered, the peer's end lets the call return.
            peer = pair.consumer if full else pair.producer
            rescue = threading.Timer(LIMIT, peer.close)
            rescue.daemon = True
            rescue.start()
            try:
                call(pair)
            except KeyboardInterrupt:
                pass
            else:
                raise AssertionError("no KeyboardInterrupt")
            finally:
                over.set()
                rescue.cancel()
            task.finish()
            if not full:
                assert pair.producer.try_push(b"x")
            assert pair.consumer.try_pop()[0], "a message was lost"
            pair.close()
    finally:
        signal.signal(signal.SIGUSR1, old)


def _interrupt_when_asleep(thread: int, over: threading.Event) -> None:
    """Send one signal to this process once its main thread sleeps."""
    seen = 0
    while seen < 20 and not over.is_set():
        try:
            with open(f"/proc/self/task/{thread}/stat") as status:
                state = status.read().rpartition(")")[2].split()[0]
        except OSError:
            state = "S"
        seen = seen + 1 if state == "S" else 0
        time.sleep(0.0005)
    if not over.is_set():
        os.kill(os.getpid(), signal.SIGUSR1)
