"""Grades an exercise by `omni-conformance`: which of the broken rules the student has named, and which mended."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from conformance.__main__ import Progress
from conformance.checks import Check
from conformance.results import CheckResult, Report
from conformance.rules import RULES
from conformance.runner import Selection, run_suite
from conformance.targets import Unusable
from docs.lab.exercises import Exercise, answer, hints_asked
from tests.mutation.workspace import ROOT

LAYERS = ("unit", "blocking")
"""The suite's layers that are run: all checks that were written for a rule. The others repeat them with more states."""


class Verdicts(NamedTuple):
    """Of the suite and of the explorer on a copy."""

    broken: list[str]
    holding: list[str]


class Grade(NamedTuple):
    """What a student has of an exercise. fresh: rules that are broken and were not; hints: how many were asked for.

    While there are fresh ones nothing is mended: they may hide from the suite what is broken still. problem: why the
    copy cannot be judged, else "".
    """

    exercise: Exercise
    named: list[str]
    wrong: list[str]
    mended: list[str]
    fresh: list[str]
    hints: int
    problem: str = ""

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        breaks = self.exercise.breaks
        return (self.named, self.wrong, self.mended, self.fresh) == (breaks, [], breaks, [])

    def __str__(self) -> str:
        count = len(self.exercise.breaks)
        line = f"exercise {self.exercise.number}: named {len(self.named)} of {count} broken rules{_list(self.named)}"
        line += f", {len(self.wrong)} wrongly{_list(self.wrong)}"
        if self.problem:
            return f"{line}; mended 0 of {count}, for it cannot be judged: {self.problem}"
        line += f"; mended {len(self.mended)} of {count}{_list(self.mended)}"
        line += f", for what held is broken now{_list(self.fresh)}" if self.fresh else ""
        line += f"; {self.hints} hint{'s' * (self.hints != 1)}" if self.hints else ""
        return f"{line}; complete" if self.complete else line


def _list(rules: Sequence[str]) -> str:
    return f" ({' '.join(rules)})" if rules else ""


class CannotJudge(Exception):
    """The copy does not compile, or cannot be loaded."""


def grade(exercise: Exercise, folder: Path) -> Grade:
    """Grade the copy in `folder`; ValueError where its answer names what is no rule."""
    said, breaks, hints = answer(folder), exercise.breaks, len(hints_asked(folder))
    named, wrong = [rule for rule in breaks if rule in said], [rule for rule in said if rule not in breaks]
    try:
        found = judge(exercise, folder)
    except CannotJudge as error:
        return Grade(exercise, named, wrong, [], [], hints, str(error))
    fresh = [rule for rule in found.broken if rule not in breaks]
    mended = [rule for rule in breaks if rule in found.holding and not fresh]
    return Grade(exercise, named, wrong, mended, fresh, hints)


def judge(exercise: Exercise, folder: Path) -> Verdicts:
    """What `omni-conformance run` and `omni-conformance explore` say of the copy in `folder`; CannotJudge."""
    if exercise.kind == "core":
        compiled = subprocess.run(["make", "-s"], cwd=folder, capture_output=True, text=True, check=False)
        if compiled.returncode:
            raise CannotJudge(f"it does not compile:\n{compiled.stderr.strip()}")
    report = _run(str(folder / "libbroken.so") if exercise.kind == "core" else "broken", folder)
    explored = _explore(exercise, folder) if exercise.clients else set[str]()
    broken = [rule for rule in RULES if report.verdict(rule) == "broken" or rule in explored]
    return Verdicts(broken, [rule for rule in RULES if report.verdict(rule) == "holds" and rule not in explored])


def _run(target: str, folder: Path) -> Report:
    """One check after the other, so that the same mistake is always blamed on the same rules."""
    progress = Progress(unit="operations", found="rules broken")

    def started(report: Report, checks: list[Check]) -> None:
        progress.begin({check.id: check.weight for check in checks})

    def ended(report: Report, result: CheckResult) -> None:
        progress.advance(result.id, report.operations, len({failure.rule for failure in report.failures}))

    try:
        with _searched(folder):
            return run_suite(target, selection=Selection(LAYERS), workers=1, started=started, ended=ended)
    except Unusable as error:
        raise CannotJudge(str(error)) from None
    finally:
        progress.finish()


@contextmanager
def _searched(folder: Path) -> Iterator[None]:
    """Workers search the folders that this process does."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _explore(exercise: Exercise, folder: Path) -> set[str]:
    """The rules that executions of the exercise's clients break; a process of its own, which shows its progress."""
    with TemporaryDirectory(prefix="omni-lab-") as name:
        report = Path(name) / "report.json"
        command = [sys.executable, "-m", "conformance", "explore", "--core", str(folder / "core")]
        command += ["--fences", "asymmetric", "--json", str(report)]
        command += [word for client in exercise.clients for word in ("--only", client)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        if not report.exists():
            raise CannotJudge(f"its core cannot be explored: {done.stdout.strip()}")
        document = json.loads(report.read_text(encoding="utf-8"))
    unfinished = [each["reason"] for each in document["checks"] if each["outcome"] == "error"]
    if unfinished:
        raise CannotJudge(f"its core cannot be explored: {unfinished[0]}")
    return {failure["rule"] for failure in document["failures"]}
