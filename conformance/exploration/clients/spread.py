"""One exploration spread over workers: its tree is cut into subtrees, each named by its prefix.

Explored for a while, a tree leaves the subtrees that it has not come to. Each is given to a worker, which does the
same: so what is large is cut again, and no one has to know beforehand where the work is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from conformance.exploration.clients.estimate import Estimate
from conformance.exploration.clients.job import Job
from conformance.exploration.explorer import Result
from conformance.exploration.result import merged

Prefix = tuple[int, ...]
FIRST = 0.5
"""Seconds that are explored here; most clients are done by then."""
BETWEEN = 1.0
"""Seconds between two words on how far it is."""
Watch = Callable[[Result, float], None]
"""Told what was found so far, and how many runs are left, about."""


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
    """What `job.explore()` finds, to the last count. After a failure only what is under way is still waited for.

    watch: told how far it is. first, seconds: how long is explored here, and by a worker at a time.
    """
    begun = job.explore(seconds=first)
    total, waiting = begun.alone(), list(begun.open)
    under_way: set[Prefix] = set()
    estimate, told = Estimate(job), 0.0
    while under_way or (waiting and total.failure is None):
        # The newest first, as one process would: so that not too many wait.
        while waiting and total.failure is None and crew.has_room():
            under_way.add(waiting[-1])
            crew.give(job, waiting.pop(), crew.seconds if seconds is None else seconds)
        if watch is not None and time.monotonic() - told > BETWEEN:
            estimate.improve()
            watch(total, estimate.left({*waiting, *under_way}))
            told = time.monotonic()
        prefix, part = crew.take()
        under_way.remove(prefix)
        waiting += part.open
        total = merged(total, part.alone())
    if total.failure is not None:
        again = job.explore(total.path)  # by the library that is here: its addresses stand for lines that are here
        total = replace(total, message=again.message, trace=again.trace)
    return replace(total, open=tuple(waiting))
