"""The native program and the core, compiled in a variant: a sanitizer, the portable seam, another processor."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import fast_impl

HERE = Path(__file__).parent
SEAMS = {"futex": (), "portable": ("-DOMNI_PORTABLE",)}
SANITIZERS = {
    # It knows no fences, and says so; what the core orders by them alone is atomic.
    "thread": ("-fsanitize=thread", "-Wno-tsan"),
    "address": ("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
}


class CannotBuild(Exception):
    """This machine has not what that variant needs: a compiler, a library."""


class Refused(Exception):
    """The compiler found a mistake in the sources."""


def core() -> list[str]:
    """The core's C files."""
    return [str(path) for path in sorted(Path(fast_impl.get_include()).glob("*.c"))]


def native(compiler: str, target: Path, flags: Sequence[str] = ()) -> Path:
    """The program of this folder; raises CannotBuild."""
    sources = [*core(), *(str(path) for path in sorted(HERE.glob("*.c")))]
    return _compile(compiler, [*flags, *sources], target)


def library(compiler: str, target: Path, flags: Sequence[str] = ()) -> Path:
    """The core alone, for OMNI_LIBRARY; raises CannotBuild."""
    return _compile(compiler, ["-shared", "-fPIC", *flags, *core()], target)


def _compile(compiler: str, arguments: Sequence[str], target: Path) -> Path:
    command = [compiler, "-std=gnu11", "-O1", "-g", f"-I{fast_impl.get_include()}", f"-I{HERE}", *arguments]
    try:
        ended = subprocess.run([*command, "-o", str(target), "-pthread"], capture_output=True, text=True, check=False)
    except OSError as error:
        raise CannotBuild(f"{compiler}: {error.strerror}") from None
    missing = [line for line in ended.stderr.splitlines() if "cannot find" in line or "No such file" in line]
    if ended.returncode and missing:
        raise CannotBuild(f"{compiler}: {missing[0].strip()}")
    if ended.returncode:
        raise Refused(f"{compiler} refused the sources:\n{ended.stderr.strip()}")
    return target
