"""Compiling beside the core's own sources, with the flags that the types in C ship with."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import fast_impl
from tests.bench.workload import CannotRun

HERE = Path(__file__).parent / "native"
FLAGS = ("-O3", "-fvisibility=hidden", "-fPIC", "-pthread", f"-I{fast_impl.get_include()}")
RIGTORP = "OMNI_RIGTORP"
"""Environment variable: the folder of rigtorp's SPSCQueue.h, where it is to be compared."""


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
    """The C side: channel and peers, two pinned threads; raises CannotRun."""
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
