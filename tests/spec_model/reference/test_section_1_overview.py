"""§1 of the API reference: Overview."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType


def test_1_quick_start(omni: ModuleType, together: Callable[..., None]) -> None:
    """A channel requested of the singleton carries a message from one thread to another."""
    broker = omni.MailboxBroker.instance()
    error, channel = broker.request_channel("my-channel-of-1", omni.ChannelConfig(capacity=2048, max_message_size=4096))
    assert error is omni.ChannelError.SUCCESS
    received = []

    def producer_thread() -> None:
        assert channel.producer.try_push(bytes([1, 2, 3, 4])) is omni.PushResult.SUCCESS

    def consumer_thread() -> None:
        result, message = channel.consumer.blocking_pop()
        if result is omni.PopResult.SUCCESS:
            received.append(bytes(message.data))

    together(producer_thread, consumer_thread)
    channel.close()
    assert received == [bytes([1, 2, 3, 4])]
