"""What handles and pairs in Python have in common: they end, and they cannot be copied (§2.2, §5.5, §6.5)."""

from __future__ import annotations

from typing import NoReturn, TypeVar

Self = TypeVar("Self", bound="Ending")


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
