"""A history: the calls of each thread on one channel, recorded between timestamps, and the statistics at the end."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import Any, NamedTuple

from conformance.learned import here
from spec_model.vocabulary import BrokerStats, ConsumerStats, ProducerStats

CHANNEL_NAME = "a"
THREADS = ("producer", "consumer", "third")
"""One thread uses the producer, one the consumer; the third closes, shuts down, requests or reads statistics."""

PUSHES = ("try_push", "blocking_push", "batch_push", "reserve")
POPS = ("try_pop", "blocking_pop", "batch_pop")
HOLDS = ("reread", "take_export", "release_export")
THIRD_THREAD = ("", "close_producer", "close_consumer", "shutdown", "statistics", "requests")
_OF_PAYLOADS = frozenset({"try_push", "blocking_push", "batch_push", "commit"})
_OF_ONE = frozenset({"try_pop", "blocking_pop"})
_TIMED = frozenset({"blocking_push", "blocking_pop", "batch_pop", "shutdown"})
_SHOWN_IN_FULL = 8


class Event(NamedTuple):
    """A call that has returned.

    begin, end: logical timestamps before and after it (see `timestamps`). timeout: of a call that takes one.

    | call | given | got |
    |---|---|---|
    | try_push, blocking_push | payload id | PushResult |
    | batch_push | payload ids | number pushed |
    | reserve, commit | size, payload id | bool |
    | rollback, close_producer, close_consumer | None | None |
    | try_pop, blocking_pop, batch_pop | max_count | (PopResult or Refused, payload ids popped) |
    | reread | number of a popped message | its payload id now |
    | take_export, release_export | number of a popped message | None |
    | has_channel | None | bool: of the channel's own name |
    | request_channel, request_another | None | ChannelError: for its name, and for another that is free |
    | shutdown | None | bool |
    | producer_stats, consumer_stats, broker_stats | None | the statistics |

    A payload id identifies a payload (see `payload`). In place of one popped or read again stand the bytes where
    they are no payload, and None where the message had expired. A granted `request_channel` or `request_another`
    includes closing that pair.
    """

    call: str
    begin: int
    end: int
    given: Any
    got: Any
    timeout: float | None = 0.0

    def call_text(self) -> str:
        """The call as written in a program: try_push(#17)."""
        shown = []
        if self.given is not None and self.call not in _OF_ONE:
            shown.append(_shown(self.given, "#" if self.call in _OF_PAYLOADS else ""))
        if self.call in _TIMED:
            shown.append(str(self.timeout))
        return f"{self.call}({', '.join(shown)})"

    def result_text(self) -> str:
        """The result in words: SUCCESS #17."""
        if isinstance(self.got, tuple) and self.call in POPS:
            result, taken = self.got
            return " ".join([_shown(result), *_some(taken, "#")])
        return _shown(self.got, "#" if self.call == "reread" else "")


def _shown(value: Any, sign: str = "") -> str:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return f"[{', '.join(_some(value, sign))}]"
    if isinstance(value, bytes):
        return f"torn {value[:16].hex()}"
    return f"{sign}{value}" if type(value) is int else "expired" if sign and value is None else str(value)


def _some(values: tuple[Any, ...], sign: str) -> list[str]:
    """Each value; of many the first three, the last and their number."""
    shown = [_shown(each, sign) for each in values]
    return shown if len(shown) <= _SHOWN_IN_FULL else [*shown[:3], "...", shown[-1], f"({len(shown)})"]


class Final(NamedTuple):
    """The statistics once every thread has ended."""

    producer: ProducerStats
    consumer: ConsumerStats
    broker: BrokerStats


@dataclass(frozen=True)
class History:
    """Every call on a channel from its creation, by thread, in the thread's order.

    capacity, size: of the channel. final: the statistics at the end, if they were read.
    Each handle is closed at most once, by any thread.
    """

    producer: Sequence[Event]
    consumer: Sequence[Event]
    third: Sequence[Event] = ()
    capacity: int = 8
    size: int = 64
    final: Final | None = None

    def __post_init__(self) -> None:
        for thread in THREADS:
            before = 0
            for event in getattr(self, thread):
                if not before < event.begin < event.end:
                    raise ValueError(f"timestamps must ascend in each thread, but not {before} and then {event}")
                before = event.end
        for closing in ("close_producer", "close_consumer"):
            if len(self.calls(closing)) > 1:
                raise ValueError(f"a history has at most one {closing}, not {len(self.calls(closing))}")

    @property
    def slots(self) -> int:
        """How many messages wait at most: `capacity`, but for a target that is known to fall short of it [PSH-2]."""
        return self.capacity - here.shortfall

    def __len__(self) -> int:
        return len(self.producer) + len(self.consumer) + len(self.third)

    def calls(self, name: str) -> list[Event]:
        """The calls of that name, of any thread."""
        return [event for _, event in self if event.call == name]

    def __iter__(self) -> Iterator[tuple[str, Event]]:
        """Each event with its thread."""
        for thread in THREADS:
            for event in getattr(self, thread):
                yield thread, event


def timeline(history: History, wrong: Sequence[Event], around: int = 3) -> list[dict[str, Any]]:
    """The calls around the wrong ones, by begin: of each thread a few before, those that overlap, and one after."""
    first, last = min(event.begin for event in wrong), max(event.end for event in wrong)
    shown = []
    for thread in THREADS:
        events: Sequence[Event] = getattr(history, thread)
        before = [event for event in events if event.end < first][-around:]
        overlapping = [event for event in events if event.end >= first and event.begin <= last]
        overlapping = [
            event for event in overlapping if event in wrong or event in (*overlapping[:around], *overlapping[-around:])
        ]
        after = [event for event in events if event.begin > last][:1]
        shown += [(thread, event) for event in (*before, *overlapping, *after)]
    return [
        {
            "thread": thread,
            "call": event.call_text(),
            "result": event.result_text(),
            "begin": event.begin,
            "end": event.end,
            "wrong": event in wrong,
        }
        for thread, event in sorted(shown, key=lambda pair: pair[1].begin)
    ]


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
