"""Recording: the plan, logical timestamps, and the recorder of one thread's calls."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from conformance.linearizability.history import Event

PUSHES = ("try_push", "blocking_push", "batch_push", "reserve")
POPS = ("try_pop", "blocking_pop", "batch_pop")
HOLDS = ("reread", "take_export", "release_export")
THIRD_THREAD = ("", "close_producer", "close_consumer", "shutdown", "statistics", "requests")


@dataclass(frozen=True)
class Plan:
    """One recording except for the interleaving: with the same plan each thread chooses the same calls.

    pushes, pops: the calls to choose from; one that is listed twice is chosen twice as often.
    calls: of the producer. capacity, size: of the channel.
    third: what the third thread does; what it does once, it does after `after` calls of the producer.
    """

    seed: int
    pushes: tuple[str, ...] = PUSHES
    pops: tuple[str, ...] = POPS
    calls: int = 1000
    capacity: int = 8
    size: int = 64
    third: str = ""
    after: int = 0

    def __post_init__(self) -> None:
        for given, known in ((self.pushes, PUSHES), (self.pops, POPS + HOLDS), ((self.third,), THIRD_THREAD)):
            if not set(given) <= set(known):
                raise ValueError(f"one of {', '.join(known)}, not {', '.join(set(given) - set(known))}")

    def random(self, stream: str) -> Random:
        """The random choices of one thread."""
        return Random(f"{self.seed} {stream}")


def timestamps() -> Callable[[], int]:
    """A logical clock for all threads of one history: a function that returns ascending numbers.

    A timestamp is taken before each call and after it. Real clocks say nothing of visibility: readings on two
    cores are ordered by hardware, not by the language. A timestamp is taken under the interpreter's lock, whose
    release and acquisition synchronise the threads. So if the end of one call has a lower timestamp than the begin
    of another, the first *happens before* the second in C11's sense, and its effects are visible to the second.
    Calls whose timestamps overlap are unordered.

    The lock makes `next` of a counter atomic and ordering. An interpreter without it gets a counter behind a lock
    of its own; the argument is the same.
    """
    counter = itertools.count(1)
    if getattr(sys, "_is_gil_enabled", lambda: True)():
        return counter.__next__
    lock = threading.Lock()

    def locked() -> int:
        with lock:
            return next(counter)

    return locked


class Recorder:
    """Records the calls of one thread, each between two timestamps. doing: the call that has not returned, if any."""

    def __init__(self, thread: str, timestamp: Callable[[], int]) -> None:
        self.thread = thread
        self.timestamp = timestamp
        self.events: list[Event] = []
        self.doing: tuple[str, int, Any, float | None] | None = None

    def call(
        self, name: str, given: Any, function: Callable[..., Any], *arguments: Any, timeout: float | None = 0
    ) -> Any:
        """Call, record the event, and return what the call returned."""
        begin = self.timestamp()
        self.doing = name, begin, given, timeout
        got = function(*arguments)
        self.events.append(Event(name, begin, self.timestamp(), given, got, timeout))
        self.doing = None
        return got

    def hanging(self) -> list[Event]:
        """The call that has not returned, if any, as an event."""
        if self.doing is None:
            return []
        name, begin, given, timeout = self.doing
        return [Event(name, begin, self.timestamp(), given, "has not returned", timeout)]
