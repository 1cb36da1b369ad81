"""The C side: compiled beside the core's own sources, with the flags of the extension types, run, and read."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import fast_impl
from tests.bench.measuring import Contender, Progress, Series, per_message
from tests.bench.workload import OURS, CannotRun, Threshold, Workload, WrongMessages

HERE = Path(__file__).parent / "native"
CORE = Path(fast_impl.__file__).parent / "core"
FLAGS = ("-O3", "-fvisibility=hidden", "-fPIC", "-pthread", f"-I{CORE}")
RIGTORP = "OMNI_RIGTORP"
"""Environment variable: the folder of rigtorp's SPSCQueue.h, where it is to be compared."""
PEERS = ("boost", "moodycamel", "rigtorp")
LIMIT = 300.0
"""Seconds after which the program counts as hung."""
CANNOT = 3
"""The exit code of the program where the machine lacks something, which it prints."""


@cache
def _folder() -> Path:
    folder = tempfile.mkdtemp(prefix="omnimailbox-bench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _compiler(*names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise CannotRun(f"none of {', '.join(names)} is on the PATH (Debian: apt-get install g++)")
    return found


def _call(*command: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise CannotRun(f"{' '.join(command)}\nended with {ended.returncode}:\n{ended.stderr.strip()}")


@cache
def optimised_as_one() -> tuple[str, ...]:
    """-flto=auto where compiler and linker take it, as in the build of the types in C."""
    source = _folder() / "try.c"
    source.write_text("int main(void) { return 0; }\n")
    try:
        _call(_compiler("gcc", "cc"), "-flto=auto", str(source), "-o", str(_folder() / "try"))
    except CannotRun:
        return ()
    return ("-flto=auto",)


def _objects(sources: Sequence[Path]) -> list[str]:
    made = []
    for source in sources:
        made.append(str(_folder() / f"{source.stem}.o"))
        _call(_compiler("gcc", "cc"), "-std=gnu11", *FLAGS, *optimised_as_one(), "-c", str(source), "-o", made[-1])
    return made


@cache
def _core() -> list[str]:
    return _objects(sorted(CORE.rglob("*.c")))


@cache
def program() -> Path:
    """The compiled program: channel and peers, two pinned threads; raises CannotRun."""
    rigtorp = os.environ.get(RIGTORP)
    more: list[str] = []
    if rigtorp:
        header = Path(rigtorp) / "SPSCQueue.h" if Path(rigtorp).is_dir() else Path(rigtorp)
        if not header.is_file():
            raise CannotRun(f"{RIGTORP}={rigtorp} is neither rigtorp's SPSCQueue.h nor a folder that has it")
        more = [f'-DRIGTORP="{header.resolve()}"', "-Wno-interference-size"]
    made = _folder() / "main"
    flags = (*FLAGS, *optimised_as_one(), *more)
    _call(_compiler("g++", "c++"), "-std=c++17", *flags, str(HERE / "main.cpp"), *_core(), "-o", str(made))
    return made


@cache
def library() -> Path:
    """The feeder, a producer that is a thread in C, as a shared library; raises CannotRun."""
    made = _folder() / "feeder.so"
    objects = _objects([HERE / "feeder.c", Path(fast_impl.get_include()) / "omni_mailbox.c"])
    _call(_compiler("gcc", "cc"), "-shared", *FLAGS, *optimised_as_one(), *objects, "-o", str(made))
    return made


def _nothing() -> Sequence[Contender]:
    raise AssertionError("the contenders are in the program")


def _bandwidth(name: str, size: str, at_least: float | None) -> Threshold:
    says = f"C, {size}: against two memcpys through two buffers, across the same two cores"
    return Threshold(name, says, ("two memcpys",), at_least)


BATCHES = f"{OURS}: batches of 32"


def _workload(name: str, title: str, *rows: Threshold) -> Workload:
    return Workload(name, title, _nothing, rows, interleave=interleave)


def peers() -> list[str]:
    """The peers in C on this machine, with versions where they have one; none without a compiler."""
    try:
        said = subprocess.run([str(program()), "peers"], capture_output=True, text=True, check=True, timeout=LIMIT)
    except CannotRun:
        return []
    return said.stdout.splitlines()


def interleave(workload: str, rounds: int, seconds: float, progress: Progress) -> list[Series]:
    """The rounds of that workload, as of `measuring.interleave`; raises CannotRun, WrongMessages, TimeoutError."""
    command = [str(program()), workload, str(rounds), str(seconds)]
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
                taken.setdefault(name, []).append(per_message(name, ns, count))
                progress.show(f"round {len(taken[name])} of {rounds}, {name}")
            said = running.stderr.read().strip()
        finally:
            timer.cancel()
            if running.poll() is None and not running.stdout.closed:
                running.terminate() if hung.is_set() else running.wait(LIMIT)
    if hung.is_set():
        raise TimeoutError(f"{workload} took more than {LIMIT:g} s")
    if running.returncode == CANNOT:
        raise CannotRun(said)
    if running.returncode:
        raise WrongMessages(f"{workload} ended with {running.returncode}: {said}")
    return complete(workload, taken, rounds)


def parsed(line: str) -> tuple[str, int, float]:
    """Contender, messages, nanoseconds: a turn, as the program prints it."""
    name, count, ns = line.rstrip("\n").split("\t")
    return name, int(count), float(ns)


def complete(workload: str, taken: dict[str, list[float]], rounds: int) -> list[Series]:
    """One series for each contender; raises WrongMessages where a turn is missing."""
    short: Sequence[str] = [name for name, ns in taken.items() if len(ns) != rounds]
    if short or not taken:
        raise WrongMessages(f"{workload}: not {rounds} rounds of {', '.join(short) or 'anything'}")
    return [Series(name, tuple(ns)) for name, ns in taken.items()]


WORKLOADS = (
    _workload("c-8", "C, two pinned threads, 8 bytes, polling"),
    _workload(
        "c-64",
        "C, two pinned threads, 64 bytes, polling",
        Threshold("c-64", "C, 64 bytes, polling: against the best of boost, moodycamel, rigtorp", PEERS, 1.3),
    ),
    _workload("c-cold-64", "C, two pinned threads, 64 bytes, polling, the first 1024 messages of a new queue"),
    _workload("c-256", "C, two pinned threads, 256 bytes, polling"),
    _workload(
        "c-batch-32-64",
        "C, two pinned threads, 64 bytes, one by one and in batches of 32",
        Threshold(
            "c-batch-32-64", "C, 64 bytes in batches of 32: against the peers' single calls", PEERS, 2.5, ours=BATCHES
        ),
        Threshold(
            "c-batch-32-64-boost",
            "C, 64 bytes in batches of 32: against boost's own batches",
            ("boost: batches of 32",),
            0.8,
            ours=BATCHES,
        ),
    ),
    _workload("c-batch-512-64", "C, two pinned threads, 64 bytes, one by one and in batches of 512"),
    _workload("c-copies-8", "C, two memcpys, 8 bytes", _bandwidth("c-copies-8", "8 bytes", None)),
    _workload("c-4KiB", "C, two memcpys, 4 KiB", _bandwidth("c-4KiB", "4 KiB", 0.85)),
    _workload("c-1MiB", "C, two memcpys, 1 MiB", _bandwidth("c-1MiB", "1 MiB", 0.85)),
    _workload(
        "c-waking",
        "C, there and back, the other side asleep each time",
        Threshold("c-waking", "C, asleep to awake: against a bare futex ping-pong", ("bare futex",), at_most=1.15),
    ),
    _workload("c-ping-pong", "C, there and back, at once"),
)
