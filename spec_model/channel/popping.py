"""Popping: the consumer takes messages and may read them until its next pop (§6.1 to §6.3)."""

from __future__ import annotations

from dataclasses import replace

from spec_model.channel.value import Blocked, Channel, Refused, Side, well_formed
from spec_model.vocabulary import ConsumerStats, PopResult

__all__ = [
    "batch_pop",
    "blocking_pop",
    "pop_timed_out",
    "release_export",
    "take_export",
    "try_pop",
    "wait",
    "well_formed",
]


def try_pop(channel: Channel) -> tuple[Channel, PopResult | Refused, tuple[bytes, ...]]:
    """Take the oldest message if one waits (§6.3).

    Precondition: none; every state has an answer.
    Effect: on an active handle, messages popped earlier have expired [MSG-1]. On
        SUCCESS, the oldest message is taken, counted as received [STA-2], and its slot
        is free at once [POP-3]; CHANNEL_CLOSED on an active handle is counted as failed.
    Result: the first of these that applies [POP-1], with the messages taken
        CHANNEL_CLOSED: the handle is inactive;
        Refused.BY_EXPORT: a message waits, but `capacity` earlier ones have a live export [MSG-3];
        SUCCESS: a message waits;
        CHANNEL_CLOSED: the producer is gone, or the channel is shut, and all is drained;
        EMPTY.

    pre: well_formed(channel)
    post: well_formed(__return__[0])
    post: __return__[1] is not PopResult.TIMEOUT
    post: __return__[2] + __return__[0].waiting == channel.waiting
    post: (len(__return__[2]) == 1) == (__return__[1] is PopResult.SUCCESS)
    post: __return__[1] is not PopResult.CHANNEL_CLOSED or channel.consumer is not Side.LIVE or not channel.waiting
    post: __return__[1] is not Refused.BY_EXPORT or __return__[0] == replace(channel, held=0)
    post: __return__[1] is not Refused.BY_EXPORT or len(channel.exported) == channel.config.capacity
    """
    return _take(channel, 1)


def blocking_pop(channel: Channel) -> tuple[Channel, PopResult | Refused | Blocked, tuple[bytes, ...]]:
    """Take the oldest message, waiting for one where there is none (§6.2).

    Precondition: none; every state has an answer.
    Effect: that of `try_pop`.
    Result: that of `try_pop`, but where that is EMPTY, Blocked.FOR_MESSAGE [POP-4]. When
        the time is up, `pop_timed_out` ends the call.

    pre: well_formed(channel)
    post: well_formed(__return__[0])
    post: __return__[1] is not PopResult.EMPTY
    post: __return__[2] + __return__[0].waiting == channel.waiting
    """
    after, result, taken = _take(channel, 1)
    return after, Blocked.FOR_MESSAGE if result is PopResult.EMPTY else result, taken


def batch_pop(channel: Channel, max_count: int) -> tuple[Channel, PopResult | Refused | Blocked, tuple[bytes, ...]]:
    """Take up to `max_count` messages, waiting for the first where there is none (§6.3).

    Precondition: max_count >= 0.
    Effect: that of `try_pop`, with as many messages as wait, as `max_count` asks for and
        as exports allow [MSG-3]. With `max_count` 0, nothing at all [MSG-5].
    Result: the first of these that applies [POP-5]
        CHANNEL_CLOSED: the handle is inactive;
        EMPTY: `max_count` is 0;
        that of `blocking_pop`: Blocked.FOR_MESSAGE becomes EMPTY with a timeout of 0,
        and `pop_timed_out` where the time is up. It never waits for more than the first.

    pre: well_formed(channel)
    pre: max_count >= 0
    post: well_formed(__return__[0])
    post: __return__[2] + __return__[0].waiting == channel.waiting
    post: len(__return__[2]) <= min(max_count, channel.config.capacity - len(channel.exported))
    post: max_count > 0 or __return__[0] == channel
    """
    if channel.consumer is Side.LIVE and max_count == 0:
        return channel, PopResult.EMPTY, ()
    after, result, taken = _take(channel, max_count)
    return after, Blocked.FOR_MESSAGE if result is PopResult.EMPTY else result, taken


