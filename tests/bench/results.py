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
from typing import Any

import fast_impl
from tests.bench import native
from tests.bench.measuring import Series, quartiles, ratios
from tests.bench.peers import missing
from tests.bench.workload import Workload

FORMAT = 1
PACKAGES = ("culsans", "janus", "pyzmq", "faster-fifo", "numpy")


@dataclass(frozen=True)
class Measured:
    """The rounds of one workload; none where `why_not` says what this machine lacks for it."""

    workload: Workload
    series: tuple[Series, ...] = ()
    why_not: str = ""

    @property
    def ours(self) -> Series:
        """The contender that the others are compared with."""
        return next(each for each in self.series if each.name == self.workload.ours)

    @property
    def faster(self) -> tuple[float, ...]:
        """Round by round, the time of the best rival that the threshold names over ours; empty without any."""
        asked = self.workload.threshold
        return tuple(ratios(self.series, self.workload.ours, asked.rivals)) if asked and self.series else ()

    @property
    def shown(self) -> tuple[float, float, float] | None:
        """Quartiles of the ratios, in the terms of the threshold; None where nothing can be compared."""
        asked = self.workload.threshold
        return quartiles([asked.shown(ratio) for ratio in self.faster]) if asked and self.faster else None

    @property
    def met(self) -> bool | None:
        """Whether the median meets the threshold; None without a threshold, or without a rival."""
        asked = self.workload.threshold
        return asked.met(statistics.median(self.faster)) if asked and self.faster else None

    @property
    def absent(self) -> tuple[str, ...]:
        """The rivals of the threshold that are not on this machine."""
        asked, here = self.workload.threshold, {each.name for each in self.series}
        return tuple(name for name in asked.rivals if name not in here) if asked else ()


def document(measured: Sequence[Measured], environment: dict[str, str]) -> dict[str, Any]:
    """Everything, for a file."""
    return {
        "format": FORMAT,
        "environment": environment,
        "workloads": {
            each.workload.name: {
                "title": each.workload.title,
                "wanted": each.workload.threshold.wanted if each.workload.threshold else None,
                "quartiles": each.shown,
                "met": each.met,
                "why_not": each.why_not,
                "ns": {series.name: series.ns for series in each.series},
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
    """Two runs: the ratio of each threshold, before and after, and the median of each contender."""
    lines = [f"{'workload':<22}{'contender':<30}{'before':>18}{'after':>18}{'after/before':>14}"]
    for name, new in after["workloads"].items():
        old = before["workloads"].get(name, {"quartiles": None, "ns": {}})
        if new["quartiles"] and old["quartiles"]:
            lines.append(_change(name, f"ratio, {new['wanted']}", old["quartiles"][1], new["quartiles"][1], "x"))
        for contender in (each for each in new["ns"] if each in old["ns"]):
            medians = (statistics.median(run["ns"][contender]) for run in (old, new))
            lines.append(_change(name, contender, *medians, " ns"))
    facts = ((key, before["environment"].get(key), value) for key, value in after["environment"].items())
    lines += [f"{key} before: {old}; now: {new}" for key, old, new in facts if old != new and key != "load"]
    return "\n".join(lines)


def _change(name: str, what: str, old: float, new: float, unit: str) -> str:
    return f"{name:<22}{what:<30}{f'{old:,.2f}{unit}':>18}{f'{new:,.2f}{unit}':>18}{new / old:>14.2f}"


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
