"""Reports side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.catalogue import RULES
from conformance.report import Report
from conformance.reports import compare
from tests.reports.documents import breaking, holding, hostile


def _write(folder: Path, name: str, report: Report, **changes: object) -> Path:
    path = folder / name
    path.write_text(json.dumps(report.document() | changes))
    return path


def test_a_row_per_rule_with_the_differing_ones_marked(tmp_path: Path) -> None:
    """Marked are exactly the rules of which the reports say different things."""
    documents = compare.load([_write(tmp_path, "a.json", holding()), _write(tmp_path, "b.json", breaking())])
    assert list(documents) == ["good_target", "broken_target"]
    report = breaking()
    differing = {rule for rule in RULES if report.verdict(rule) != "holds"}
    lines = compare.terminal(documents).splitlines()
    rows = {line[2:].split()[0]: line for line in lines if line[2:].split()[:1] and line[2:].split()[0] in RULES}
    assert list(rows) == list(RULES)
    assert {rule for rule, line in rows.items() if line.startswith("* ")} == differing
    assert "holds        not provided" in rows["FLB-1"]
    assert lines[-1].startswith(f"{len(differing)} rules differ: VOC-1 ")
    text = compare.markdown(documents)
    assert all((f"| **{rule}** | **" in text) is (rule in differing) for rule in RULES)
    assert f"| CON-2 | holds | holds | {RULES['CON-2'].text} |" in text
    assert "| verdict | holds | broken |" in text


def test_what_does_not_differ_is_not_marked(tmp_path: Path) -> None:
    """Two reports of one target are told apart by their files."""
    paths = [_write(tmp_path, "a.json", holding()), _write(tmp_path, "b.json", holding())]
    documents = compare.load(paths)
    assert list(documents) == [f"good_target ({path})" for path in paths]
    text = compare.terminal(documents)
    assert text.endswith("\nno rule differs\n")
    assert not any(line.startswith("*") for line in text.splitlines())


def test_a_rule_that_one_report_lacks() -> None:
    """It has a row, and says so."""
    document = holding().document()
    documents = {"new": document, "old": document | {"rules": document["rules"][1:]}}
    text = compare.terminal(documents)
    assert "* VOC-1       holds     no such rule" in text
    assert text.endswith("\n1 rule differs: VOC-1\n")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"format": 99}, r"b\.json: the report has format 99; this version reads format 1 only"),
        ({"reference": "sha256:0"}, r"b\.json judges by the reference sha256:0, .*a\.json by sha256:ee5d"),
        ({"rules": 1}, r"b\.json: rules is 1, not a list"),
    ],
)
def test_reports_that_do_not_fit_are_refused(changes: dict[str, object], says: str, tmp_path: Path) -> None:
    """Of another format, of another reference, or no reports at all."""
    paths = [_write(tmp_path, "a.json", holding()), _write(tmp_path, "b.json", breaking(), **changes)]
    with pytest.raises(ValueError, match=says):
        compare.load(paths)


def test_one_report_is_nothing_to_compare(tmp_path: Path) -> None:
    """Nor is one report twice."""
    path = _write(tmp_path, "a.json", holding())
    with pytest.raises(ValueError, match="two reports or more"):
        compare.load([path])
    with pytest.raises(ValueError, match="one report twice"):
        compare.load([path, path])


def test_a_target_does_not_drive_the_terminal() -> None:
    """Its name is printed, and no more."""
    text = compare.terminal({hostile().target: hostile().document(), "other": holding().document()})
    assert all(each == "\n" or each.isprintable() for each in text)
