"""A call that nobody could ever end says so instead of hanging: in one thread, waiting is in vain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import spec_model as omni

CALLS: dict[str, tuple[Callable[[Any], object], str]] = {
    "blocking_push": (lambda channel: channel.producer.blocking_push(b"x"), "a free slot"),
    "send": (lambda channel: channel.producer.send(b"x"), "a free slot"),
    "blocking_pop": (lambda channel: channel.consumer.blocking_pop(), "a message"),
    "batch_pop": (lambda channel: channel.consumer.batch_pop(4, timeout=None), "a message"),
    "receive": (lambda channel: channel.consumer.receive(), "a message"),
    "iteration": (lambda channel: next(iter(channel.consumer)), "a message"),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_wait_for_ever_is_an_error_that_says_for_what(call: str) -> None:
    """Nothing is counted, nothing changes, and the channel goes on working."""
    operation, awaited = CALLS[call]
    with omni.open_channel(capacity=8) as channel:
        if awaited == "a free slot":
            assert channel.producer.batch_push([b"x"] * 8) == 8
        before = channel.producer.get_stats(), channel.consumer.get_stats()
        with pytest.raises(omni.WouldBlockForever, match=awaited):
            operation(channel)
        assert (channel.producer.get_stats(), channel.consumer.get_stats()) == before
        if awaited == "a free slot":
            assert channel.consumer.receive() == b"x"
        channel.producer.send(b"y")


def test_a_shutdown_for_ever_is_an_error_where_handles_live() -> None:
    """It says what it waits for; the channel is shut all the same, and later there is nothing to wait for."""
    broker = omni.MailboxBroker()
    with omni.open_channel("held", broker=broker) as channel:
        with pytest.raises(omni.WouldBlockForever, match="handles to be closed"):
            broker.shutdown()
        assert not channel.producer.is_connected()
    assert broker.shutdown() is True


def test_a_wait_for_a_while_times_out_at_once() -> None:
    """A limited wait answers what it would have after that time, and does not spend it."""
    with omni.open_channel(capacity=8) as channel:
        assert channel.consumer.blocking_pop(timeout=3600.0)[0] is omni.PopResult.TIMEOUT
        assert channel.consumer.batch_pop(3, timeout=3600.0) == (omni.PopResult.TIMEOUT, [])
        channel.producer.batch_push([b"x"] * 8)
        assert channel.producer.blocking_push(b"x", timeout=3600.0) is omni.PushResult.TIMEOUT
