"""The result of an exploration as a value, merged from parts of a tree, and a failing execution as a table."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

WIDTH = 46
"""Of a column."""


@dataclass(frozen=True)
class Step:
    """One step of a failing execution; `source` is the number of the step it read from, -1 for the initial value.

    text: what the source calls the place.
    """

    thread: int
    kind: str
    order: str
    place: str
    value: int
    source: int | None
    file: str
    line: int
    text: str = ""


class Execution(NamedTuple):
    """One whole execution; led: whether each step led to the failure, or True where there is none.

    stopped: what this thread did after the failure may not be what it would have done; or -1.
    """

    steps: tuple[Step, ...]
    led: tuple[bool, ...]
    failure: str | None
    message: str
    stopped: int


@dataclass(frozen=True)
class Result:
    """What an exploration met."""

    complete: int
    blocked: int
    cut: int
    dropped: int
    repeated: int
    failures: Mapping[str, int]
    """How often each kind was met; at most one in all unless more were asked for."""
    checks: int
    longest: int
    failure: str | None
    message: str
    outcomes: Mapping[tuple[int, ...], int] = field(repr=False)
    trace: tuple[Step, ...] = field(repr=False)
    path: tuple[int, ...]
    """Decisions that lead to the failure, or that the one run took: give them back as `prefix`."""
    open: tuple[tuple[int, ...], ...] = field(repr=False)
    """Subtrees that were left, each a prefix; none of their executions is counted here."""
    estimate: float = 0.0
    """Of one run by chance: how many there are, on average over all seeds."""

    @property
    def says(self) -> str:
        """The kind of the failure, and its message; "" without one."""
        if self.failure is None or self.message.startswith(self.failure):
            return self.message
        return f"{self.failure}: {self.message}"

    @property
    def clean(self) -> bool:
        """Exhaustively explored, and nothing failed."""
        return self.failure is None and not self.cut and not self.open and self.complete > 0

    @property
    def runs(self) -> int:
        """Of the client: those that were no execution too."""
        unended = sum(count for kind, count in self.failures.items() if kind not in ("lost wakeup", "forbidden"))
        return self.complete + self.blocked + self.cut + self.dropped + unended

    def alone(self) -> Result:
        """Without the subtrees that it left."""
        return replace(self, open=())


def merged(one: Result, other: Result) -> Result:
    """Of two parts of a tree that have nothing in common: what both met, and the shorter failure."""
    shown = min((one, other), key=lambda each: (each.failure is None, len(each.trace), each.path))
    return Result(
        complete=one.complete + other.complete,
        blocked=one.blocked + other.blocked,
        cut=one.cut + other.cut,
        dropped=one.dropped + other.dropped,
        repeated=one.repeated + other.repeated,
        failures=Counter(one.failures) + Counter(other.failures),
        checks=one.checks + other.checks,
        longest=max(one.longest, other.longest),
        failure=shown.failure,
        message=shown.message,
        outcomes=Counter(one.outcomes) + Counter(other.outcomes),
        trace=shown.trace,
        path=shown.path,
        open=one.open + other.open,
    )


def replay_string(path: Iterable[int]) -> str:
    """Decisions in a form to paste."""
    return ".".join(map(str, path)) or "-"


def decisions(replay: str) -> tuple[int, ...]:
    """Back from replay_string."""
    try:
        return () if replay == "-" else tuple(int(each) for each in replay.split("."))
    except ValueError:
        raise ValueError(f"not a replay string: {replay!r} (such as 0.2.1, or - for no decision)") from None


def source_lines(library: Path, addresses: Iterable[str]) -> dict[str, str]:
    """file:line of addresses in a library, by addr2line where it is on the PATH."""
    wanted = sorted({each for each in addresses if each.startswith("0x")})
    if not wanted or not shutil.which("addr2line"):
        return {}
    ended = subprocess.run(
        ["addr2line", "-e", str(library), *wanted], capture_output=True, text=True, check=False, timeout=60
    )
    lines = ended.stdout.splitlines()
    return {
        at: Path(line.partition(" (discriminator")[0]).name
        for at, line in zip(wanted, lines, strict=True)
        if "?" not in line
    }


def worded(message: str, lines: dict[str, str]) -> str:
    """A message with source lines for addresses, and files without their folders."""
    for address, line in lines.items():
        message = message.replace(f"{address}:0", line)
    return re.sub(r"(?:/[^/\s:]+)+/([^/\s:]+:\d+)", r"\1", message)


def table(result: Result, lines: dict[str, str] | None = None) -> str:
    """The trace of a failure, and the string that replays it."""
    lines = lines or {}
    threads = 1 + max((step.thread for step in result.trace), default=0)
    rows = [
        worded(result.says, lines),
        "",
        "    " + "".join(f"{f'thread {number}':<{WIDTH}}" for number in range(threads)).rstrip(),
    ]
    for number, (step, name) in enumerate(zip(result.trace, _names(result.trace), strict=True), 1):
        rows.append(f"{number:>3} {' ' * WIDTH * step.thread}{_step(step, name, lines)}")
    return "\n".join([*rows, "", f"replay: {replay_string(result.path)}"])


def _names(trace: tuple[Step, ...]) -> Iterator[str]:
    """Of each step's place: its name, or what the source calls it, numbered where it calls several so.

    An address would say nothing: it is another in the next process.
    """
    places: dict[str, list[str]] = {}
    for step in trace:
        alike = places.setdefault(step.text, [])
        if step.place not in alike:
            alike.append(step.place)
        number = alike.index(step.place) + 1
        if step.text and step.place.startswith("0x"):
            yield step.text if number == 1 else f"{step.text} #{number}"
        else:
            yield step.place


def _step(step: Step, name: str, lines: dict[str, str]) -> str:
    where = lines.get(step.file, step.file if not step.line else f"{Path(step.file).name}:{step.line}")
    text = f"{where} {step.kind} {name}".rstrip()
    if step.kind in ("fence",):
        return f"{text} {step.order}"
    source = "" if step.source is None else " (initial)" if step.source < 0 else f" (from {step.source + 1})"
    return f"{text} = {step.value}{source} {step.order}"
