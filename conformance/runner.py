"""A whole run: every direct check, then the random programs, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType

from conformance import machine
from conformance.catalogue import RULES
from conformance.cells import unlisted, unreached
from conformance.checks import CHECKS, Check
from conformance.lockstep import Divergence, Invalid, Tally, execute, new_tally
from conformance.reproduce import reproduction
from conformance.shorten import shorten


@dataclass
class Failure:
    """A broken rule, what was seen, and the program that shows it where there is one."""

    rule: str
    seen: str
    program: str = ""


@dataclass
class Report:
    """What a run found."""

    target: str
    checks: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    tally: Tally = field(default_factory=new_tally)
    missing: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)
    random: bool = False
    suspect: Failure | None = None  # what a hang at this moment would mean

    @property
    def uncovered(self) -> list[str]:
        """Rules of the catalogue that no check covers."""
        return [rule for rule in RULES if not self.checks[rule] and not self.skipped[rule]]

    @property
    def holds(self) -> bool:
        """Whether everything holds."""
        return not (self.failures or self.uncovered or self.missing or self.unknown)

    def failed(self, rule: str) -> bool:
        """Whether a rule was found broken."""
        return any(failure.rule == rule for failure in self.failures)


def run_checks(target: ModuleType, report: Report, beat: Callable[[], None], checks: list[Check] = CHECKS) -> None:
    """Every direct check; one that needs threads is not for a target without them."""
    sequential = bool(getattr(target, "sequential", False)) or hasattr(target, "WouldBlockForever")
    for check in checks:
        if check.threads and sequential:
            report.skipped[check.rule] += 1
        else:
            tally = new_tally()
            report.checks[check.rule] += 1
            report.suspect = Failure(check.rule, f"{check.name}: a call did not come back")
            failure = run_check(check, target, report, tally)
            if failure is not None:
                _add(report, failure)
            report.operations[check.rule.partition("-")[0]] += tally.operations
            report.tally.operations += tally.operations
        beat()
    report.suspect = None


def run_check(check: Check, target: ModuleType, report: Report, tally: Tally) -> Failure | None:
    """One check; what it found, if anything."""
    try:
        if check.program is not None:
            execute(check.program, target, tally, check.rule)
        elif check.function is not None:
            check.function(target)
    except Divergence as divergence:
        return explain(divergence, target, report)
    except Invalid as invalid:
        return Failure(check.rule, f"the check is no program by the model: {invalid}")
    except Exception as error:
        return Failure(check.rule, f"{check.name}: {type(error).__name__}: {error}")
    return None


def run_random(
    target: ModuleType, report: Report, beat: Callable[[], None], profile: str, programs: int = 0, table: bool = True
) -> None:
    """The random programs, and the table that they fill."""
    report.random = True
    report.suspect = Failure("CON-5", "a call of a random program did not come back")
    tally = report.tally
    try:
        machine.run(target, tally, beat, profile, programs)
    except Divergence as divergence:
        _add(report, explain(divergence, target, report))
    if table and not report.failures:
        report.missing, report.unknown = unreached(tally.cells), unlisted(tally.cells)


def explain(divergence: Divergence, target: ModuleType, report: Report) -> Failure:
    """A divergence as a failure with a program as short as it gets."""
    report.suspect = _failure(divergence, report)  # should a shorter one hang
    return _failure(shorten(divergence, target), report)


def add_suspect(report: Report) -> None:
    """Note what the run hangs in as a failure."""
    if report.suspect is not None:
        _add(report, report.suspect)


def _failure(divergence: Divergence, report: Report) -> Failure:
    return Failure(divergence.rule, str(divergence), reproduction(divergence, report.target))


def _add(report: Report, failure: Failure) -> None:
    """Keep the shortest program for each rule."""
    for number, known in enumerate(report.failures):
        if known.rule == failure.rule:
            if failure.program and len(failure.program) < len(known.program):
                report.failures[number] = failure
            return
    report.failures.append(failure)
