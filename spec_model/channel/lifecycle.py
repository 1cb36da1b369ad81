"""The lifecycle of both endpoints: close, move, shutdown (§2.2, §4.2, §5.5, §6.5)."""

from __future__ import annotations

from dataclasses import replace

from spec_model.channel.value import Channel, Refused, Side, well_formed

__all__ = [
    "close_consumer",
    "close_producer",
    "detach_consumer",
    "detach_producer",
    "is_abandoned",
    "move_consumer",
    "move_producer",
    "shut",
    "well_formed",
]


def close_producer(channel: Channel) -> Channel:
    """Close the producer (§5.5).

    Precondition: none; closing twice is fine [LIF-1], and so is closing a moved-from handle.
    Effect: the producer is closed and its reservation dropped [RSV-6]; what was sent
        still waits for the consumer [LIF-2]; the statistics stay what they are [LIF-5].
    Result: the channel.

    pre: well_formed(channel)
    post: well_formed(__return__)
    post: __return__.waiting == channel.waiting and __return__.sent == channel.sent
    """
    if channel.producer is not Side.LIVE:
        return channel  # LIF-1
    return replace(channel, producer=Side.CLOSED, reserved=False)  # LIF-1, RSV-6


def close_consumer(channel: Channel) -> Channel:
    """Close the consumer (§6.5).

    Precondition: none; closing twice is fine [LIF-1], and so is closing a moved-from handle.
    Effect: the consumer is closed, and its messages have expired [MSG-1]; exports stay
        valid [MSG-3]; the statistics stay what they are [LIF-5].
    Result: the channel.

    pre: well_formed(channel)
    post: well_formed(__return__)
    post: __return__.waiting == channel.waiting and __return__.received == channel.received
    """
    if channel.consumer is not Side.LIVE:
        return channel  # LIF-1
    return replace(channel, consumer=Side.CLOSED, held=0)  # LIF-1, MSG-1


def move_producer(channel: Channel) -> tuple[Channel, Channel]:
    """Transfer everything a producer has to a new handle (§2.2).

    Precondition: none; moving an inactive handle gives another inactive one.
    Effect: none on the channel: the peer notices nothing [LIF-3].
    Result: the channel as the new handle sees it, and as the moved-from one sees it for good.

    pre: well_formed(channel)
    post: __return__[0] == channel and __return__[1].producer is not Side.LIVE
    """
    return channel, replace(channel, producer=Side.MOVED)


def move_consumer(channel: Channel) -> tuple[Channel, Channel]:
    """Transfer everything a consumer has to a new handle (§2.2).

    Precondition: none; moving an inactive handle gives another inactive one.
    Effect: none on the channel: the peer notices nothing [LIF-3].
    Result: the channel as the new handle sees it, and as the moved-from one sees it for good.

    pre: well_formed(channel)
    post: __return__[0] == channel and __return__[1].consumer is not Side.LIVE
    """
    return channel, replace(channel, consumer=Side.MOVED)


def detach_producer(channel: Channel) -> tuple[Channel, Refused | None]:
    """Let go of the producer, for whoever attaches its token.

    Precondition: the producer is live.
    Effect: none on the channel: the peer notices nothing [LIF-10].
    Result: refused with a reservation outstanding.

    pre: well_formed(channel) and channel.producer is Side.LIVE
    post: __return__ == (channel, Refused.BY_RESERVATION if channel.reserved else None)
    """
    return channel, Refused.BY_RESERVATION if channel.reserved else None


def detach_consumer(channel: Channel) -> tuple[Channel, Refused | None]:
    """Let go of the consumer, for whoever attaches its token.

    Precondition: the consumer is live.
    Effect: messages of the last pop expire [LIF-10]; nothing, where it is refused.
    Result: refused with an export of a popped message alive.

    pre: well_formed(channel) and channel.consumer is Side.LIVE
    post: well_formed(__return__[0]) and __return__[0].waiting == channel.waiting
    post: __return__[1] is None or __return__[0] == channel
    """
    if channel.exported:
        return channel, Refused.BY_EXPORT
    return replace(channel, held=0), None


def shut(channel: Channel) -> Channel:
    """Close both endpoints of a channel whose handles are still alive (§4.2).

    Precondition: none; shutting twice is fine.
    Effect: nothing more can be sent; what was sent can still be drained [SHD-1].
    Result: the channel.

    pre: well_formed(channel)
    post: well_formed(__return__)
    post: __return__.waiting == channel.waiting
    """
    return replace(channel, shut=True)


def is_abandoned(channel: Channel) -> bool:
    """Whether both handles are gone, so that the name is free [BRK-8].

    Precondition: none.
    Effect: none.
    Result: true when neither handle is live.
    """
    return channel.producer is not Side.LIVE and channel.consumer is not Side.LIVE
