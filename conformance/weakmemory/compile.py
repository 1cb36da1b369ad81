"""Compile the explorer with a client into a shared library."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

ENGINE = Path(__file__).parent / "engine"
FLAGS = ("-std=c11", "-D_GNU_SOURCE", "-O2", "-g", "-fPIC")
WATCHED = ("-fsanitize=thread", "-O1")


class CompilerError(Exception):
    """There is no C compiler, or it refused."""


def compiler() -> str:
    """The C compiler on the PATH: the one Python was built with, or `cc`."""
    configured = shlex.split(str(sysconfig.get_config_var("CC") or "cc"))[0]
    for name in ("cc", configured, "gcc", "clang"):
        if found := shutil.which(name):
            return found
    raise CompilerError("no C compiler on the PATH (looked for cc, gcc, clang): install one, such as Debian's gcc")


def shared_library(
    sources: Sequence[Path],
    flags: Sequence[str] = (),
    *,
    watched: Sequence[Path] = (),
    headers: Sequence[Path] = (),
    folder: Path | None = None,
) -> Path:
    """The engine and these sources as one library, compiled once for each content.

    `watched` sources are instrumented, so that plain memory is watched and atomics are explored without a seam;
    these and `sources` get `flags`. `headers` are what else they depend on.
    """
    cc = compiler()
    engine = sorted(ENGINE.glob("*.c"))
    digest = hashlib.sha256(repr((cc, FLAGS, WATCHED, tuple(flags))).encode())
    for each in [*engine, *sorted(ENGINE.glob("*.h")), *sources, *watched, *headers]:
        digest.update(each.read_bytes())
    folder = folder or Path(tempfile.gettempdir()) / f"omnimailbox-weakmemory-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    library = folder / f"{digest.hexdigest()[:24]}.so"
    if library.exists():
        return library
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        objects: list[Path] = []
        for group, more in ((engine, ()), (sources, tuple(flags)), (watched, (*WATCHED, *flags))):
            for each in group:
                objects.append(Path(fresh) / f"{len(objects)}.o")
                _call([cc, *FLAGS, *more, "-c", str(each), "-o", str(objects[-1])], each)
        made = Path(fresh) / library.name
        # Without the sanitizer: its calls are the engine's.
        _call([cc, "-shared", "-o", str(made), *map(str, objects), "-ldl"], made)
        made.replace(library)
    return library


def _call(command: Sequence[str], what: Path) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise CompilerError(
            f"{command[0]} refused {what.name} (exit status {ended.returncode}):\n{ended.stderr.strip()}"
        )
