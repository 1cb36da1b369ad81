"""What both handles have in common: they end, and they cannot be copied (§2.2, §5.5, §6.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar
from weakref import finalize

from fast_impl._binding import ffi

Self = TypeVar("Self", bound="Ending")


def owned(pointer: Any, free: Callable[[Any], None]) -> Any:
    """`pointer`, passed to `free` at the end of its last reference.

    Not cffi's `gc`: of objects that are garbage together, the collector may end what that gives before finalisers
    that still use it. It does not know of a plain pointer, which goes after them all.
    """
    finalize(pointer, free, ffi.cast(ffi.typeof(pointer), pointer)).atexit = False
    return pointer


class Uncopyable:
    """There is one of it; a copy would be a second producer or consumer [LIF-7]."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be copied or pickled; use move() to hand it on")


class Ending(Uncopyable):
    """Ends by `close()` or by leaving its `with` block [LIF-1]."""

    __slots__ = ()

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
