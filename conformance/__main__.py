"""The command `omni-conformance`, or `python -m conformance`: `run` tests a target; the other commands are small."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from conformance.checks import CHECKS, Check
from conformance.execution import again
from conformance.exploration.clients import command as exploration
from conformance.exploration.clients import report as explored
from conformance.exploration.clients.dask import ClusterError
from conformance.exploration.clients.parallel import JobLost
from conformance.exploration.explorer import CompilerError
from conformance.failure import Failure
from conformance.link import BOOK
from conformance.reports import compare, html, junit, markdown, rules_page, terminal
from conformance.reports.document import read
from conformance.results import CheckResult, Report
from conformance.rules import AREAS, RULES, Rule, rules_of
from conformance.runner import NoSuchCheck, Selection, environment, read_ids, run_suite
from conformance.targets import DEFAULT, FEATURES, Unusable
from conformance.workers.process import Worker

PRINTERS: dict[str, Callable[[dict[str, Any]], str]] = {
    "json": lambda document: json.dumps(document, indent=1) + "\n",
    "junit": junit.render,
    "markdown": markdown.render,
    "html": html.render,
}


def run_arguments(parser: argparse.ArgumentParser) -> None:
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
    report_arguments(parser)
    add("--failures", type=Path, metavar="FOLDER", help="write each failure into a file, for `replay`")


def report_arguments(parser: argparse.ArgumentParser) -> None:
    """The forms in which a report may be written."""
    for name in PRINTERS:
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"write the report as {name} too")
    parser.add_argument("--book", default=BOOK, metavar="URL", help="the book's page of the model, on which links "
        "of the report open programs; '' for no links (default: %(default)s, by `make docs-serve`)")  # fmt: skip


def _write_reports(document: dict[str, Any], given: argparse.Namespace) -> None:
    for name, render in PRINTERS.items():
        path: Path | None = getattr(given, name)
        if path is not None:
            path.write_text(render(document), encoding="utf-8")


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
        return _mistake(error)
    progress.finish()
    report.book = given.book
    document = report.document()
    print(terminal.render(document))
    _write_reports(document, given)
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


def explore_arguments(parser: argparse.ArgumentParser) -> None:
    """What `explore` takes."""
    exploration.arguments(parser)
    report_arguments(parser)


def explore(given: argparse.Namespace) -> int:
    """0 where no client fails, 1 where one does, 2 where they cannot be explored."""
    try:
        status, found = exploration.explore_clients(given)
        report = Report(str(given.core or DEFAULT), "exploration", whole=False, environment=environment())
        for each in found:
            id, result = f"CON-3/{each.name}", (each.outcome, each.executions, each.seconds, each.why)
            report.checks.append(CheckResult(id, "CON-3", "exploration", each.name, *result))
            report.failures += [replace(failure, check=id) for failure in each.failures]
            report.seconds += each.seconds
        report.book = given.book
        _write_reports(report.document(), given)
    except (CompilerError, JobLost, ClusterError, OSError, ValueError) as error:
        return _mistake(error)
    return status


def list_arguments(parser: argparse.ArgumentParser) -> None:
    """What `list` takes."""
    parser.add_argument("--ids", action="store_true", help="only the ids of the checks, one to a line")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the page of the rules (docs/rules.md)")


def list_rules(given: argparse.Namespace) -> int:
    """Print the rules and the checks that cover them, or write them as a page; 0, or 2 for a file not written."""
    if given.markdown is not None:
        try:
            given.markdown.write_text(rules_page.render(), encoding="utf-8")
        except OSError as error:
            return _mistake(error)
    elif given.ids:
        print("\n".join(check.id for check in CHECKS))
    else:
        for area, title in AREAS.items():
            print(f"{area} {title}")
            for rule in rules_of(area):
                print(f"  {rule.id:<7} {rule.text}")
                for check in CHECKS:
                    if check.rule == rule.id:
                        needs = f"  (needs {', '.join(sorted(check.needs))})" if check.needs else ""
                        print(f"            {check.id}  [{check.layer}]{needs}")
    return 0


def explain_arguments(parser: argparse.ArgumentParser) -> None:
    """What `explain` takes."""
    parser.add_argument("name", help="a rule, like PSH-2, or a check, like PSH-2/exactly-capacity-fit")


def explain(given: argparse.Namespace) -> int:
    """Print what a rule or a check says; 0, or 2 for a name that is none."""
    check = next((check for check in CHECKS if check.id == given.name), None)
    if given.name in RULES:
        print(_rule(RULES[given.name]))
    elif check is not None:
        print(_check(check))
    else:
        return _mistake(f"no rule or check is called {given.name!r}; see `omni-conformance list`")
    return 0


def _rule(rule: Rule) -> str:
    lines = [f"{rule.id} ({rule.section} of the reference)", f"  {rule.text}"]
    lines += [f"  {rule.reason}"] if rule.reason else []
    lines += [*_needs(rule.needs), "", "Checked by:"]
    lines += [f"  {check.id}  [{check.layer}] {check.claim}" for check in CHECKS if check.rule == rule.id]
    return "\n".join(
        [*lines, "and, with every other rule, by the layers differential-exhaustive and differential-random."]
    )


def _check(check: Check) -> str:
    rule = RULES[check.rule]
    lines = [f"{check.id}  [{check.layer}]", f"  {check.claim}", *_needs(tuple(sorted(check.needs)))]
    lines += ["", f"covers {rule.id}: {rule.text}"]
    if check.program is not None:
        lines += ["", "The program, each step of which must answer as the model does:", ""]
        lines += [f"    {operation.render()}" for operation in check.program.operations]
    return "\n".join(lines)


def _needs(features: tuple[str, ...]) -> list[str]:
    return [f"  needs {feature}: {FEATURES[feature]}" for feature in features]


def replay_arguments(parser: argparse.ArgumentParser) -> None:
    """What `replay` takes."""
    parser.add_argument(
        "failure", type=Path, metavar="FAILURE.json", help="written by `run --failures`, or by an exploration"
    )
    parser.add_argument("--target", help="on which to run it (default: the one that failed); "
        "for an explored execution, the folder of a core's sources")  # fmt: skip


def replay(given: argparse.Namespace) -> int:
    """Run a failure's program or execution again; 0 if it passes, 1 if it fails, 2 where it cannot be run."""
    try:
        failure = Failure.read(given.failure)
        if failure.kind == "exploration":
            return _replay_execution(failure, given.target)
        check = again(failure)
        worker = Worker(given.target or failure.target)
    except (OSError, ValueError, Unusable, CompilerError) as error:
        return _mistake(error)
    lacking = check.needs - worker.provides
    if lacking:
        worker.stop()
        return _mistake(f"{worker.target} does not provide {', '.join(sorted(lacking))}")
    outcome = worker.replay(failure)
    worker.stop()
    what = "the program" if failure.program else f"the check {check.id}"
    if not outcome.failures:
        print(f"{worker.target}: {what} that showed {failure.rule} passes")
        return 0
    print(f"{worker.target}: {what} fails, {outcome.result.outcome}: {outcome.failures[0].seen}")
    if outcome.failures[0].python:
        print(f"\n{outcome.failures[0].python}")
    return 1


