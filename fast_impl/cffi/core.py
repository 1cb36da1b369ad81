"""The core through cffi: `lib` and `ffi`, and how they are used."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from threading import local
from time import monotonic_ns
from typing import Any, cast, final
from weakref import WeakValueDictionary, ref

from fast_impl import _interface
from fast_impl._choice import platform
from fast_impl._common import FOREVER, Snapshot, as_memory, log_end, no_descriptor, refuse
from spec_model import words
from spec_model.vocabulary import Buffer, PopResult, PushResult

_NAME = "fast_impl._core" if platform == "futex" else "fast_impl._core_portable"
try:
    core: Any = import_module(_NAME)
except ModuleNotFoundError as _error:
    raise ImportError(
        f"{_NAME} is not built: install again with a C compiler and cffi; on CPython, the types in C need neither "
        "OMNI_BINDING nor OMNI_PLATFORM"
    ) from _error
ffi: Any = core.ffi
lib: Any = core.lib

fences: str = ffi.string(lib.omni_fences()).decode() if hasattr(lib, "omni_fences") else "unknown"
"""How the core orders its stores before its loads; unknown of another library in its place."""

C_API: Any = None
"""The capsule of the core's table of functions; None on another interpreter than CPython, or of another library."""
if sys.implementation.name == "cpython" and hasattr(lib, "omni_core"):
    _capsule = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    _name = ctypes.create_string_buffer(b"fast_impl._C_API")  # a capsule keeps the pointer
    C_API = _capsule(("PyCapsule_New", ctypes.pythonapi))(int(ffi.cast("uintptr_t", lib.omni_core)), _name, None)
if sys.implementation.name == "cpython" and hasattr(lib, "slot_learn_ending"):
    _is_ending = getattr(ctypes.pythonapi, "Py_IsFinalizing" if sys.version_info >= (3, 13) else "_Py_IsFinalizing")
    lib.slot_learn_ending(ctypes.cast(_is_ending, ctypes.c_void_p).value)


def functions() -> dict[str, int]:
    """The address of each function of the C ABI."""
    table = ffi.cast("const omni_functions *", lib.omni_core)
    names = [name for name, _ in ffi.typeof("omni_functions").fields if name.startswith("omni_")]
    return {name: int(ffi.cast("uintptr_t", getattr(table, name))) for name in names}


PUSH_RESULTS = tuple(PushResult)
POP_RESULTS = tuple(PopResult)

ADDRESS, COUNT, NUMBER = map(ffi.typeof, ("uintptr_t", "size_t *", "uint64_t *"))
HANDLE_STATS, PIN, POINTER = map(ffi.typeof, ("omni_handle_stats *", "omni_pin *", "void *"))
_INFO = ffi.typeof("omni_channel_info *")
"""Types parsed beforehand: cffi crashes where it has no memory to parse one."""

_live: dict[int, tuple[Any, ref[Any]]] = {}
if sys.implementation.name == "cpython":
    # For good: as the interpreter ends it would be garbage, among which the collector finalises in any order.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(_live))


def kept(owner: Any, storage: Any) -> Any:
    """`owner`, a plain pointer, with `storage` for as long as anything refers to it.

    `storage` is what `ffi.gc` made, with a function in C as its destructor. The collector tracks it, and could finalise
    it before other garbage that still uses it; from here it is reachable. The collector does not track a plain pointer,
    which therefore goes by its last reference. All that then runs is in C: a signal's handler cannot raise in it.
    """
    _live[id(owner)] = storage, ref(owner, partial(_live.pop, id(owner)))
    return owner


def endpoint(side: str, logged: bool, slot: Any, handle: Any, close: Any, free: Any) -> tuple[Any, Any]:
    """(handle, token): an empty slot for a handle of the core, which `request_channel` or `attach` fills.

    slot, handle: the types of an array of two handles and of a pointer to one. logged: whether its end is.

    Its second place is set when the handle is detached: then it is somebody else's [LIF-10]. It is closed when nothing
    refers to the token, freed when nothing refers to the handle, which the token does.
    """
    storage = ffi.gc(ffi.new(slot), free)
    first = kept(ffi.cast(handle, storage), storage)
    token = kept(ffi.cast(POINTER, first), ffi.gc(first, close))
    return first, (EndLogger(side, first), token) if logged else token


class _Calls(local):
    count = 0


_calls = _Calls()


def turn() -> bool:
    """For `_coroutines`."""
    _calls.count += 1
    return _calls.count % 64 == 0


@final
class NativeHandle(_interface.NativeHandle):
    __slots__ = ("__weakref__", "_address", "_side", "_token")

    def __init__(self, side: str, address: int, token: Any) -> None:
        self._side, self._address, self._token = side, address, token

    def __index__(self) -> int:
        return self._address

    __int__ = __index__

    @property
    def _as_parameter_(self) -> ctypes.c_void_p:
        return ctypes.c_void_p(self._address)

    def __repr__(self) -> str:
        return f"<native handle of a {self._side} at {self._address:#x}>"


_natives: WeakValueDictionary[int, NativeHandle] = WeakValueDictionary()
"""By address, which is that of no other handle while the native one lives."""


