"""The report as Markdown."""

from __future__ import annotations

import re
from itertools import takewhile

from conformance.reports import compare, markdown
from conformance.reports.markdown import code, escaped, fenced
from conformance.rules import RULES
from tests.conformance.reports.documents import PYTHON, breaking, holding, hostile

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


def test_all_is_told() -> None:
    """Every rule, every failure with its program, and the verdict."""
    report = breaking()
    text = markdown.render(report.document())
    assert "**broken\\_target does NOT keep the rules**" in text
    assert all(f"| {rule} |" in text for rule in RULES)
    assert all(f"## FAILED {failure.rule} " in text for failure in report.unexpected)
    assert f"```python\n{PYTHON}```\n\n- also check `PSH-1/transitions`: `a longer program`" in text
    assert "p.close() -> None" in text
    assert "not provided, needs flatbuffers: `FLB-1/direct`, `FLB-2/direct`" in text
    assert "failed as expected: BRK-5, `BRK-5/direct`: `the limit is off by one`" in text
    assert "## FAILED CFG-1\n\n`CFG-1/direct`: unexpected pass" in text


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
