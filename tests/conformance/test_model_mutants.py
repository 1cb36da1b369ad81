"""Would it have noticed: the direct checks on every wrong model of the bank."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.checks import CHECKS
from conformance.rules import RULES
from conformance.targets import Target
from tests.conformance.catching import direct, told
from tests.mutation.model_copy import break_copy
from tests.mutation.model_mutants import MODEL_MUTANTS
from tests.mutation.mutant import Mutant

SHARES = 2
BEYOND = {
    "BRK-12": "needs threads",
    "LIF-8": "needs a call that is blocked while another thread closes its handle",
    **{f"CON-{number}": "needs threads" for number in (1, 2, 3, 5, 6, 7)},
}
"""Rules that no copy of the model can break, for it is for one thread: mutants of the C core break them."""

UNNAMED = ("VOC", "CFG")
"""Areas of plain values: what is wrong with a value only the check that asks for it can tell."""
AMBIGUOUS = {
    "elements_for_bytes": "fewer bytes counted as sent than were given",
    "requests_default_otherwise": "a configuration that is not the one asked for",
    "timedelta_without_days": "a batch_pop that waits no time",
    "names_are_stripped": "a name that is taken to be empty",
    "bytes_not_copied": "a message with other contents",
    "commit_ignores_offset": "a message with other contents",
    "expired_is_no_value_error": "the type of an error",
    "with_does_not_close": "a name that is not free",
    "pair_closes_producer_only": "a name that is not free",
    "peer_is_not_asked": "a closed handle that is connected",
}
"""Mutants of which the first difference in a program may mean several things."""

Caught = dict[str, dict[str, dict[str, list[str | None]]]]


@pytest.fixture(scope="module")
def caught() -> Caught:
    """What the checks of each tagged rule tell of every mutant."""
    script = str(Path(__file__).with_name("catching.py"))
    running = [
        subprocess.Popen([sys.executable, script, str(share), str(SHARES)], stdout=subprocess.PIPE, text=True)
        for share in range(SHARES)
    ]
    result: Caught = {}
    for process in running:
        output, _ = process.communicate(timeout=50)
        assert process.returncode == 0
        result.update(json.loads(output))
    return result


def test_every_mutant_is_caught_under_every_rule_it_breaks(caught: Caught) -> None:
    """Of each rule that a mutant is tagged with, a check finds it and names that rule."""
    assert set(caught) == {mutant.id for mutant in MODEL_MUTANTS}
    missed = [
        (mutant.id, rule, caught[mutant.id]["told"][rule])
        for mutant in MODEL_MUTANTS
        for rule in mutant.rules
        if rule not in caught[mutant.id]["told"][rule]
    ]
    assert missed == []


def test_every_rule_for_one_thread_is_broken_by_a_mutant() -> None:
    """No rule that one thread can see broken is without a mutant."""
    broken = {rule for mutant in MODEL_MUTANTS for rule in mutant.rules}
    assert set(RULES) - broken == set(BEYOND)
    assert broken <= set(RULES)


def test_a_difference_says_what_it_breaks(caught: Caught) -> None:
    """Also to somebody who does not know which rule a program is about, as with random programs."""
    wrong = {}
    for mutant in MODEL_MUTANTS:
        rules = [rule for each in caught[mutant.id]["alone"].values() for rule in each if rule is not None]
        if rules and mutant.rules[0][:3] not in UNNAMED and not set(rules) & set(mutant.rules):
            wrong[mutant.id] = rules
    assert set(wrong) - set(AMBIGUOUS) == set(), wrong


def test_mutants_have_names_of_their_own() -> None:
    """No id stands for two mutants, and no two make the same change."""
    assert [name for name, count in Counter(mutant.id for mutant in MODEL_MUTANTS).items() if count > 1] == []
    changes = Counter((mutant.file, mutant.text, mutant.instead) for mutant in MODEL_MUTANTS)
    assert [change for change, count in changes.items() if count > 1] == []
    assert all(mutant.rules and mutant.text != mutant.instead for mutant in MODEL_MUTANTS)


@pytest.mark.parametrize("file", ["registry.py", "config.py", "errors.py"])
def test_a_copy_without_a_mistake_is_not_caught(broken: Callable[[Mutant], Target], file: str) -> None:
    """What catches a mutant is its mistake, and not that it is a copy, nor that it has a module to itself."""
    line = "from __future__ import annotations\n"
    target = broken(Mutant(f"no_mistake_in_{file.partition('.')[0]}", (), file, line, line))
    wrong = [check.id for rule in RULES for check in direct(target, rule) if told(check, target)]
    assert wrong == []


def test_a_copy_with_codes_of_its_own_breaks_that_alone(broken: Callable[[Mutant], Target]) -> None:
    """Result codes that are right, but not the model's, break VOC-5 and none of the other rules of values."""
    line = "from __future__ import annotations\n"
    target = broken(Mutant("no_mistake_in_vocabulary", (), "vocabulary.py", line, line))
    values = [check for check in CHECKS if check.rule.startswith("VOC") and check.layer == "unit"]
    assert {told(check, target) for check in values} == {None, "VOC-5"}


def test_a_mutant_that_no_longer_fits_is_refused(tmp_path: Path) -> None:
    """ValueError for a text that the model does not say once, and for a file that it does not have."""
    gone: dict[str, Any] = {"id": "gone", "rules": ("PSH-2",), "instead": ""}
    with pytest.raises(ValueError, match=r"channel/pushing\.py says 'nothing like it' 0 times, not once"):
        break_copy(Mutant(file="channel/pushing.py", text="nothing like it", **gone), tmp_path)
    with pytest.raises(ValueError, match=r"says 'channel' \d+ times, not once"):
        break_copy(Mutant(file="channel/pushing.py", text="channel", **gone), tmp_path)
    with pytest.raises(ValueError, match=r"the model has no file pushing\.py"):
        break_copy(Mutant(file="pushing.py", text="channel", **gone), tmp_path)