def native_handle(side: str, handle: Any, token: Any) -> NativeHandle:
    """The native handle of an endpoint: the same one for as long as anything refers to it."""
    if handle is None:
        raise ValueError("the handle was moved from or detached: whoever has its end now has the native handle")
    address = int(ffi.cast(ADDRESS, handle[0]))
    return _natives.setdefault(address, NativeHandle(side, address, token))


def is_native(handle: Any) -> bool:
    """Whether there is a native handle of it."""
    return int(ffi.cast(ADDRESS, handle[0])) in _natives


def is_inherited(side: str, handle: Any) -> bool:
    """Whether it is from before a fork; never, of another library's, which need not say so."""
    name = f"omni_{side}_is_inherited"
    return handle[0] != ffi.NULL and hasattr(lib, name) and bool(getattr(lib, name)(handle[0]))


def fileno(call: Callable[[Any], int], side: str, handle: Any, name: Callable[[Any, Any], Any]) -> int:
    """What `slot_fileno_...` answers; raises as `no_descriptor`."""
    if handle is None:
        no_descriptor(lib.OMNI_EXPIRED, 0, side, b"")
    number = call(handle)
    if number < 0:
        no_descriptor(number, ffi.errno, side, channel_name(name, handle))
    return number


def claim(call: Callable[[Any], int], side: str, handle: Any, name: Callable[[Any, Any], Any]) -> Any:
    """`handle`, once `omni_..._claim` has claimed it; None where it is inactive. Raises as `refuse`."""
    code = lib.OMNI_EXPIRED if handle is None or handle[1] else call(handle[0])
    if code not in (0, lib.OMNI_EXPIRED):
        refuse(code, side, channel_name(name, handle))
    return None if code else handle


MOVED: tuple[Any, Any] = None, None
"""The endpoint of a handle that was moved from."""


def snapshot(side: str, name: bytes, handle: Any) -> Snapshot:
    """How a handle stands; of another library that does not tell, as far as it is known."""
    if handle is None or handle[0] == ffi.NULL:
        return name, True, False, False, False, False, 0, 0, 0
    sends, info = side == "producer", ffi.new(_INFO)
    if hasattr(lib, "omni_producer_get_info"):
        getattr(lib, f"omni_{side}_get_info")(handle[0], info)
    else:
        peer = getattr(lib, f"omni_{side}_is_connected")(handle[0])
        info.producer_open, info.consumer_open = (1, peer) if sends else (peer, 1)
        info.capacity = getattr(lib, f"omni_{side}_capacity")(handle[0])
        info.max_message_size = getattr(lib, f"omni_{side}_max_message_size")(handle[0])
    is_open, peer_is_open = (info.producer_open, info.consumer_open)[:: 1 if sends else -1]
    return (
        name, bool(handle[1]), is_inherited(side, handle), bool(is_open), bool(peer_is_open), bool(info.shut),
        info.capacity, info.max_message_size, info.waiting,
    )  # fmt: skip


class EndLogger:
    """Logs once how a handle has ended: by the end of this itself, where nothing has been logged before [OBS-3]."""

    __slots__ = ("_handle", "_logged", "_side")

    def __init__(self, side: str, handle: Any) -> None:
        self._side, self._handle, self._logged = side, handle, False

    def log(self, how: str) -> None:
        """It has ended so."""
        if not self._logged and self._handle[0] != ffi.NULL and not self._handle[1]:  # neither empty nor detached
            self._logged = True
            name = channel_name(getattr(lib, f"omni_{self._side}_name"), self._handle)
            log_end(self._side, name, is_inherited(self._side, self._handle), how)

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if not is_finalizing():  # when what is called may be gone already
            self.log(words.BY_LAST_REFERENCE)


def log(token: Any, how: str) -> None:
    """Log how the end with that token has ended, where that is asked for."""
    if type(token) is tuple:
        cast("tuple[EndLogger, Any]", token)[0].log(how)


def clock(timeout: int) -> Callable[[], int]:
    """A function that tells how many nanoseconds are left of `timeout`, which begins now.

    Like all of the binding, without a lambda: CPython 3.12 and 3.13 crash where they have no memory for a function.
    """
    return partial(_left, FOREVER if timeout == FOREVER else monotonic_ns() + timeout)


def _left(deadline: int) -> int:
    return FOREVER if deadline == FOREVER else max(0, deadline - monotonic_ns())


def wait(call: Callable[..., int], handle: Any, left: Callable[[], int], *arguments: int) -> int:
    """`call(handle, *arguments, time left)`, again for as long as signals interrupt it.

    CHANNEL_CLOSED once it is detached. The interpreter runs handlers between two calls, and may raise there [CON-6].
    """
    code = lib.OMNI_INTERRUPTED
    while code == lib.OMNI_INTERRUPTED:
        code = lib.OMNI_POP_CHANNEL_CLOSED if handle[1] else call(handle[0], *arguments, left())
    return int(code)


def channel_name(call: Callable[[Any, Any], Any], handle: Any) -> bytes:
    """What `omni_producer_name` or `omni_consumer_name` answers."""
    size = ffi.new(COUNT)
    return bytes(ffi.buffer(call(handle[0], size), size[0]))


def as_bytes(data: Buffer) -> bytes:
    """The bytes of `data`; raises as `as_memory` [ARG-1].

    Copied: CPython crashes where the collector finds `ffi.from_buffer` of a memoryview, as in an exception's frames.
    """
    return data if type(data) is bytes else as_memory(data).tobytes()
