"""The C side: a program of its own, whose rounds are read line by line."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence

from tests.bench.building import program
from tests.bench.messages import WrongMessages
from tests.bench.progress import Progress
from tests.bench.series import Series, sensible
from tests.bench.workload import OURS, CannotRun, Threshold, Workload

PEERS = ("boost", "moodycamel", "rigtorp")
LIMIT = 300.0
"""Seconds after which the program counts as hung."""
CANNOT = 3
"""How the program ends where the machine lacks something; it says what."""


def _nothing() -> list[object]:
    raise AssertionError("the contenders are in the program")


def _workload(name: str, title: str, threshold: Threshold | None = None, ours: str = OURS) -> Workload:
    return Workload(name, title, _nothing, threshold, ours)  # type: ignore[arg-type]


def _bandwidth(size: str) -> Threshold:
    says = f"C, {size}: bandwidth against two plain memcpy's across the same two cores"
    return Threshold(says, ("two memcpys",), at_least=0.8)


WORKLOADS = (
    _workload("c-8", "C, two pinned threads, 8 bytes, polling"),
    _workload(
        "c-64",
        "C, two pinned threads, 64 bytes, polling",
        Threshold("C, 64 bytes, polling, two threads: against the best of boost, moodycamel, rigtorp", PEERS, 1.0),
    ),
    _workload("c-256", "C, two pinned threads, 256 bytes, polling"),
    _workload(
        "c-batch-32-64",
        "C, two pinned threads, 64 bytes, one by one and in batches of 32",
        Threshold("the same in batches of 32, per message", PEERS, 2.5),
        f"{OURS}: batches of 32",
    ),
    _workload(
        "c-batch-512-64",
        "C, two pinned threads, 64 bytes, one by one and in batches of 512",
        ours=f"{OURS}: batches of 512",
    ),
    _workload("c-4KiB", "C, bandwidth, 4 KiB", _bandwidth("4 KiB")),
    _workload("c-1MiB", "C, bandwidth, 1 MiB", _bandwidth("1 MiB")),
    _workload(
        "c-waking",
        "C, there and back, the other side asleep each time",
        Threshold("C, asleep to awake: against a bare futex ping-pong", ("bare futex",), at_most=1.15),
    ),
    _workload("c-ping-pong", "C, there and back, at once"),
)
NAMES = frozenset(workload.name for workload in WORKLOADS)


def peers() -> list[str]:
    """Those in C that are on this machine, with versions where they tell; none without a compiler."""
    try:
        said = subprocess.run([str(program()), "peers"], capture_output=True, text=True, check=True, timeout=LIMIT)
    except CannotRun:
        return []
    return said.stdout.splitlines()


def interleave(workload: Workload, rounds: int, seconds: float, progress: Progress) -> list[Series]:
    """Its rounds, as `rounds.interleave` gives them; raises CannotRun, WrongMessages, TimeoutError."""
    command = [str(program()), workload.name, str(rounds), str(seconds)]
    taken: dict[str, list[float]] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        hung = threading.Event()
        timer = threading.Timer(LIMIT, lambda: (hung.set(), running.kill()))
        timer.start()
        try:
            assert running.stdout is not None
            assert running.stderr is not None
            for line in running.stdout:
                name, count, ns = parsed(line)
                taken.setdefault(name, []).append(sensible(name, ns, count))
                progress.show(f"round {len(taken[name])} of {rounds}, {name}")
            said = running.stderr.read().strip()
        finally:
            timer.cancel()
            if running.poll() is None and not running.stdout.closed:
                running.terminate() if hung.is_set() else running.wait(LIMIT)
    if hung.is_set():
        raise TimeoutError(f"{workload.name} took more than {LIMIT:g} s")
    if running.returncode == CANNOT:
        raise CannotRun(said)
    if running.returncode:
        raise WrongMessages(f"{workload.name} ended with {running.returncode}: {said}")
    return complete(workload.name, taken, rounds)


def parsed(line: str) -> tuple[str, int, float]:
    """Contender, messages, nanoseconds: what the program says of a turn."""
    name, count, ns = line.rstrip("\n").split("\t")
    return name, int(count), float(ns)


def complete(workload: str, taken: dict[str, list[float]], rounds: int) -> list[Series]:
    """One series for each contender; raises WrongMessages where a turn is missing."""
    short: Sequence[str] = [name for name, ns in taken.items() if len(ns) != rounds]
    if short or not taken:
        raise WrongMessages(f"{workload}: not {rounds} rounds of {', '.join(short) or 'anything'}")
    return [Series(name, tuple(ns)) for name, ns in taken.items()]
