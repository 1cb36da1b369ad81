"""A failing execution as a table: a column per thread, a row per step, with what each read came from."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from conformance.exploration.explorer import Result, Step

WIDTH = 46


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
    return {at: Path(line.split(" ")[0]).name for at, line in zip(wanted, lines, strict=True) if "?" not in line}


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
        worded(result.message, lines),
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
