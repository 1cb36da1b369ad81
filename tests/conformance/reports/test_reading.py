"""Reading a report: what is not one is refused, and the message says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.reports.read import checked, read
from conformance.results import FORMAT
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
        (_with(missing_cells=[["try_push"]]), "missing_cells should hold pairs"),
    ],
)  # fmt: skip
def test_another_document_is_refused(document: Any, says: str) -> None:
    """The message names the place, what stands there, and what should."""
    with pytest.raises(ValueError) as refused:
        checked(document)
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
