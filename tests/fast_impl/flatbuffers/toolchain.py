"""C++'s own FlatBuffers, where this machine has them, and what is compiled with them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.fast_impl.flatbuffers.schemas import FOLDER, NAMES

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
VERIFIER = ROOT / "fast_impl" / "flatbuffers" / "verifier"
HEADER = "flatbuffers/reflection.h"


class Missing(Exception):
    """What the machine lacks."""


def tool(name: str, package: str) -> str:
    """The path of a program; raises Missing without it."""
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not on the PATH (Debian: apt-get install {package})")
    return found


def run(command: list[str], what: str) -> None:
    """Run it; raises RuntimeError with what it printed where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(f"{what} failed: {' '.join(command)}\n{done.stdout}{done.stderr}")


def cpp(folder: Path, source: Path, *more: str) -> Path:
    """A C++ program with the verifiers that flatc generates from the schemas, and the library; in `folder`."""
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
