"""Compile the explorer with a client into a shared library."""

from __future__ import annotations

import hashlib
import shlex
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

ENGINE = Path(__file__).parent / "engine"
FLAGS = ("-std=c11", "-D_GNU_SOURCE", "-O2", "-g", "-fPIC", "-shared")


class CompilerError(Exception):
    """There is no C compiler, or it refused."""


def compiler() -> str:
    """The C compiler on the PATH: the one Python was built with, or `cc`."""
    configured = shlex.split(str(sysconfig.get_config_var("CC") or "cc"))[0]
    for name in ("cc", configured, "gcc", "clang"):
        if found := shutil.which(name):
            return found
    raise CompilerError("no C compiler on the PATH (looked for cc, gcc, clang): install one, such as Debian's gcc")


def shared_library(sources: Sequence[Path], flags: Sequence[str] = (), folder: Path | None = None) -> Path:
    """The engine and these sources as one library, compiled once for each content."""
    cc = compiler()
    engine = sorted(ENGINE.glob("*.c"))
    digest = hashlib.sha256(repr((cc, FLAGS, tuple(flags))).encode())
    for each in [*engine, *sorted(ENGINE.glob("*.h")), *sources]:
        digest.update(each.read_bytes())
    folder = folder or Path(tempfile.gettempdir()) / "omnimailbox-weakmemory"
    folder.mkdir(parents=True, exist_ok=True)
    library = folder / f"{digest.hexdigest()[:24]}.so"
    if library.exists():
        return library
    with tempfile.TemporaryDirectory(dir=folder) as fresh:
        made = Path(fresh) / library.name
        command = [cc, *FLAGS, *flags, "-o", str(made), *map(str, [*engine, *sources])]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise CompilerError(f"{cc} refused the explorer (exit status {ended.returncode}):\n{ended.stderr.strip()}")
        made.replace(library)
    return library
