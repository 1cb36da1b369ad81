"""Another library behind the same Python face: anything that exports the C ABI of omni_mailbox.h."""

from __future__ import annotations

import re
from typing import Any

from cffi import FFI

from fast_impl._cffi_source import declarations

TEST_BUILD = "void omni_set_start_index(uint64_t index);"
"""What only a library built with OMNI_START_INDEX_SETTABLE exports."""


def load(path: str) -> tuple[Any, Any]:
    """`ffi` and `lib` of the shared library at `path`, in cffi's ABI mode.

    Raises ImportError where it cannot be loaded, or lacks a function.
    """
    ffi, declared = FFI(), declarations()
    ffi.cdef(declared + TEST_BUILD)
    try:
        lib = ffi.dlopen(path)
    except OSError as error:
        raise ImportError(f"OMNI_LIBRARY names no library that can be loaded: {error}") from error
    functions = re.findall(r"^\w[\w *]*?(omni_\w+)\(", declared, re.MULTILINE)
    missing = [name for name in functions if not hasattr(lib, name)]
    if missing:
        raise ImportError(f"{path} does not export {', '.join(missing)}, which omni_mailbox.h declares")
    return ffi, lib