def wait(channel: Channel) -> PopResult | Blocked:
    """Wait until a pop would find something other than EMPTY.

    Precondition: none; every state has an answer.
    Effect: none: it takes, expires and counts nothing [WAI-1].
    Result: the first of these that applies
        CHANNEL_CLOSED: the handle is inactive;
        SUCCESS: a message waits;
        CHANNEL_CLOSED: the producer is gone, or the channel is shut, and all is drained;
        Blocked.FOR_MESSAGE, which becomes TIMEOUT when the time is up.

    pre: well_formed(channel)
    post: __return__ is not PopResult.EMPTY and __return__ is not PopResult.TIMEOUT
    post: (__return__ is PopResult.SUCCESS) == (channel.consumer is Side.LIVE and len(channel.waiting) > 0)
    post: (__return__ is Blocked.FOR_MESSAGE) == (try_pop(channel)[1] is PopResult.EMPTY)
    """
    _, result, _ = blocking_pop(replace(channel, exported=()))  # what waits, not what may be taken
    assert not isinstance(result, Refused)
    return result  # WAI-1


def pop_timed_out(channel: Channel) -> tuple[Channel, PopResult]:
    """End a `blocking_pop` or `batch_pop` whose time is up (§6.2).

    Precondition: the call was blocked.
    Effect: counted as failed [STA-2].
    Result: TIMEOUT [POP-4].

    pre: well_formed(channel)
    post: well_formed(__return__[0])
    """
    return _failed(channel), PopResult.TIMEOUT


def is_readable(channel: Channel, number: int) -> bool:
    """Whether popped message `number` can be read (§6.1).

    Precondition: none.
    Effect: none.
    Result: true from its pop to the next pop call on that consumer, or its close [MSG-1, MSG-2].
    """
    popped = channel.received.messages_received
    return channel.consumer is Side.LIVE and popped - channel.held <= number < popped


def take_export(channel: Channel, number: int) -> Channel:
    """Record that an export of popped message `number` is alive (§6.1).

    Precondition: the message can be read.
    Effect: once a later pop has come, it counts against what pops may take, until `release_export` [MSG-3].
    Result: the channel.

    pre: well_formed(channel) and is_readable(channel, number)
    post: well_formed(__return__)
    """
    return replace(channel, exported=tuple(sorted({*channel.exported, number})))


def release_export(channel: Channel, number: int) -> Channel:
    """Record that the last export of message `number` is gone (§6.1).

    Precondition: none.
    Effect: it counts no more [MSG-3].
    Result: the channel.

    pre: well_formed(channel)
    post: well_formed(__return__)
    """
    return replace(channel, exported=tuple(other for other in channel.exported if other != number))


def _take(channel: Channel, at_most: int) -> tuple[Channel, PopResult | Refused, tuple[bytes, ...]]:
    """The body of every pop [POP-1]: expire, then take from the front as many as may be held beside exports.

    It is one step: an answer that is not given has taken nothing [POP-6].
    """
    if channel.consumer is not Side.LIVE:
        return channel, PopResult.CHANNEL_CLOSED, ()  # LIF-4
    channel = replace(channel, held=0)  # MSG-1
    count = min(at_most, len(channel.waiting), channel.config.capacity - len(channel.exported))  # MSG-3
    if count > 0:
        taken = channel.waiting[:count]
        received = ConsumerStats(
            channel.received.messages_received + count,
            channel.received.bytes_received + sum(map(len, taken)),
            channel.received.failed_pops,
        )
        after = replace(channel, waiting=channel.waiting[count:], held=count, received=received)
        return after, PopResult.SUCCESS, taken
    if channel.waiting:
        return channel, Refused.BY_EXPORT, ()  # MSG-3
    if channel.producer is not Side.LIVE or channel.shut:
        return _failed(channel), PopResult.CHANNEL_CLOSED, ()  # LIF-2, SHD-1
    return channel, PopResult.EMPTY, ()


def _failed(channel: Channel) -> Channel:
    """The channel with one more failed pop counted [STA-2]."""
    return replace(channel, received=channel.received._replace(failed_pops=channel.received.failed_pops + 1))
