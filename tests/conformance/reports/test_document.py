"""Reports read from files: what is not one is refused, and several are compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.reports import compare
from conformance.reports.document import read, validated
from conformance.results import FORMAT
from conformance.rules import RULES
from tests.conformance.reports.documents import breaking, holding, hostile


@pytest.mark.parametrize("report", [holding(), breaking(), hostile()], ids=["holding", "breaking", "hostile"])
def test_what_a_report_writes_is_read_back(report: Any, tmp_path: Path) -> None:
    """A document that went through a file is the same, lone surrogates included."""
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report.document()))
    assert json.dumps(read(path)) == path.read_text()


def _without(key: str) -> dict[str, Any]:
    document = holding().document()
    del document[key]
    return document


def _with(**changes: Any) -> dict[str, Any]:
    return holding().document() | changes


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "no format number"),
        ({"rules": []}, "no format number"),
        (_with(format=FORMAT + 1), f"has format {FORMAT + 1}; this version reads format {FORMAT} only"),
        (_with(format=True), "has format True"),
        (breaking().failures[0].document(), "one failure, not the report of a run"),
        (_without("checks"), "checks is missing"),
        (_with(target=5), "target is 5, not text"),
        (_with(operations=True), "operations is True, not an integer"),
        (_with(figures={"states": "many"}), "figures['states'] is 'many', not an integer"),
        (_with(checks=[{"id": "X"}]), "checks[0].rule is missing"),
        (_with(failures=[{**breaking().failures[0].document(), "seen": 1}]), "failures[0].seen is 1, not text"),
        (_with(areas={}), "rules[0].area is 'VOC', which is not one of the areas"),
        (_with(uncovered=[["try_push"]]), "uncovered should hold pairs"),
    ],
)  # fmt: skip
def test_another_document_is_refused(document: Any, says: str) -> None:
    """The message names the place, what stands there, and what should."""
    with pytest.raises(ValueError) as refused:
        validated(document)
    assert says in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "\xff", "[" * 100_000], ids=["empty", "half", "latin", "deep"])
def test_what_is_not_json_is_refused(text: str, tmp_path: Path) -> None:
    """The message names the file."""
    path = tmp_path / "odd.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"odd\.json is not JSON"):
        read(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """It is the system's own error."""
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.json")


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
    """Two reports of one target are distinguished by their numbers."""
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
    says = r"report 2 \(broken_target\) used the reference sha256:0, report 1 \(good_target\) sha256:ee5d"
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
