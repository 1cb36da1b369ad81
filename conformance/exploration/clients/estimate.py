"""How much of a tree is left to explore: Knuth's estimate, from runs that decide by chance (1975)."""

from __future__ import annotations

import time
from collections.abc import Collection

from conformance.exploration.clients.job import Job

LEAST, MOST, SHARE = 300, 2000, 0.02
"""Probes to begin with, probes at the most, and of the time between the two how much may go into them."""


class Estimate:
    """Of one job. Each probe says how many runs there are, were all like it; on average they are right."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._count = 0
        self._ahead: list[tuple[tuple[int, ...], float]] = []
        self._begun, self._spent = time.monotonic(), 0.0

    def improve(self) -> None:
        """Some more probes."""
        began = time.monotonic()
        while self._count < MOST and (
            self._count < LEAST or self._spent + time.monotonic() - began < SHARE * (began - self._begun)
        ):
            self._count += 1
            one = self._job.probe(seed=self._count)
            self._ahead.append((one.path, one.estimate))
        self._spent += time.monotonic() - began

    def left(self, subtrees: Collection[tuple[int, ...]]) -> float:
        """Runs in these subtrees, about; to be asked again only with less of the tree."""
        lengths = {len(each) for each in subtrees}
        self._ahead = [
            (path, runs) for path, runs in self._ahead if any(path[:length] in subtrees for length in lengths)
        ]
        return max(len(subtrees), sum(runs for _, runs in self._ahead) / max(1, self._count))
