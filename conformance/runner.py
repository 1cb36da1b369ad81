"""A whole run on one target: every check in a worker, and the report."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import metadata
from importlib.util import find_spec
from types import MappingProxyType

from conformance.checks import CHECKS, Check
from conformance.checks.registry import LAYERS
from conformance.failure import Failure
from conformance.results import CheckResult, Report
from conformance.selection import Selection
from conformance.targets import FEATURES
from conformance.workers.pool import run_all
from conformance.workers.process import Outcome, Worker

HYPOTHESIS = 'needs Hypothesis: pip install "omnimailbox[conformance]"'


def run_suite(
    target: str,
    without: tuple[str, ...] = (),
    profile: str = "quick",
    selection: Selection | None = None,
    workers: int = 2,
    started: Callable[[Report, list[Check]], None] = lambda report, checks: None,
    ended: Callable[[Report, CheckResult], None] = lambda report, result: None,
) -> Report:
    """Run the chosen checks on `target`, a module's name or a library's path.

    `started` is told of the checks that will run, `ended` of each that has. Raises Unusable for
    a target that cannot be loaded, NoSuchCheck for a name in `selection` that is none.
    """
    selection, begun = selection or Selection(), time.monotonic()
    chosen = selection.chosen(CHECKS)
    first = Worker(target, without, profile)
    report = Report(target, profile, whole=not selection.only, not_provided=first.lacks, environment=environment())
    to_run = []
    for check in sorted(chosen, key=lambda check: LAYERS.index(check.layer)):
        excuse, reason = excused(check, first.provides, selection)
        if excuse:
            report.excuse(check, excuse, reason)
        else:
            to_run.append(check)
    started(report, to_run)
    expected = dict(selection.xfails)
    for outcome in run_all(to_run, target, without, profile, workers, first):
        enter(report, outcome, expected)
        ended(report, report.checks[-1])
    order = {check.id: number for number, check in enumerate(CHECKS)}
    report.checks.sort(key=lambda result: order[result.id])
    report.failures.sort(key=_by_rule_then_length)
    report.seconds = time.monotonic() - begun
    return report


def excused(check: Check, provides: frozenset[str], selection: Selection) -> tuple[str, str]:
    """The outcome of a check that is not run, and why; "" for one that is."""
    skips = dict(selection.skips)
    if check.id in skips:
        return "skipped", skips[check.id] or "asked for"
    lacking = check.needs - provides
    if lacking:
        return "not provided", "; ".join(f"{feature}: {FEATURES[feature]}" for feature in sorted(lacking))
    if check.layer == "lockstep" and find_spec("hypothesis") is None:
        return "skipped", HYPOTHESIS
    return "", ""


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
    """Into the report, in the light of what was expected."""
    result = outcome.result
    if result.id in expected:
        passed = result.outcome == "passed"
        outcome_then = "unexpected pass" if passed else "expected failure"
        reason = "it was expected to fail: take it off the list" if passed else expected[result.id] or result.reason
        result = replace(result, outcome=outcome_then, reason=reason)
    report.checks.append(result)
    if result.layer == "lockstep":
        report.cells.update(outcome.cells)
    report.figures.update(outcome.figures)
    if outcome.failure is not None:
        report.failures.append(outcome.failure)


def _by_rule_then_length(failure: Failure) -> tuple[str, bool, int]:
    """The shortest program of each rule first, those without one last."""
    return failure.rule, not failure.python, len(failure.python)
