"""The C sources of the extension modules over cffi, and what cffi reads of their headers: out-of-line API mode.

At build time it is loaded by its path, before `fast_impl` can be imported.
"""

from __future__ import annotations

import re
from pathlib import Path

from cffi import FFI

CORE = Path(__file__).resolve().parent / "core"
VERIFIER = Path(__file__).resolve().parent / "flatbuffers" / "verifier"

SOURCE = """
#include "omni_mailbox.h"
#include "omni_internal.h"
"""


def declarations(header: Path) -> str:
    """The declarations of a header of ours, as cffi reads them: what stands between its two marks."""
    declared = re.search(r"/\* declarations begin \*/(.*)/\* declarations end \*/", header.read_text(), re.DOTALL)
    if declared is None:
        raise RuntimeError(f"{header.name} has lost the marks around its declarations")
    return declared.group(1)


def core(module_name: str, portable: bool) -> FFI:
    """The binding `module_name` over the portable or the futex variant of the core, ready to compile."""
    ffi = FFI()
    ffi.cdef(declarations(CORE / "omni_mailbox.h") + "const char *omni_fences(void);")
    _set_source(ffi, module_name, SOURCE, CORE, {"OMNI_PORTABLE": "1"} if portable else {})
    return ffi


def verifier(module_name: str) -> FFI:
    """The binding `module_name` over the FlatBuffers verifier, ready to compile."""
    ffi = FFI()
    ffi.cdef(declarations(VERIFIER / "omni_flatbuffers.h"))
    _set_source(ffi, module_name, '#include "omni_flatbuffers.h"', VERIFIER, {})
    return ffi


def _set_source(ffi: FFI, module_name: str, source: str, folder: Path, macros: dict[str, str]) -> None:
    ffi.set_source(
        module_name,
        source,
        sources=[str(path) for path in sorted(folder.rglob("*.c"))],
        include_dirs=[str(folder)],
        define_macros=list(macros.items()),
        extra_compile_args=["-std=gnu11", "-O2", "-fvisibility=hidden"],
        libraries=["pthread"],
    )
