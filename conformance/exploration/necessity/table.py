"""The table of necessity: what became of each change, kept beside the core so that the two can be compared."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path(__file__).with_name("table.json")


@dataclass(frozen=True)
class Row:
    """A change by its key, and the client that fails with it: which failure, of how many steps; "" where none does."""

    change: str
    client: str = ""
    failure: str = ""
    steps: int = 0


def read(file: Path = FILE) -> list[Row]:
    """The table as it was last made."""
    return [Row(**each) for each in json.loads(file.read_text())]


def write(rows: Iterable[Row], file: Path = FILE) -> None:
    """Keep it, a row per change."""
    file.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def mismatches(rows: Iterable[Row], changes: Iterable[str], reasons: Iterable[str]) -> list[str]:
    """Where the table, the core's changes and the reasons do not fit together, each in a line."""
    by_change, wanted, given = {row.change: row for row in rows}, set(changes), set(reasons)
    problems = [f"not in the table: {each}" for each in sorted(wanted - by_change.keys())]
    problems += [f"no longer in the core: {each}" for each in sorted(by_change.keys() - wanted)]
    for change in sorted(wanted & by_change.keys()):
        if by_change[change].client and change in given:
            problems.append(f"fails a client, and a reason says why nothing fails: {change}")
        if not by_change[change].client and change not in given:
            problems.append(f"no client fails, and no reason says why it stays: {change}")
    return problems + [f"a reason for what is not in the core: {each}" for each in sorted(given - wanted)]
