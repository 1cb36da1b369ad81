"""How a blocked call behaves: its time, its cost, and signals that come meanwhile (§4.2, §5.1, §6.2, §8)."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from conformance.checks.registry import function
from conformance.failure import Broken
from conformance.threads import (
    CALLS,
    LIMIT,
    SLACK,
    Blocked,
    Call,
    Task,
    name_of,
    open_full,
    open_pair,
    promptly,
    wait_until_blocked,
)

WAITS = (0.001, 0.02, 0.3)
"""Seconds."""

ASLEEP = 0.4
"""Seconds of a blocked call over which its cost is measured."""

PROCESSOR = 0.1
"""Of that time, the part that it may use of a processor: what entering and leaving cost."""

WAKEUPS = 20
"""How often it may wake in that time for nothing: a core that cannot see signals may poll for them now and then."""


def _neither_early_nor_late(rule: str, name: str, give_up: str, call: Callable[[float], Any]) -> None:
    """`call(wait)` answers `give_up` no sooner than `wait` seconds after it began, and at most SLACK later."""
    for wait in WAITS:

        def timed(wait: float = wait) -> tuple[Any, float]:
            begun = time.monotonic_ns()
            result = call(wait)
            return result, (time.monotonic_ns() - begun) / 1e9

        result, took = Task(timed).finish(wait + LIMIT)
        answer = name_of(result)
        if answer != give_up:
            raise Broken(rule, f"{name} with a timeout of {wait} s answered {answer}, not {give_up}")
        if took < wait:
            raise Broken(rule, f"{name} with a timeout of {wait} s gave up after {took:.6f} s: too early")
        if took > wait + SLACK:
            raise Broken(rule, f"{name} with a timeout of {wait} s took {took:.1f} s: more than {SLACK:g} s late")


@function("POP-4", "threads", layer="blocking")
def blocking_pop_keeps_its_time(omni: Any) -> None:
    """blocking_pop gives up neither early nor more than 2 s late."""
    _, pair = open_pair(omni)
    _neither_early_nor_late("POP-4", "blocking_pop", "TIMEOUT", lambda wait: pair.consumer.blocking_pop(wait)[0])
    pair.close()


@function("POP-5", "threads", layer="blocking")
def batch_pop_keeps_its_time(omni: Any) -> None:
    """batch_pop gives up neither early nor more than 2 s late."""
    _, pair = open_pair(omni)
    _neither_early_nor_late("POP-5", "batch_pop", "TIMEOUT", lambda wait: pair.consumer.batch_pop(4, wait)[0])
    pair.close()


@function("PSH-4", "threads", layer="blocking")
def blocking_push_keeps_its_time(omni: Any) -> None:
    """blocking_push gives up neither early nor more than 2 s late."""
    _, pair = open_full(omni)
    _neither_early_nor_late("PSH-4", "blocking_push", "TIMEOUT", lambda wait: pair.producer.blocking_push(b"x", wait))
    pair.close()


@function("SHD-2", "threads", layer="blocking")
def shutdown_keeps_its_time(omni: Any) -> None:
    """shutdown gives up neither early nor more than 2 s late."""
    broker, pair = open_pair(omni)
    _neither_early_nor_late("SHD-2", "shutdown", "False", lambda wait: broker.shutdown(wait))
    pair.close()


@function("CON-5", "threads", layer="blocking")
def a_blocked_call_wakes_promptly(omni: Any) -> None:
    """A blocked call with a time limit goes through at most 2 s after there is something for it."""
    for call in CALLS:
        blocked = Blocked(omni, call)
        producer, consumer = blocked.pair
        begun = time.monotonic()
        if call.pushes:
            promptly(consumer.try_pop)
        else:
            promptly(producer.try_push, b"x")
        blocked.answers("SUCCESS", "there was something for it")
        took = time.monotonic() - begun
        assert took <= SLACK, f"{call.name} went through {took:.1f} s after it could: more than {SLACK:g} s late"
        blocked.pair.close()


def _cost(call: Callable[[], Any]) -> tuple[float, int]:
    """Seconds of processor that a call uses in the thread that makes it, and how often it went to sleep."""
    before, slept = time.thread_time(), _sleeps()
    call()
    return time.thread_time() - before, _sleeps() - slept


def _sleeps() -> int:
    """How often this thread went to sleep; 0 where the system does not report it."""
    try:
        with open("/proc/thread-self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt_switches"))
    except OSError:
        return 0


@function("CON-6", "threads", layer="blocking")
def a_blocked_call_uses_no_processor(omni: Any) -> None:
    """A call that waits sleeps: it neither spins nor polls."""
    broker, pair = open_pair(omni)
    _, full = open_full(omni)
    _, batched = open_pair(omni)
    calls: dict[str, Callable[[], Any]] = {
        "blocking_pop": lambda: pair.consumer.blocking_pop(ASLEEP),
        "batch_pop": lambda: batched.consumer.batch_pop(1, ASLEEP),
        "blocking_push": lambda: full.producer.blocking_push(b"late", ASLEEP),
    }
    _sleep_while_they_wait({name: Task(_cost, call) for name, call in calls.items()})
    _sleep_while_they_wait({"shutdown": Task(_cost, lambda: broker.shutdown(ASLEEP))})
    for each in (pair, full, batched):
        promptly(each.close)


def _sleep_while_they_wait(tasks: dict[str, Task]) -> None:
    for name, task in tasks.items():
        used, sleeps = task.finish(ASLEEP + LIMIT)
        assert used < ASLEEP * PROCESSOR, (
            f"{name} used {used:.3f} s of a processor while it waited {ASLEEP} s: it spins"
        )
        assert sleeps < WAKEUPS, f"{name} woke {sleeps} times while it waited {ASLEEP} s for nothing: it polls"


@function("CON-6", "threads", layer="blocking")
def blocked_calls_let_other_threads_run(omni: Any) -> None:
    """While calls are blocked, other Python threads run."""
    for call in CALLS:
        blocked = Blocked(omni, call)
        assert promptly(sum, range(100_000)) == sum(range(100_000))
        closing = Task(blocked.pair.close)
        blocked.answers("CHANNEL_CLOSED", "both handles were closed")
        closing.finish()


SIGNAL_PERIOD = 0.02
"""Seconds between two signals."""

SIGNALLED = 0.2
"""Seconds that a call waits while they come."""


@contextmanager
def handled(number: int, handler: Callable[[int, Any], Any]) -> Iterator[None]:
    """Within the block, a handler of a signal."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def _open(omni: Any, call: Call) -> Any:
    """A pair on which the call waits, and the peer whose close releases it."""
    _, pair = open_full(omni) if call.pushes else open_pair(omni)
    return pair, pair.consumer if call.pushes else pair.producer


