"""The calls of threads in the order of time."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.reports import html, terminal
from conformance.reports.timeline import MANY, table, timeline
from tests.conformance.reports.documents import TIMELINE, breaking


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
