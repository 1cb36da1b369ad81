"""Which binding, over which platform and fences of the core, the environment asks for.

`OMNI_BINDING=c|cffi` chooses the handles as types in C, or in Python over cffi. Without it, C where it was built (on
CPython), else cffi. `OMNI_PLATFORM=portable` chooses the mutex and condition-variable variant of the core, for cffi.
`OMNI_FENCES=full` keeps the full fences where the core would use membarrier, `asymmetric` insists on it.
"""

from __future__ import annotations

import os
import sys
from typing import Literal

PLATFORMS = ("futex", "portable")
BINDINGS = ("c", "cffi")
FENCES = ("asymmetric", "full")


def _choice(variable: str, possible: tuple[str, ...]) -> str | None:
    """The value of an environment variable, None where it is not set; ImportError where it is not possible."""
    wanted = os.environ.get(variable)
    if wanted not in (None, *possible):
        raise ImportError(f"{variable} must be one of {', '.join(possible)}, not {wanted!r}")
    return wanted


def _choose_binding() -> Literal["c", "cffi"]:
    wanted, cpython = _choice("OMNI_BINDING", BINDINGS), sys.implementation.name == "cpython"
    if wanted == "c" and platform == "portable":
        raise ImportError("OMNI_BINDING=c has the core built in: OMNI_PLATFORM=portable needs OMNI_BINDING=cffi")
    if wanted == "c" and not cpython:
        raise ImportError(f"OMNI_BINDING=c is for CPython; {sys.implementation.name} needs OMNI_BINDING=cffi")
    return "c" if cpython and wanted != "cffi" and platform != "portable" else "cffi"


def check_fences(used: str) -> None:
    """Raises ImportError where OMNI_FENCES asks for others than the core uses."""
    if _choice("OMNI_FENCES", FENCES) == "asymmetric" and used == "full":
        raise ImportError("OMNI_FENCES=asymmetric: this system, or this platform, has no expedited membarrier")


for _gone, _instead in (("OMNI_SEAM", "set OMNI_PLATFORM"), ("OMNI_LIBRARY", "use conformance.targets.c_library")):
    if _gone in os.environ:
        raise ImportError(f"{_gone} has no effect any more: {_instead} instead, and unset it")

platform: str = _choice("OMNI_PLATFORM", PLATFORMS) or "futex"
binding: Literal["c", "cffi"] = _choose_binding()
"""Which is in use."""
