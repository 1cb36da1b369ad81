"""The adapter for a C library: the Python names of `fast_impl` over any library with the C ABI of omni_mailbox.h.

`fast_impl`'s binding over cffi takes `ffi` and `lib` from the extension module that holds its core. The adapter puts
a module over the library in that one's place before anything imports `fast_impl`, so there is one library a process.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from conformance.targets.target import check_features

BINDING = "fast_impl"
"""The binding through which the library is called."""

_CORES = (f"{BINDING}._core", f"{BINDING}._core_portable")
_OPTIONAL = {
    "detaching": ("omni_producer_detach", "omni_consumer_detach", "omni_attach", "omni_close_detached",
                  "omni_producer_release", "omni_consumer_release"),
    "descriptors": ("omni_producer_fileno", "omni_consumer_fileno"),
    "coroutines": ("omni_producer_claim", "omni_consumer_claim", "omni_producer_unclaim", "omni_consumer_unclaim"),
    "observing": ("omni_broker_get_channels", "omni_producer_get_info", "omni_consumer_get_info"),
}  # fmt: skip
"""The functions of a feature: a library that exports none of them lacks it."""

_BESIDE = """
void omni_set_start_index(uint64_t index);
int omni_producer_claim(omni_producer *producer);
int omni_consumer_claim(omni_consumer *consumer);
void omni_producer_unclaim(omni_producer *producer);
void omni_consumer_unclaim(omni_consumer *consumer);
"""
"""What it may export besides what omni_mailbox.h declares: a test build, and what coroutines need of the core."""


def load(path: str | Path) -> ModuleType:
    """`fast_impl` over the shared library at `path`, with `set_start_index` where the library exports it.

    `c_abi` of it is cffi's `ffi` and `lib`, for checks of functions that no binding calls.

    Raises ImportError where the library cannot be loaded or lacks a function, or `fast_impl` is in use already.
    """
    path = str(Path(path).resolve())
    if BINDING in sys.modules:
        if getattr(sys.modules.get(_CORES[0]), "__file__", None) != path:
            raise ImportError(f"{BINDING} is in use already; a library is tested in a process of its own")
        return sys.modules[BINDING]
    core: Any = ModuleType(_CORES[0])
    core.__file__ = path
    core.ffi, lib = _bind(path)
    core.lib = _Lib(core.ffi, lib)
    sys.modules.update(dict.fromkeys(_CORES, core))
    os.environ["OMNI_BINDING"] = "cffi"
    omni = import_module(BINDING)
    vars(omni)["c_abi"] = core.ffi, lib
    if hasattr(lib, "omni_set_start_index"):
        vars(omni)["set_start_index"] = lib.omni_set_start_index
    return omni


def not_provided(path: str) -> dict[str, str]:
    """What a library lacks: features whose functions it does not export, and those that it says itself.

    That is by its optional `const char *omni_not_provided(void)`: features, spaces between. Raises Unusable where it
    names no feature.
    """
    library = ctypes.CDLL(str(Path(path).resolve()))
    lacks = {feature: f"no {names[0]}" for feature, names in _OPTIONAL.items() if not hasattr(library, names[0])}
    try:
        ask = library.omni_not_provided
    except AttributeError:
        return lacks
    ask.restype = ctypes.c_char_p
    said = ask().decode().split()
    check_features(said, "omni_not_provided() names no feature")
    return {**lacks, **dict.fromkeys(said, "says the library")}


def _bind(path: str) -> tuple[Any, Any]:
    """`ffi` and `lib` of the shared library at `path`, in cffi's ABI mode."""
    from cffi import FFI

    declared = _declarations()
    ffi = FFI()
    ffi.cdef(declared + _BESIDE)
    try:
        lib = ffi.dlopen(path)
    except OSError as error:
        raise ImportError(f"{path} cannot be loaded as a shared library: {error}") from error
    functions = re.findall(r"^\w[\w *]*?(omni_\w+)\(", declared, re.MULTILINE)
    missing = [name for name in functions if not hasattr(lib, name)]
    for names in _OPTIONAL.values():
        if set(names) <= set(missing):
            missing = [name for name in missing if name not in names]
    if missing:
        raise ImportError(f"{path} does not export {', '.join(missing)}, which omni_mailbox.h declares")
    return ffi, lib


class _Lib:
    """The library's functions, and those in C that the binding's own module adds to the C ABI (`_sources.SOURCE`)."""

    def __init__(self, ffi: Any, lib: Any) -> None:
        self._ffi, self._lib = ffi, lib

    def __getattr__(self, name: str) -> Any:
        slot, _, what = name.removeprefix("slot_").partition("_")
        if not name.startswith("slot_"):
            return getattr(self._lib, name)
        if slot == "new":
            return self._new_broker
        function = getattr(self._lib, f"omni_{what}_{slot}")
        if slot == "fileno":
            return partial(self._fileno, function)
        if slot == "detach":
            return partial(self._detach, function)
        release = getattr(self._lib, f"omni_{what}_release", None) if slot == "free" and what != "broker" else None
        return partial(self._end, function, release, what != "broker")

    def _detach(self, function: Any, held: Any, token: Any) -> int:
        code: int = function(held[0], token)
        if code == 0:
            held[1] = held[0]
        return code

    def _fileno(self, function: Any, held: Any) -> int:
        number: int = self._lib.OMNI_EXPIRED if held[1] else function(held[0])
        return number

    def _end(self, function: Any, release: Any, detaches: bool, held: Any) -> None:
        if detaches and held[1]:
            function = release
        if function is not None and held[0]:
            function(held[0])

    def _new_broker(self, slot: Any, memory_limit: int) -> None:
        slot[0] = self._lib.omni_broker_new(memory_limit)


def _declarations() -> str:
    """The part of omni_mailbox.h that cffi reads; found without importing `fast_impl`."""
    spec = find_spec(BINDING)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(f"{BINDING}, the binding to a library, is not installed")
    header = Path(spec.submodule_search_locations[0]) / "core" / "omni_mailbox.h"
    return header.read_text().partition("/* declarations begin */")[2].partition("/* declarations end */")[0]
