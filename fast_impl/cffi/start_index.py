"""Where the indices of channels begin, where a test build lets them begin anywhere (core/platform.h)."""

from __future__ import annotations

from typing import SupportsIndex

from fast_impl._arguments import as_count
from fast_impl.cffi.core import lib

SETTABLE = hasattr(lib, "omni_set_start_index")
"""Whether the library is such a build."""


def set_start_index(index: SupportsIndex) -> None:
    """Let channels made from now on begin at that 64-bit index, so that a test sees it wrap.

    Raises TypeError or ValueError where `index` is no integer from 0 up [ARG-3].
    """
    lib.omni_set_start_index(as_count("index", index))
