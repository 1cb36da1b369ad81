"""A producer that Numba compiles, over the functions' addresses, for a thread of Python that gives the GIL away."""

from __future__ import annotations

from ctypes import CFUNCTYPE, c_int, c_int64, c_size_t
from typing import Any

import numpy as np
from numba import njit

import fast_impl

INTERRUPTED = -3

# Pointers as integers, which is what Numba has for the address of an array.
_addresses = fast_impl.native.functions()
_push = CFUNCTYPE(c_int, c_size_t, c_size_t, c_size_t, c_int64)(_addresses["omni_blocking_push"])
_close = CFUNCTYPE(None, c_size_t)(_addresses["omni_producer_close"])


@njit(nogil=True)
def _produce(producer: int, count: int) -> int:
    message = np.zeros(1, np.uint64)
    result = 0
    for number in range(count):
        message[0] = number
        result = INTERRUPTED
        while result == INTERRUPTED:
            result = _push(producer, message.ctypes.data, 8, -1)
        if result != 0:
            break
    _close(producer)
    return result


def produce(native: Any, count: int) -> int:
    """Push the numbers below `count`; the result of the last push. The argument keeps the channel's end."""
    return int(_produce(int(native), count))
