"""What a run measured: as a value, as a table, as JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.rounds import Series, ratios
from tests.bench.workload import Threshold

FORMAT = 1


@dataclass(frozen=True)
class Measured:
    """One workload: all contenders, which of them is ours, and what is asked of it."""

    name: str
    title: str
    ours: str
    series: tuple[Series, ...]
    threshold: Threshold | None = None

    @property
    def ratio(self) -> float | None:
        """The median, over rounds, of the rivals' best time over ours; None where no rival is here."""
        if self.threshold is None or not set(self.threshold.rivals) & {each.name for each in self.series}:
            return None
        return statistics.median(ratios(self.series, self.ours, self.threshold.rivals))

    @property
    def met(self) -> bool | None:
        """Whether it is as fast as asked; None where nothing can be said."""
        return None if self.ratio is None or self.threshold is None else self.ratio >= self.threshold.at_least


def table(measured: Sequence[Measured], environment: dict[str, str]) -> str:
    """For a terminal: what it ran on, then each workload, fastest first."""
    lines = [f"{key + ':':<18}{value}" for key, value in environment.items()]
    for each in measured:
        lines += ["", f"{each.title} ({each.name})"]
        ours = next(series for series in each.series if series.name == each.ours)
        for series in sorted(each.series, key=lambda series: series.median):
            of = statistics.median(ratios(each.series, each.ours, (series.name,)))
            mark = "*" if series is ours else " "
            lines.append(f" {mark} {series.name:<32}{series.median:>12,.1f} ns  ±{series.spread:>4.0%}  {of:>8.2f}x")
        if each.threshold is not None:
            lines.append(f"   {_verdict(each)}")
    return "\n".join(lines)


def _verdict(each: Measured) -> str:
    assert each.threshold is not None
    rivals = ", ".join(each.threshold.rivals)
    if each.ratio is None:
        return f"not compared: {rivals} not installed"
    says = "met" if each.met else "MISSED"
    return f"{says}: {each.ratio:.2f}x of the best of {rivals}; asked for: {each.threshold.at_least:.2f}x"


def document(measured: Sequence[Measured], environment: dict[str, str]) -> dict[str, Any]:
    """As JSON."""
    return {
        "format": FORMAT,
        "environment": environment,
        "workloads": {
            each.name: {
                "title": each.title,
                "ours": each.ours,
                "ratio": each.ratio,
                "rivals": list(each.threshold.rivals) if each.threshold else [],
                "at_least": each.threshold.at_least if each.threshold else None,
                "ns": {series.name: list(series.ns) for series in each.series},
            }
            for each in measured
        },
    }


def read(path: Path) -> list[Measured]:
    """From a file that `--json` wrote; ValueError for another."""
    found = json.loads(path.read_text())
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"{path} is no report of format {FORMAT}")
    return [
        Measured(
            name,
            each["title"],
            each["ours"],
            tuple(Series(contender, tuple(ns)) for contender, ns in each["ns"].items()),
            Threshold(tuple(each["rivals"]), each["at_least"]) if each["rivals"] else None,
        )
        for name, each in found["workloads"].items()
    ]


def compare(before: Sequence[Measured], after: Sequence[Measured]) -> str:
    """Two runs: each workload's ratio then and now."""
    then = {each.name: each for each in before}
    lines = [f"{'workload':<24}{'before':>10}{'after':>10}"]
    for each in after:
        old = then.get(each.name)
        lines.append(f"{each.name:<24}{_times(old.ratio if old else None):>10}{_times(each.ratio):>10}")
    return "\n".join(lines)


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}x"
