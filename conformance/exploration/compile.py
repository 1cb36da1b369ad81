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
    raise CompilerError("no C compiler on the PATH (searched for cc, gcc, clang): install one, such as Debian's gcc")


def shared_library(
    sources: Sequence[Path],
    flags: Sequence[str] = (),
    *,
    watched: Sequence[Path] = (),
    headers: Sequence[Path] = (),
    folder: Path | None = None,
) -> Path:
    """The engine and these sources as one library; each file is compiled once for each content of it.

    `watched` sources are instrumented, so that plain memory is watched and atomics are explored without a platform;
    these and `sources` get `flags`. `headers` are what else they depend on.
    """
    cc = compiler()
    folder = _folder(folder)
    interface = sorted(ENGINE.glob("*.h"))
    depends = [*interface, *headers]
    objects = [_object(cc, each, (), interface, folder) for each in sorted(ENGINE.glob("*.c"))]
    objects += [_object(cc, each, flags, depends, folder) for each in sources]
    objects += [_object(cc, each, (*WATCHED, *flags), depends, folder) for each in watched]
    # Without the sanitizer: its calls are the engine's.
    return _made(objects, [cc, "-shared", *map(str, objects), "-ldl"], ".so", folder)


def extension(source: Path, flags: Sequence[str], folder: Path | None = None) -> Path:
    """One source as an extension module of this interpreter, compiled once for each content of it."""
    command = [compiler(), "-std=gnu11", "-O2", "-fPIC", "-shared", *flags, str(source)]
    return _made([source], command, str(sysconfig.get_config_var("EXT_SUFFIX")), _folder(folder))


def _folder(folder: Path | None) -> Path:
    """Where what is compiled is kept: the user's own, if not this one."""
    folder = folder or Path(tempfile.gettempdir()) / f"omnimailbox-exploration-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _object(cc: str, source: Path, flags: Sequence[str], headers: Sequence[Path], folder: Path) -> Path:
    """One file compiled; its content and the headers' decide whether it is again."""
    command = [cc, *FLAGS, *flags, "-c", str(source)]
    return _made([source, *headers], command, ".o", folder)


def _made(of: Sequence[Path], command: Sequence[str], suffix: str, folder: Path) -> Path:
    """What the command makes of these files, made once for each content."""
    digest = hashlib.sha256(repr(command).encode())
    for each in of:
        digest.update(each.read_bytes())
    made = folder / f"{digest.hexdigest()[:24]}{suffix}"
    if not made.exists():
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            unfinished = Path(fresh) / made.name
            _call([*command, "-o", str(unfinished)], of[0])
            unfinished.replace(made)
    return made


def _call(command: Sequence[str], what: Path) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise CompilerError(
            f"{command[0]} refused {what.name} (exit status {ended.returncode}):\n{ended.stderr.strip()}"
        )
