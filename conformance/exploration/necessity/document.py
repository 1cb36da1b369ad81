"""docs/necessity.md, from the table and the reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from conformance.exploration.necessity.table import Row

_HEAD = """\
# Necessity and sufficiency, line by line

Sufficient: with the orders that the core has, every client of [verification.md](verification.md) is proved. Necessary:
here each atomic access, fence and wake of the core is made one step weaker or left out, alone, and all clients are
explored again. Either one of them fails (its shortest execution stands in [necessity/](necessity)), or a sentence says
why it stays as it is. "Nonatomic" asks whether the access must be atomic at all: a relaxed access is then one that
may be part of a data race.

Made by `make necessity`; a test compares this table with the core's source and fails where they differ.

"""


def page(rows: Iterable[Row], reasons: Mapping[str, str]) -> str:
    """The whole page."""
    rows = list(rows)
    failing = sum(bool(row.client) for row in rows)
    lines = [f"{len(rows)} changes: {failing} are found by a client, {len(rows) - failing} have a reason."]
    file = None
    for number, row in enumerate(rows, 1):
        where, _, change = row.change.partition(": ")
        access, _, weaker = change.rpartition(" -> ")
        if where.split()[0] != file:
            file = where.split()[0]
            lines += ["", f"## {file}", "", "| in | access | made | what happens |", "|---|---|---|---|"]
        what = f"[{row.failure}]({trace_name(number)}) in “{row.client}”" if row.client else reasons[row.change]
        lines.append(f"| {where.split()[1]} | `{access.replace('|', '&#124;')}` | {weaker} | {what} |")
    return _HEAD + "\n".join(lines) + "\n"


def trace_name(number: int) -> str:
    """The file of a row's trace, seen from docs/."""
    return f"necessity/{number:02}.txt"
