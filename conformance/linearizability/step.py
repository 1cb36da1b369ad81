"""What a call comes to: atomic steps, each with what must hold at its moment.

The judge's reading of the rules, beside the model's functions (see `brute`, which calls them).

- Most calls are one step, somewhere between their tickets. A call that answers TIMEOUT has its
  moment at any look that found nothing: PSH-4 and POP-4 do not say that the last look is at the end.
- `batch_push` is `try_push` on each [PSH-6]: a step per message, and one for the look that stopped it.
  That look is in a *lane* of its own, so that it may come before steps of its own call: C11
  lets a thread look at the other side's index before its own stores are seen by others
  (store buffering), and between calls, but not within one, the tickets forbid that.
- `close` and `shutdown` are several steps: the handle is inactive, the peer sees it, the name is
  free [BRK-8]; and shutdown ends pushing before it ends popping, else CON-4 could not hold.
- `batch_pop` looks what waits, and then takes that at one moment [POP-5]: more may have come between.

Given the results, every step's place in its own lane says how many messages were pushed
(or popped) before it. So what must hold is a range for the *other* side's number, and flags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from conformance.linearizability.event import Event

FOREVER = 1 << 62
"""A ticket, and a number of messages, above all others."""

PRODUCER_ENDED, PRODUCER_GONE, PRODUCER_FREED = 1, 2, 4
CONSUMER_ENDED, CONSUMER_GONE, CONSUMER_FREED = 8, 16, 32
PUSHING_SHUT, POPPING_SHUT = 64, 128
"""Flags. A handle is *ended* for its own calls, *gone* for its peer's and *freed* in the registry."""

NO_RECEIVER = CONSUMER_GONE | PUSHING_SHUT
NO_SENDER = PRODUCER_GONE | POPPING_SHUT
UNREGISTERED = PRODUCER_FREED | CONSUMER_FREED


class Needs(NamedTuple):
    """What a step asks of the flags: none of `forbid`, one of `some` if any, all of `every`, not all of
    `unless` if any; `otherwise`: any one of these suffices, whatever else."""

    forbid: int = 0
    some: int = 0
    otherwise: int = 0
    every: int = 0
    unless: int = 0

    def met(self, flags: int) -> bool:
        """Whether the flags will do, `otherwise` left aside."""
        return (
            not flags & self.forbid
            and (not self.some or flags & self.some != 0)
            and flags & self.every == self.every
            and (not self.unless or flags & self.unless != self.unless)
        )


ALWAYS = Needs()


@dataclass
class Lane:
    """Steps in the order of one thread. Step n happens between tickets begin[n] and end[n], while the other
    side's number is from low[n] to high[n] and needs[n] are met; count[n] and flags[n] hold before it."""

    begin: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    low: list[int] = field(default_factory=list)
    high: list[int] = field(default_factory=list)
    needs: list[Needs] = field(default_factory=list)
    count: list[int] = field(default_factory=lambda: [0])
    flags: list[int] = field(default_factory=lambda: [0])
    events: list[int] = field(default_factory=list)

    def add(
        self,
        event: Event,
        number: int,
        needs: Needs = ALWAYS,
        low: int = 0,
        high: int = FOREVER,
        moves: int = 0,
        sets: int = 0,
    ) -> None:
        """One more step, of the event of that number: it adds `moves` to the count and sets flags."""
        self.begin.append(event.begin)
        self.end.append(event.end)
        self.low.append(low)
        self.high.append(high)
        self.needs.append(needs)
        self.count.append(self.count[-1] + moves)
        self.flags.append(self.flags[-1] | sets)
        self.events.append(number)

    def never(self, event: Event, number: int) -> None:
        """A step that no state allows."""
        self.add(event, number, low=1, high=0)

    def seal(self) -> None:
        """End the lane with a step that is never reached."""
        self.begin.append(FOREVER)
        self.end.append(FOREVER)


def closing(lane: Lane, event: Event, number: int, flags: Sequence[int]) -> None:
    """The steps of a close or shutdown: one flag after another."""
    for flag in flags:
        lane.add(event, number, sets=flag)


CLOSING = {
    "close_producer": (PRODUCER_ENDED, PRODUCER_GONE, PRODUCER_FREED),
    "close_consumer": (CONSUMER_ENDED, CONSUMER_GONE, CONSUMER_FREED),
}
