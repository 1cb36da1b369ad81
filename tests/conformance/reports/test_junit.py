"""The report as JUnit XML."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from conformance.reports import junit
from conformance.results import BAD, Report
from tests.conformance.reports.documents import PYTHON, breaking, holding, hostile


def _suite(report: Report) -> ET.Element:
    suite = ET.fromstring(junit.render(report.document()).encode()).find("testsuite")
    assert suite is not None
    return suite


def _unreached() -> Report:
    report = holding()
    report.cells["try_push", "QUEUE_FULL"] = 0
    return report


def _stray() -> Report:
    report = breaking()
    report.failures = [*report.failures, type(report.failures[0])("CON-1", "no/such-check", "error", "seen", "x")]
    return report


REPORTS: dict[str, Any] = {
    "holding": holding, "breaking": breaking, "hostile": hostile, "unreached": _unreached, "stray": _stray,
    "nothing": lambda: Report("nothing"),
}  # fmt: skip


@pytest.mark.parametrize("make", REPORTS.values(), ids=REPORTS)
def test_counts_agree(make: Any) -> None:
    """The numbers in the head are those of the cases; something is red exactly where the verdict is."""
    report = make()
    suite = _suite(report)
    for name, path in (("tests", ""), ("failures", "/failure"), ("errors", "/error"), ("skipped", "/skipped")):
        assert int(suite.attrib[name]) == len(suite.findall(f"testcase{path}"))
    assert (int(suite.attrib["failures"]) + int(suite.attrib["errors"]) > 0) is (not report.holds)


def test_a_case_per_check() -> None:
    """With the check's id, its layer as the class, its time, and its outcome."""
    report = breaking()
    cases = {case.attrib["name"]: case for case in _suite(report).findall("testcase")}
    for check in report.checks:
        case = cases[check.id]
        assert case.attrib["classname"] == check.layer
        assert float(case.attrib["time"]) == check.seconds
        children = [child.tag for child in case]
        if check.outcome == "passed":
            assert children == []
        elif check.outcome in BAD:
            assert children == ["error" if check.outcome in ("crashed", "hung", "error") else "failure"]
        else:
            assert children == ["skipped"]
            assert case[0].attrib["type"] == check.outcome
            assert case[0].attrib["message"] == check.reason
    assert set(cases) - {check.id for check in report.checks} == {"nothing is known of BRK-12: no check of it ran"}


def test_a_failure_of_no_known_check_has_a_case() -> None:
    """Nothing that was found is left out."""
    stray = _suite(_stray()).find("testcase[@name='no/such-check']/failure")
    assert stray is not None and stray.text == "CON-1: seen"


def test_a_failure_carries_its_program_and_its_timeline() -> None:
    """So that the server's page is enough to reproduce it."""
    cases = {case.attrib["name"]: case for case in _suite(breaking()).findall("testcase")}
    assert PYTHON.rstrip() in (cases["PSH-2/direct"][0].text or "")
    assert cases["PSH-2/direct"][0].attrib["message"] == "p.try_push(b'x') is QUEUE_FULL, not SUCCESS"
    assert "p.close() -> None" in (cases["CON-3/history"][0].text or "")
    assert "signal: 11" in (cases["LIF-4/direct"][0].text or "")


def test_what_xml_forbids_is_escaped() -> None:
    """Control characters, lone surrogates and non-characters parse, and can be read."""
    text = junit.render(hostile().document())
    text.encode()
    bad = _suite(hostile()).find("testcase/failure")
    assert bad is not None
    assert r"\x00\x01\x1b[2J\x7f\x9b\ud800\ufffe" in bad.attrib["message"]
    assert "</script></style><img src=" in (bad.text or "")
