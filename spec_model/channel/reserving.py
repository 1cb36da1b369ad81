"""Reserving: the producer writes a message in place and then publishes it (§5.3)."""

from __future__ import annotations

from dataclasses import replace

from spec_model.channel.pushing import publish
from spec_model.channel.value import Blocked, Channel, Refused, Side, well_formed

__all__ = ["blocking_reserve", "commit", "reserve", "rollback", "well_formed"]


def reserve(channel: Channel, n: int) -> tuple[Channel, bool]:
    """Take the next free slot for writing in place (§5.3).

    Precondition: none; every state has an answer.
    Effect: where granted, a reservation is outstanding; the consumer sees nothing, and
        the number of free slots is unchanged [RSV-2].
    Result: whether it is granted: the handle is active, `n` is from 1 to max_message_size,
        the consumer is there and the channel not shut, no reservation is outstanding, and
        a slot is free [RSV-1]. The region granted has exactly max_message_size bytes [RSV-2].

    pre: well_formed(channel)
    post: well_formed(__return__[0])
    post: __return__[0] == replace(channel, reserved=channel.reserved or __return__[1])
    """
    channel, answer = blocking_reserve(channel, n)
    return channel, answer is True


def blocking_reserve(channel: Channel, n: int) -> tuple[Channel, bool | Blocked]:
    """Take the next free slot for writing in place, waiting for one where there is none (§5.3).

    Precondition: none; every state has an answer.
    Effect: that of `reserve`; Blocked changes nothing.
    Result: that of `reserve`, but where only a free slot is missing, Blocked.FOR_SPACE
        [WAI-2], which becomes False when the time is up. With a reservation outstanding it
        is False at once, for only this thread could free that slot [PSH-5].

    pre: well_formed(channel)
    post: well_formed(__return__[0])
    post: __return__[0] == replace(channel, reserved=channel.reserved or __return__[1] is True)
    post: __return__[1] is not Blocked.FOR_SPACE or (channel.free_slots == 0 and not channel.reserved)
    """
    possible = (  # RSV-1
        channel.producer is Side.LIVE  # LIF-4
        and 0 < n <= channel.config.max_message_size
        and channel.consumer is Side.LIVE  # LIF-2
        and not channel.shut  # SHD-1
        and not channel.reserved  # PSH-5
    )
    if not possible:
        return channel, False
    if channel.free_slots == 0:
        return channel, Blocked.FOR_SPACE  # WAI-2
    return replace(channel, reserved=True), True  # RSV-1


def commit(
    channel: Channel, region: bytes, n: int, offset: int = 0, exported: bool = False
) -> tuple[Channel, bool | Refused]:
    """Publish bytes [offset, offset + n) of the reserved region (§5.3).

    `exported` says whether an export of the region lives that commit cannot release.

    Precondition: `region` has max_message_size bytes.
    Effect: on True, the bytes wait as a message and are counted as sent [RSV-3, STA-1],
        and the reservation has ended. On False for a size out of range, the reservation
        stays; on False because nobody can receive, it is dropped [RSV-4]. A refusal
        changes nothing [RSV-7].
    Result: the first of these that applies
        False: the handle is inactive [LIF-4], or no reservation is outstanding [RSV-4];
        False: `n` is 0, or offset + n exceeds the region [RSV-4];
        Refused.BY_EXPORT: writing through that export later would tear the message [RSV-7];
        False: the consumer is gone, or the channel is shut [RSV-4];
        True.

    pre: well_formed(channel)
    pre: len(region) == channel.config.max_message_size and n >= 0 and offset >= 0
    post: well_formed(__return__[0])
    post: __return__[1] is not Refused.BY_EXPORT or __return__[0] == channel
    post: __return__[1] is not True or __return__[0].waiting[-1] == region[offset : offset + n]
    """
    if channel.producer is not Side.LIVE or not channel.reserved:
        return channel, False
    if n == 0 or offset + n > len(region):
        return channel, False
    if exported:
        return channel, Refused.BY_EXPORT
    channel = replace(channel, reserved=False)
    if channel.consumer is not Side.LIVE or channel.shut:
        return channel, False
    return publish(channel, region[offset : offset + n]), True  # RSV-3


def rollback(channel: Channel, exported: bool = False) -> tuple[Channel, Refused | None]:
    """Drop the reservation, if there is one (§5.3).

    Precondition: none; every state has an answer.
    Effect: no reservation is outstanding, the slot is free again, and nothing was sent
        [RSV-5]. Inactive or without a reservation: nothing [LIF-4]. A refusal changes nothing.
    Result: Refused.BY_EXPORT where an export of the region lives [RSV-7]; otherwise None.

    pre: well_formed(channel)
    post: well_formed(__return__[0])
    post: __return__[0].waiting == channel.waiting and __return__[0].sent == channel.sent
    """
    if channel.producer is not Side.LIVE or not channel.reserved:
        return channel, None  # RSV-5
    if exported:
        return channel, Refused.BY_EXPORT  # RSV-7
    return replace(channel, reserved=False), None  # RSV-5
