"""`omni-conformance replay`: the one failing program again, on any target."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from conformance.failure import Failure
from conformance.replay import again
from conformance.targets import Unusable
from conformance.workers.process import Worker


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("failure", type=Path, metavar="FAILURE.json", help="written by `run --failures`")
    parser.add_argument("--target", help="on which to run it (default: the one that failed)")


def run(given: argparse.Namespace) -> int:
    """0 if it no longer fails, 1 if it does, 2 where it cannot be run."""
    try:
        failure = Failure.read(given.failure)
        check = again(failure)
        worker = Worker(given.target or failure.target)
    except (OSError, ValueError, Unusable) as error:
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
