"""The core's own files, compiled for the explorer."""

from __future__ import annotations

import ctypes
import hashlib
from functools import cache
from importlib import import_module
from pathlib import Path

import spec_model
from conformance.exploration.compile import ENGINE, shared_library
from conformance.targets import DEFAULT

HERE = Path(__file__).parent


def sources() -> Path:
    """The folder of the core's files."""
    return Path(import_module(DEFAULT).get_include())


def _folder(core: Path | None) -> Path:
    core = core or sources()
    if not core.is_dir():
        raise FileNotFoundError(f"there is no folder {core}")
    return core


def digest(core: Path | None = None) -> str:
    """Of everything that an exploration's results follow from: the engine, the core, the clients and the model."""
    core = _folder(core)
    known = hashlib.sha256()
    for folder in (ENGINE.parent, Path(spec_model.__file__).parent, core):
        for each in sorted(path for path in folder.rglob("*") if path.suffix in (".c", ".h", ".py")):
            known.update(f"{each.relative_to(folder)}\0{each.stat().st_size}\0".encode() + each.read_bytes())
    return known.hexdigest()


@cache
def library(asymmetric: bool = False, core: Path | None = None) -> ctypes.CDLL:
    """The explorer with the core, or with a changed copy of it in `core`; raises CompilerError."""
    core = _folder(core)
    flags = ["-include", str(HERE / "platform.h"), f"-I{ENGINE}", f"-I{core}"]
    files = sorted(core.glob("*.c"))
    built = shared_library(
        [HERE / "mishaps.c"],
        [*flags, "-DEXPLORE_ASYMMETRIC"] if asymmetric else flags,
        watched=[*files, *sorted(HERE.glob("script*.c"))],
        headers=[*sorted(HERE.glob("*.h")), *sorted(core.rglob("*.h"))],
    )
    return ctypes.CDLL(str(built))
