"""The core's own files, compiled for the explorer."""

from __future__ import annotations

import ctypes
from functools import cache
from importlib import import_module
from pathlib import Path

from conformance.targets import DEFAULT
from conformance.weakmemory.compile import ENGINE, shared_library

HERE = Path(__file__).parent


def sources() -> Path:
    """The folder of the core's files."""
    return Path(import_module(DEFAULT).get_include())


@cache
def library(asymmetric: bool = False, core: Path | None = None) -> ctypes.CDLL:
    """The explorer with the core, or with a changed copy of it in `core`; raises CompilerError."""
    core = core or sources()
    flags = ["-include", str(HERE / "seam.h"), f"-I{ENGINE}", f"-I{core}"]
    files = [path for path in sorted(core.glob("*.c")) if path.name != "seam.c"]
    built = shared_library(
        [HERE / "mishaps.c"],
        [*flags, "-DEXPLORE_ASYMMETRIC"] if asymmetric else flags,
        watched=[*files, *sorted(HERE.glob("script*.c"))],
        headers=[*sorted(HERE.glob("*.h")), *sorted(core.glob("*.h"))],
    )
    return ctypes.CDLL(str(built))
