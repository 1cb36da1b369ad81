"""The core through cffi: `lib` and `ffi`, and how they are used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from time import monotonic_ns
from typing import Any
from weakref import finalize

from fast_impl._arguments import FOREVER
from fast_impl._choice import library, platform
from fast_impl.cffi.library import load
from spec_model.vocabulary import PopResult, PushResult

ffi: Any
lib: Any
if library:
    ffi, lib = load(library)
else:
    core = import_module("fast_impl._core" if platform == "futex" else "fast_impl._core_portable")
    ffi, lib = core.ffi, core.lib

fences = "unknown" if library else ffi.string(lib.omni_fences()).decode()
"""Of another library nobody knows."""

PUSH_RESULTS = tuple(PushResult)
POP_RESULTS = tuple(PopResult)


def blocking(call: Callable[[int], int], timeout: int) -> int:
    """`call(timeout)`, again with the time left for as long as signals interrupt it.

    At least 1 ns is left: 0 would ask for a call that never waits, which answers otherwise.

    The interpreter runs the handlers of signals between two calls, and may raise there [CON-6].
    """
    deadline = monotonic_ns() + timeout
    code = call(timeout)
    while code == lib.OMNI_INTERRUPTED:
        code = call(FOREVER if timeout == FOREVER else max(1, deadline - monotonic_ns()))
    return code


def owned(pointer: Any, free: Callable[[Any], None]) -> Any:
    """`pointer`, passed to `free` at the end of its last reference.

    Not cffi's `gc`: of objects that are garbage together, the collector may end what that gives before finalisers
    that still use it. It does not know of a plain pointer, which goes after them all.
    """
    finalize(pointer, free, ffi.cast(ffi.typeof(pointer), pointer)).atexit = False
    return pointer
