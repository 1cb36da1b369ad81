"""What the calls accept, brought into the form that the core takes (ARG)."""

from __future__ import annotations

import math
import operator
from datetime import timedelta
from typing import Any, SupportsFloat, SupportsIndex

from spec_model.config import ChannelConfig

Buffer = Any
"""Any C-contiguous bytes-like object."""

Timeout = SupportsFloat | SupportsIndex | timedelta | None
"""None for ever, or seconds, or a timedelta; not negative."""

SIZE_MAX: int = 2**64 - 1
FOREVER = -1
"""The duration, in nanoseconds, that the core takes for ever."""

_LONGEST = 2**63 - 1  # nanoseconds


def as_count(name: str, value: SupportsIndex) -> int:
    """A count or size, an int from 0 to 2**64 - 1, larger ones cut to that [ARG-3].

    Raises TypeError for what is not an integer, ValueError for a negative one.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    count = operator.index(value)
    if count < 0:
        raise ValueError(f"{name} must not be negative, got {count}")
    return min(count, SIZE_MAX)


def as_nanoseconds(timeout: Timeout) -> int:
    """A timeout in nanoseconds, rounded up so that no call gives up early; FOREVER for ever [ARG-2].

    Raises TypeError for what is no number of seconds, ValueError for negative or NaN.
    """
    if timeout is None:
        return FOREVER
    if isinstance(timeout, timedelta):
        nanoseconds = timeout // timedelta(microseconds=1) * 1000
    elif isinstance(timeout, bool) or not (hasattr(timeout, "__float__") or hasattr(timeout, "__index__")):
        raise TypeError(f"timeout must be None, seconds or a timedelta, not {type(timeout).__name__}")
    elif isinstance(timeout, SupportsIndex):
        nanoseconds = operator.index(timeout) * 10**9
    else:
        seconds = float(timeout)
        if math.isnan(seconds) or seconds < 0:
            raise ValueError(f"timeout must be 0 or more seconds, not {timeout}")
        nanoseconds = math.ceil(seconds * 10**9) if seconds < _LONGEST / 10**9 else _LONGEST + 1
    if nanoseconds < 0:
        raise ValueError(f"timeout must not be negative, got {timeout}")
    return nanoseconds if nanoseconds <= _LONGEST else FOREVER


def as_name(name: str) -> bytes:
    """A channel's name as bytes that are equal exactly for equal names [BRK-7].

    Raises TypeError for what is not a str.
    """
    if not isinstance(name, str):
        raise TypeError(f"name must be a str, not {type(name).__name__}")
    return name.encode("utf-8", "surrogatepass")


def as_config(config: ChannelConfig) -> ChannelConfig:
    """`config`, if it is one; raises TypeError if not."""
    if not isinstance(config, ChannelConfig):
        raise TypeError(f"config must be a ChannelConfig, not {type(config).__name__}")
    return config


def as_memory_limit(limit: SupportsIndex | None) -> int:
    """A limit in bytes for the core, for which SIZE_MAX is none [BRK-5]."""
    return SIZE_MAX if limit is None else as_count("memory_limit", limit)
