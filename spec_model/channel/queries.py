"""The queries of a handle (§5.4, §6.4). None changes the channel."""

from __future__ import annotations

from spec_model.channel.value import Channel, Side, well_formed
from spec_model.config import ChannelConfig
from spec_model.vocabulary import ConsumerStats, ProducerStats
from spec_model.words import HandleState

__all__ = [
    "available_messages",
    "available_slots",
    "consumer_stats",
    "get_config",
    "handle_state",
    "is_connected",
    "producer_stats",
    "well_formed",
]


def is_connected(channel: Channel) -> bool:
    """Whether this handle is active and its peer there (§5.4, §6.4).

    Precondition: none.
    Effect: none.
    Result: true when both sides are live and the channel is not shut [SHD-1, LIF-4].

    post: not __return__ or (channel.producer is Side.LIVE and channel.consumer is Side.LIVE)
    """
    return channel.producer is Side.LIVE and channel.consumer is Side.LIVE and not channel.shut


def get_config(channel: Channel, handle: Side) -> ChannelConfig:
    """The normalised configuration (§5.4, §6.4), as a handle in state `handle` reports it.

    Precondition: none.
    Effect: none.
    Result: the configuration [BRK-2], also after the close; zeros for a moved-from handle [LIF-5].

    post: __return__ in (channel.config, ChannelConfig(0, 0))
    """
    return ChannelConfig(0, 0) if handle is Side.MOVED else channel.config


def available_slots(channel: Channel) -> int:
    """How many messages could be pushed before the queue is full (§5.4).

    Precondition: none.
    Effect: none.
    Result: capacity less the messages waiting [STA-3]; 0 for an inactive handle [LIF-4].

    pre: well_formed(channel)
    post: 0 <= __return__ <= channel.config.capacity
    """
    return channel.free_slots if channel.producer is Side.LIVE else 0


def available_messages(channel: Channel) -> int:
    """How many messages wait (§6.4).

    Precondition: none.
    Effect: none.
    Result: their number [STA-3]; 0 for an inactive handle [LIF-4].

    pre: well_formed(channel)
    post: 0 <= __return__ <= channel.config.capacity
    """
    return len(channel.waiting) if channel.consumer is Side.LIVE else 0


def producer_stats(channel: Channel) -> ProducerStats:
    """The producer's counters (§5.4).

    Precondition: none.
    Effect: none.
    Result: the counters [STA-1], also after the close; zeros for a moved-from handle [LIF-5].
    """
    return ProducerStats() if channel.producer is Side.MOVED else channel.sent


def consumer_stats(channel: Channel) -> ConsumerStats:
    """The consumer's counters (§6.4).

    Precondition: none.
    Effect: none.
    Result: the counters [STA-2], also after the close; zeros for a moved-from handle [LIF-5].
    """
    return ConsumerStats() if channel.consumer is Side.MOVED else channel.received


def handle_state(channel: Channel, handle: Side, peer: Side) -> HandleState:
    """How a handle in state `handle` stands, whose peer is in state `peer`.

    Precondition: none.
    Effect: none.
    Result: the first of these that applies [OBS-1]
        MOVED or CLOSED: the handle is inactive;
        ALONE: its peer is closed;
        SHUT: the channel was shut down;
        OPEN.

    post: (__return__ is HandleState.MOVED) == (handle is Side.MOVED)
    post: __return__ is not HandleState.OPEN or (handle is Side.LIVE and peer is Side.LIVE and not channel.shut)
    """
    if handle is not Side.LIVE:
        return HandleState.MOVED if handle is Side.MOVED else HandleState.CLOSED
    if peer is not Side.LIVE:
        return HandleState.ALONE
    return HandleState.SHUT if channel.shut else HandleState.OPEN
