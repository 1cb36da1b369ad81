"""The report as text, and the calls of threads in the order of time."""

from __future__ import annotations

import sys
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest

from conformance.differential.program import parse
from conformance.failure import Failure
from conformance.reports import html, terminal
from conformance.reports.text import MANY, folded, table, timeline, visible
from conformance.results import Report
from conformance.rules import AREAS
from tests.conformance.reports.documents import HOSTILE, PYTHON, TIMELINE, breaking, holding, hostile

# ---- the report ----


def test_the_last_line_is_the_verdict() -> None:
    """Of a run that holds, of one that does not, and of a part of one."""
    assert terminal.render(holding().document()).splitlines()[-1] == "good_target keeps every rule checked"
    assert terminal.render(breaking().document()).splitlines()[-1] == "broken_target does NOT keep the rules"
    part = holding()
    part.whole = False
    assert terminal.render(part.document()).splitlines()[-1].endswith("(only a part of the checks was run)")


def test_the_first_lines_name_the_target() -> None:
    """The target, the profile, and the machine's versions."""
    report = holding()
    lines = ["OmniMailbox conformance: target good_target, profile quick", "python CPython 3.12.1, system Linux x86_64"]
    assert terminal.header(report.document()).splitlines() == lines
    report.whole = False
    assert "profile quick, a part of the checks\n" in terminal.header(report.document())


def test_a_row_per_area_adds_up() -> None:
    """Rules, rules covered, checks run and operations, by area and in all; a check not run covers nothing."""
    lines = terminal.render(breaking().document()).splitlines()
    assert lines[0].split() == ["area", "rules", "covered", "checks", "run", "operations", "verdict"]
    rows = {line.split()[0]: line.replace(",", "").split() for line in lines[1 : 2 + len(AREAS)]}
    assert rows["FLB"][2:5] == ["4", "0", "0"] and rows["FLB"][6:] == ["not", "provided"]
    assert rows["BRK"][2:5] == ["12", "11", "11"] and "1 broken as expected" in " ".join(rows["BRK"])
    assert rows["PSH"][-2:] == ["FAILS", "PSH-2"]
    assert rows["SHD"][-1] == "holds"
    numbers = [[int(word) for word in row if word.isdigit()] for name, row in rows.items() if name != "all"]
    sums = [sum(column) for column in zip(*(row[:4] for row in numbers), strict=True)]
    assert sums == [int(each) for each in rows["all"][1:]]


def test_every_failure_is_reported() -> None:
    """The rule, its section and text, what was seen, and a program to copy from the margin."""
    report = breaking()
    text = terminal.render(report.document())
    for failure in report.unexpected:
        assert text.count(f"FAILED {failure.rule} (") == 1
        assert failure.seen in text
    assert "FAILED PSH-2 (§5.2): Exactly `capacity` messages fit." in text
    assert f"not SUCCESS\n  also check PSH-1/exhaustive: a longer program\n\n{PYTHON}\n" in text
    assert "    p.try_push(b'x')\n" in text
    assert "  signal: 11\n" in text
    assert "  stack:\n    line 1\n    line 2\n" in text
    assert "blocking_pop(0.5) ..." in text


def test_a_failure_that_shows_nothing_does_not_stand_for_its_rule() -> None:
    """One with a program or a timeline does, however long it is."""
    report = breaking()
    report.failures.insert(0, Failure("PSH-2", "PSH-2/unit", "claim", "nothing to show", "broken_target"))
    report.failures.insert(0, Failure("CON-4", "CON-3/history", "claim", "nothing to show", "broken_target"))
    text = terminal.render(report.document())
    assert text.count("  also check PSH-2/unit: nothing to show\n") == 1
    assert text.count("  also check CON-3/history: nothing to show\n") == 1


def test_checks_without_a_verdict_are_reported_with_their_reason() -> None:
    """Not provided, skipped, expected to fail; an expected failure is not reported as a broken rule."""
    text = terminal.render(breaking().document())
    assert "not provided (4): needs flatbuffers\n  FLB-1/unit  FLB-2/unit  FLB-3/unit  FLB-4/unit\n" in text
    assert "the target does not provide flatbuffers: the target declares none" in text
    assert "skipped (1): takes too long here\n  BRK-12/unit" in text
    assert "expected failure (1): known, issue 17\n  BRK-5/unit" in text
    assert "failed as expected: BRK-5, BRK-5/unit: the limit is off by one" in text
    assert "FAILED BRK-5" not in text
    assert "FAILED CFG-1: CFG-1/unit: unexpected pass" in text


def test_figures_and_coverage_are_reported() -> None:
    """What the layers counted, how often each operation gave each result, and what is missing or not in the rules."""
    report = holding()
    report.coverage["try_push", "QUEUE_FULL"] = 0
    report.coverage["try_push", "TIMEOUT"] = 2
    text = terminal.render(report.document())
    assert "states: 1,234\n" in text
    assert "QUEUE_FULL 0" in text and "TIMEOUT 2" in text
    assert "never reached though the rules allow it: try_push -> QUEUE_FULL" in text
    assert "reached though the rules do not list it: try_push -> TIMEOUT" in text
    assert text.endswith("does NOT keep the rules")


def test_too_few_operations_are_reported() -> None:
    """Where random programs ran to their end, and were not enough to say much."""
    document = holding().document() | {"too_few": 1_500, "verdict": "broken"}
    assert "random programs executed 1,500 operations, which is too few" in terminal.render(document)


def test_an_empty_run_is_printed() -> None:
    """It holds nothing, and says so."""
    text = terminal.render(Report("nothing", whole=False).document())
    assert "no check was run" in text
    assert "nothing does NOT keep the rules" in text


