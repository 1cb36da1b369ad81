"""What both bindings raise, in the same words."""

from __future__ import annotations

from typing import NoReturn

from spec_model.errors import ChannelClosedError, ConcurrentUseError, MessageExpiredError
from spec_model.vocabulary import PopResult, PushResult

CONCURRENT_USE = -1
PINNED = -2


def refuse(code: int) -> NoReturn:
    """Raise what a negative code of the core means."""
    if code == CONCURRENT_USE:
        raise ConcurrentUseError("another thread is inside this handle; one thread at a time may use it")
    if code == PINNED:
        raise BufferError(
            "a message waits, but an export of the message `capacity` before it is alive; release that view first"
        )
    raise SystemError(f"the core answered {code}")


def unsent(result: PushResult, size: int, most: int) -> NoReturn:
    """Raise, for `send`, what any result but SUCCESS means."""
    if result is PushResult.TIMEOUT:
        raise TimeoutError("no slot became free in time")
    if result is PushResult.CHANNEL_CLOSED:
        raise ChannelClosedError("the channel is closed: nobody receives")
    raise ValueError(f"a message has 1 to {most} bytes, not {size}")


def unreceived(result: PopResult) -> NoReturn:
    """Raise, for `receive`, what any result but SUCCESS means."""
    if result is PopResult.TIMEOUT:
        raise TimeoutError("no message came in time")
    raise ChannelClosedError("the channel is closed and drained")


def expired() -> NoReturn:
    """Raise what reading a message too late means [MSG-2]."""
    raise MessageExpiredError("the message has expired: its consumer has popped again or is closed")


def ended() -> NoReturn:
    """Raise what using a reservation too late means [RSV-6]."""
    raise ValueError("the reservation has ended: it was committed, rolled back, dropped or closed")


def held() -> NoReturn:
    """Raise what a reservation that others still look at means for `commit` and `rollback` [RSV-7]."""
    raise BufferError(
        "an export of the reserved region (a slice, an array) is alive, and writing through it later "
        "would tear the message; release it first"
    )
