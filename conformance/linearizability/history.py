"""A history: what each thread did to one channel, and the figures at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from conformance.linearizability.event import Event
from spec_model.vocabulary import BrokerStats, ConsumerStats, ProducerStats

THREADS = ("producer", "consumer", "side")
"""Who uses the producer's handle, who the consumer's, and who closes, shuts down, requests or looks."""


class Final(NamedTuple):
    """The statistics once every thread has ended."""

    producer: ProducerStats
    consumer: ConsumerStats
    broker: BrokerStats


@dataclass(frozen=True)
class History:
    """Every call on a channel from its beginning, by thread, in the order in which the thread made them.

    capacity, size: of the channel. final: absent where nobody asked.
    Each handle is closed at most once, by whichever thread: the judges need no more.
    """

    producer: Sequence[Event]
    consumer: Sequence[Event]
    side: Sequence[Event] = ()
    capacity: int = 8
    size: int = 64
    final: Final | None = None

    def __post_init__(self) -> None:
        for thread in THREADS:
            before = 0
            for event in getattr(self, thread):
                if not before < event.begin < event.end:
                    raise ValueError(f"tickets must ascend in each thread, but not {before} and then {event}")
                before = event.end
        for closing in ("close_producer", "close_consumer"):
            if len(self.calls(closing)) > 1:
                raise ValueError(f"a history has at most one {closing}, not {len(self.calls(closing))}")

    def __len__(self) -> int:
        return len(self.producer) + len(self.consumer) + len(self.side)

    def calls(self, name: str) -> list[Event]:
        """The calls of that name, of any thread."""
        return [event for _, event in self if event.call == name]

    def __iter__(self) -> Iterator[tuple[str, Event]]:
        """Each event with its thread."""
        for thread in THREADS:
            for event in getattr(self, thread):
                yield thread, event


def timeline(history: History, wrong: Sequence[Event], around: int = 3) -> list[dict[str, Any]]:
    """The calls about those that are wrong, by begin: for every thread a few before, those beside, and one after."""
    first, last = min(event.begin for event in wrong), max(event.end for event in wrong)
    shown = []
    for thread in THREADS:
        events: Sequence[Event] = getattr(history, thread)
        before = [event for event in events if event.end < first][-around:]
        beside = [event for event in events if event.end >= first and event.begin <= last]
        beside = [event for event in beside if event in wrong or event in (*beside[:around], *beside[-around:])]
        after = [event for event in events if event.begin > last][:1]
        shown += [(thread, event) for event in (*before, *beside, *after)]
    return [
        {
            "thread": thread,
            "call": event.text(),
            "result": event.answer(),
            "begin": event.begin,
            "end": event.end,
            "wrong": event in wrong,
        }
        for thread, event in sorted(shown, key=lambda pair: pair[1].begin)
    ]
