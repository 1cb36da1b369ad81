"""What was proved, as a table: of each client how much was explored, and what that says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conformance.exploration.clients.client import Client, notation
from conformance.exploration.clients.verdict import Verdict
from conformance.exploration.explorer import Result

HEADING = (
    f"{'client':<50}{'capacity':>9}  {'fences':<11}{'complete':>11}{'blocked':>9}{'outcomes':>10}{'s':>7}  verdict"
)
BEGIN, END = "<!-- what was proved: by `make verify` -->", "<!-- until here -->"


def line(verdict: Verdict, seconds: float) -> str:
    """One client's, for the terminal."""
    client, result, fences = verdict.client, verdict.result, "asymmetric" if verdict.asymmetric else "full"
    says = "proved" if verdict.proved else result.failure or verdict.why
    return (
        f"{client.name:<50}{client.capacity:>9}  {fences:<11}{result.complete:>11,}{result.blocked:>9,}"
        f"{len(result.outcomes):>10}{seconds:>7.1f}  {says}"
    )


def markdown(verdicts: Sequence[Verdict]) -> str:
    """All of them, for a page: a row for each client, with the executions that it has with either kind of fences."""
    rows = [
        "| client | capacity | threads | executions: asymmetric | full | outcomes | |",
        "|---|--:|---|--:|--:|--:|---|",
    ]
    for client in dict.fromkeys(verdict.client for verdict in verdicts):
        of = {verdict.asymmetric: verdict for verdict in verdicts if verdict.client == client}
        counts = [_executions(of[each].result) if each in of else "" for each in (True, False)]
        outcomes = max(len(verdict.result.outcomes) for verdict in of.values())
        proved = all(verdict.proved for verdict in of.values())
        rows.append(
            f"| {client.name} | {client.capacity} | {threads(client)} | {' | '.join(counts)} | {outcomes} "
            f"| {'proved' if proved else '**not proved**'} |"
        )
    return "\n".join(rows) + "\n"


def _executions(result: Result) -> str:
    return f"{result.complete:,}" + (f" + {result.blocked:,} blocked" if result.blocked else "")


def threads(client: Client) -> str:
    """What its threads run, for a cell of a table."""
    each = "<br>".join(f"`{notation(thread)}`" for thread in client.threads)
    return f"first `{notation(client.setup)}`, then<br>{each}" if client.setup else each


def write(verdicts: Sequence[Verdict], page: Path) -> None:
    """Into the page, in place of the table between its marks; ValueError where it has none."""
    text = page.read_text()
    before, begun, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (begun and ended):
        raise ValueError(f"{page} has no place for the table: a line {BEGIN!r}, and below it {END!r}")
    page.write_text(f"{before}{BEGIN}\n\n{markdown(verdicts)}\n{END}{after}")
