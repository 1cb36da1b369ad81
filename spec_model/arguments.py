"""Argument checks, made before anything else happens [ARG-1 to ARG-4].

A refused argument is a TypeError, ValueError or BufferError, and changes nothing [ARG-4].
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

from spec_model.config import ChannelConfig

FOREVER = 2.0**63 / 1e9
"""Seconds from which on a timeout means for ever: nanoseconds in 63 bits end there [ARG-2]."""


def payload(data: object) -> bytes:
    """The raw bytes of a C-contiguous bytes-like object, copied [ARG-1, PSH-3]."""
    try:
        view = None if isinstance(data, str) else memoryview(data)  # type: ignore[arg-type]
    except TypeError:
        view = None
    if view is None:
        raise TypeError(f"a message must be a bytes-like object, not {type(data).__name__}")  # ARG-1
    with view:
        if "O" in re.sub(":.*?:", "", view.format):  # without the names of fields [ARG-1]
            raise TypeError(f"a message must be bytes, and this {type(data).__name__} has references to objects")
        if not view.c_contiguous:
            raise BufferError(f"a message must be C-contiguous, and this {type(data).__name__} is not")  # ARG-1
        return view.tobytes()


def payloads(messages: Iterable[object]) -> list[bytes]:
    """The raw bytes that each message has when `messages` yields it; all are checked before any is used [PSH-6]."""
    return [_element(index, data) for index, data in enumerate(messages)]


def _element(index: int, data: object) -> bytes:
    """The raw bytes of an element; the error of a bad one says which it is [ARG-1]."""
    try:
        return payload(data)
    except (TypeError, ValueError, BufferError) as error:
        usual = next(kind for kind in (TypeError, ValueError, BufferError) if isinstance(error, kind))
        raise usual(f"element {index}: {error}") from None


def count(what: str, number: Any) -> int:
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
    number: object = timeout
    if isinstance(timeout, timedelta):
        microseconds: object = timeout // timedelta(microseconds=1)  # of a subclass, anything
        if type(microseconds) is not int:
            raise TypeError(f"timeout // timedelta(microseconds=1) must be an int, not {microseconds!r}")
        number = microseconds / 10**6
    if not _is_real(number):
        raise TypeError(f"timeout must be a number of seconds, a timedelta or None, not {type(timeout).__name__}")
    try:
        length = float(number)  # type: ignore[arg-type]
    except OverflowError:
        length = math.inf if number > 0 else -math.inf  # type: ignore[operator]
    if math.isnan(length) or number < 0:  # type: ignore[operator]
        raise ValueError(f"timeout must be 0 or more seconds, not {timeout}")
    return length if length < FOREVER else None


def _is_real(number: object) -> bool:
    """Whether it is a real number: NumPy registers its scalars, and its timedelta64 as an integer without an index."""
    if isinstance(number, bool):
        return False
    return hasattr(number, "__index__") if isinstance(number, Integral) else isinstance(number, (Real, Decimal))


def name(value: object) -> str:
    """A channel's name: any `str` [BRK-7]; the empty name gets a result code, and no exception [BRK-4]."""
    if not isinstance(value, str):  # BRK-7
        raise TypeError(f"name must be a str, not {type(value).__name__}")
    return value


def config(value: object) -> ChannelConfig:
    """A channel's configuration."""
    if not isinstance(value, ChannelConfig):
        raise TypeError(f"config must be a ChannelConfig, not {type(value).__name__}")  # ARG-4
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
