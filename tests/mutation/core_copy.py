"""A copy of the C core with one mutant in it, compiled to a library that `--target` can name."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.mutation.mutant import Mutant

FLAGS = ("-std=gnu11", "-O1", "-shared", "-fPIC", "-pthread")
"""-O1: every mistake shows as it would at -O2, and compiling takes half as long."""

LIMIT = 120.0
"""Seconds that a compiler may take."""


class CannotBuild(Exception):
    """A mutant that fits the sources no longer, or a machine that cannot compile it."""


def compiler() -> str:
    """The C compiler on the PATH; CannotBuild without one."""
    found = shutil.which("cc") or shutil.which("gcc")
    if found is None:
        raise CannotBuild("no C compiler: neither cc nor gcc is on the PATH")
    return found


def copy_core(sources: Path, folder: Path, mutant: Mutant | None = None) -> None:
    """Copy every .c and .h of `sources` into `folder`, which must exist, with the mutant put in.

    Raises CannotBuild where the mutant's file is missing, or its text is not there exactly once.
    """
    files = sorted(path for path in sources.rglob("*") if path.suffix in (".c", ".h"))
    if not files:
        raise CannotBuild(f"{sources} holds no C sources")
    if mutant is not None and mutant.file not in [str(path.relative_to(sources)) for path in files]:
        raise CannotBuild(f"mutant {mutant.id}: there is no {mutant.file} among {', '.join(p.name for p in files)}")
    for path in files:
        text = path.read_text()
        if mutant is not None and path.relative_to(sources) == Path(mutant.file):
            try:
                text = mutant.apply(text)
            except ValueError as error:
                raise CannotBuild(str(error)) from None
        copy = folder / path.relative_to(sources)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(text)


def build(sources: Path, folder: Path, mutant: Mutant | None = None) -> Path:
    """The shared library of a copy of the core, compiled in `folder`; without a mutant it is a sound one.

    `sources`: the folder that the target's `get_include()` names. Raises CannotBuild.
    """
    folder.mkdir(parents=True, exist_ok=True)
    copy_core(sources, folder, mutant)
    library = folder / "libomni.so"
    command = [compiler(), *FLAGS, *map(str, sorted(folder.rglob("*.c"))), "-o", str(library)]
    name = "the core" if mutant is None else f"mutant {mutant.id}"
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        raise CannotBuild(f"{name}: the compiler took longer than {LIMIT:.0f} s") from None
    if done.returncode != 0:
        raise CannotBuild(f"{name} does not compile:\n{done.stderr.strip()}")
    return library
