"""The native program and the core, compiled in a variant: a sanitizer, the portable platform, another processor."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import fast_impl

CORE = Path(fast_impl.get_include())
HERE = Path(__file__).parent
PLATFORMS = {"futex": (), "portable": ("-DOMNI_PORTABLE",)}
SANITIZERS = {
    # It knows no fences, and says so; what the core orders by them alone is atomic.
    "thread": ("-fsanitize=thread", "-Wno-tsan"),
    "address": ("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
}


class CannotBuild(Exception):
    """This machine has not what that variant needs: a compiler, a library."""


class Refused(Exception):
    """The compiler found a mistake in the sources."""


def native(compiler: str, target: Path, flags: Sequence[str] = (), *, core: Path = CORE) -> Path:
    """The program of this folder; raises CannotBuild."""
    return _compile(compiler, flags, [core, core / "platform", HERE], target)


def library(compiler: str, target: Path, flags: Sequence[str] = (), *, core: Path = CORE) -> Path:
    """The core alone, as a shared library; raises CannotBuild."""
    return _compile(compiler, ["-shared", "-fPIC", *flags], [core, core / "platform"], target)


def _compile(compiler: str, flags: Sequence[str], folders: Sequence[Path], target: Path) -> Path:
    sources = [str(path) for folder in folders for path in sorted(folder.glob("*.c"))]
    command = [compiler, "-std=gnu11", "-O1", "-g", *flags, *(f"-I{folder}" for folder in folders), *sources]
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
