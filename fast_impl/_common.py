"""What both bindings share: how arguments are converted, and what is raised in which words."""

from __future__ import annotations

import math
import operator
import os
import re
import sys
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Real
from typing import Any, NoReturn, SupportsIndex

from spec_model import words
from spec_model.config import ChannelConfig
from spec_model.errors import (
    SEND_ERRORS,
    ChannelClosedError,
    ConcurrentUseError,
    MessageExpiredError,
    not_all_sent,
)
from spec_model.vocabulary import (
    Buffer,
    ChannelInfo,
    ConsumerStats,
    PopResult,
    ProducerStats,
    PushResult,
    Timeout,
)

# ---- arguments [ARG] ----

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
        microseconds = timeout // timedelta(microseconds=1)
        if type(microseconds) is not int:  # a subclass may divide in its own way
            raise TypeError(f"timeout // timedelta(microseconds=1) must be an int, not {microseconds!r}")
        nanoseconds = microseconds * 1000
    elif _is_real(timeout):
        number: Any = timeout  # but NumPy's would keep their few bits when multiplied
        if not isinstance(number, (Fraction, Decimal)):
            number = operator.index(number) if isinstance(number, Integral) else float(number)
        if number.is_nan() if isinstance(number, Decimal) else number != number:
            raise ValueError(f"timeout must be 0 or more seconds, not {timeout}")
        # compared before it is converted: a Fraction or a Decimal may be too large for any conversion
        nanoseconds = -1 if number < 0 else math.ceil(number * 10**9) if number < _LONGEST // 10**9 else _LONGEST + 1
    else:
        raise TypeError(f"timeout must be a number of seconds, a timedelta or None, not {type(timeout).__name__}")
    if nanoseconds < 0:
        raise ValueError(f"timeout must be 0 or more seconds, not {timeout}")
    return nanoseconds if nanoseconds <= _LONGEST else FOREVER


def _is_real(value: object) -> bool:
    """Whether it is a real number; NumPy's timedelta64 is registered as an integer, and cannot be read as one."""
    if isinstance(value, bool):
        return False
    return hasattr(value, "__index__") if isinstance(value, Integral) else isinstance(value, (Real, Decimal))


def as_name(name: str) -> bytes:
    """A channel's name as bytes that are equal exactly for equal names [BRK-7].

    Raises TypeError for what is not a str.
    """
    if not isinstance(name, str):
        raise TypeError(f"name must be a str, not {type(name).__name__}")
    return name.encode("utf-8", "surrogatepass")


def as_text(name: bytes) -> str:
    """A name as the caller knows it [BRK-7]."""
    return name.decode("utf-8", "surrogatepass")


def as_config(config: ChannelConfig) -> ChannelConfig:
    """`config`, if it is one; raises TypeError if not."""
    if not isinstance(config, ChannelConfig):
        raise TypeError(f"config must be a ChannelConfig, not {type(config).__name__}")
    return config


def as_memory_limit(limit: SupportsIndex | None) -> int:
    """A limit in bytes for the core, for which SIZE_MAX is none [BRK-5]."""
    return SIZE_MAX if limit is None else as_count("memory_limit", limit)


def as_memory(data: Buffer) -> memoryview:
    """`data` as memory of raw bytes [ARG-1].

    Raises TypeError for what is not bytes-like or refers to objects, BufferError for what is not C-contiguous.
    """
    try:
        view = None if isinstance(data, str) else memoryview(data)
    except TypeError:
        view = None
    if view is None:
        raise TypeError(f"data must be a bytes-like object, not {type(data).__name__}")
    if has_references(view.format):
        raise TypeError(f"data must be a buffer of plain bytes, and this {type(data).__name__} refers to objects")
    if not view.c_contiguous:
        raise BufferError("data must be C-contiguous; bytes(data) makes a copy that is")
    return view


def has_references(buffer_format: str) -> bool:
    """Whether the format of a buffer has object references: O, also inside a struct, but not in a field's name."""
    return "O" in re.sub(":.*?:", "", buffer_format)


def as_info(raw: tuple[Any, ...]) -> ChannelInfo:
    """A snapshot of a channel as the core gives it, with its times in seconds [OBS-2]."""
    name, capacity, size, waiting, sends, receives, shut, sending, receiving, *counts = raw
    return ChannelInfo(
        name=as_text(name),
        config=ChannelConfig(capacity, size),
        waiting=waiting,
        producer_open=bool(sends),
        consumer_open=bool(receives),
        shut=bool(shut),
        producer_sleeps=None if sending < 0 else sending / 10**9,
        consumer_sleeps=None if receiving < 0 else receiving / 10**9,
        producer=ProducerStats(*counts[:3]),
        consumer=ConsumerStats(*counts[3:]),
    )


# ---- logs [OBS-3] ----

_DEBUG = 10
_loggers: dict[str, Any] = {}


def debug_logger(name: str) -> Any:
    """The logger of that name if it is enabled for DEBUG, else None.

    Whoever enables one has imported `logging`; nobody else needs it.
    """
    # No `get`: without a GIL it takes the dictionary's lock, with which a daemon thread may stay at exit [LIF-11].
    if name in _loggers:
        logger = _loggers[name]
    elif "logging" in sys.modules:
        get = getattr(sys.modules["logging"], "getLogger", None)  # another thread may be importing it
        if get is None:
            return None
        logger = _loggers[name] = get(name)
    else:
        return None
    return logger if logger.isEnabledFor(_DEBUG) else None