def _replay_execution(failure: Failure, target: str | None) -> int:
    task, path = explored.task_of(failure, target)
    result = explored.replay(task, path)
    where = target or failure.target
    if result.failure is None:
        print(f"{where}: the execution of {task.client.name!r} that showed {failure.rule} passes")
        return 0
    print(f"{where}: the execution of {task.client.name!r} fails, {result.failure}\n")
    print(explored.execution_text(task, result))
    return 1


def compare_arguments(parser: argparse.ArgumentParser) -> None:
    """What `compare` takes."""
    parser.add_argument("reports", nargs="+", type=Path, metavar="REPORT.json", help="written by `run --json`")
    parser.add_argument("--markdown", action="store_true", help="as a Markdown table")


def compare_reports(given: argparse.Namespace) -> int:
    """Print a row per rule; 0, or 2 for a file that is no report."""
    try:
        documents = [read(path) for path in given.reports]
        print((compare.markdown if given.markdown else compare.text)(documents))
    except (OSError, ValueError) as error:
        return _mistake(error)
    return 0


def _mistake(error: object) -> int:
    """Report a mistake in the command; 2."""
    print(f"omni-conformance: {error}", file=sys.stderr)
    return 2


class _Command(NamedTuple):
    says: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


COMMANDS = {
    "run": _Command("run the checks on a target, against the model", run_arguments, run),
    "explore": _Command("the core's sources on every memory order that C11 allows", explore_arguments, explore),
    "list": _Command("the rules, and the checks that cover them", list_arguments, list_rules),
    "explain": _Command("what a rule or a check says, and how it is checked", explain_arguments, explain),
    "replay": _Command("run a failure's program again, on any target", replay_arguments, replay),
    "compare": _Command("several JSON reports side by side", compare_arguments, compare_reports),
}


def main(given: Sequence[str] | None = None) -> int:
    """Run a command; 0 for yes, 1 for no, 2 for a mistake in the command."""
    parser = argparse.ArgumentParser(
        prog="omni-conformance",
        description="Find out, rule by rule, whether an implementation of OmniMailbox conforms.",
    )
    parsers = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        command.arguments(parsers.add_parser(name, help=command.says, description=command.says))
    arguments = parser.parse_args(given)
    try:
        return COMMANDS[arguments.command].run(arguments)
    except KeyboardInterrupt:
        print("omni-conformance: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader has closed the pipe
        return 0


if __name__ == "__main__":
    sys.exit(main())
