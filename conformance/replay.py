"""What showed a failure, as a check that can be run again."""

from __future__ import annotations

from conformance.checks import CHECKS, Check
from conformance.checks.registry import of_program
from conformance.failure import Failure


def again(failure: Failure) -> Check:
    """The failure's program, or where it has none the check that found it; ValueError where there is neither."""
    if failure.program:
        return of_program(failure.check, failure.rule, f"the program that showed {failure.rule}", failure.operations())
    for check in CHECKS:
        if check.id == failure.check:
            return check
    raise ValueError(f"the failure is of the check {failure.check!r}, which this suite does not have")
