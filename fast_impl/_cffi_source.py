"""What cffi is told of the C ABI, and how it builds the binding: out-of-line API mode over the core's sources.

At build time it is loaded by its path, before `fast_impl` can be imported.
"""

from __future__ import annotations

import re
from pathlib import Path

from cffi import FFI

CORE = Path(__file__).resolve().parent / "core"

SOURCE = """
#include "omni_mailbox.h"
#include "omni_internal.h"
"""


def declarations() -> str:
    """The declarations of omni_mailbox.h, as cffi reads them."""
    header = (CORE / "omni_mailbox.h").read_text()
    declared = re.search(r"/\* declarations begin \*/(.*)/\* declarations end \*/", header, re.DOTALL)
    if declared is None:
        raise RuntimeError("omni_mailbox.h has lost the marks around its declarations")
    return declared.group(1)


def builder(module_name: str, portable: bool) -> FFI:
    """The binding `module_name` over the portable or the futex variant of the core, ready to compile."""
    ffi = FFI()
    ffi.cdef(declarations() + "const char *omni_fences(void);")
    ffi.set_source(
        module_name,
        SOURCE,
        sources=[str(path) for path in sorted(CORE.rglob("*.c"))],
        include_dirs=[str(CORE)],
        define_macros=[("OMNI_PORTABLE", "1")] if portable else [],
        extra_compile_args=["-std=gnu11", "-O2", "-fvisibility=hidden"],
        libraries=["pthread"],
    )
    return ffi
