"""The core through cffi: `lib` and `ffi`, and how they are used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from time import monotonic_ns
from typing import Any
from weakref import finalize

from fast_impl._choice import platform
from fast_impl._common import FOREVER, Buffer
from spec_model.vocabulary import PopResult, PushResult

core = import_module("fast_impl._core" if platform == "futex" else "fast_impl._core_portable")
ffi: Any = core.ffi
lib: Any = core.lib

fences: str = ffi.string(lib.omni_fences()).decode() if hasattr(lib, "omni_fences") else "unknown"
"""How the core orders its stores before its loads; unknown of another library in its place."""

PUSH_RESULTS = tuple(PushResult)
POP_RESULTS = tuple(PopResult)


def blocking(call: Callable[[int], int], timeout: int) -> int:
    """`call(timeout)`, repeated with the remaining time for as long as signals interrupt it.

    The remaining time is at least 1 ns: 0 would make it a call that never waits, which has other results.
    The interpreter runs the handlers of signals between two calls, and may raise there [CON-6].
    """
    deadline = monotonic_ns() + timeout
    code = call(timeout)
    while code == lib.OMNI_INTERRUPTED:
        code = call(FOREVER if timeout == FOREVER else max(1, deadline - monotonic_ns()))
    return code


def owned(pointer: Any, free: Callable[[Any], None]) -> Any:
    """`pointer`, passed to `free` when its last reference is gone.

    Not cffi's `gc`: for objects that are garbage together, the collector may free its result before it runs
    finalisers that still use it. A plain pointer is not tracked by the collector, and is freed after them all.
    """
    finalize(pointer, free, ffi.cast(ffi.typeof(pointer), pointer)).atexit = False
    return pointer


def as_buffer(data: Buffer) -> Any:
    """`data` as memory that the core can read [ARG-1].

    Raises TypeError for what is not bytes-like, BufferError for what is not C-contiguous.
    """
    if type(data) is bytes:
        return data
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(f"data must be a bytes-like object, not {type(data).__name__}") from None
    if not view.c_contiguous:
        raise BufferError("data must be C-contiguous; bytes(data) makes a copy that is")
    return ffi.from_buffer(view)
