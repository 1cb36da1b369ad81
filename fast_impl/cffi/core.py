"""The core through cffi: `lib` and `ffi`, and how they are used."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from time import monotonic_ns
from typing import Any
from weakref import ref

from fast_impl._choice import platform
from fast_impl._common import FOREVER, Buffer, as_memory
from spec_model.vocabulary import PopResult, PushResult

try:
    core = import_module(_NAME := "fast_impl._core" if platform == "futex" else "fast_impl._core_portable")
except ModuleNotFoundError as error:
    raise ImportError(
        f"{_NAME} is not built: install again with a C compiler and cffi; on CPython, the types in C need neither "
        "OMNI_BINDING nor OMNI_PLATFORM"
    ) from error
ffi: Any = core.ffi
lib: Any = core.lib

fences: str = ffi.string(lib.omni_fences()).decode() if hasattr(lib, "omni_fences") else "unknown"
"""How the core orders its stores before its loads; unknown of another library in its place."""

PUSH_RESULTS = tuple(PushResult)
POP_RESULTS = tuple(PopResult)

_live: dict[int, tuple[Any, ref[Any]]] = {}


def kept(owner: Any, storage: Any) -> Any:
    """`owner`, a plain pointer, with `storage` for as long as anything refers to it.

    `storage` is what `ffi.gc` made, with a function in C as its destructor. The collector tracks it, and could finalise
    it before other garbage that still uses it; from here it is reachable. The collector does not track a plain pointer,
    which therefore goes by its last reference. All that then runs is in C: a signal's handler cannot raise in it.
    """
    _live[id(owner)] = storage, ref(owner, partial(_live.pop, id(owner)))
    return owner


def endpoint(kind: str, close: Any, free: Any) -> tuple[Any, Any]:
    """(handle, token): an empty slot for a handle of the core, which `request_channel` or `attach` fills.

    Its second place is set when the handle is detached: then it is somebody else's [LIF-10]. It is closed when nothing
    refers to the token, freed when nothing refers to the handle, which the token does.
    """
    slot = ffi.gc(ffi.new(f"{kind} *[2]"), free)
    handle = kept(ffi.cast(f"{kind} **", slot), slot)
    return handle, kept(ffi.cast("void *", handle), ffi.gc(handle, close))


MOVED = (None, None)
"""The endpoint of a handle that was moved from."""


def clock(timeout: int) -> Callable[[], int]:
    """A function that tells how many nanoseconds are left of `timeout`, which begins now."""
    if timeout == FOREVER:
        return lambda: FOREVER
    deadline = monotonic_ns() + timeout
    return lambda: max(0, deadline - monotonic_ns())


def wait(call: Callable[[Any, int], int], handle: Any, left: Callable[[], int]) -> int:
    """`call(handle, time left)`, again for as long as signals interrupt it; CHANNEL_CLOSED once it is detached.

    The interpreter runs their handlers between two calls, and may raise there [CON-6].
    """
    code = lib.OMNI_INTERRUPTED
    while code == lib.OMNI_INTERRUPTED:
        code = lib.OMNI_POP_CHANNEL_CLOSED if handle[1] else call(handle[0], left())
    return int(code)


def channel_name(call: Callable[[Any, Any], Any], handle: Any) -> bytes:
    """What `omni_producer_name` or `omni_consumer_name` answers."""
    size = ffi.new("size_t *")
    return bytes(ffi.buffer(call(handle[0], size), size[0]))


def as_bytes(data: Buffer) -> bytes:
    """The bytes of `data`; raises as `as_memory` [ARG-1].

    Copied: CPython crashes where the collector finds `ffi.from_buffer` of a memoryview, as in an exception's frames.
    """
    return data if type(data) is bytes else as_memory(data).tobytes()
