"""How long a blocked call takes, and what it costs meanwhile (§4.2, §5.1, §6.2)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from conformance.checks.registry import function
from conformance.failure import Broken
from conformance.threads.blocking_calls import CALLS, Blocked
from conformance.threads.waiting import LIMIT, SLACK, Task, open_full, open_pair, promptly

WAITS = (0.001, 0.02, 0.3)
"""Seconds."""

ASLEEP = 0.4
"""Seconds of a blocked call over which its cost is measured."""

PROCESSOR = 0.1
"""Of that time, the part that it may use of a processor: what entering and leaving cost."""

LOOKS = 20
"""How often it may wake in that time without news: a core that cannot see signals may look for them now and then."""


def _neither_early_nor_late(rule: str, name: str, give_up: str, call: Callable[[float], Any]) -> None:
    """`call(wait)` answers `give_up` no sooner than `wait` seconds after it began, and at most SLACK later."""
    for wait in WAITS:

        def timed(wait: float = wait) -> tuple[Any, float]:
            begun = time.monotonic_ns()
            result = call(wait)
            return result, (time.monotonic_ns() - begun) / 1e9

        result, took = Task(timed).finish(wait + LIMIT)
        answer = str(getattr(result, "name", result))
        if answer != give_up:
            raise Broken(rule, f"{name} with a timeout of {wait} s answered {answer}, not {give_up}")
        if took < wait:
            raise Broken(rule, f"{name} with a timeout of {wait} s gave up after {took:.6f} s: too early")
        if took > wait + SLACK:
            raise Broken(rule, f"{name} with a timeout of {wait} s took {took:.1f} s: more than {SLACK:g} s late")


@function("POP-4", "threads", layer="waiting")
def blocking_pop_keeps_its_time(omni: Any) -> None:
    """blocking_pop gives up neither early nor more than 2 s late."""
    _, pair = open_pair(omni)
    _neither_early_nor_late("POP-4", "blocking_pop", "TIMEOUT", lambda wait: pair.consumer.blocking_pop(wait)[0])
    pair.close()


@function("POP-5", "threads", layer="waiting")
def batch_pop_keeps_its_time(omni: Any) -> None:
    """batch_pop gives up neither early nor more than 2 s late."""
    _, pair = open_pair(omni)
    _neither_early_nor_late("POP-5", "batch_pop", "TIMEOUT", lambda wait: pair.consumer.batch_pop(4, wait)[0])
    pair.close()


@function("PSH-4", "threads", layer="waiting")
def blocking_push_keeps_its_time(omni: Any) -> None:
    """blocking_push gives up neither early nor more than 2 s late."""
    _, pair = open_full(omni)
    _neither_early_nor_late("PSH-4", "blocking_push", "TIMEOUT", lambda wait: pair.producer.blocking_push(b"x", wait))
    pair.close()


@function("SHD-2", "threads", layer="waiting")
def shutdown_keeps_its_time(omni: Any) -> None:
    """shutdown gives up neither early nor more than 2 s late."""
    broker, pair = open_pair(omni)
    _neither_early_nor_late("SHD-2", "shutdown", "False", lambda wait: broker.shutdown(wait))
    pair.close()


@function("CON-5", "threads", layer="waiting")
def news_wakes_a_call_at_once(omni: Any) -> None:
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
    """How often this thread went to sleep; 0 where nobody tells."""
    try:
        with open("/proc/thread-self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt_switches"))
    except OSError:
        return 0


@function("CON-6", "threads", layer="waiting")
def a_blocked_call_uses_no_processor(omni: Any) -> None:
    """A call that waits sleeps: it neither spins nor looks again and again."""
    broker, pair = open_pair(omni)
    _, full = open_full(omni)
    _, batched = open_pair(omni)
    calls: dict[str, Callable[[], Any]] = {
        "blocking_pop": lambda: pair.consumer.blocking_pop(ASLEEP),
        "batch_pop": lambda: batched.consumer.batch_pop(1, ASLEEP),
        "blocking_push": lambda: full.producer.blocking_push(b"late", ASLEEP),
    }
    _asleep({name: Task(_cost, call) for name, call in calls.items()})
    _asleep({"shutdown": Task(_cost, lambda: broker.shutdown(ASLEEP))})
    for each in (pair, full, batched):
        promptly(each.close)


def _asleep(tasks: dict[str, Task]) -> None:
    for name, task in tasks.items():
        used, sleeps = task.finish(ASLEEP + LIMIT)
        assert used < ASLEEP * PROCESSOR, (
            f"{name} used {used:.3f} s of a processor while it waited {ASLEEP} s: it spins"
        )
        assert sleeps < LOOKS, f"{name} woke {sleeps} times while it waited {ASLEEP} s for nothing: it polls"


@function("CON-6", "threads", layer="waiting")
def blocked_calls_leave_python_to_others(omni: Any) -> None:
    """While calls are blocked, other Python threads run."""
    for call in CALLS:
        blocked = Blocked(omni, call)
        assert promptly(sum, range(100_000)) == sum(range(100_000))
        closing = Task(blocked.pair.close)
        blocked.answers("CHANNEL_CLOSED", "both handles were closed")
        closing.finish()
