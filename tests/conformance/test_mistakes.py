"""The suite notices mistakes and names the rule."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.checks.registry import Check
from conformance.differential.stateful.scenarios import run
from conformance.execution import execute_check
from conformance.failure import Failure
from conformance.targets import Target
from spec_model.errors import OmniError
from tests.conformance.catching import direct
from tests.mutation.model_mutants import MODEL_MUTANTS
from tests.mutation.mutant import Mutant

CLASSICAL = (
    "capacity_one_short",
    "capacity_one_short_everywhere",
    "closed_before_drained",
    "queue_full_counts_as_failed",
    "name_not_freed",
    "view_overwritten",
    "bad_commit_drops",
    "moved_from_still_counts",
    "size_checked_too_late",
    "total_messages_forget",
)
BY_ID = {mutant.id: mutant for mutant in MODEL_MUTANTS}
mistakes = pytest.mark.parametrize("mistake", [BY_ID[name] for name in CLASSICAL], ids=CLASSICAL)


def _shows(failure: Failure | None, mistake: Mutant, target: Target) -> None:
    """Its rule is the one that the mistake breaks, and its program fails on the target and not on the model."""
    assert failure is not None
    assert failure.rule == mistake.rules[0], failure.seen
    with pytest.raises((AssertionError, ValueError, OmniError)):
        exec(failure.python, {})
    exec(failure.python.replace(f"import {target.name} as omni", "import spec_model as omni"), {})


@mistakes
def test_direct_checks_name_the_rule(broken: Callable[[Mutant], Target], mistake: Mutant) -> None:
    """A direct check of the rule that a mistake breaks finds and names it, and its program shows it."""
    target = broken(mistake)
    failures = [execute_check(check, target)[2] for check in direct(target, mistake.rules[0])]
    _shows(next(filter(None, failures), None), mistake, target)


@mistakes
def test_random_programs_find_it(broken: Callable[[Mutant], Target], mistake: Mutant) -> None:
    """Random programs find and name every mistake too, and the program that is left shows it."""
    target = broken(mistake)
    programs = Check("CON-3/random", "CON-3", "lockstep", "", lambda target, tally: run(target, tally, 0, 200))
    _, _, failure = execute_check(programs, target)
    _shows(failure, mistake, target)