@function("CON-6", "threads signals", layer="blocking")
def blocked_calls_answer_signals(omni: Any) -> None:
    """What a signal's handler raises comes out of a blocked call promptly, and nothing is lost."""
    if threading.current_thread() is not threading.main_thread():
        return  # handlers run in the main thread alone

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    with handled(signal.SIGUSR1, interrupt):
        for call in CALLS:
            pair, peer = _open(omni, call)
            over = threading.Event()
            # If the signal does not end the call, the peer's close does.
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


@function("CON-6", "threads signals", layer="blocking")
def signals_do_not_use_up_the_time(omni: Any) -> None:
    """Signals whose handlers return neither end a blocked call early nor restart its timeout."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        return
    broker, pair = open_pair(omni)
    _, full = open_full(omni)
    calls: dict[str, Callable[[], Any]] = {
        "blocking_pop": lambda: pair.consumer.blocking_pop(SIGNALLED)[0],
        "batch_pop": lambda: pair.consumer.batch_pop(4, SIGNALLED)[0],
        "blocking_push": lambda: full.producer.blocking_push(b"late", SIGNALLED),
        "shutdown": lambda: broker.shutdown(SIGNALLED),
    }
    signals: list[int] = []
    for name, call in calls.items():
        over = threading.Event()
        rescuer = Task(_unless, over, lambda: (pair.close(), full.close()))
        with handled(signal.SIGALRM, lambda number, frame: signals.append(number)):
            begun = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, SIGNAL_PERIOD, SIGNAL_PERIOD)
            try:
                result = call()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            took = time.monotonic() - begun
        over.set()
        rescuer.finish()
        answer = name_of(result)
        assert answer in ("TIMEOUT", "False"), f"{name} answered {answer}"
        assert took >= SIGNALLED, f"{name} with a timeout of {SIGNALLED} s gave up after {took:.3f} s, with signals"
        assert took <= SIGNALLED + SLACK, f"{name} with a timeout of {SIGNALLED} s took {took:.1f} s, with signals"
        assert signals, f"no handler ran in {name}"
        signals.clear()
    pair.close()
    full.close()


@function("STA-4", "threads", layer="blocking")
def a_call_that_its_own_close_ends_is_not_counted(omni: Any) -> None:
    """A pop and a push that a close of their own handle ends answer CHANNEL_CLOSED, and are not counted as failed."""
    _, (producer, consumer) = open_pair(omni)
    blocked = Task(consumer.blocking_pop, 60)
    assert blocked.asleep()
    consumer.close()
    assert blocked.finish()[0].name == "CHANNEL_CLOSED"
    assert consumer.get_stats().failed_pops == 0
    producer.close()
    _, (producer, consumer) = open_pair(omni)
    producer.batch_push([b"x"] * 8)
    blocked = Task(producer.blocking_push, b"x", 60)
    assert blocked.asleep()
    producer.close()
    assert blocked.finish().name == "CHANNEL_CLOSED"
    assert producer.get_stats().failed_pushes == 0
    consumer.close()
