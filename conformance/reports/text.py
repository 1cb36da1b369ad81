"""What came from a target, made harmless and readable wherever it is printed: text, and calls of several threads."""

from __future__ import annotations

import json
import re
from itertools import groupby
from textwrap import wrap
from typing import Any, NamedTuple

LIMIT = 20_000
"""Characters of one text that are printed; the JSON document has the rest."""


def visible(text: str) -> str:
    """The text with what cannot be printed as an escape, as repr does it; lines and tabs stay.

    XML 1.0 forbids some of it, a terminal obeys some, some turns text round, and lone surrogates have no UTF-8.
    """
    text = text.replace("\r\n", "\n")
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\n\t" else _escape(ord(each)) for each in text)


def _escape(number: int) -> str:
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}" if number < 65536 else f"\\U{number:08x}"


def block(text: str, limit: int = LIMIT) -> str:
    """Text of several lines, cut where it is very long."""
    if len(text) > limit:
        text = f"{text[:limit]}\n... {len(text) - limit:,} more characters, see the JSON document"
    return visible(text).rstrip()


def line(text: str, limit: int = 2000) -> str:
    """Text in one line."""
    return re.sub(r"\s*[\n\t]\s*", " ", block(text, limit)).strip()


def value(anything: Any) -> str:
    """A value of the JSON document: text as it is, anything else as JSON."""
    return anything if isinstance(anything, str) else json.dumps(anything, ensure_ascii=False)


def folded(program: list[str]) -> str:
    """A program with runs of one operation in one line, `# xN`, as a program is read."""
    runs = [(operation, len(list(same))) for operation, same in groupby(program)]
    return "\n".join(operation if times == 1 else f"{operation}  # x{times}" for operation, times in runs)


MANY = 60
"""Calls up to which all are shown; of more, those near a wrong one."""
NEAR = 12
COLUMN_WIDTH = 44


class Call(NamedTuple):
    """One call of one thread; end: infinity if it has not returned; wrong: what is wrong with it, if anything."""

    thread: str
    call: str
    result: str
    begin: float
    end: float
    returned: bool
    wrong: str


class Placed(NamedTuple):
    """A call in its column, from its first row to its last."""

    call: Call
    column: int
    first: int
    last: int


class Timeline(NamedTuple):
    """Columns by name, calls in them, and the moment at which each row begins; omitted: calls left out."""

    threads: list[str]
    placed: list[Placed]
    moments: list[float]
    omitted: int


def timeline(failure: dict[str, Any]) -> Timeline | None:
    """The timeline of a failure, if it has one."""
    entries = failure["details"].get("timeline")
    if not isinstance(entries, list):
        return None
    try:
        calls = sorted(map(_call, entries), key=lambda call: call.begin)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None  # of another shape: it is printed with the other details
    kept = _near_wrong(calls)
    threads = list(dict.fromkeys(line(str(entry["thread"])[:40]) for entry in entries))
    return _layout(kept, threads, len(calls) - len(kept)) if kept else None


def _call(entry: dict[str, Any]) -> Call:
    begin, end, wrong = entry["begin"], entry["end"], entry.get("wrong")
    for moment in (begin, begin if end is None else end):
        if isinstance(moment, bool) or not isinstance(moment, (int, float)) or moment != moment:
            raise ValueError(f"{moment!r} is no moment")
    result = "" if end is None and entry["result"] is None else line(value(entry["result"]), 400)
    why = line(wrong, 400) if isinstance(wrong, str) else "wrong" if wrong else ""
    last = float("inf") if end is None else max(begin, end)
    thread, said = line(str(entry["thread"])[:40]), line(str(entry["call"]), 400)
    return Call(thread, said, result, begin, last, end is not None, why)


def _near_wrong(calls: list[Call]) -> list[Call]:
    if len(calls) <= MANY:
        return calls
    wrong = [number for number, call in enumerate(calls) if call.wrong][: MANY // NEAR] or [len(calls) - 1]
    near = {number for middle in wrong for number in range(middle - NEAR, middle + NEAR + 1)}
    under_way = {
        number
        for number, call in enumerate(calls)
        if any(call.begin <= calls[middle].begin <= call.end for middle in wrong)
    }
    last = sorted(under_way - near)[-3 * MANY :]
    return [call for number, call in enumerate(calls) if number in near or number in last]


def _layout(calls: list[Call], threads: list[str], omitted: int) -> Timeline:
    """Rows for the moments; a call during which nothing else happens takes one row only."""
    begins = {call.begin for call in calls}
    ends: dict[float, list[Call]] = {}
    for call in calls:
        ends.setdefault(call.end, []).append(call)
    row: dict[float, int] = {}
    moments: list[float] = []
    before = None
    for moment in sorted(begins | set(ends)):
        alone = moment not in begins and all(call.begin == before for call in ends[moment])
        if not alone:
            moments.append(moment)
        row[moment] = len(moments) - 1
        before = moment
    columns = [thread for thread in threads if any(call.thread == thread for call in calls)]
    placed = [Placed(call, columns.index(call.thread), row[call.begin], row[call.end]) for call in calls]
    return Timeline(columns, placed, moments, omitted)


def beside(failure: dict[str, Any]) -> dict[str, Any]:
    """The details of a failure that its timeline does not show."""
    hidden = "timeline" if timeline(failure) else None
    return {name: each for name, each in failure["details"].items() if name != hidden}


def answer(call: Call) -> str:
    """What a call saw."""
    return call.result if call.returned else f"did not return{': ' if call.result else ''}{call.result}"


def table(shown: Timeline) -> str:
    """As text: a column per thread, time runs down, `:` where a call is under way."""
    cells: list[list[list[str]]] = [[[] for _ in shown.threads] for _ in shown.moments]
    for call, column, first, last in shown.placed:
        end = f"-> {answer(call)}{f'   <== {call.wrong}' if call.wrong else ''}"
        if first == last:
            cells[first][column] += _wrapped(f"{call.call} {end}")
        else:
            cells[first][column] += _wrapped(f"{call.call} ...")
            cells[last][column][:0] = _wrapped(end)
            for between in range(first + 1, last):
                cells[between][column].append(":")
    widths = [
        max([len(thread), *(len(text) for row in cells for text in row[column])])
        for column, thread in enumerate(shown.threads)
    ]
    heads = [thread.ljust(width) for thread, width in zip(shown.threads, widths, strict=True)]
    times = [label(moment) for moment in shown.moments]
    margin = max(4, *map(len, times))
    lines = [" | ".join(["time".rjust(margin), *heads]), "-+-".join("-" * width for width in (margin, *widths))]
    for moment, row in zip(times, cells, strict=True):
        for number in range(max(map(len, row))):
            texts = [(row[column][number] if number < len(row[column]) else "") for column in range(len(widths))]
            padded = [text.ljust(width) for text, width in zip(texts, widths, strict=True)]
            lines.append(" | ".join([("" if number else moment).rjust(margin), *padded]))
    if shown.omitted:
        lines.append(f"({shown.omitted:,} calls further away are left out)")
    return "\n".join(text.rstrip() for text in lines)


def label(moment: float) -> str:
    """A moment as it is printed; nothing for the end of time, at which a call that did not return ends."""
    return str(moment) if isinstance(moment, int) else "" if moment == float("inf") else f"{moment:g}"


def _wrapped(text: str) -> list[str]:
    return wrap(text, COLUMN_WIDTH, subsequent_indent="  ") or [""]
