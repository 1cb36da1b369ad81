"""The small commands: `list`, `explain`, `replay` and `compare`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from conformance.checks import CHECKS, Check
from conformance.execution import again
from conformance.exploration.clients import report
from conformance.exploration.compile import CompilerError
from conformance.failure import Failure
from conformance.reports import compare, rules_page
from conformance.reports.document import read
from conformance.rules import AREAS, RULES, Rule, rules_of
from conformance.targets import FEATURES, Unusable
from conformance.workers.process import Worker


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
    task, path = report.task_of(failure, target)
    result = report.replay(task, path)
    where = target or failure.target
    if result.failure is None:
        print(f"{where}: the execution of {task.client.name!r} that showed {failure.rule} passes")
        return 0
    print(f"{where}: the execution of {task.client.name!r} fails, {result.failure}\n")
    print(report.execution_text(task, result))
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
