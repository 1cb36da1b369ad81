"""The short form of a report: what it keeps, that it is read as any report, and that another one is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.checks import CHECKS
from conformance.execution import result_of
from conformance.reports import compare, short
from conformance.reports.document import read, validated
from conformance.results import CheckResult, Report
from conformance.runner import Selection, excused
from conformance.targets import FEATURES
from tests.conformance.reports.documents import breaking, holding, hostile

pytestmark = pytest.mark.once

LACKS = {"threads": "the target is for one thread", "pins": "says the target"}


def _report(target: str) -> dict[str, Any]:
    """Of every check of the suite: some not provided, some with a reason of their own, one that failed."""
    report = Report(target, not_provided=LACKS, environment={"python": "CPython 3.13.0"}, seconds=81.25)
    for number, check in enumerate(CHECKS):
        report.checks.append(
            excused(check, frozenset(FEATURES) - set(LACKS), Selection())
            or CheckResult(check.id, check.rule, check.layer, check.claim, "passed", number, 0.5)
        )
    found = breaking(target).failures[1]
    number = next(number for number, check in enumerate(CHECKS) if check.id == "PSH-2/exactly-capacity-fit")
    report.checks[number] = result_of(CHECKS[number], "failed", found.seen)
    report.checks[number - 1] = result_of(CHECKS[number - 1], "skipped", f"no compiler for {target}")
    report.failures.append(type(found)(**{**vars(found), "check": CHECKS[number].id, "python": "pass"}))
    return report.document()


def _kept(document: dict[str, Any]) -> dict[str, Any]:
    """What the short form keeps: all but times, coverage, programs to paste, and where they open beside the model."""
    lost = ("seconds", "coverage", "interruptions")
    failures = [{**each, "python": "", "facts": [], "link": ""} for each in document["failures"]]
    checks = [
        {name: each for name, each in check.items() if name not in ("seconds", "decided")}
        for check in document["checks"]
    ]
    rest = {name: each for name, each in document.items() if name not in lost}
    return json.loads(json.dumps({**rest, "checks": checks, "failures": failures}))  # type: ignore[no-any-return]


def test_what_is_kept_is_what_the_report_says(tmp_path: Path) -> None:
    """Read back, each verdict, outcome, reason, count and failure is the same; the file is much smaller."""
    document = _report("some_target")
    path = tmp_path / "short.json"
    path.write_text(short.text(short.shortened(document, "some_target")))
    assert _kept(read(path)) == _kept(document)
    assert path.stat().st_size < len(json.dumps(document)) / 5
    table = compare.text([read(path), document])
    assert table.endswith("\nno rule differs")


@pytest.mark.parametrize("report", [holding(), breaking(), hostile()], ids=["holding", "breaking", "hostile"])
def test_checks_that_are_no_longer_there_are_kept_too(report: Report) -> None:
    """With their outcomes; what they were about is not known."""
    document = json.loads(json.dumps(report.document()))
    restored = validated(json.loads(short.text(short.shortened(document, report.target))))
    assert {(each["id"], each["outcome"], each["reason"], each["operations"]) for each in restored["checks"]} == {
        (each["id"], each["outcome"], each["reason"], each["operations"]) for each in document["checks"]
    }
    assert {each["layer"] for each in restored["checks"]} == {"unknown"}
    assert restored["rules"] and [each["verdict"] for each in restored["rules"]] == [
        each["verdict"] for each in document["rules"]
    ]


def test_no_path_of_a_machine_is_kept() -> None:
    """The target is called what it is told to be, wherever it is spoken of; our files, by their path in the package."""
    document = _report("./libmine.so")
    trace = 'File "/home/someone/omni/conformance/checks/fork.py", line 5'
    document["failures"][0] |= {"program": [], "python": "c_library.load('/home/someone/libmine.so')", "seen": trace}
    document["checks"][0]["reason"] = "./libmine.so: no such file"
    kept = short.text(short.shortened(document, "mine", run="omni-conformance run"))
    assert "someone" not in kept and "libmine" not in kept
    failure = json.loads(kept)["failures"][0]
    assert failure["python"] == "c_library.load('mine')"
    assert failure["seen"] == 'File "conformance/checks/fork.py", line 5'
    assert "no compiler for mine" in kept
    assert json.loads(kept)["environment"] == {"python": "CPython 3.13.0", "run": "omni-conformance run"}


def _with(**changes: Any) -> dict[str, Any]:
    return short.shortened(holding().document(), "x") | changes


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (_with(short=2), "format 4 in the short form 2; this version reads format 4 in the short form 1 only"),
        (_with(format=3), "format 3 in the short form 1; this version reads"),
        (_with(short=True), "short is True, not an integer"),
        (_with(verdicts={"holds": ["XYZ-9"]}), "of the rule XYZ-9, which the catalogue does not have: make it again"),
        (_with(verdicts=["PSH-2"]), "verdicts is ['PSH-2'], not an object"),
        (_with(checks={"passed": {"PSH-2": {"a": "7"}}}), "checks['passed']['PSH-2']['a'] is '7', not an integer"),
        (_with(failures=[{"rule": "PSH-2"}]), "failures[0].check is missing"),
        (_with(failures=[{**breaking().failures[0].document(), "details": 1}]), "failures[0].details is 1"),
        ({name: each for name, each in _with().items() if name != "reasons"}, "reasons is missing"),
    ],
)  # fmt: skip
def test_another_form_is_refused(document: Any, says: str) -> None:
    """The message names the place, what stands there, and what should."""
    with pytest.raises(ValueError) as refused:
        validated(document)
    assert says in str(refused.value)
