"""What was proved, as a table: of each client how much was explored, and what that says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conformance.weakmemory.core.client import notation
from conformance.weakmemory.core.verdict import Verdict

HEADING = f"{'client':<40}{'capacity':>9}{'complete':>11}{'blocked':>9}{'outcomes':>10}{'s':>7}  verdict"
BEGIN, END = "<!-- what was proved: by `make verify` -->", "<!-- until here -->"


def line(verdict: Verdict, seconds: float) -> str:
    """One client's, for the terminal."""
    client, result = verdict.client, verdict.result
    return (
        f"{client.name:<40}{client.capacity:>9}{result.complete:>11,}{result.blocked:>9,}{len(result.outcomes):>10}"
        f"{seconds:>7.1f}  {'proved' if verdict.proved else verdict.result.failure or verdict.why}"
    )


def markdown(verdicts: Sequence[Verdict]) -> str:
    """All of them, for a page."""
    rows = [
        "| client | capacity | threads | complete | blocked | outcomes | verdict |",
        "|---|--:|---|--:|--:|--:|---|",
    ]
    for verdict in verdicts:
        client, result = verdict.client, verdict.result
        threads = "<br>".join(f"`{notation(thread)}`" for thread in client.threads)
        if client.setup:
            threads = f"first `{notation(client.setup)}`, then<br>{threads}"
        rows.append(
            f"| {client.name} | {client.capacity} | {threads} | {result.complete:,} | {result.blocked:,} "
            f"| {len(result.outcomes)} | {'proved' if verdict.proved else '**not proved**'} |"
        )
    return "\n".join(rows) + "\n"


def write(verdicts: Sequence[Verdict], page: Path) -> None:
    """Into the page, in place of the table between its marks; ValueError where it has none."""
    text = page.read_text()
    before, begun, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (begun and ended):
        raise ValueError(f"{page} has no place for the table: a line {BEGIN!r}, and below it {END!r}")
    page.write_text(f"{before}{BEGIN}\n\n{markdown(verdicts)}\n{END}{after}")
