"""The C side: compiled here, run as a program of its own, its rounds read line by line."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fast_impl
from tests.bench.rounds import Series, progress
from tests.bench.workload import Threshold

HERE = Path(__file__).parent / "native"
FLAGS = ("-O3", "-flto=auto", "-pthread")
PEERS = ("boost", "moodycamel", "rigtorp")
RIGTORP = "OMNI_RIGTORP"
"""Environment variable: the path of rigtorp's SPSCQueue.h, where it is to be compared."""

WORKLOADS: dict[str, tuple[str, str, Threshold | None]] = {
    "c-8": ("C, two pinned threads, 8 bytes, polling", "omnimailbox", None),
    "c-64": ("C, two pinned threads, 64 bytes, polling", "omnimailbox", Threshold(PEERS, 1.0)),
    "c-256": ("C, two pinned threads, 256 bytes, polling", "omnimailbox", None),
    "c-batch-64": (
        "C, two pinned threads, 64 bytes in batches of 32", "omnimailbox, batches of 32", Threshold(PEERS, 2.5),
    ),
    "c-4096": ("C, bandwidth, 4 KiB", "omnimailbox", Threshold(("two memcpys",), 0.8)),
    "c-1MiB": ("C, bandwidth, 1 MiB", "omnimailbox", Threshold(("two memcpys",), 0.8)),
    "c-waking": ("C, asleep to awake, there and back", "omnimailbox", Threshold(("bare futex",), 1 / 1.15)),
}  # fmt: skip
"""By name: its title, which contender is ours, and what is asked of it."""


class NoCompiler(Exception):
    """The C side cannot be built here."""


@contextmanager
def program() -> Iterator[Path]:
    """The compiled benchmark, while it is needed; raises NoCompiler."""
    cc, cxx = shutil.which("cc") or shutil.which("gcc"), shutil.which("c++") or shutil.which("g++")
    if not cc or not cxx:
        raise NoCompiler("no C and C++ compiler on the PATH (Debian: apt-get install g++)")
    core = Path(fast_impl.get_include())
    rigtorp = os.environ.get(RIGTORP)
    more = [f'-DRIGTORP="{Path(rigtorp).resolve()}"', "-Wno-interference-size"] if rigtorp else []
    with tempfile.TemporaryDirectory() as folder:
        objects = []
        for source in sorted(core.glob("*.c")):
            objects.append(f"{folder}/{source.stem}.o")
            _call(cc, "-std=c11", *FLAGS, "-c", str(source), "-o", objects[-1])
        made = Path(folder) / "main"
        _call(cxx, "-std=c++17", *FLAGS, *more, f"-I{core}", str(HERE / "main.cpp"), *objects, "-o", str(made))
        yield made


def _call(*command: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise NoCompiler(f"{command[0]} refused {command[-3]}:\n{ended.stderr.strip()}")


def run(made: Path, name: str, rounds: int, scale: float) -> list[Series]:
    """Its rounds; CalledProcessError where it fails, TimeoutExpired where it hangs."""
    command = [str(made), name, str(rounds), str(scale)]
    progress(f"{name}: {rounds} rounds ...")
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    progress("")
    taken: dict[str, list[float]] = {}
    for line in ended.stdout.splitlines():
        _, contender, ns = line.split("\t")
        taken.setdefault(contender, []).append(float(ns))
    return [Series(contender, tuple(ns)) for contender, ns in taken.items()]
