"""A failing execution as a table: a column per thread, a row per step, with what each read came from."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from conformance.weakmemory.explorer import Result, Step

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


def table(result: Result, lines: dict[str, str] | None = None) -> str:
    """The trace of a failure, and the string that replays it."""
    lines = lines or {}
    threads = 1 + max((step.thread for step in result.trace), default=0)
    message = result.message
    for address, line in lines.items():
        message = message.replace(f"{address}:0", line)
    rows = [message, "", "    " + "".join(f"{f'thread {number}':<{WIDTH}}" for number in range(threads)).rstrip()]
    for number, step in enumerate(result.trace):
        rows.append(f"{number + 1:>3} {' ' * WIDTH * step.thread}{_step(step, lines)}")
    return "\n".join([*rows, "", f"replay: {replay_string(result.path)}"])


def _step(step: Step, lines: dict[str, str]) -> str:
    where = lines.get(step.file, step.file if not step.line else f"{Path(step.file).name}:{step.line}")
    text = f"{where} {step.kind} {step.place}".rstrip()
    if step.kind in ("fence",):
        return f"{text} {step.order}"
    source = "" if step.source is None else " (initial)" if step.source < 0 else f" (from {step.source + 1})"
    return f"{text} = {step.value}{source} {step.order}"
