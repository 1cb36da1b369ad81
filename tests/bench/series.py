"""What the rounds of a run say: medians, quartiles, and ratios round by round."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class Nonsense(Exception):
    """A measurement that cannot be one."""


def sensible(who: str, nanoseconds: float, count: int) -> float:
    """Nanoseconds per message; raises Nonsense where no message was carried, or in no time or less."""
    if count <= 0:
        raise Nonsense(f"{who}: {count} messages were carried; at least one was due")
    if not math.isfinite(nanoseconds) or nanoseconds <= 0:
        raise Nonsense(f"{who}: {count} messages took {nanoseconds} ns; a finite time above 0 was due")
    return nanoseconds / count


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median, upper quartile, between the nearest two values; of one value, three times that."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


@dataclass(frozen=True)
class Series:
    """What one contender took: `ns` per message, round by round."""

    name: str
    ns: tuple[float, ...]

    @property
    def median(self) -> float:
        """Of its rounds."""
        return statistics.median(self.ns)


def ratios(series: Iterable[Series], ours: str, rivals: Iterable[str]) -> list[float]:
    """Round by round, the best rival's time over ours: above 1 ours was faster. Empty where no rival was there."""
    ns = {each.name: each.ns for each in series}
    there = [ns[name] for name in rivals if name in ns]
    return [min(best) / mine for mine, *best in zip(ns[ours], *there, strict=True)] if there else []