def log_end(side: str, name: bytes, inherited: bool, how: str) -> None:
    """Log how a handle has ended."""
    logger = debug_logger("fast_impl.channel")
    if logger is not None:
        logger.debug(words.ENDED, side, as_text(name), words.BY_FORK if inherited else how)


# ---- errors ----

CONCURRENT_USE = -1
PINNED = -2
EXPIRED = -4
RESERVED = -5
NO_DESCRIPTOR = -7


def refuse(code: int, side: str, name: bytes) -> NoReturn:
    """Raise what a negative code of the core means for a call on one side of a channel."""
    channel = repr(as_text(name))
    if code == CONCURRENT_USE:
        raise ConcurrentUseError(
            f"another call is inside the {side} of channel {channel}: one at a time may be, from whichever thread"
        )
    if code == PINNED:
        raise BufferError(
            f"the {side} of channel {channel} holds as many messages with a live export (a memoryview, an array) as "
            "its capacity: release one of them, or copy with bytes(message)"
        )
    raise SystemError(f"the core answered {code} for the {side} of channel {channel}")


def undetached(code: int, side: str, name: bytes) -> NoReturn:
    """Raise why a handle cannot be detached [LIF-10]."""
    if code == EXPIRED:
        raise ValueError(f"the {side} cannot be detached: it is closed, or was moved from or detached")
    channel = repr(as_text(name))
    if code == RESERVED:
        raise BufferError(f"the {side} of channel {channel} has a reservation outstanding: commit or roll back first")
    if code == PINNED:
        raise BufferError(
            f"the {side} of channel {channel} has a live export of a message (a memoryview, an array) or a native "
            "handle: let go of each first"
        )
    refuse(code, side, name)


def no_descriptor(code: int, errno: int, side: str, name: bytes) -> NoReturn:
    """Raise why `fileno` has no descriptor to give; `errno` where the system had none [WAI-3]."""
    if code == EXPIRED:
        raise words.no_descriptor(side)
    if code == NO_DESCRIPTOR:
        raise OSError(errno, os.strerror(errno))
    refuse(code, side, name)


Snapshot = tuple[bytes, bool, bool, bool, bool, bool, int, int, int]
"""How a handle stands, of the side that it is: the channel's name; whether it was moved from, is from before a fork, is
open; whether its peer is open, and the channel shut down; capacity, max_message_size, messages waiting."""


def _handle_state(snapshot: Snapshot) -> words.HandleState:
    _, moved, inherited, is_open, peer_is_open, shut, *_ = snapshot
    for found, handle_state in (
        (moved, words.HandleState.MOVED), (inherited, words.HandleState.INHERITED),
        (not is_open, words.HandleState.CLOSED), (not peer_is_open, words.HandleState.ALONE),
        (shut, words.HandleState.SHUT),
    ):  # fmt: skip
        if found:
            return handle_state
    return words.HandleState.OPEN


def represent(side: str, snapshot: Snapshot) -> str:
    """The repr of a handle [OBS-1]."""
    return words.handle(side, as_text(snapshot[0]), _handle_state(snapshot), snapshot[6], snapshot[8])


def closed(side: str, snapshot: Snapshot) -> ChannelClosedError:
    """What a call on a closed channel raises."""
    return words.closed(side, as_text(snapshot[0]), _handle_state(snapshot))


def unsent(result: PushResult, size: int, snapshot: Snapshot, sent: int | None = None) -> NoReturn:
    """Raise, for `send`, what any result but SUCCESS means; with `sent`, for `send_many`."""
    if sent is not None:
        send_many_stopped(_why_unsent(result, size, snapshot), sent)
    raise _why_unsent(result, size, snapshot)


def _why_unsent(result: PushResult, size: int, snapshot: Snapshot) -> Exception:
    if result is PushResult.TIMEOUT:
        return words.no_slot(as_text(snapshot[0]))
    if result is PushResult.CHANNEL_CLOSED:
        return closed("producer", snapshot)
    return words.wrong_size(as_text(snapshot[0]), size, snapshot[7])


def unreceived(result: PopResult, snapshot: Snapshot) -> NoReturn:
    """Raise, for `receive` and `receive_many`, what any result but SUCCESS means."""
    raise closed("consumer", snapshot) if result is PopResult.CHANNEL_CLOSED else words.no_message(as_text(snapshot[0]))


def bad_element(error: Exception, index: int) -> NoReturn:
    """Raise, for `batch_push`, what converting element `index` raised, saying which it was [ARG-1]."""
    usual = next((kind for kind in (TypeError, ValueError, BufferError) if isinstance(error, kind)), None)
    raise error if usual is None else usual(f"element {index}: {error}") from None


def send_many_stopped(error: Exception, sent: int) -> NoReturn:
    """Raise, for `send_many`, the subclass of what `send` raised that says how many were sent [WAI-5]."""
    raise (not_all_sent(error, sent) if isinstance(error, SEND_ERRORS) else error) from None


def expired() -> NoReturn:
    """Raise what reading a message too late means [MSG-2]."""
    raise MessageExpiredError("the message has expired: its consumer has popped again or is closed")


def ended() -> NoReturn:
    """Raise what using a reservation too late means [RSV-6]."""
    raise ValueError("the reservation has ended: it was committed, rolled back, dropped or closed")


def held() -> NoReturn:
    """Raise what a live export of the region means for `commit` and `rollback` [RSV-7]."""
    raise BufferError(
        "an export of the reserved region (a slice, an array) is alive, and writing through it later "
        "would tear the message; release it first"
    )
