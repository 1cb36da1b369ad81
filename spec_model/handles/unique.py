"""Things there is one of: they cannot be copied, and only their makers make them."""

from __future__ import annotations

from typing import NoReturn


class Unique:
    """Base of what cannot be copied, deep-copied or pickled [LIF-7]."""

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled")


class Granted(Unique):
    """Base of what is never constructed but answered by a call."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        raise TypeError(f"a {type(self).__name__} is not constructed; a call answers with one")
