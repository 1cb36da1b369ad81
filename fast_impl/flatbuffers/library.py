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
    """Any C-contiguous bytes-like object as memory for C [ARG-1].

    To be given back with `ffi.release`, at once: a message's view keeps the ring from going on [MSG-3], and not
    everywhere are references counted. Raises TypeError for what is not bytes-like, BufferError for what is not
    C-contiguous.
    """
    try:
        return ffi.from_buffer(data)
    except TypeError:
        raise TypeError(f"data must be a bytes-like object, not {type(data).__name__}") from None
