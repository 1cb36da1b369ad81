"""What a run measured and on what: as values, as JSON, and compared with another run."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import fast_impl
from tests.bench import native
from tests.bench.measuring import Series, quartiles, ratios
from tests.bench.peers import missing
from tests.bench.workload import BOUNDS, OURS, Threshold, Workload

FORMAT = 2
PACKAGES = ("culsans", "janus", "pyzmq", "faster-fifo", "numpy")


@dataclass(frozen=True)
class Row:
    """A row of the table of thresholds, beside the rounds of its workload."""

    asked: Threshold
    series: tuple[Series, ...]
    why_not: str

    @property
    def faster(self) -> tuple[float, ...]:
        """Round by round, the time of the best rival over ours; empty without any."""
        return tuple(ratios(self.series, self.asked.ours, self.asked.rivals)) if self.series else ()

    @property
    def shown(self) -> tuple[float, float, float] | None:
        """Quartiles over the rounds, in the terms of the threshold; None where nothing can be compared."""
        if self.asked.below is not None:
            ours = [each.ns for each in self.series if each.name == self.asked.ours]
            return quartiles(ours[0]) if ours else None
        return quartiles([self.asked.shown(ratio) for ratio in self.faster]) if self.faster else None

    @property
    def met(self) -> bool | None:
        """Whether the median meets the threshold; None where nothing is asked, or nothing can be compared."""
        return self.asked.met(self.shown[1]) if self.shown else None

    @property
    def verdict(self) -> str:
        """Met, missed, reported (nothing is asked) or not measured."""
        if self.shown is None:
            return "not measured"
        return {True: "met", False: "missed", None: "reported"}[self.met]

    @property
    def is_behind(self) -> bool:
        """Whether a rival is faster."""
        return bool(self.faster) and statistics.median(self.faster) < 1

    @property
    def absent(self) -> tuple[str, ...]:
        """The rivals of the threshold that are not on this machine."""
        here = {each.name for each in self.series}
        return tuple(name for name in self.asked.rivals if name not in here)

    @property
    def reason(self) -> str:
        """Why it was not measured."""
        return self.why_not or f"{', '.join(self.asked.rivals)}: not on this machine"


class Win(NamedTuple):
    """Where a peer is faster: the workload, both by name, and the peer's time over ours."""

    title: str
    ours: Series
    peer: Series
    ratio: float


@dataclass(frozen=True)
class Measured:
    """The rounds of one workload; none where `why_not` says what this machine lacks for it."""

    workload: Workload
    series: tuple[Series, ...] = ()
    why_not: str = ""

    @property
    def rows(self) -> tuple[Row, ...]:
        """What was asked of it."""
        return tuple(Row(asked, self.series, self.why_not) for asked in self.workload.rows)

    @property
    def wins(self) -> tuple[Win, ...]:
        """For each of our ways of calling, the fastest peer, called that way if it can be, where it is faster."""
        peers = [each for each in self.series if base(each.name) not in (OURS, *BOUNDS)]
        found = []
        for ours in (each for each in self.series if base(each.name) == OURS):
            alike = [each for each in peers if way(each.name) == way(ours.name)]
            alike = alike or [each for each in peers if not way(each.name)]
            if not alike:
                continue
            peer = min(alike, key=lambda each: each.median)
            ratio = statistics.median(ratios(self.series, ours.name, [peer.name]))
            if ratio < 1:
                found.append(Win(self.workload.title, ours, peer, ratio))
        return tuple(found)


def base(name: str) -> str:
    """The contender, without its way of calling."""
    return name.partition(": ")[0]


def way(name: str) -> str:
    """How a contender is called, where it is called in several ways."""
    return name.partition(": ")[2]


def document(measured: Sequence[Measured], environment: dict[str, str]) -> dict[str, Any]:
    """Everything, for a file."""
    return {
        "format": FORMAT,
        "environment": environment,
        "workloads": {
            each.workload.name: {
                "title": each.workload.title,
                "rows": {
                    row.asked.name: {"wanted": row.asked.wanted, "quartiles": row.shown, "verdict": row.verdict}
                    for row in each.rows
                },
                "why_not": each.why_not,
                "unit": each.workload.unit,
                "measured": {series.name: series.ns for series in each.series},
            }
            for each in measured
        },
    }


def read(path: Path) -> dict[str, Any]:
    """A file that `--json` wrote; ValueError for another."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"{path} is no file of format {FORMAT} that --json wrote")
    return found


def compare(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Two runs: what each row shows, before and after, and the median of each contender."""
    lines = [f"{'workload':<22}{'contender':<30}{'before':>18}{'after':>18}{'after/before':>14}"]
    for name, new in after["workloads"].items():
        old = before["workloads"].get(name, {"rows": {}, "measured": {}})
        for row in new["rows"]:
            shown = [run["rows"].get(row, {}).get("quartiles") for run in (old, new)]
            if all(shown):
                lines.append(_change(row, f"row, {new['rows'][row]['wanted']}", shown[0][1], shown[1][1]))
        for contender in (each for each in new["measured"] if each in old["measured"]):
            medians = (statistics.median(run["measured"][contender]) for run in (old, new))
            lines.append(_change(name, contender, *medians))
    facts = ((key, before["environment"].get(key), value) for key, value in after["environment"].items())
    lines += [f"{key} before: {old}; now: {new}" for key, old, new in facts if old != new and key != "load"]
    return "\n".join(lines)


def _change(name: str, what: str, old: float, new: float) -> str:
    return f"{name:<22}{what:<30}{old:>18,.2f}{new:>18,.2f}{new / old:>14.2f}"


def environment() -> dict[str, str]:
    """The header of every report: interpreter, machine, build of the core, versions of the peers, missing peers."""
    compiled = native.peers()
    in_c = {peer.partition(" ")[0] for peer in compiled}
    here = [*compiled, *(f"{name} {found}" for name in PACKAGES if (found := _version(name)))]
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "processor": f"{processors} x {_processor()}",
        "system": f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}",
        "binding": fast_impl.binding,
        "platform": fast_impl.platform,
        "fences": fast_impl.fences,
        "switch interval": f"{sys.getswitchinterval() * 1e3:g} ms",
        "compiler": _compiler(),
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "peers": ", ".join(here) or "none installed",
        "skipped": ", ".join([*(name for name in native.PEERS if name not in in_c), *missing()]) or "no peer",
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _compiler() -> str:
    try:
        said = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return "none"
    return " ".join((said.partition("\n")[0], "-O3", *native.optimised_as_one()))
