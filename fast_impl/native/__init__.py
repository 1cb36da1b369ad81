"""The C ABI of an installed `fast_impl`, for native code beside Python; `fast_impl.get_include()` is this folder.

- C, C++: compile `omni_mailbox.c` into your library, with `omni_mailbox.h`. It calls the core that made the handle.
- Cython: `from fast_impl cimport omni_functions, omni_import` (`fast_impl/__init__.pxd`).
- Rust and others: the capsule `fast_impl._C_API` points to the table of functions that `omni_functions.h` describes.
- Numba, ctypes, cffi: `functions()`.

A core of another version of the ABI is refused: by `omni_mailbox.c` with OMNI_FOREIGN, by `omni_import()` with
ImportError; who reads the table checks its first fields, or calls `omni_is_compatible`. Another copy of the core,
compiled from the sources in `fast_impl/core`, must not be given these handles.

The address of a handle is good for as long as its native handle lives, `handle.native_handle`: hold that until the last
thread that uses the address has ended.
"""

from __future__ import annotations

from fast_impl import _binding
from fast_impl._binding import NativeHandle

__all__ = ["NativeHandle", "functions"]


def functions() -> dict[str, int]:
    """The address of each function of `omni_mailbox.h`, by name, in the core that made this process's handles."""
    return _binding.functions()
