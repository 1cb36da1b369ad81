"""Reports in files: read back, compared, and written as JUnit XML and as Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from conformance.link import BOOK, FAILURE, decode
from conformance.reports import compare, html, junit, markdown, terminal
from conformance.reports.document import by_rule, failures, read, validated
from conformance.reports.markdown import code, escaped, fenced
from conformance.results import BAD, FORMAT, Report
from conformance.rules import RULES
from tests.conformance.reports.documents import PYTHON, breaking, holding, hostile

# ---- read from files: what is not one is refused, and several are compared ----


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
        (_with(rules=[holding().document()["rules"][0] | {"verdict": "fine"}]), "rules[0].verdict is 'fine', not one"),
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


# ---- JUnit XML and Markdown ----


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


def test_a_failure_with_a_program_has_its_link() -> None:
    """In every form, of the book that was named; what it opens is the program, and what each side did."""
    report = breaking()
    report.book = "https://book.example/model.html"
    document = report.document()
    texts = [each.render(document) for each in (junit, markdown, html, terminal)]
    first = [found[0] for found in by_rule(failures(document)) if found[0]["program"]]
    assert len(first) > 1
    for failure in first:
        page, _, fragment = failure["link"].partition("#")
        assert page == report.book
        assert decode(fragment)["steps"] == failure["program"]
        assert decode(fragment)["failure"] == {key: failure[key] for key in FAILURE}
    for text in texts:
        assert all(failure["link"] in text for failure in first)
    assert all(failure["link"] == "" for failure in document["failures"] if not failure["program"])
    report.book = ""
    assert not any(failure["link"] for failure in report.document()["failures"])


def test_what_xml_forbids_is_escaped() -> None:
    """Control characters, lone surrogates and non-characters parse, and can be read."""
    text = junit.render(hostile().document())
    text.encode()
    bad = _suite(hostile()).find("testcase/failure")
    assert bad is not None
    assert r"\x00\x01\x1b[2J\x7f\x9b\ud800\ufffe" in bad.attrib["message"]
    assert "</script></style><img src=" in (bad.text or "")


_BESIDE = rf"\[The program beside the model\]\(<{re.escape(BOOK)}#[\w-]+>\)"
_OURS = re.compile(rf"</?details>|</?summary>|&#8203;|{_BESIDE}")


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
            assert not re.search(r"\w://|www\.", re.sub(_BESIDE, "", line)), line


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
