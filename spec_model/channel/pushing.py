"""Pushing: the producer publishes a copy of the caller's bytes (§5.1, §5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spec_model.channel.value import Blocked, Channel, Side, well_formed
from spec_model.vocabulary import ProducerStats, PushResult

__all__ = ["batch_push", "blocking_push", "push_timed_out", "try_push", "wait", "well_formed"]


def try_push(channel: Channel, data: bytes) -> tuple[Channel, PushResult]:
    """Publish `data` if there is a free slot (§5.2).

    Precondition: none; every state has an answer.
    Effect: on SUCCESS, `data` waits behind the others [POP-2] and is counted as sent;
        CHANNEL_CLOSED on an active handle is counted as failed [STA-1]; nothing else changes.
    Result: the first of these that applies [PSH-1]
        CHANNEL_CLOSED: the handle is inactive;
        INVALID_SIZE: `data` is empty or longer than max_message_size;
        CHANNEL_CLOSED: the consumer is gone, or the channel is shut;
        QUEUE_FULL: a reservation is outstanding, or `capacity` messages wait [PSH-2];
        SUCCESS.

    pre: well_formed(channel)
    post: well_formed(__return__[0])
    post: __return__[1] is not PushResult.TIMEOUT
    post: bool(__return__[1]) == (__return__[0].waiting == channel.waiting + (data,))
    post: bool(__return__[1]) == (__return__[0].sent.messages_sent == channel.sent.messages_sent + 1)
    """
    if channel.producer is not Side.LIVE:
        return channel, PushResult.CHANNEL_CLOSED  # LIF-4
    if not 0 < len(data) <= channel.config.max_message_size:
        return channel, PushResult.INVALID_SIZE
    if channel.consumer is not Side.LIVE or channel.shut:
        return _failed(channel), PushResult.CHANNEL_CLOSED  # LIF-2, SHD-1
    if channel.reserved or channel.free_slots == 0:
        return channel, PushResult.QUEUE_FULL
    return publish(channel, data), PushResult.SUCCESS


def blocking_push(channel: Channel, data: bytes) -> tuple[Channel, PushResult | Blocked]:
    """Publish `data`, waiting for a free slot where there is none (§5.1).

    Precondition: none; every state has an answer.
    Effect: that of `try_push`; TIMEOUT is counted as failed [STA-1]; Blocked changes nothing.
    Result: that of `try_push`, but where that is QUEUE_FULL [PSH-4]
        TIMEOUT: a reservation is outstanding, for only this thread could free that slot [PSH-5];
        Blocked.FOR_SPACE: otherwise. When the time is up, `push_timed_out` ends the call.

    pre: well_formed(channel)
    post: well_formed(__return__[0])
    post: __return__[1] is not PushResult.QUEUE_FULL
    post: __return__[1] is not Blocked.FOR_SPACE or __return__[0] == channel
    """
    after, result = try_push(channel, data)
    if result is not PushResult.QUEUE_FULL:
        return after, result
    if channel.reserved:
        return push_timed_out(channel)
    return channel, Blocked.FOR_SPACE


def wait(channel: Channel) -> PushResult | Blocked:
    """Wait until a push of a valid size would find something other than QUEUE_FULL.

    Precondition: none; every state has an answer.
    Effect: none: it counts nothing [WAI-1].
    Result: the first of these that applies
        CHANNEL_CLOSED: the handle is inactive, the consumer is gone, or the channel is shut;
        TIMEOUT: a reservation is outstanding, for only this thread could free that slot [PSH-5];
        SUCCESS: a slot is free;
        Blocked.FOR_SPACE, which becomes TIMEOUT when the time is up.

    pre: well_formed(channel)
    post: __return__ is not PushResult.QUEUE_FULL and __return__ is not PushResult.INVALID_SIZE
    post: (__return__ is PushResult.SUCCESS) == bool(try_push(channel, b"data")[1])
    """
    _, result = blocking_push(channel, b"x")  # some message of a valid size
    return result  # WAI-1


def push_timed_out(channel: Channel) -> tuple[Channel, PushResult]:
    """End a `blocking_push` whose time is up (§5.1).

    Precondition: the call was blocked.
    Effect: counted as failed [STA-1].
    Result: TIMEOUT [PSH-4].

    pre: well_formed(channel)
    post: well_formed(__return__[0])
    """
    return _failed(channel), PushResult.TIMEOUT


def batch_push(channel: Channel, messages: Sequence[bytes]) -> tuple[Channel, int]:
    """Publish messages in order for as long as each goes through (§5.2).

    Precondition: none; every state has an answer.
    Effect: that of `try_push` on each in turn, up to the first that does not answer
        SUCCESS; that one changes nothing and counts as no failure [STA-1].
    Result: how many were published [PSH-6]; 0 on an inactive handle [LIF-4].

    pre: well_formed(channel)
    pre: len(messages) <= 3
    post: well_formed(__return__[0])
    post: 0 <= __return__[1] <= len(messages)
    post: __return__[0].waiting == channel.waiting + tuple(messages[: __return__[1]])
    """
    pushed = 0
    for data in messages:
        after, result = try_push(channel, data)
        if result is not PushResult.SUCCESS:
            break
        channel = after
        pushed += 1
    return channel, pushed  # PSH-6


def publish(channel: Channel, data: bytes) -> Channel:
    """The channel with one more message waiting, counted as sent [STA-1]."""
    sent = channel.sent
    return replace(
        channel,
        waiting=(*channel.waiting, data),
        sent=ProducerStats(sent.messages_sent + 1, sent.bytes_sent + len(data), sent.failed_pushes),
    )


def _failed(channel: Channel) -> Channel:
    """The channel with one more failed push counted [STA-1]."""
    return replace(channel, sent=channel.sent._replace(failed_pushes=channel.sent.failed_pushes + 1))
