"""Signals that come while a call is blocked (§8)."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from conformance.checks.registry import function
from conformance.threads.blocking_calls import CALLS, Call
from conformance.threads.waiting import LIMIT, SLACK, Task, open_pair, wait_until_blocked

EVERY = 0.02
"""Seconds between two signals."""

WAIT = 0.2
"""Seconds that a call waits while they come."""


@contextmanager
def _handled(number: int, handler: Callable[[int, Any], Any]) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def _open(omni: Any, call: Call) -> Any:
    """A pair on which the call waits, and the peer that can let it go."""
    _, pair = open_pair(omni)
    if call.pushes:
        assert pair.producer.batch_push([b"x"] * 8) == 8
    return pair, pair.consumer if call.pushes else pair.producer


@function("CON-6", "threads signals", layer="waiting")
def blocked_calls_answer_signals(omni: Any) -> None:
    """What a signal's handler raises comes out of a blocked call promptly, and nothing is lost."""
    if threading.current_thread() is not threading.main_thread():
        return  # handlers run in the main thread alone

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    with _handled(signal.SIGUSR1, interrupt):
        for call in CALLS:
            pair, peer = _open(omni, call)
            over = threading.Event()
            # If the signal is not answered, the peer's end lets the call return.
            sender = Task(_interrupt_once_blocked, over)
            rescuer = Task(_unless, over, peer.close)
            try:
                try:
                    result = call.run(pair)
                except KeyboardInterrupt:
                    pass
                else:
                    raise AssertionError(f"{call.name} answered {result.name} and did not raise KeyboardInterrupt")
            finally:
                over.set()
            sender.finish()
            rescuer.finish()
            if not call.pushes:
                assert pair.producer.try_push(b"x")
            assert pair.consumer.try_pop()[0], "a message was lost"
            pair.close()


def _interrupt_once_blocked(over: threading.Event) -> None:
    wait_until_blocked(threading.main_thread(), over.is_set)
    if not over.is_set():
        os.kill(os.getpid(), signal.SIGUSR1)


def _unless(over: threading.Event, rescue: Callable[[], Any]) -> None:
    if not over.wait(LIMIT):
        rescue()


@function("CON-6", "threads signals", layer="waiting")
def signals_do_not_use_up_the_time(omni: Any) -> None:
    """Signals whose handlers return neither end a blocked call early nor begin its time anew."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        return
    broker, pair = open_pair(omni)
    _, full = open_pair(omni)
    assert full.producer.batch_push([b"x"] * 8) == 8
    calls: dict[str, Callable[[], Any]] = {
        "blocking_pop": lambda: pair.consumer.blocking_pop(WAIT)[0],
        "batch_pop": lambda: pair.consumer.batch_pop(4, WAIT)[0],
        "blocking_push": lambda: full.producer.blocking_push(b"late", WAIT),
        "shutdown": lambda: broker.shutdown(WAIT),
    }
    handled: list[int] = []
    for name, call in calls.items():
        over = threading.Event()
        rescuer = Task(_unless, over, lambda: (pair.close(), full.close()))
        with _handled(signal.SIGALRM, lambda number, frame: handled.append(number)):
            begun = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, EVERY, EVERY)
            try:
                result = call()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            took = time.monotonic() - begun
        over.set()
        rescuer.finish()
        answer = str(getattr(result, "name", result))
        assert answer in ("TIMEOUT", "False"), f"{name} answered {answer}"
        assert took >= WAIT, f"{name} with a timeout of {WAIT} s gave up after {took:.3f} s, when a signal came"
        assert took <= WAIT + SLACK, f"{name} with a timeout of {WAIT} s took {took:.1f} s, while signals came"
        assert handled, f"no handler ran in {name}"
        handled.clear()
    pair.close()
    full.close()
