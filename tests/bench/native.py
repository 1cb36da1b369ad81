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
from tests.bench.measuring import Progress, Series, per_message
from tests.bench.workload import OURS, CannotRun, Threshold, Workload, WrongMessages

HERE = Path(__file__).parent / "native"
FLAGS = ("-O3", "-fvisibility=hidden", "-fPIC", "-pthread", f"-I{fast_impl.get_include()}")
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
    return _objects(sorted(Path(fast_impl.get_include()).rglob("*.c")))


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
    objects = [*_objects([HERE / "feeder.c"]), *_core()]
    _call(_compiler("gcc", "cc"), "-shared", *FLAGS, *optimised_as_one(), *objects, "-o", str(made))
    return made


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
    """The peers in C on this machine, with versions where they have one; none without a compiler."""
    try:
        said = subprocess.run([str(program()), "peers"], capture_output=True, text=True, check=True, timeout=LIMIT)
    except CannotRun:
        return []
    return said.stdout.splitlines()


def interleave(workload: Workload, rounds: int, seconds: float, progress: Progress) -> list[Series]:
    """Its rounds, as `measuring.interleave` returns them; raises CannotRun, WrongMessages, TimeoutError."""
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
                taken.setdefault(name, []).append(per_message(name, ns, count))
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
    """Contender, messages, nanoseconds: a turn, as the program prints it."""
    name, count, ns = line.rstrip("\n").split("\t")
    return name, int(count), float(ns)


def complete(workload: str, taken: dict[str, list[float]], rounds: int) -> list[Series]:
    """One series for each contender; raises WrongMessages where a turn is missing."""
    short: Sequence[str] = [name for name, ns in taken.items() if len(ns) != rounds]
    if short or not taken:
        raise WrongMessages(f"{workload}: not {rounds} rounds of {', '.join(short) or 'anything'}")
    return [Series(name, tuple(ns)) for name, ns in taken.items()]
