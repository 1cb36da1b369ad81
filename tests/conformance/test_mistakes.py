"""The layers of the suite that run programs find mistakes in the model, and name the rule."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from conformance.checks import CHECKS, Check
from conformance.differential.lockstep import Divergence, execute
from conformance.differential.stateful import run
from conformance.execution import execute_check
from conformance.failure import Broken, Failure
from conformance.rules import RULES
from conformance.targets import Target, load
from spec_model.errors import OmniError
from tests.mutation import workspace
from tests.mutation.mutant import Mutant
from tests.mutation.mutants import MUTANTS

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
BY_ID = {mutant.id: mutant for mutant in MUTANTS}
mistakes = pytest.mark.parametrize("mistake", [BY_ID[name] for name in CLASSICAL], ids=CLASSICAL)

SHARES = 2
UNNAMED = ("VOC", "CFG")
"""Areas of plain values: only the check that asks for a value can tell that it is wrong."""
AMBIGUOUS = {
    "elements_for_bytes": "fewer bytes counted as sent than were given",
    "requests_default_otherwise": "a configuration that is not the one asked for",
    "timedelta_without_days": "a batch_pop that waits no time",
    "names_are_stripped": "a name that is taken to be empty",
    "bytes_not_copied": "a message with other contents",
    "commit_ignores_offset": "a message with other contents",
    "messages_equal_their_bytes": "the value of a comparison",
    "expired_is_no_value_error": "the type of an error",
    "with_does_not_close": "a name that is not free",
    "pair_closes_producer_only": "a name that is not free",
    "move_drops_reservation": "a commit that finds no reservation",
    "peer_is_not_asked": "a closed handle that is connected",
}
"""Mutants of which the first difference in a program may mean several things."""


def _direct(target: Target, rule: str) -> Iterator[Check]:
    """The unit checks of a rule that the target provides for."""
    return (c for c in CHECKS if c.layer == "unit" and c.rule == rule and c.needs <= target.provides)


def _shows(failure: Failure | None, mistake: Mutant, target: Target) -> None:
    """Its rule is the one that the mistake breaks, and its program fails on the target and not on the model."""
    assert failure is not None
    assert failure.rule == mistake.rules[0], failure.seen
    with pytest.raises((AssertionError, ValueError, OmniError)):
        exec(failure.python, {})
    exec(failure.python.replace(f"import {target.name} as omni", "import spec_model as omni"), {})


@mistakes
def test_direct_checks_name_the_rule(broken: Callable[[Mutant], Target], mistake: Mutant) -> None:
    """A unit check of the rule that a mistake breaks finds and names it, and its program shows it."""
    target = broken(mistake)
    found = [execute_check(check, target)[2] for check in _direct(target, mistake.rules[0])]
    _shows(next((failures[0] for failures in found if failures), None), mistake, target)


@mistakes
def test_random_programs_find_it(
    broken: Callable[[Mutant], Target], mistake: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random programs find and name every mistake too, and the program that is left shows it."""
    monkeypatch.setattr("conformance.execution.MOST", 1)  # it need not go on behind the first
    target = broken(mistake)
    programs = Check(
        "CON-3/random", "CON-3", "differential-random", "", lambda target, tally: run(target, tally, 0, 200)
    )
    _, _, failures = execute_check(programs, target)
    _shows(next(iter(failures), None), mistake, target)


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.timeout(200)
def test_a_difference_says_what_it_breaks() -> None:
    """A program names a rule that the mistake breaks though it does not know which one the mistake is about."""
    command = [sys.executable, "-m", "tests.conformance.test_mistakes"]
    running = [
        subprocess.Popen([*command, str(share)], cwd=workspace.ROOT, stdout=subprocess.PIPE, text=True)
        for share in range(SHARES)
    ]
    wrong: dict[str, list[str]] = {}
    for process in running:
        output, _ = process.communicate(timeout=180)
        assert process.returncode == 0
        wrong.update(json.loads(output))
    assert set(wrong) - set(AMBIGUOUS) == set(), wrong


def _misnamed(share: int) -> dict[str, list[str]]:
    """The mutants in a share of the wrong models that programs show, but not by a rule that they break: those named.

    For a process of its own, so that thousands of modules are gone afterwards.
    """
    of_the_model = [each for each in MUTANTS if each.file.startswith("spec_model/") and each.rules]
    wrong = {}
    with TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        for mutant in of_the_model[share::SHARES]:
            if mutant.rules[0].startswith(UNNAMED):
                continue
            target = load(workspace.target(mutant, Path(folder)))
            rules = {_named(check, target) for check in _direct(target, mutant.rules[0])} - {None}
            if rules and not rules & set(mutant.rules):
                wrong[mutant.id] = sorted(str(rule) for rule in rules)
    return wrong


def _named(check: Check, target: Target) -> str | None:
    """The rule that the program of a check shows broken, if any."""
    try:
        if check.program is not None:
            execute(check.program, target.omni)
    except (Divergence, Broken) as failure:
        return failure.rule
    return None


def _unchanged(file: str) -> Mutant:
    line = "from __future__ import annotations\n"
    return Mutant(f"no_mistake_in_{Path(file).stem}", file, (), line, line)


@pytest.mark.parametrize(
    "file", ["registry.py", *(pytest.param(file, marks=pytest.mark.slow) for file in ("config.py", "errors.py"))]
)
def test_a_copy_without_a_mistake_passes(broken: Callable[[Mutant], Target], file: str) -> None:
    """What catches a mutant is its mistake, and not that it is a copy, nor that it has a module to itself."""
    target = broken(_unchanged(f"spec_model/{file}"))
    failures = {check.id: execute_check(check, target)[2] for rule in RULES for check in _direct(target, rule)}
    assert {name: found[0].seen for name, found in failures.items() if found} == {}


def test_a_copy_with_codes_of_its_own_breaks_that_alone(broken: Callable[[Mutant], Target]) -> None:
    """Result codes that are right, but not the model's, break VOC-5 and none of the other rules of values."""
    target = broken(_unchanged("spec_model/vocabulary.py"))
    values = [check for check in CHECKS if check.rule.startswith("VOC") and check.layer == "unit"]
    failures = [execute_check(check, target)[2] for check in values]
    assert {failure.rule for found in failures for failure in found} == {"VOC-5"}


if __name__ == "__main__":
    print(json.dumps(_misnamed(int(sys.argv[1]))))
