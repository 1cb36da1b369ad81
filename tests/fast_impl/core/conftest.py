"""Compiles a C program of this folder with the core's own sources, in each variant of the platform."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import fast_impl

HERE = Path(__file__).parent
Build = Callable[..., Path]


@pytest.fixture(params=["futex", "portable"])
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Build:
    """`build("stress.c", *flags)`: the path of the program, compiled without a warning."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler on the PATH")

    def compile_program(source: str, *flags: str) -> Path:
        program = tmp_path / Path(source).stem
        core = Path(fast_impl.get_include())
        command = [compiler, "-std=c11", "-g", "-O2", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-pthread"]
        command += ["-DOMNI_PORTABLE"] if request.param == "portable" else []
        command += [f"-I{core}", str(HERE / source), *map(str, sorted(core.rglob("*.c"))), *flags, "-o", str(program)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return program

    return compile_program
