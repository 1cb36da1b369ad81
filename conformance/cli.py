"""The command `omni-conformance`."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from types import ModuleType

from conformance.catalogue import AREAS, RULES, rules_of
from conformance.cells import table
from conformance.checks import CHECKS
from conformance.machine import PROFILES
from conformance.progress import Progress
from conformance.runner import Report, add_suspect, run_checks, run_random
from conformance.watchdog import Watchdog

DEFAULT = "fast_impl"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite; 0 if every rule holds, 1 if not, 2 for a mistake in the command."""
    parser = argparse.ArgumentParser(prog="omni-conformance", description="Find out whether a mailbox keeps the rules.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run every check against a target, in lockstep with the model")
    run.add_argument("--target", default=DEFAULT, help="the module to judge (default: %(default)s)")
    run.add_argument("--profile", choices=sorted(PROFILES), default="quick", help="how long (default: %(default)s)")
    given = parser.parse_args(arguments)
    try:
        target = import_module(given.target)
    except ImportError as error:
        print(f"omni-conformance: cannot import {given.target!r}: {error}", file=sys.stderr)
        return 2
    return _run(target, given.target, given.profile)


def _run(target: ModuleType, name: str, profile: str) -> int:
    print(_header(name, profile), flush=True)
    report = Report(name)
    progress = Progress(len(CHECKS) + PROFILES[profile])

    def last_words() -> None:
        add_suspect(report)
        print(summary(report))

    watchdog = Watchdog(last_words)

    def beat() -> None:
        watchdog.feed()
        progress.advance(report.tally.operations, len(report.failures))

    run_checks(target, report, beat)
    # A target that fails the direct checks has its answer: random programs would find the same.
    if not report.failures:
        run_random(target, report, beat, profile)
    watchdog.stop()
    progress.operations, progress.failures = report.tally.operations, len(report.failures)
    progress.finish()
    print(summary(report))
    return 0 if report.holds else 1


def _header(name: str, profile: str) -> str:
    try:
        version = metadata.version("omnimailbox")
    except metadata.PackageNotFoundError:
        version = "not installed"
    return (
        f"OmniMailbox conformance: target {name}, profile {profile}\n"
        f"omnimailbox {version}, hypothesis {metadata.version('hypothesis')}, "
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} {platform.machine()}"
    )


def summary(report: Report) -> str:
    """Everything a run found, as text."""
    lines = ["", f"{'area':<20}{'rules':>6}{'covered':>9}{'checks':>8}{'operations':>12}  verdict"]
    for area, title in AREAS.items():
        rules = rules_of(area)
        covered = sum(bool(report.checks[rule.id] or report.skipped[rule.id]) for rule in rules)
        ran = sum(report.checks[rule.id] for rule in rules)
        skipped = sum(report.skipped[rule.id] for rule in rules)
        broken = [rule.id for rule in rules if report.failed(rule.id)]
        verdict = "FAILS " + " ".join(broken) if broken else "holds" if covered == len(rules) else "NOT COVERED"
        if skipped and not ran:
            verdict = f"does not apply ({skipped} thread checks)"
        elif skipped:
            verdict += f" ({skipped} thread checks do not apply)"
        lines.append(
            f"{area + ' ' + title:<20}{len(rules):>6}{covered:>9}{ran:>8}{report.operations[area]:>12,}  {verdict}"
        )
    lines.append(f"{'all, random included':<20}{len(RULES):>6}{'':>9}{'':>8}{report.tally.operations:>12,}")
    if report.random:
        lines += ["", "operation x result, random programs:", table(report.tally.cells)]
    lines += [f"never reached though the rules allow it: {kind} -> {result}" for kind, result in report.missing]
    lines += [f"reached though the rules do not list it: {kind} -> {result}" for kind, result in report.unknown]
    lines += [f"no check covers {rule}" for rule in report.uncovered]
    for failure in report.failures:
        rule = RULES[failure.rule]
        lines += ["", f"FAILED {rule.id} ({rule.section}): {rule.text}", f"  {failure.seen}"]
        if failure.program:
            lines += ["", failure.program.rstrip()]
    lines += ["", f"{report.target} {'keeps every rule checked' if report.holds else 'does NOT keep the rules'}"]
    return "\n".join(lines)
