"""The verifier in C, through cffi."""

from __future__ import annotations

from typing import Any

try:
    from fast_impl._verifier import ffi as _ffi
    from fast_impl._verifier import lib as _lib
except ModuleNotFoundError as error:
    raise ImportError("fast_impl._verifier is not built: install again with a C compiler") from error

ffi: Any = _ffi
lib: Any = _lib


def as_memory(data: Any) -> Any:
    """Any C-contiguous bytes-like object as memory for C; it must be kept until the call is over [ARG-1].

    Raises TypeError for what is not bytes-like, BufferError for what is not C-contiguous.
    """
    if type(data) is bytes:
        return ffi.from_buffer(data)
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(f"data must be a bytes-like object, not {type(data).__name__}") from None
    if not view.c_contiguous:
        raise BufferError("data must be C-contiguous; bytes(data) makes a copy that is")
    return ffi.from_buffer(view)
