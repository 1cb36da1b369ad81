"""`omni-conformance replay`: the one failing program or execution again, on any target."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from conformance.exploration.clients import report
from conformance.exploration.compile import CompilerError
from conformance.failure import Failure
from conformance.replay import again
from conformance.targets import Unusable
from conformance.workers.process import Worker


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "failure", type=Path, metavar="FAILURE.json", help="written by `run --failures`, or by an exploration"
    )
    parser.add_argument("--target", help="on which to run it (default: the one that failed); "
        "for an execution explored, the folder of a core's sources")  # fmt: skip


def run(given: argparse.Namespace) -> int:
    """0 if it no longer fails, 1 if it does, 2 where it cannot be run."""
    try:
        failure = Failure.read(given.failure)
        if failure.kind == "exploration":
            return _explored(failure, given.target)
        check = again(failure)
        worker = Worker(given.target or failure.target)
    except (OSError, ValueError, Unusable, CompilerError) as error:
        print(f"omni-conformance: {error}", file=sys.stderr)
        return 2
    lacking = check.needs - worker.provides
    if lacking:
        worker.stop()
        print(f"omni-conformance: {worker.target} does not provide {', '.join(sorted(lacking))}", file=sys.stderr)
        return 2
    outcome = worker.replay(failure)
    worker.stop()
    what = "the program" if failure.program else f"the check {check.id}"
    if outcome.failure is None:
        print(f"{worker.target}: {what} that showed {failure.rule} passes")
        return 0
    print(f"{worker.target}: {what} fails, {outcome.result.outcome}: {outcome.failure.seen}")
    if outcome.failure.python:
        print(f"\n{outcome.failure.python}")
    return 1


def _explored(failure: Failure, target: str | None) -> int:
    """The same for an execution of the explorer's."""
    task, path = report.task_of(failure, target)
    result = report.replay(task, path)
    where = target or failure.target
    if result.failure is None:
        print(f"{where}: the execution of {task.client.name!r} that showed {failure.rule} passes")
        return 0
    print(f"{where}: the execution of {task.client.name!r} fails, {result.failure}\n")
    print(report.execution_text(task, result))
    return 1
