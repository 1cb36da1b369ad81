"""The report as JUnit XML and as Markdown."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from conformance.reports import compare, junit, markdown
from conformance.reports.markdown import code, escaped, fenced
from conformance.results import BAD, Report
from conformance.rules import RULES
from tests.conformance.reports.documents import PYTHON, breaking, holding, hostile


def _suite(report: Report) -> ET.Element:
    suite = ET.fromstring(junit.render(report.document()).encode()).find("testsuite")
    assert suite is not None
    return suite


def _unreached() -> Report:
    report = holding()
    report.coverage["try_push", "QUEUE_FULL"] = 0
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
    assert PYTHON.rstrip() in (cases["PSH-2/unit"][0].text or "")
    assert cases["PSH-2/unit"][0].attrib["message"] == "p.try_push(b'x') is QUEUE_FULL, not SUCCESS"
    assert "p.close() -> None" in (cases["CON-3/history"][0].text or "")
    assert "signal: 11" in (cases["LIF-4/unit"][0].text or "")


def test_what_xml_forbids_is_escaped() -> None:
    """Control characters, lone surrogates and non-characters parse, and can be read."""
    text = junit.render(hostile().document())
    text.encode()
    bad = _suite(hostile()).find("testcase/failure")
    assert bad is not None
    assert r"\x00\x01\x1b[2J\x7f\x9b\ud800\ufffe" in bad.attrib["message"]
    assert "</script></style><img src=" in (bad.text or "")


_OURS = re.compile(r"</?details>|</?summary>|&#8203;")


def _prose(text: str) -> list[str]:
    """The lines that are neither in a code block nor in a code span, as a reader of Markdown finds them."""
    lines, fence = [], ""
    for line in text.splitlines():
        ticks = re.match("`{3,}", line)
        if fence:
            fence = "" if line.strip() == fence else fence
        elif ticks:
            fence = ticks[0]
        else:
            lines.append(re.sub(r"(?<!\\)(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", line))
    assert not fence, "a code block is open at the end"
    return lines


def test_every_format_reports_everything() -> None:
    """Every rule, every failure with its program, and the verdict."""
    report = breaking()
    text = markdown.render(report.document())
    assert "**broken\\_target does NOT keep the rules**" in text
    assert all(f"| {rule} |" in text for rule in RULES)
    assert all(f"## FAILED {failure.rule} " in text for failure in report.unexpected)
    assert f"```python\n{PYTHON}```\n\n- also check `PSH-1/exhaustive`: `a longer program`" in text
    assert "p.close() -> None" in text
    assert "not provided, needs flatbuffers: `FLB-1/unit`, `FLB-2/unit`" in text
    assert "failed as expected: BRK-5, `BRK-5/unit`: `the limit is off by one`" in text
    assert "## FAILED CFG-1\n\n`CFG-1/unit`: unexpected pass" in text


def test_nothing_of_a_target_is_markup() -> None:
    """Outside code there is no HTML, no link, no image and no table cell that we did not write."""
    for text in (
        markdown.render(hostile().document()),
        compare.markdown([hostile().document(), holding().document()]),
    ):
        text.encode()
        for line in _prose(text):
            bare = re.sub(r"\\.", "", _OURS.sub("", line))
            assert not re.search(r"[<>`\[\]~]|&", bare), line
            assert not re.search(r"\w://|www\.", line), line


def test_tables_keep_their_columns() -> None:
    """Every row of a table has as many cells as its head, whatever stands in them."""
    lines = markdown.render(hostile().document()).splitlines()
    for number, line in enumerate(lines):
        if re.fullmatch(r"\|( -{3}:? \|)+", line):
            rows = [lines[number - 1], *takewhile(lambda row: row.startswith("|"), lines[number + 1 :])]
            assert len(rows) > 1
            assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {line.count("|")}


def test_code_cannot_be_ended_from_within() -> None:
    """The marks around code are longer than any in it."""
    assert code("a `b` ``c``") == "``` a `b` ``c`` ```"
    assert fenced("````\nx") == "`````\n````\nx\n`````"
    assert code("a|b\nc") == "`a\\|b c`"
    assert escaped("<b>*x*_y_ [a](b) a|b") == r"\<b\>\*x\*\_y\_ \[a\](b) a\|b"
    assert "http://" not in escaped("http://evil.example") and "www." not in escaped("www.evil.example")
