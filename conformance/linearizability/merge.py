"""Whether the lanes of a history can be merged into one order that the rules and the tickets allow.

With fixed roles no general search is needed. Each lane's steps have an order of their own, so
an order of all is a merge; and as results are known, the state of the channel after any
part of a merge depends on how far each lane has come, and not on how. So the states are
tuples of positions, and those reachable with n steps follow from those with n - 1.
A lane can be ahead of another only by steps of calls that overlap, which keeps them few:
the work is near-linear in the number of steps, and the answer is exact.
"""

from __future__ import annotations

from typing import NamedTuple

from conformance.linearizability.history import History
from conformance.linearizability.popping import popping
from conformance.linearizability.pushing import Pushing
from conformance.linearizability.siding import siding
from conformance.linearizability.step import FOREVER, Lane

Position = tuple[int, int, int, int]
"""How many steps are done: of the producer, the consumer, the third thread, and the batches' looks."""


class Lanes(NamedTuple):
    """The steps of a history."""

    producer: Lane
    consumer: Lane
    side: Lane
    looks: Lane

    @staticmethod
    def of(history: History) -> Lanes:
        """The lanes of a history."""
        pushing = Pushing(history.producer, history.capacity)
        consumer = popping(history.consumer, history.capacity)
        return Lanes(pushing.steps, consumer, siding(history.side), pushing.looks)

    def flags(self, position: Position) -> int:
        """What has ended there."""
        i, j, k, _ = position
        return self.producer.flags[i] | self.consumer.flags[j] | self.side.flags[k]


class Merge(NamedTuple):
    """states: how many were visited; stuck: the last positions reached, none where an order exists."""

    states: int
    stuck: tuple[Position, ...]


def merge(lanes: Lanes) -> Merge:
    """Go from nothing done to all done, through every state that a merge can pass."""
    producer, consumer, side, looks = lanes
    p_begin, p_end, p_low, p_high, p_needs = (
        producer.begin, producer.end, producer.low, producer.high, producer.needs
    )  # fmt: skip
    c_begin, c_end, c_low, c_high, c_needs = (
        consumer.begin, consumer.end, consumer.low, consumer.high, consumer.needs
    )  # fmt: skip
    pushed, popped = producer.count, consumer.count
    p_flags, c_flags, s_flags = producer.flags, consumer.flags, side.flags
    s_begin, s_end, l_begin, l_end = side.begin, side.end, looks.begin, looks.end
    frontier: list[Position] = [(0, 0, 0, 0)]
    states = 0
    while True:
        states += len(frontier)
        reached: list[Position] = []
        for i, j, k, m in frontier:
            # Whoever's call ended first comes before all calls that began after that.
            first = min(p_end[i], c_end[j], s_end[k], l_end[m])
            if first == FOREVER:
                return Merge(states, ())
            flags = p_flags[i] | c_flags[j] | s_flags[k]
            if p_begin[i] < first:
                forbid, some, otherwise, _, _ = p_needs[i]
                if flags & otherwise or (
                    p_low[i] <= popped[j] <= p_high[i] and not flags & forbid and (not some or flags & some)
                ):
                    reached.append((i + 1, j, k, m))
            if c_begin[j] < first:
                forbid, some, otherwise, _, _ = c_needs[j]
                if flags & otherwise or (
                    c_low[j] <= pushed[i] <= c_high[j] and not flags & forbid and (not some or flags & some)
                ):
                    reached.append((i, j + 1, k, m))
            if s_begin[k] < first and side.low[k] == 0 and side.needs[k].met(flags):
                reached.append((i, j, k + 1, m))
            if l_begin[m] < first and (flags & looks.needs[m].otherwise or looks.low[m] == popped[j]):
                reached.append((i, j, k, m + 1))
        if not reached:
            return Merge(states, tuple(frontier))
        frontier = reached if len(reached) == 1 else list(set(reached))
