"""Reports side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.reports import compare
from conformance.rules import RULES
from tests.conformance.reports.documents import breaking, holding, hostile


def test_a_row_per_rule_with_the_differing_ones_marked() -> None:
    """Marked are exactly the rules of which the reports say different things."""
    report = breaking()
    documents = [holding().document(), report.document()]
    differing = {rule for rule in RULES if report.verdict(rule) != "holds"}
    lines = compare.text(documents).splitlines()
    assert lines[0].split() == ["rule", "good_target", "broken_target"]
    rows = {line[2:].split()[0]: line for line in lines if line[2:].split()[:1] and line[2:].split()[0] in RULES}
    assert list(rows) == list(RULES)
    assert {rule for rule, line in rows.items() if line.startswith("* ")} == differing
    assert "holds        not provided" in rows["FLB-1"]
    assert lines[-1].startswith(f"{len(differing)} rules differ: VOC-1 ")
    text = compare.markdown(documents)
    assert all((f"| **{rule}** | **" in text) is (rule in differing) for rule in RULES)
    assert f"| CON-2 | holds | holds | {RULES['CON-2'].text} |" in text
    assert "| verdict | holds | broken |" in text


def test_what_does_not_differ_is_not_marked() -> None:
    """Two reports of one target are told apart by their numbers."""
    text = compare.text([holding().document(), holding().document()])
    assert text.splitlines()[0].split("  ")[-2:] == ["good_target (1)", "good_target (2)"]
    assert text.endswith("\nno rule differs")
    assert not any(line.startswith("*") for line in text.splitlines())


def test_a_rule_that_one_report_lacks() -> None:
    """It has a row, and says so."""
    document = holding("new").document()
    text = compare.text([document, document | {"target": "old", "rules": document["rules"][1:]}])
    assert "* VOC-1       holds     no such rule" in text
    assert text.endswith("\n1 rule differs: VOC-1")


@pytest.mark.parametrize("printed", [compare.text, compare.markdown])
def test_reports_of_two_references_are_refused(printed: Callable[[list[Any]], str]) -> None:
    """A row would mean two things."""
    other = breaking().document() | {"reference": "sha256:0"}
    says = r"report 2 \(broken_target\) judges by the reference sha256:0, report 1 \(good_target\) by sha256:ee5d"
    with pytest.raises(ValueError, match=says):
        printed([holding().document(), other])


@pytest.mark.parametrize("printed", [compare.text, compare.markdown])
def test_one_report_is_nothing_to_compare(printed: Callable[[list[Any]], str]) -> None:
    """Two are, and more."""
    with pytest.raises(ValueError, match="two reports or more"):
        printed([holding().document()])
    assert "third" in printed([holding().document(), breaking().document(), holding("third").document()])


def test_a_target_does_not_drive_the_terminal() -> None:
    """Its name is printed, and no more."""
    text = compare.text([hostile().document(), holding().document()])
    assert all(each == "\n" or each.isprintable() for each in text)
