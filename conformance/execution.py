"""One check on one target, in this process: run, or what showed a failure run again."""

from __future__ import annotations

import time
from collections.abc import Callable

from conformance.checks import CHECKS, Check, interruption
from conformance.checks.registry import of_program
from conformance.differential import plain
from conformance.differential.lockstep import Divergence, Invalid, Tally, new_tally
from conformance.differential.shrink import reproduction, shrink
from conformance.failure import Broken, Failure, NotProvided
from conformance.results import CheckResult
from conformance.targets.target import Target
from conformance.threads import Hung


def execute_check(
    check: Check,
    target: Target,
    profile: str = "quick",
    found: Callable[[Failure], None] = lambda failure: None,
    seed: int | None = None,
) -> tuple[CheckResult, Tally, Failure | None]:
    """Run a check; how it ended, what it counted, and the failure if it failed.

    `found` is called with a failure as soon as it is seen, before its program is shrunk.
    """
    tally, begun = new_tally(), time.monotonic()
    tally.profile, tally.seed = profile, seed
    try:
        failure = _attempt(check, target, tally, found)
    except NotProvided as lacks:
        return result_of(check, "not provided", str(lacks), tally.operations, time.monotonic() - begun), tally, None
    outcome = "passed" if failure is None else {"error": "error", "hang": "hung"}.get(failure.kind, "failed")
    reason = "" if failure is None else failure.seen
    return result_of(check, outcome, reason, tally.operations, time.monotonic() - begun), tally, failure


def result_of(check: Check, outcome: str, reason: str, operations: int = 0, seconds: float = 0.0) -> CheckResult:
    """How a check ended; seconds: of its run."""
    return CheckResult(check.id, check.rule, check.layer, check.claim, outcome, operations, round(seconds, 3), reason)


def _attempt(check: Check, target: Target, tally: Tally, found: Callable[[Failure], None]) -> Failure | None:
    try:
        check.run(target, tally)
    except Divergence as divergence:
        found(difference(divergence, check.id, target))  # should a shorter one hang
        return difference(shrink(divergence, target.omni), check.id, target)
    except Broken as broken:
        return Failure(broken.rule, check.id, broken.kind, broken.seen, target.name, details=broken.details)
    except NotProvided:
        raise
    except Invalid as invalid:
        return Failure(check.rule, check.id, "error", f"the check is no program by the model: {invalid}", target.name)
    except Hung as hung:
        return Failure(check.rule, check.id, "hang", str(hung), target.name)
    except Exception as error:
        return Failure(check.rule, check.id, "claim", f"{type(error).__name__}: {error}", target.name)
    return None


def difference(divergence: Divergence, check: str, target: Target) -> Failure:
    """A divergence as a failure."""
    program = tuple(operation.render() for operation in divergence.program.operations)
    python = reproduction(divergence, target)
    return Failure(divergence.rule, check, "difference", str(divergence), target.name, program, python)


def again(failure: Failure) -> Check:
    """What showed a failure, as a check: its program, or else the check that found it; ValueError for neither.

    The failure may come from a file of others: of its program, only calls of the target with literals are carried out.
    """
    if failure.program:
        own = next((check.program for check in CHECKS if check.id == failure.check), None)
        program = plain.program(failure.program, own)
        return of_program(failure.check, failure.rule, f"the program that showed {failure.rule}", program)
    for check in CHECKS:
        if check.id == failure.check:
            text = failure.details.get("replay") if check.layer == "interruption" else None
            return interruption.again(check, text) if isinstance(text, str) else check
    raise ValueError(f"the failure is of the check {failure.check!r}, which this suite does not have")
