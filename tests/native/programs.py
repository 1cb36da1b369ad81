"""Compiles the native program and the core in a variant (sanitizer, platform, processor), and runs steps of a check."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import fast_impl

CORE = Path(fast_impl.__file__).parent / "core"
HERE = Path(__file__).parent
PLATFORMS = {"futex": (), "portable": ("-DOMNI_PORTABLE",)}
SANITIZERS = {
    # It does not model fences, and warns of them; what the core orders by fences alone is atomic.
    "thread": ("-fsanitize=thread", "-Wno-tsan"),
    "address": ("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
}


class CannotBuild(Exception):
    """This machine lacks what that variant needs: a compiler, a library."""


class Refused(Exception):
    """The compiler found a mistake in the sources."""


def native(compiler: str, target: Path, flags: Sequence[str] = (), *, core: Path = CORE, folder: Path = HERE) -> Path:
    """The program of this folder, or of another one's C files; raises CannotBuild."""
    return _compile(compiler, flags, [core, core / "platform", folder], target)


def library(compiler: str, target: Path, flags: Sequence[str] = (), *, core: Path = CORE) -> Path:
    """The core alone, as a shared library; raises CannotBuild."""
    return _compile(compiler, ["-shared", "-fPIC", *flags], [core, core / "platform"], target)


def example(compiler: str, target: Path, folder: Path) -> Path:
    """An implementation of the C ABI in a folder, as a shared library; raises CannotBuild."""
    return _compile(compiler, ["-shared", "-fPIC", f"-I{CORE}"], [folder], target)


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


class Steps:
    """Steps of a check, each reported as it goes: passed, failed, or skipped with its reason; counted at the end."""

    def __init__(self) -> None:
        self.passed, self.failed, self.skipped = 0, 0, list[str]()

    def run(
        self,
        what: str,
        command: Sequence[str],
        limit: float,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        """A command that must exit with 0 within `limit` seconds; if it does not, what it printed is shown."""
        print(f"== {what} ...", flush=True)
        began = time.monotonic()
        try:
            where = {**os.environ, **(environment or {})}
            ended = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=limit, env=where, cwd=folder
            )
            status, said = ended.returncode, ended.stdout + ended.stderr
        except subprocess.TimeoutExpired as error:
            status, said = -1, f"hung for {limit:.0f} s; the last it said: {(error.stdout or b'')[-500:].decode()}"
        seconds = time.monotonic() - began
        if status == 0:
            self.clean(f"{seconds:.0f} s: {said.strip().splitlines()[-1] if said.strip() else ''}")
        else:
            self.fail(f"exit status {status} after {seconds:.0f} s:\n{said[-6000:]}")

    def clean(self, said: str) -> None:
        """The step begun last has passed."""
        self.passed += 1
        print(f"   clean, {said}", flush=True)

    def fail(self, why: str) -> None:
        """The step begun last has failed."""
        self.failed += 1
        print(f"   FAILED: {why}", flush=True)

    def skip(self, what: str, why: str) -> None:
        """A step that needs what this machine lacks."""
        self.skipped.append(f"{what}: {why}")
        print(f"-- skipped: {what}: {why}", flush=True)

    def end(self) -> int:
        """The exit status, and one line: 0 where nothing failed."""
        print(f"== {self.passed} clean, {self.failed} failed, {len(self.skipped)} skipped")
        return min(1, self.failed)
