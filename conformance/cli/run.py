"""`omni-conformance run`: test a target."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from conformance.checks import Check
from conformance.exploration.clients.dask import ClusterError, JobLost
from conformance.reports import html, junit, markdown, terminal
from conformance.results import CheckResult, Report
from conformance.runner import NoSuchCheck, Selection, read_ids, run_suite
from conformance.targets import DEFAULT, FEATURES, Unusable

PRINTERS: dict[str, Callable[[dict[str, Any]], str]] = {
    "json": lambda document: json.dumps(document, indent=1) + "\n",
    "junit": junit.render,
    "markdown": markdown.render,
    "html": html.render,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add = parser.add_argument
    add("--target", default=DEFAULT, help="a module with the public names, or the path of a shared library "
        "with the C ABI of omni_mailbox.h (default: %(default)s)")  # fmt: skip
    add("--profile", choices=["quick", "long"], default="quick", help="how much (default: %(default)s)")
    add("--only", action="append", default=[], metavar="NAME", help="only this check, rule, area or layer; repeatable")
    add("--without", default="", metavar="FEATURES", help=f"what the target lacks, of {', '.join(FEATURES)}")
    add("--assume", action="append", default=[], metavar="RULE", help="take this rule to be broken: what differs by it "
        "is passed over, so that the rest is seen; repeatable")  # fmt: skip
    add("--skips", type=Path, metavar="FILE", help="ids of checks not to run, one to a line, # a reason")
    add("--xfails", type=Path, metavar="FILE", help="ids of checks that must fail, one to a line, # a reason")
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (default: %(default)s)")
    add("--seeds", type=int, metavar="N", help="random programs of N seeds, the same ones in every run "
        "(default: those of the profile)")  # fmt: skip
    add("--dask", metavar="ADDRESS", help="on the workers of the Dask scheduler there, which have the same target")
    for name in PRINTERS:
        add(f"--{name}", type=Path, metavar="FILE", help=f"write the report as {name} too")
    add("--failures", type=Path, metavar="FOLDER", help="write each failure into a file, for `replay`")


def run(given: argparse.Namespace) -> int:
    """0 if every rule holds, 1 if not, 2 for a mistake in the command."""
    without = tuple(filter(None, given.without.split(",")))
    progress = Progress(found="rules broken")

    def started(report: Report, checks: list[Check]) -> None:
        print(terminal.header(report.document()), flush=True)
        progress.begin({check.id: check.weight for check in checks})

    def ended(report: Report, result: CheckResult) -> None:
        progress.advance(result.id, report.operations, len({failure.rule for failure in report.failures}))

    try:
        if given.workers < 1:
            raise ValueError(f"--workers must be at least 1, not {given.workers}")
        if given.seeds is not None and given.seeds < 1:
            raise ValueError(f"--seeds must be at least 1, not {given.seeds}")
        selection = Selection(tuple(given.only), read_ids(given.skips), read_ids(given.xfails))
        report = run_suite(
            given.target, without, given.profile, selection, given.workers, given.assume, started, ended,
            given.seeds or 0, given.dask,
        )  # fmt: skip
    except (Unusable, NoSuchCheck, ClusterError, JobLost, OSError, ValueError) as error:
        print(f"omni-conformance: {error}", file=sys.stderr)
        return 2
    progress.finish()
    document = report.document()
    print(terminal.render(document))
    for name, render in PRINTERS.items():
        path: Path | None = getattr(given, name)
        if path is not None:
            path.write_text(render(document), encoding="utf-8")
    if given.failures is not None:
        _write_failures(report, given.failures)
    return 0 if report.holds else 1


def _write_failures(report: Report, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for failure in report.failures:
        failure.write(folder / f"{failure.check.replace('/', '.')}.json")


WIDTH = 30


class Progress:
    """How far a run is, in place on a terminal, and elsewhere in a line now and then."""

    def __init__(self, unit: str = "operations", found: str = "failures", stream: TextIO | None = None) -> None:
        self._unit, self._found = unit, found
        self._stream = stream or sys.stderr
        self._weights: Mapping[str, float] = {}
        self._done = 0.0
        self._begun = self._drawn = 0.0

    def begin(self, weights: Mapping[str, float]) -> None:
        """The work ahead: how heavy each part is, in any unit."""
        self._weights, self._begun = weights, time.monotonic()
        self._draw(0, 0)

    def advance(self, part: str, count: int, found: int) -> None:
        """One part is done."""
        self._done += self._weights[part]
        now = time.monotonic()
        if now - self._drawn > (0.1 if self._stream.isatty() else 10.0):
            self._draw(count, found)

    def _draw(self, count: int, found: int) -> None:
        self._drawn = now = time.monotonic()
        part = min(1.0, self._done / (sum(self._weights.values()) or 1.0))
        spent = now - self._begun
        left = f"about {spent / part - spent:3.0f} s left" if part > 0.02 else "starting"
        bar = ("#" * int(WIDTH * part)).ljust(WIDTH, ".")
        text = f"[{bar}] {spent:4.0f} s, {left}  {count:,} {self._unit}  {found} {self._found}"
        self._stream.write(f"\r{text:<100}" if self._stream.isatty() else f"{text}\n")
        self._stream.flush()

    def finish(self) -> None:
        """Leave the line."""
        if self._stream.isatty():
            self._stream.write("\r" + " " * 100 + "\r")
            self._stream.flush()
