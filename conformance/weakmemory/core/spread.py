"""One exploration spread over workers: its tree is cut into subtrees, each named by its prefix.

Explored for a while, a tree leaves the subtrees that it has not come to. Each is given to a worker, which does the same:
so what is large is cut again, and no one has to know beforehand where the work is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from conformance.weakmemory.core.job import Job, Watch
from conformance.weakmemory.explorer import Result
from conformance.weakmemory.result import merged

Prefix = tuple[int, ...]
FIRST = 0.5
"""Seconds that are explored here; most clients are done by then."""


class Lost(Exception):
    """A subtree that a worker was given did not come back."""


class Crew(Protocol):
    """Workers. seconds: how long one is to stay with a subtree before it gives back what is left."""

    seconds: float

    def has_room(self) -> bool:
        """Whether a worker is free."""

    def give(self, job: Job, prefix: Prefix, seconds: float) -> None:
        """A subtree to a worker that is free."""

    def take(self) -> tuple[Prefix, Result]:
        """A subtree that a worker is done with; raises Lost, which names it, where there is none to come."""


def spread(
    job: Job, crew: Crew, watch: Watch | None = None, first: float = FIRST, seconds: float | None = None
) -> Result:
    """What `job.explore()` finds, to the last count. After a failure only what is under way is still waited for."""
    seconds = crew.seconds if seconds is None else seconds
    begun = job.explore(seconds=first, watch=watch)
    total = begun.alone()
    waiting = list(zip(begun.open, begun.weights, strict=True))
    under_way: dict[Prefix, float] = {}
    left = sum(begun.weights)
    while under_way or (waiting and total.failure is None):
        # The newest first, as one process would: so that not too many wait.
        while waiting and total.failure is None and crew.has_room():
            prefix, weight = waiting.pop()
            under_way[prefix] = weight
            crew.give(job, prefix, seconds)
        prefix, part = crew.take()
        weight = under_way.pop(prefix)
        waiting += [(each, weight * share) for each, share in zip(part.open, part.weights, strict=True)]
        left += weight * (sum(part.weights) - 1)
        total = merged(total, part.alone())
        if watch is not None:
            watch(1 - left, total.complete + total.blocked)
    return replace(total, open=tuple(prefix for prefix, _ in waiting), weights=tuple(weight for _, weight in waiting))
