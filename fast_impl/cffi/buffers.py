"""Bytes-like objects as memory that the core can read [ARG-1]."""

from __future__ import annotations

from typing import Any

from fast_impl._arguments import Buffer
from fast_impl.cffi.core import ffi


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
