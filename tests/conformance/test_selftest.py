"""The self-test: mutants are hunted, what escapes is told, and the page in the documentation is today's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.rules import RULES
from tests.mutation.__main__ import main
from tests.mutation.core_mutants import CORE_MUTANTS
from tests.mutation.face_mutants import FACE_MUTANTS
from tests.mutation.hunt import Find, Hunt, hunt, in_model
from tests.mutation.model_mutants import MODEL_MUTANTS
from tests.mutation.mutant import Mutant
from tests.mutation.results import markdown, missed, summary, text, unbroken

PAGE = Path(__file__).parents[2] / "docs" / "selftest.md"
BANKS = {"model": MODEL_MUTANTS, "core": CORE_MUTANTS, "face": FACE_MUTANTS}
ONE = next(mutant for mutant in MODEL_MUTANTS if mutant.id == "capacity_one_short")


def _hunt(mutant: Mutant, *rules: str) -> Hunt:
    return Hunt(mutant, "model", [Find(f"{rule}/it", "unit", "failed", rule) for rule in rules])


def test_a_mutant_is_hunted_through_workers() -> None:
    """It is caught by the rule that it breaks, and by which check of which layer is known."""
    found = hunt(ONE, "model", in_model)
    assert found.caught
    assert {find.rule for find in found.caught} <= set(ONE.rules)
    assert found.caught[0].layer == "unit"


def test_what_fails_under_another_rule_is_not_caught() -> None:
    """A mutant is missed where every failure named a rule that it does not break; the summary says what was seen."""
    hunts = [_hunt(ONE, "STA-1"), _hunt(ONE, "STA-1", "PSH-2")]
    assert missed(hunts) == hunts[:1]
    assert "NOT CAUGHT: model capacity_one_short, which breaks PSH-2: STA-1 by STA-1/it" in summary(hunts, whole=True)
    assert "NOT CAUGHT" in text(hunts)


def test_rules_that_no_mutant_breaks_are_listed() -> None:
    """All but those that were caught."""
    assert "PSH-2" not in unbroken([_hunt(ONE, "PSH-2")])
    assert "PSH-1" in unbroken([_hunt(ONE, "PSH-2")])
    assert unbroken([]) == list(RULES)
    every = [_hunt(ONE._replace(rules=(rule,)), rule) for rule in RULES]
    assert unbroken(every) == []


def test_the_bank_breaks_every_rule() -> None:
    """Some mutant is tagged with each rule, and ids are unique."""
    tags = {rule for mutants in BANKS.values() for mutant in mutants for rule in mutant.rules}
    assert tags == set(RULES)
    for mutants in BANKS.values():
        assert len({mutant.id for mutant in mutants}) == len(mutants) >= 12


def test_the_page_has_every_mutant() -> None:
    """The table in the documentation lists today's banks, all caught, and no rule that none breaks."""
    page = PAGE.read_text(encoding="utf-8")
    listed = re.findall(r"^\| (model|core|face) \| (\w+) \|", page, re.MULTILINE)
    assert sorted(listed) == sorted((bank, mutant.id) for bank, mutants in BANKS.items() for mutant in mutants)
    assert "NOT CAUGHT" not in page
    assert f"{len(listed)} of {len(listed)} mutants caught" in page
    assert "rules that no mutant breaks: none" in page
    assert page.startswith(markdown([], whole=False).split("0 of 0")[0])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["--only", "no_such"], "no mutant or bank is called no_such"), (["--workers", "0"], "least 1")],
)
def test_mistakes_in_the_command_are_told(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and the reason."""
    assert main(arguments) == 2
    assert says in capsys.readouterr().err