def test_a_target_does_not_drive_the_terminal() -> None:
    """No control character, no direction mark and no half of a character comes through."""
    document = hostile().document()
    text = f"{terminal.header(document)}\n{terminal.render(document)}"
    text.encode()
    assert all(each == "\n" or each.isprintable() for each in text)
    assert r"\x1b[2J\x7f\x9b\ud800\ufffe\u202e\u200b" in text
    assert text.splitlines()[-1].endswith("does NOT keep the rules")


def test_every_character_is_harmless_or_an_escape() -> None:
    """Of all there are: what comes out can be printed, is UTF-8, and is allowed in XML."""
    every = visible("".join(map(chr, range(sys.maxunicode + 1))))
    assert all(each.isprintable() or each in "\n\t" for each in every)
    every.encode()
    ElementTree.fromstring(f"<x>{escape(every)}</x>")


def test_what_can_be_seen_stays() -> None:
    """Letters of any script, lines and tabs are left as they are."""
    assert visible("né 猫 🐈\n\tx\r\ny") == "né 猫 🐈\n\tx\ny"
    assert visible(HOSTILE).count("\n") == HOSTILE.count("\n")


def test_a_folded_program_is_the_same_program() -> None:
    """What is printed in short can be parsed back."""
    program = ["p.try_push(b'x')"] * 3 + ["c.try_pop()"] + ["p.try_push(b'x')"]
    assert folded(program) == "p.try_push(b'x')  # x3\nc.try_pop()\np.try_push(b'x')"
    assert parse(folded(program)) == parse("\n".join(program))


# ---- the calls of threads in the order of time ----


def _of(entries: Any) -> Any:
    return timeline({"details": {"timeline": entries}})


def _entry(thread: str, begin: Any, end: Any, **more: Any) -> dict[str, Any]:
    return {"thread": thread, "call": f"call{begin}", "result": "None", "begin": begin, "end": end, **more}


def test_a_column_per_thread_in_the_order_of_time() -> None:
    """A call begins in one row and ends in another exactly where another call came between."""
    lines = table(_of(TIMELINE)).splitlines()
    columns = [[cell.strip() for cell in line.split("|")] for line in lines if "|" in line]
    assert columns[0] == ["time", "producer", "consumer", "closer"]
    rows = {row[0]: row[1:] for row in columns[1:] if row[0]}
    assert rows["1"] == [r"try_push(b'\x01') -> SUCCESS", "", ""]
    assert rows["3"] == [r"try_push(b'\x02') ...", "", ""]
    assert rows["4"] == [":", "blocking_pop(0.5) ...", ""]
    assert rows["6"] == ["-> SUCCESS", ":", ""]
    assert rows["7"] == ["", ":", "p.close() -> None"]
    assert rows["9"] == ["", r"-> SUCCESS b'\x02'   <== wrong", ""]
    assert rows["12"][1].startswith("-> CHANNEL_CLOSED   <== b'\\x01' was sent")
    assert columns[-1][1] == "-> did not return"
    assert len({line.index("|") for line in lines if "|" in line}) == 1


def test_columns_keep_their_order_and_rows_their_moments() -> None:
    """Columns come as the document names them; a call that nothing interrupts takes one row."""
    shown = _of([_entry("b", 5, 6), _entry("a", 1, 2), _entry("a", 3, 8)])
    assert shown.threads == ["b", "a"]
    assert shown.moments == [1, 3, 5, 8]
    assert [(each.column, each.first, each.last) for each in shown.placed] == [(1, 0, 0), (1, 1, 3), (0, 2, 2)]


def test_of_a_long_history_the_wrong_part_is_shown() -> None:
    """Calls near a wrong one, and those under way at its begin, are kept; the rest is counted."""
    long = [_entry("producer", 2 * number, 2 * number + 1) for number in range(1, 10_000)]
    long[5_000]["wrong"] = True
    waiting = _entry("consumer", 1, 15_001)
    shown = _of([waiting, *long])
    kept = [each.call.call for each in shown.placed]
    assert len(kept) < MANY
    assert {"call1", "call10000", "call10002", "call10004"} <= set(kept)
    assert shown.omitted == 10_000 - len(kept)
    assert f"({shown.omitted:,} calls further away are left out)" in table(shown)


def test_a_history_full_of_mistakes_is_cut_too() -> None:
    """The page does not grow with the number of wrong calls, nor of those under way; a wrong one is shown."""
    shown = _of([_entry("producer", 2 * number, 2 * number + 1, wrong=True) for number in range(10_000)])
    assert len(shown.placed) <= 6 * MANY
    shown = _of([_entry(f"thread {number}", number, 20_000, wrong=number == 9_000) for number in range(10_000)])
    assert len(shown.placed) <= 6 * MANY
    assert "call9000" in [each.call.call for each in shown.placed]


@pytest.mark.parametrize(
    "entries",
    [None, "text", [], [5], [{}], [_entry("a", "1", 2)], [_entry("a", 1, float("nan"))], [_entry("a", True, 2)]],
)
def test_what_is_no_timeline_is_printed_as_a_detail(entries: Any) -> None:
    """Nothing that a layer added is lost, and no printer fails on it."""
    document = breaking().document()
    document["failures"][0]["details"] = {"timeline": entries}
    assert _of(entries) is None
    assert "  timeline: " in terminal.render(document)
    assert '<span class="faint">timeline: </span>' in html.render(document)


def test_odd_moments_are_laid_out() -> None:
    """Calls that share a moment, or end before they begin, still have a place each."""
    shown = _of([_entry("a", 1, 1), _entry("a", 1, 3), _entry("b", 3, 2), _entry("b", 2.5, None)])
    assert len(shown.placed) == 4
    assert all(0 <= each.first <= each.last < len(shown.moments) for each in shown.placed)
    assert "2.5" in table(shown)
