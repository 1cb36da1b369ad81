"""What cffi is told of the verifier's C ABI, and how it builds the binding: out-of-line API mode over its sources.

At build time it is loaded by its path, before `fast_impl` can be imported.
"""

from __future__ import annotations

import re
from pathlib import Path

from cffi import FFI

VERIFIER = Path(__file__).resolve().parent / "flatbuffers" / "verifier"


def declarations() -> str:
    """The declarations of omni_flatbuffers.h, as cffi reads them."""
    header = (VERIFIER / "omni_flatbuffers.h").read_text()
    declared = re.search(r"/\* declarations begin \*/(.*)/\* declarations end \*/", header, re.DOTALL)
    if declared is None:
        raise RuntimeError("omni_flatbuffers.h has lost the marks around its declarations")
    return declared.group(1)


def builder(module_name: str) -> FFI:
    """The binding `module_name`, ready to compile."""
    ffi = FFI()
    ffi.cdef(declarations())
    ffi.set_source(
        module_name,
        '#include "omni_flatbuffers.h"',
        sources=[str(path) for path in sorted(VERIFIER.glob("*.c"))],
        include_dirs=[str(VERIFIER)],
        extra_compile_args=["-std=gnu11", "-O2", "-fvisibility=hidden"],
    )
    return ffi
