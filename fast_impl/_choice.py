"""Which core, and which binding over it, the environment asks for.

`OMNI_BINDING=c|cffi`: the handles as types in C, or in Python over cffi. Without it, C where it was built (on
CPython), else cffi. `OMNI_PLATFORM=portable` chooses the mutex and condition-variable variant of the core;
`OMNI_LIBRARY=<path>` puts any shared library with the C ABI of omni_mailbox.h in its place. Both are for cffi.
`OMNI_FENCES=full` keeps the full fences where the core would use membarrier, `asymmetric` insists on it.
"""

from __future__ import annotations

import os
import sys
from typing import Literal

PLATFORMS = ("futex", "portable")
BINDINGS = ("c", "cffi")
FENCES = ("asymmetric", "full")

platform = os.environ.get("OMNI_PLATFORM", "futex")
if platform not in PLATFORMS:
    raise ImportError(f"OMNI_PLATFORM must be one of {', '.join(PLATFORMS)}, not {platform!r}")

library = os.environ.get("OMNI_LIBRARY")


def _choose() -> Literal["c", "cffi"]:
    wanted = os.environ.get("OMNI_BINDING")
    if wanted not in (None, *BINDINGS):
        raise ImportError(f"OMNI_BINDING must be one of {', '.join(BINDINGS)}, not {wanted!r}")
    only_cffi = f"OMNI_LIBRARY={library}" if library else "OMNI_PLATFORM=portable" if platform == "portable" else None
    if wanted == "c" and only_cffi:
        raise ImportError(f"OMNI_BINDING=c has the core built in: {only_cffi} needs OMNI_BINDING=cffi")
    if wanted == "c" and sys.implementation.name != "cpython":
        raise ImportError(f"OMNI_BINDING=c is for CPython; {sys.implementation.name} needs OMNI_BINDING=cffi")
    if wanted == "cffi" or only_cffi or sys.implementation.name != "cpython":
        return "cffi"
    return "c"


binding: Literal["c", "cffi"] = _choose()
"""Which is in use."""


def check_fences(used: str) -> None:
    """Raises ImportError where OMNI_FENCES asks for others than the core uses."""
    wanted = os.environ.get("OMNI_FENCES")
    if wanted not in (None, *FENCES):
        raise ImportError(f"OMNI_FENCES must be one of {', '.join(FENCES)}, not {wanted!r}")
    if wanted == "asymmetric" and used == "full":
        raise ImportError("OMNI_FENCES=asymmetric: this system, or this platform, has no expedited membarrier")
