"""Argument checks, made before anything else happens [ARG-1 to ARG-4].

A refused argument is a TypeError, ValueError or BufferError, and changes nothing [ARG-4].
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from datetime import timedelta

from spec_model.config import ChannelConfig

FOREVER = 2.0**63 / 1e9
"""Seconds from which on a timeout means for ever: nanoseconds in 63 bits end there [ARG-2]."""


def payload(data: object) -> bytes:
    """The raw bytes of a C-contiguous bytes-like object, copied [ARG-1, PSH-3]."""
    with memoryview(data) as view:  # type: ignore[arg-type]
        if not view.c_contiguous:
            raise BufferError("a message must be C-contiguous, and this buffer is not")
        return view.tobytes()


def payloads(messages: Iterable[object]) -> list[bytes]:
    """The raw bytes of each message: all are checked before any is used [PSH-6]."""
    return [payload(data) for data in messages]


def count(what: str, number: object) -> int:
    """A number of things or of bytes, from 0 up [ARG-3]."""
    if isinstance(number, bool) or not hasattr(number, "__index__"):
        raise TypeError(f"{what} must be an integer, not {type(number).__name__}")
    integer = operator.index(number)
    if integer < 0:
        raise ValueError(f"{what} must be 0 or more, not {integer}")
    return integer


def seconds(timeout: object) -> float | None:
    """A timeout in seconds, None for ever [ARG-2]."""
    if timeout is None:
        return None
    if isinstance(timeout, timedelta):
        timeout = timeout.total_seconds()
    if isinstance(timeout, (bool, str)) or not (hasattr(timeout, "__float__") or hasattr(timeout, "__index__")):
        raise TypeError(f"timeout must be a number of seconds, a timedelta or None, not {type(timeout).__name__}")
    try:
        number = float(timeout)  # type: ignore[arg-type]
    except OverflowError:
        number = math.inf if timeout > 0 else -math.inf  # type: ignore[operator]
    if math.isnan(number) or number < 0:
        raise ValueError(f"timeout must be 0 or more seconds, not {timeout}")
    return number if number < FOREVER else None


def name(value: object) -> str:
    """A channel's name: any `str` [BRK-7]; the empty name gets a result code, and no exception [BRK-4]."""
    if not isinstance(value, str):
        raise TypeError(f"name must be a str, not {type(value).__name__}")
    return value


def config(value: object) -> ChannelConfig:
    """A channel's configuration."""
    if not isinstance(value, ChannelConfig):
        raise TypeError(f"config must be a ChannelConfig, not {type(value).__name__}")
    return value


def memory_limit(value: object) -> int | None:
    """A broker's memory limit in bytes, None for no limit [BRK-5]."""
    return None if value is None else count("memory_limit", value)


def as_identifier(identifier: bytes | str) -> bytes:
    """The four bytes of a file identifier; raises TypeError or ValueError for anything else."""
    raw = identifier.encode() if isinstance(identifier, str) else identifier
    if not isinstance(raw, bytes):
        raise TypeError(f"file_identifier must be four bytes, a str of four, or None, not {type(raw).__name__}")
    if len(raw) != 4:
        raise ValueError(f"file_identifier must have four bytes, not {len(raw)}: {identifier!r}")
    return raw


def as_limit(name: str, value: int, most: int) -> int:
    """`value`, an integer from 1 to `most`; raises TypeError or ValueError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    if not 1 <= value <= most:
        raise ValueError(f"{name} must be from 1 to {most:,}, not {value}")
    return value
