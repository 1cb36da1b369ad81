"""What is reported of explorations: their progress, the table of clients, and failures as text and as files."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from conformance.exploration.clients.client import Client, client, library, notation
from conformance.exploration.clients.every import draft_of
from conformance.exploration.clients.parallel import Task
from conformance.exploration.clients.sweep import Tally
from conformance.exploration.clients.verdict import Verdict
from conformance.exploration.result import Result, decisions, replay_string, source_lines, table, worded
from conformance.failure import Failure
from conformance.targets import DEFAULT

# ---- progress ----

SILENT = 1.0
"""Seconds of an exploration before its progress is shown."""


class ProgressLine:
    """The progress of one exploration: updated in place on a terminal, elsewhere a line every ten seconds."""

    def __init__(self, what: str, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._what, self._clock = what, clock
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._begun = clock()
        self._next = self._begun + SILENT
        self._width = 0

    def of_one(self, found: Result, left: float) -> None:
        """What was found of one client so far, and how many runs are left."""
        self._show(found.complete + found.blocked, found.runs, left, "")

    def of_many(self, found: Sequence[Tally], left: int) -> None:
        """What came of clients so far, and how many are left: larger ones, mostly."""
        executions = sum(tally.executions for tally in found)
        says = [f"{len(tally.found):,} not clean in {tally.part}" for tally in found if tally.found]
        self._show(executions, sum(len(tally.numbers) for tally in found), left, "".join(f"; {each}" for each in says))

    def _show(self, executions: int, done: float, left: float, more: str) -> None:
        now = self._clock()
        if now < self._next:
            return
        self._next = now + (0.2 if self._terminal else 10.0)
        spent = now - self._begun
        text = (
            f"{self._what}: {executions:,} executions in {_duration(spent)}, {executions / spent:,.0f} a second, "
            f"about {done / (done + left):.0%}, {_duration(spent * left / max(1, done))} left{more}"
        )
        if self._terminal:
            self._stream.write("\r" + text.ljust(self._width))
        else:
            self._stream.write(text + "\n")
        self._width = max(self._width, len(text))
        self._stream.flush()

    def finish(self) -> None:
        """Clear the line."""
        if self._terminal and self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


# ---- the table of clients ----

HEADING = (
    f"{'client':<50}{'capacity':>9}  {'fences':<18}{'complete':>11}{'blocked':>9}{'outcomes':>10}{'s':>7}  verdict"
)
BEGIN = "<!-- what was explored: by `make verify` -->"


def table_row(verdict: Verdict, seconds: float) -> str:
    """The row of one client, for the terminal."""
    client, result = verdict.client, verdict.result
    fences = ("asymmetric" if verdict.asymmetric else "full") + (", C++20" if verdict.cxx20 else "")
    says = "clean" if verdict.clean else result.failure or verdict.why
    return (
        f"{client.name:<50}{client.capacity:>9}  {fences:<18}{result.complete:>11,}{result.blocked:>9,}"
        f"{len(result.outcomes):>10}{seconds:>7.1f}  {says}"
    )


def markdown(verdicts: Sequence[Verdict]) -> str:
    """The table for a page: a row for each client, with its executions in C11 under either kind of fences."""
    rows = [
        "| client | calls | capacity | threads | executions: asymmetric | full | outcomes | |",
        "|---|--:|--:|---|--:|--:|--:|---|",
    ]
    for each in dict.fromkeys(verdict.client for verdict in verdicts):
        of = {verdict.asymmetric: verdict for verdict in verdicts if verdict.client == each and not verdict.cxx20}
        counts = [_executions(of[fences].result) if fences in of else "" for fences in (True, False)]
        outcomes = max(len(verdict.result.outcomes) for verdict in of.values())
        clean = all(verdict.clean for verdict in of.values())
        rows.append(
            f"| {each.name} | {calls_of(each)} | {each.capacity} | {threads(each)} | {' | '.join(counts)} | {outcomes} "
            f"| {'clean' if clean else '**not clean**'} |"
        )
    return "\n".join(rows) + "\n"


def calls_of(client: Client) -> str:
    """How many calls the generated client has that this one is; "" where it is none."""
    draft = draft_of(client)
    return str(sum(map(len, draft.threads))) if draft else ""


def _executions(result: Result) -> str:
    return f"{result.complete:,}" + (f" + {result.blocked:,} blocked" if result.blocked else "")


def threads(client: Client) -> str:
    """What its threads run, for a cell of a table."""
    each = "<br>".join(f"`{notation(thread)}`" for thread in client.threads)
    if client.handler:
        each += f"<br>handler `{notation(client.handler)}`"
    return f"first `{notation(client.setup)}`, then<br>{each}" if client.setup else each


# ---- every client ----

SWEEP = "<!-- every client: by `omni-conformance explore --calls N --page` -->"


_HEADS = ("calls", "capacity", "from", "clients", "executions", "s", "left over", "fail")


def sweep_rows(tallies: Sequence[Tally]) -> list[tuple[str, ...]]:
    """What _HEADS names: of each part, its clients, and what came of them."""
    return [
        (*map(str, tally.part), f"{len(tally.numbers):,}", f"{tally.executions:,}", f"{tally.seconds:,.0f}",
         f"{len(tally.left_over):,}", f"{len(tally.failing):,}")
        for tally in tallies
    ]  # fmt: skip


def sweep_text(tallies: Sequence[Tally]) -> str:
    """The table for the terminal, and each client that is not clean."""
    rows = [_HEADS, *sweep_rows(tallies)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    for tally in tallies:
        lines += [f"{each.name}: {each.why}" for each in tally.found.values()]
    return "\n".join(lines)


def sweep_markdown(tallies: Sequence[Tally]) -> str:
    """The table for a page."""
    rows = [_HEADS, tuple("--:" for _ in _HEADS), *sweep_rows(tallies)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


# ---- failures ----

_RULES = {"lost wakeup": "CON-5", "freed memory": "LIF-8", "data race": "CON-3", "assertion": "CON-3"}
"""What each kind of failure breaks. A race is what tears a message."""


class NoSuchExecution(ValueError):
    """The core has no such execution."""


def rule_of(given: Client, kind: str) -> str:
    """The rule that a failure of this kind breaks, with this client."""
    if kind != "forbidden":
        return _RULES.get(kind, "CON-3")
    kinds = {operation.kind for thread in given.threads for operation in thread}
    if "shutdown" in kinds:
        return "SHD-1"
    return "CON-4" if "close_producer" in kinds else "CON-3"


def execution_text(task: Task, result: Result) -> str:
    """The failing execution: what each thread runs, and a column per thread with source lines where they are known."""
    threads = [f"thread {number}: {notation(each)}" for number, each in enumerate(task.client.threads)]
    if task.client.setup:
        threads.insert(0, f"before: {notation(task.client.setup)}")
    if task.client.handler:
        threads.append(f"handler: {notation(task.client.handler)}")
    return "\n".join([*threads, "", table(result, _lines(task, result))])


def _lines(task: Task, result: Result) -> dict[str, str]:
    addresses = re.findall(r"0x[0-9a-f]+", " ".join([result.message, *(step.file for step in result.trace)]))
    return source_lines(Path(library(task.asymmetric, task.core)._name), addresses)


def failure(task: Task, verdict: Verdict) -> Failure:
    """A failing verdict in the suite's own form, to write into a file."""
    given, result = task.client, verdict.result
    kind = result.failure or ""
    rule = rule_of(given, kind)
    return Failure(
        rule,
        f"{rule}/explored-{re.sub('[^a-z0-9]+', '-', given.name.lower()).strip('-')}",
        "exploration",
        worded(verdict.why, _lines(task, result)),
        str(task.core.resolve()) if task.core else DEFAULT,
        details={
            "failure": kind,
            "client": {
                **given._asdict(),
                "threads": [notation(thread) for thread in given.threads],
                "setup": notation(given.setup),
                "handler": notation(given.handler),
            },
            "asymmetric": task.asymmetric,
            "cxx20": task.cxx20,
            "replay": replay_string(result.path),
            "trace": [asdict(step) for step in result.trace],
            "execution": execution_text(task, result),
        },
    )


def task_of(failure: Failure, target: str | None = None) -> tuple[Task, tuple[int, ...]]:
    """What the file says to explore, on the core of `target` or where it failed; ValueError where it does not say."""
    try:
        details = failure.details
        said = dict(details["client"])
        given = client(said.pop("name"), said.pop("capacity"), *said.pop("threads"), **said)
        path, asymmetric, cxx20 = decisions(details["replay"]), bool(details["asymmetric"]), bool(details["cxx20"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no exploration is in this failure file: {error!r}") from None
    where = target or failure.target
    return Task(given, asymmetric, None if where == DEFAULT else Path(where), cxx20), path


def replay(task: Task, path: tuple[int, ...]) -> Result:
    """What is below these decisions; NoSuchExecution where the core leaves no such choice."""
    result = task.explore(path)
    misfit = result.failure == "misuse" and "prefix" in result.message
    if misfit or not (result.failure or result.complete or result.blocked):
        raise NoSuchExecution(
            f"the core is not the one that failed, and has no such execution: explore {task.client.name!r} again"
        )
    return result
