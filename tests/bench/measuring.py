"""Measuring: contenders in interleaved rounds, what the rounds say, and progress meanwhile."""

from __future__ import annotations

import gc
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TextIO

MOST = 2**19
"""Messages in one turn."""


class Contender(NamedTuple):
    """carry(count, check): moves `count` messages, a multiple of `unit`, and returns the nanoseconds in all.

    check: whether every message received is checked; raises WrongMessages.
    """

    name: str
    carry: Callable[[int, bool], float]
    unit: int = 1


class InvalidMeasurement(Exception):
    """A measurement that is impossible: no messages, or no finite time above 0."""


def per_message(name: str, nanoseconds: float, count: int) -> float:
    """Nanoseconds per message; raises InvalidMeasurement without messages, or without a finite time above 0."""
    if count <= 0:
        raise InvalidMeasurement(f"{name}: {count} messages were carried; at least one was due")
    if not math.isfinite(nanoseconds) or nanoseconds <= 0:
        raise InvalidMeasurement(f"{name}: {count} messages took {nanoseconds} ns; a finite time above 0 was due")
    return nanoseconds / count


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median, upper quartile, between the nearest two values; of one value, three times that."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


@dataclass(frozen=True)
class Series:
    """The time of one contender: `ns` per message, round by round."""

    name: str
    ns: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of its rounds."""
        return statistics.median(self.ns)


def ratios(series: Iterable[Series], ours: str, rivals: Iterable[str]) -> list[float]:
    """Round by round, the best rival's time over ours: above 1 ours was faster. Empty without a rival."""
    ns = {each.name: each.ns for each in series}
    there = [ns[name] for name in rivals if name in ns]
    return [min(best) / mine for mine, *best in zip(ns[ours], *there, strict=True)] if there else []


class Progress:
    """The progress of a run: one line overwritten on a terminal, elsewhere a line for each workload."""

    def __init__(self, workloads: int, stream: TextIO | None = None) -> None:
        self._all, self._at, self._what = workloads, 0, ""
        self._stream = stream or sys.stderr
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._began

    def begin(self, what: str) -> None:
        """Begin the next workload."""
        self._at += 1
        self._what = f"[{self._at}/{self._all}] {self.seconds:4.0f} s  {what}"
        if not self._stream.isatty():
            print(self._what, file=self._stream, flush=True)

    def show(self, detail: str) -> None:
        """Show how far the workload is."""
        if self._stream.isatty():
            print(f"\r{f'{self._what}: {detail}'[:110]:<110}", end="", file=self._stream, flush=True)

    def end(self) -> None:
        """Clear the line."""
        if self._stream.isatty():
            print("\r" + " " * 110, end="\r", file=self._stream, flush=True)


def interleave(contenders: Sequence[Contender], rounds: int, seconds: float, progress: Progress) -> list[Series]:
    """Each contender for about `seconds` per round, another one first each time.

    Before the rounds, the messages of each are checked, and how many it moves in that time is measured.
    """
    ns: dict[str, list[float]] = {each.name: [] for each in contenders}
    gc.collect()
    gc.freeze()  # the collections before each turn need not traverse what exists already
    try:
        counts = [_count(each, seconds) for each in contenders]
        for number in range(rounds):
            for place in range(len(contenders)):
                turn = (number + place) % len(contenders)
                name, carry, _ = contenders[turn]
                progress.show(f"round {number + 1} of {rounds}, {name}")
                ns[name].append(per_message(name, _undisturbed(carry, counts[turn]), counts[turn]))
    finally:
        gc.unfreeze()
    return [Series(name, tuple(taken)) for name, taken in ns.items()]


def _count(contender: Contender, seconds: float) -> int:
    """How many messages it moves in about `seconds`."""
    name, carry, unit = contender
    count = -(-64 // unit) * unit
    per_message(name, carry(count, True), count)
    while True:
        each = per_message(name, _undisturbed(carry, count), count)
        enough = min(MOST, max(1, int(seconds * 1e9 / each)))
        if enough < 4 * count:
            return max(unit, enough // unit * unit)
        count *= 4


def _undisturbed(carry: Callable[[int, bool], float], count: int) -> float:
    gc.collect()
    gc.disable()
    try:
        return carry(count, False)
    finally:
        gc.enable()
