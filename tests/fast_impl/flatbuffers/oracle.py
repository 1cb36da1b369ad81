"""C++'s own FlatBuffers verifiers (Debian: libflatbuffers-dev, flatbuffers-compiler), as a process asked in batches."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from tests.fast_impl.flatbuffers.schemas import FOLDER, NAMES, path

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
VERIFIER = ROOT / "fast_impl" / "flatbuffers" / "verifier"
HEADER = "flatbuffers/reflection.h"


class Missing(Exception):
    """A tool or library that this machine lacks."""


def tool(name: str, package: str) -> str:
    """The path of a program; raises Missing without it."""
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not on the PATH (Debian: apt-get install {package})")
    return found


def run(command: list[str], what: str) -> None:
    """Run it; raises RuntimeError with its output if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(f"{what} failed: {' '.join(command)}\n{done.stdout}{done.stderr}")


def cpp(folder: Path, source: Path, *more: str) -> Path:
    """Compile a C++ program, in `folder`, with the library and the verifiers that flatc generates from the schemas."""
    compiler, flatc = tool("g++", "g++"), tool("flatc", "flatbuffers-compiler")
    probe = [compiler, "-E", "-x", "c++", "-include", HEADER, "/dev/null", "-o", "/dev/null"]
    if subprocess.run(probe, capture_output=True, timeout=60).returncode:
        raise Missing("the headers of FlatBuffers for C++ are missing (Debian: apt-get install libflatbuffers-dev)")
    fbs = [str(FOLDER / f"{name}.fbs") for name in NAMES]
    run([flatc, "--cpp", "--scoped-enums", "-o", str(folder), *fbs], "flatc")
    program = folder / source.stem
    flags = ["-std=c++17", "-O2", f"-I{folder}"]
    run([compiler, *flags, str(source), *more, "-lflatbuffers", "-o", str(program)], "the C++ compiler")
    return program


class Request(NamedTuple):
    """A buffer, and the arguments to verify it with."""

    schema: str
    data: bytes
    size_prefixed: bool = False
    max_depth: int = 64
    max_tables: int = 1_000_000


class Verdicts(NamedTuple):
    """0: False. 1: True. 2: it crashed."""

    generated: int
    generic: int


class Oracle:
    """`with Oracle(folder) as oracle`: compiles and starts it. Raises Missing without a compiler or the library."""

    def __init__(self, folder: Path) -> None:
        self.program = cpp(folder, HERE / "oracle.cpp")

    def __enter__(self) -> Oracle:
        schemas = [str(path(name)) for name in NAMES]
        self.process = subprocess.Popen(
            [str(self.program), *schemas], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.communicate()

    def verify(self, requests: Sequence[Request]) -> list[Verdicts]:
        """The verdicts of C++ on each."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        parts = [struct.pack("<I", len(requests))]
        for one in requests:
            numbers = (NAMES.index(one.schema), one.size_prefixed, one.max_depth, one.max_tables, len(one.data))
            parts.append(struct.pack("<5I", *numbers) + one.data)
        self.process.stdin.write(b"".join(parts))
        self.process.stdin.flush()
        answer = self.process.stdout.read(2 * len(requests))
        if len(answer) != 2 * len(requests):
            raise RuntimeError(f"the oracle exited with {self.process.wait(10)}")
        return [Verdicts(*pair) for pair in zip(answer[::2], answer[1::2], strict=True)]
