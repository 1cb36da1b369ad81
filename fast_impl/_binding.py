"""The types of the binding in use, under one name each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fast_impl import _interface
from fast_impl._choice import binding, check_fences

# The types in C have the signatures and docstrings of those over cffi, which type checkers therefore read for both.
if TYPE_CHECKING or binding == "cffi":
    from fast_impl.cffi.consumer import ConsumerHandle
    from fast_impl.cffi.core import C_API, NativeHandle, fences, functions, turn
    from fast_impl.cffi.message import Batch, Message
    from fast_impl.cffi.producer import ProducerHandle, Reservation
    from fast_impl.cffi.registry import Registry
else:
    try:
        from fast_impl._handles import (
            C_API,
            Batch,
            ConsumerHandle,
            Message,
            NativeHandle,
            ProducerHandle,
            Registry,
            Reservation,
            fences,
            functions,
            turn,
        )
    except ModuleNotFoundError as error:
        raise ImportError(
            "fast_impl._handles is not built: install again with a C compiler, or set OMNI_BINDING=cffi"
        ) from error

__all__ = [
    "C_API",
    "Batch",
    "ConsumerHandle",
    "Message",
    "NativeHandle",
    "ProducerHandle",
    "Registry",
    "Reservation",
    "fences",
    "functions",
]

_interface.turn = turn
check_fences(fences)
