"""The compiled core: `lib` and `ffi`, and what its codes mean.

`OMNI_SEAM=portable` in the environment chooses the mutex and condition-variable variant;
`OMNI_LIBRARY=<path>` puts any shared library with the C ABI of omni_mailbox.h in the core's place.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from time import monotonic_ns
from typing import Any

from fast_impl._library import load
from spec_model.errors import ConcurrentUseError
from spec_model.vocabulary import ChannelError, PopResult, PushResult

SEAMS = {"futex": "_core", "portable": "_core_portable"}
seam = os.environ.get("OMNI_SEAM", "futex")
if seam not in SEAMS:
    raise ImportError(f"OMNI_SEAM must be one of {', '.join(SEAMS)}, not {seam!r}")

library = os.environ.get("OMNI_LIBRARY")
ffi: Any
lib: Any
if library:
    ffi, lib = load(library)
else:
    core = import_module(f"fast_impl.{SEAMS[seam]}")
    ffi, lib = core.ffi, core.lib

PUSH_RESULTS = tuple(PushResult)
POP_RESULTS = tuple(PopResult)
CHANNEL_ERRORS = tuple(ChannelError)

SIZE_MAX: int = 2**64 - 1
FOREVER = -1
"""The duration, in nanoseconds, that the core takes for ever."""


def refuse(code: int) -> None:
    """Raise what a negative code of the core means."""
    if code == lib.OMNI_CONCURRENT_USE:
        raise ConcurrentUseError("another thread is inside this handle; one thread at a time may use it")
    if code == lib.OMNI_PINNED:
        raise BufferError(
            "a message waits, but an export of the message `capacity` before it is alive; release that view first"
        )
    raise SystemError(f"the core answered {code}")


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
