"""A whole run on one target: the checks that were chosen, each in a worker process, and the report."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

from conformance.causes import explained
from conformance.checks import CHECKS, Check
from conformance.checks.registry import LAYERS
from conformance.execution import result_of
from conformance.failure import Failure
from conformance.learned import Learned
from conformance.results import CheckResult, Report
from conformance.rules import AREAS, RULES
from conformance.targets import FEATURES
from conformance.workers.cluster import run_on_cluster
from conformance.workers.process import Jobs, Outcome, Worker, run_all


class NoSuchCheck(ValueError):
    """A name that no check, rule, area or layer has."""


@dataclass(frozen=True)
class Selection:
    """What to run.

    only: ids, rules, areas or layers; empty for everything. skips, xfails: ids of checks, with reasons.
    """

    only: tuple[str, ...] = ()
    skips: tuple[tuple[str, str], ...] = ()
    xfails: tuple[tuple[str, str], ...] = ()

    def chosen(self, checks: Sequence[Check]) -> list[Check]:
        """The checks to run or to account for; NoSuchCheck for a name that matches none."""
        known = {check.id for check in checks}
        for name, _ in (*self.skips, *self.xfails):
            if name not in known:
                raise NoSuchCheck(f"no check is called {name!r}; `omni-conformance list` shows all")
        twice = {name for name, _ in self.skips} & {name for name, _ in self.xfails}
        if twice:
            raise NoSuchCheck(f"both skipped and expected to fail: {', '.join(sorted(twice))}")
        for name in self.only:
            if name not in known and name not in RULES and name not in AREAS and name not in LAYERS:
                raise NoSuchCheck(f"no check, rule, area or layer is called {name!r}; see `omni-conformance list`")
        return [check for check in checks if not self.only or names_of(check) & set(self.only)]


def names_of(check: Check) -> set[str]:
    """What a check can be chosen by."""
    return {check.id, check.rule, RULES[check.rule].area, check.layer}


def read_ids(path: Path | None) -> tuple[tuple[str, str], ...]:
    """The ids in a file, one to a line, and what stands behind a # as the reason."""
    if path is None:
        return ()
    parted = [line.partition("#") for line in path.read_text().splitlines()]
    return tuple((name.strip(), reason.strip()) for name, _, reason in parted if name.strip())


def run_suite(
    target: str,
    without: tuple[str, ...] = (),
    profile: str = "quick",
    selection: Selection | None = None,
    workers: int = 2,
    assumed: Sequence[str] = (),
    started: Callable[[Report, list[Check]], None] = lambda report, checks: None,
    ended: Callable[[Report, CheckResult], None] = lambda report, result: None,
    seeds: int = 0,
    dask: str | None = None,
) -> Report:
    """Run the chosen checks on `target`, a module's name or a library's path.

    `started` is called with the checks that will run, `ended` with the result of each. assumed: rules that are taken to
    be broken, whose differences are passed over. seeds: how many of random programs; 0 for the profile's own. dask: the
    scheduler of a cluster that runs the checks; with the same report.
    Raises Unusable for a target that cannot be loaded, NoSuchCheck for a name in `selection` or `assumed` that is none,
    ClusterError and JobLost.
    """
    if unknown := [rule for rule in assumed if rule not in RULES]:
        raise NoSuchCheck(f"no rule is called {unknown[0]!r}; see `omni-conformance list`")
    selection, begun = selection or Selection(), time.monotonic()
    chosen = selection.chosen(CHECKS)
    first = Worker(target, without, profile)
    report = Report(target, profile, whole=not selection.only, not_provided=first.lacks, assumed=list(assumed),
                    environment=environment())  # fmt: skip
    to_run = []
    for check in sorted(chosen, key=lambda check: LAYERS.index(check.layer)):
        excuse = excused(check, first.provides, selection)
        if excuse is None:
            to_run.append(check)
        else:
            report.checks.append(excuse)
    started(report, to_run)
    expected = dict(selection.xfails)
    jobs = Jobs(to_run, seeds)
    if dask is None:
        outcomes = run_all(jobs, target, without, profile, workers, first, Learned((), assumed))
    else:
        first.stop()
        outcomes = run_on_cluster(dask, jobs, target, without, profile, Learned((), assumed))
    for outcome in outcomes:
        enter(report, outcome, expected)
        ended(report, report.checks[-1])
    order = {check.id: number for number, check in enumerate(CHECKS)}
    report.checks.sort(key=lambda result: order[result.id])
    report.failures = explained(settled(report.failures, lambda: Worker(target, without, profile)))
    report.failures.sort(key=_by_rule_then_length)
    report.seconds = time.monotonic() - begun
    return report


def settled(failures: Sequence[Failure], start: Callable[[], Worker]) -> list[Failure]:
    """The failures, each that a program shows with the rule that explains it, where one of a shorter program does.

    Each program is run again, the shortest first, with what the programs before it have shown to be broken; those last
    whose difference is more likely of another rule, and was given to the one that their check is of.
    """
    known, causes, worker = Learned(), dict[int, str](), None
    shown = [number for number, failure in enumerate(failures) if failure.kind == "difference" and failure.program]
    for number in sorted(shown, key=lambda each: ("likeliest" in failures[each].details, len(failures[each].program))):
        failure = failures[number]
        if known.facts and failure.rule not in {fact.rule for fact in known.facts}:
            worker = worker or start()
            outcome = worker.replay(failure, known)
            if outcome.result.outcome == "passed":
                same = {(fact.call, fact.field) for fact in failure.facts}
                causes[number] = next(
                    (fact.rule for fact in sorted(known.facts) if (fact.call, fact.field) in same),
                    min(known.facts).rule,
                )
                continue
            worker.stop()
            worker = None
        known.learn(failure.facts)
    if worker is not None:
        worker.stop()
    return [replace(failure, cause=causes.get(number, "")) for number, failure in enumerate(failures)]


def excused(check: Check, provides: frozenset[str], selection: Selection) -> CheckResult | None:
    """The result of a check that is not to be run, with the reason; None for one that is."""
    skips = dict(selection.skips)
    if check.id in skips:
        return result_of(check, "skipped", skips[check.id] or "asked for")
    lacking = check.needs - provides
    if lacking:
        reason = "; ".join(f"{feature}: {FEATURES[feature]}" for feature in sorted(lacking))
        return result_of(check, "not provided", reason)
    obstacle = check.obstacle()
    return result_of(check, "skipped", obstacle) if obstacle else None


def environment() -> dict[str, str]:
    """What the run took place in."""
    versions = {}
    for package in ("omnimailbox", "hypothesis"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return {**versions, "python": python, "system": f"{platform.system()} {platform.machine()}"}


def enter(report: Report, outcome: Outcome, expected: Mapping[str, str] = MappingProxyType({})) -> None:
    """Into the report; `expected`: ids of checks that must fail, with reasons."""
    result = outcome.result
    if result.id in expected:
        if result.outcome == "passed":
            reason = "it was expected to fail: take it off the list"
            result = replace(result, outcome="unexpected pass", reason=reason)
        else:
            result = replace(result, outcome="expected failure", reason=expected[result.id] or result.reason)
    report.checks.append(result)
    if result.layer == "differential-random":
        report.coverage.update(outcome.coverage)
    if result.layer == "interruption":
        report.interruptions.update(outcome.coverage)
    report.figures.update(outcome.figures)
    report.failures += outcome.failures


def _by_rule_then_length(failure: Failure) -> tuple[str, bool, int]:
    """The shortest program of each rule first, those without one last."""
    return failure.rule, not failure.python, len(failure.python)
