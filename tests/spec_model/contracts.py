"""CrossHair on the model's contracts, or on a copy's; run as a module, `crosshair` with states to start from.

By itself, CrossHair fills a Channel field by field, and never reaches a state that `well_formed` accepts within its
time: every contract would hold vacuously. Here the fields that depend on each other are chosen together, so that
every state is well formed; the precondition is still evaluated. CrossHair decides which state is chosen, so that it
tries another on each path and knows when it has covered them all; arguments stay symbolic.

Chosen from a few: the states of both sides, shut or not; no, one, all but one and all
slots waiting; reserved or not; no, one, `capacity` and many messages popped; exported none,
the newest, the first ever, both, or `capacity`; held none, one or as many as may be beside those.
Fixed: capacity 8, max_message_size 64, the waiting messages' bytes; up to two channels.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from spec_model.channel.value import Channel, Side
from spec_model.config import SIZE_MAX, ChannelConfig
from spec_model.registry import Registry
from spec_model.vocabulary import ConsumerStats, ProducerStats

if TYPE_CHECKING:
    from crosshair import SymbolicFactory

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
SECONDS = 1.0
"""Processor time for each postcondition. All of them: about 70 s one at a time, about 40 s two at a time."""


@dataclass(frozen=True)
class Verdict:
    """The output of CrossHair, by line of the source, and its exit code."""

    lines: dict[int, str]
    output: str
    exit_code: int


def check(target: str, folder: Path = ROOT, seconds: float = SECONDS) -> Verdict:
    """CrossHair's verdict on every contract in `target`, a dotted name importable from `folder`."""
    command = [sys.executable, "-m", "tests.spec_model.contracts", "check", target, "--analysis_kind=PEP316"]
    command += [f"--per_condition_timeout={seconds}", "--per_path_timeout=1", "--report_all"]
    # `folder` first: a copy of the model there hides the one that is installed.
    paths = os.pathsep.join([str(folder), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    found = re.findall(r"^.*?\.py:(\d+): (\w+: .*)$", done.stdout, re.MULTILINE)
    return Verdict({int(line): text for line, text in found}, done.stdout + done.stderr, done.returncode)


def functions_with_contracts(source: Path) -> dict[str, range]:
    """The functions in `source` whose docstring has a postcondition, and the lines of each."""
    return {
        node.name: range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.FunctionDef) and re.search(r"^\s*post:", ast.get_docstring(node) or "", re.MULTILINE)
    }


# ---- states to start from ----


CONFIG = ChannelConfig(8, 64)
MESSAGES = tuple(bytes([number]) * (1 + number % 3) for number in range(CONFIG.capacity))


def _pick(factory: SymbolicFactory, *options: T) -> T:
    """One of the options; CrossHair tries each."""
    if len(options) == 1:
        return options[0]
    middle = len(options) // 2
    first = factory.space.smt_fork(desc=f"pick{factory.space.uniq()}", probability_true=middle / len(options))
    return _pick(factory, *(options[:middle] if first else options[middle:]))


def _channel(factory: SymbolicFactory, *sides: tuple[Side, Side]) -> Channel:
    full = CONFIG.capacity
    producer, consumer = _pick(factory, *sides)
    waiting = MESSAGES[: _pick(factory, 0, 1, full - 1, full)]
    popped = _pick(factory, 0, 1, full, 3 * full)
    last = range(popped)[-full:]
    exports = [(), (0,), (*last[-1:],), (0, *last[-1:]), tuple(range(popped)[:full]), tuple(last)]
    exported = _pick(factory, *sorted({tuple(sorted(set(each))) for each in exports})) if popped else ()
    room = full - sum(number not in last for number in exported)  # what is exported and held counts once
    received = ConsumerStats(popped, 2 * popped, failed_pops=3)
    sent = ProducerStats(popped + len(waiting), 2 * popped + sum(map(len, waiting)), failed_pushes=4)
    return Channel(
        config=CONFIG,
        producer=producer,
        consumer=consumer,
        shut=_pick(factory, False, False, False, True),
        waiting=waiting,
        reserved=producer is not Side.CLOSED and len(waiting) < full and _pick(factory, False, True),
        held=0 if consumer is Side.CLOSED else _pick(factory, *sorted({0, min(1, room), min(popped, room)})),
        exported=exported,
        sent=sent,
        received=received,
    )


def make_channel(factory: SymbolicFactory) -> Channel:
    """A channel as some handle may see it; most with both sides live, where most can go wrong."""
    both_live = (Side.LIVE, Side.LIVE)
    every = [(producer, consumer) for producer in Side for consumer in Side]
    return _channel(factory, *(_pick(factory, [both_live], [both_live], [both_live], every)))


def make_config(factory: SymbolicFactory) -> ChannelConfig:
    """A configuration with each field at or beside a limit: the constructor makes its fields concrete anyway."""
    capacity = _pick(factory, 0, 7, 8, 9, 1000, 524287, 524288, 524289, SIZE_MAX)
    return ChannelConfig(capacity, _pick(factory, 0, 63, 64, 65, 16777215, 16777216, 16777217, SIZE_MAX))


def make_registry(factory: SymbolicFactory) -> Registry:
    """A broker with up to two channels, with and without a memory limit."""
    names = _pick(factory, (), ("a",), ("b", "a"))
    sides = ((Side.LIVE, Side.LIVE), (Side.LIVE, Side.CLOSED), (Side.CLOSED, Side.LIVE))
    memory = len(names) * CONFIG.capacity * CONFIG.max_message_size
    retired, messages, size = _pick(factory, (0, 0, 0), (1, 0, 0), (5, 7, 40))
    return Registry(
        memory_limit=_pick(factory, None, memory, memory + 600),
        channels=tuple((name, _channel(factory, *sides)) for name in names),
        created=len(names) + retired,
        retired_messages=messages,
        retired_bytes=size,
    )


if __name__ == "__main__":
    from crosshair import register_type
    from crosshair.main import main

    register_type(ChannelConfig, make_config)
    register_type(Channel, make_channel)
    register_type(Registry, make_registry)
    main()
