"""The table of interrupted calls: how many points of each kind, and how many of the interruptions broke a rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from conformance.interruption.catalogue import CALLS, KINDS
from conformance.interruption.series import Found, Result
from conformance.targets import Target

Results = Mapping[tuple[str, str], Result | str]
"""By call and kind: what a series found, or why it had no point."""


def place(target: Target) -> str:
    """The line of a page above the table of this target: one for each binding, where it has several."""
    binding = getattr(target.omni, "binding", "")
    name = f"{target.name}, binding {binding}" if binding else target.name
    return f"<!-- what was interrupted of {name}: by `python -m conformance.interruption` -->"


def _cell(found: Result | str | None) -> str:
    if not isinstance(found, Result):
        return "-" if found else ""
    failed = ", ".join(f"{rule} {count:,}" for rule, count in Counter(each.rule for each in found.found).items())
    return f"{found.points:,}" + (f" ({failed})" if failed else "")


def rows(results: Results) -> list[list[str]]:
    """A row for each call, a cell for each kind, and the sums."""
    calls = [call.name for call in CALLS if any((call.name, kind) in results for kind in KINDS)]
    body = [[call, *(_cell(results.get((call, kind))) for kind in KINDS)] for call in calls]
    whole = [[each for (_, kind), each in results.items() if kind == one and isinstance(each, Result)] for one in KINDS]
    return [*body, ["all", *(f"{sum(each.points for each in some):,}" for some in whole)]]


def text(results: Results) -> str:
    """For the terminal."""
    table = [["call", *KINDS], *rows(results)]
    width = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(size) for cell, size in zip(row, width, strict=True)) for row in table]
    return "\n".join(map(str.rstrip, lines))


def markdown(results: Results, target: str, experiments: int) -> str:
    """For a page."""
    heads = "| call | " + " | ".join(KINDS) + " |\n|---|" + "--:|" * len(KINDS) + "\n"
    body = "".join(f"| {' | '.join(row)} |\n" for row in rows(results))
    return f"`{target}`: {experiments:,} interruptions at these points.\n\n{heads}{body}"


def failure_text(found: Found) -> str:
    """One failure, with the string that replays it."""
    stacks = f"\n{found.stacks.rstrip()}" if found.stacks else ""
    return f"{found.rule}: --replay '{found.experiment.replay}'\n{found.seen}{stacks}"
