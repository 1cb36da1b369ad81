"""Interleaved rounds: every contender once in each, so that what the machine does to one it does to all."""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Contender = Callable[[], float]
"""One round: nanoseconds per message (or per round trip)."""


@dataclass(frozen=True)
class Series:
    """What one contender took, round by round, in nanoseconds per message."""

    name: str
    ns: tuple[float, ...]

    @property
    def median(self) -> float:
        """Of its rounds."""
        return statistics.median(self.ns)

    @property
    def spread(self) -> float:
        """The distance between its quartiles, as a share of the median."""
        if len(self.ns) < 4:
            return 0.0
        low, _, high = statistics.quantiles(self.ns, n=4)
        return (high - low) / self.median


def interleave(contenders: Mapping[str, Contender], rounds: int, what: str) -> list[Series]:
    """Each contender once per round, starting with another one each time; one warm-up round is not counted."""
    names = list(contenders)
    taken: dict[str, list[float]] = {name: [] for name in names}
    began = time.monotonic()
    for number in range(rounds + 1):
        for place in range(len(names)):
            name = names[(number + place) % len(names)]
            gc.collect()
            gc.disable()
            try:
                ns = contenders[name]()
            finally:
                gc.enable()
            if number:
                taken[name].append(ns)
        progress(f"{what}: round {number} of {rounds}, {time.monotonic() - began:.0f} s")
    progress("")
    return [Series(name, tuple(taken[name])) for name in names]


def progress(text: str) -> None:
    """One line that is written over, where somebody looks."""
    if sys.stderr.isatty():
        print(f"\r{text:<100}", end="" if text else "\r", file=sys.stderr, flush=True)


def ratios(series: Iterable[Series], ours: str, others: Iterable[str]) -> list[float]:
    """Round by round: the best of the others' time over ours; above 1 ours is faster."""
    by_name = {each.name: each.ns for each in series}
    rivals = [by_name[name] for name in others if name in by_name]
    return [min(each) / mine for mine, *each in zip(by_name[ours], *rivals, strict=True)]
