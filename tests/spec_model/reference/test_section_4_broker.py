"""§4 of the API reference: MailboxBroker API."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any


def test_4_1_instance(omni: ModuleType) -> None:
    """There is one global broker."""
    assert omni.MailboxBroker.instance() is omni.MailboxBroker.instance()


def test_4_1_instance_from_every_thread(omni: ModuleType, together: Callable[..., None]) -> None:
    """It is the same one from every thread [BRK-1]."""
    seen: list[Any] = []
    together(*[lambda: seen.append(omni.MailboxBroker.instance())] * 8)
    assert len(seen) == 8
    assert all(broker is seen[0] for broker in seen)


def test_4_2_request_channel_basic_usage(omni: ModuleType, broker: Any) -> None:
    """SUCCESS comes with a pair of connected handles."""
    error, channel = broker.request_channel("my-channel")
    assert error is omni.ChannelError.SUCCESS
    producer, consumer = channel
    assert producer.is_connected()
    assert consumer.is_connected()


def test_4_2_request_channel_error_handling(omni: ModuleType, broker: Any) -> None:
    """Each error has a result code of its own, and brings no channel."""
    config = omni.ChannelConfig(capacity=2048, max_message_size=4096)
    error, channel = broker.request_channel("data-feed", config)
    assert error is omni.ChannelError.SUCCESS
    assert channel is not None
    assert broker.request_channel("data-feed", config) == (omni.ChannelError.NAME_EXISTS, None)
    assert broker.request_channel("", config) == (omni.ChannelError.INVALID_CONFIG, None)

    limited = omni.MailboxBroker(memory_limit=2048 * 4096 - 1)
    assert limited.request_channel("data-feed", config) == (omni.ChannelError.ALLOCATION_FAILED, None)


def test_4_2_request_channel_unique_names(omni: ModuleType, broker: Any) -> None:
    """Channels with names of their own live side by side, their handles moved out of the pairs."""
    producers, consumers = [], []
    for number in range(10):
        error, channel = broker.request_channel(f"channel-{number}")
        if error is omni.ChannelError.SUCCESS:
            producers.append(channel.producer.move())
            consumers.append(channel.consumer.move())
    assert len(producers) == len(consumers) == 10
    for number, producer in enumerate(producers):
        assert producer.try_push(b"to %d" % number)
    assert [bytes(consumer.try_pop()[1]) for consumer in consumers] == [b"to %d" % number for number in range(10)]


def test_4_2_has_channel(omni: ModuleType, broker: Any) -> None:
    """A channel exists from its request on, not before."""
    assert not broker.has_channel("my-channel")
    error, channel = broker.request_channel("my-channel")
    assert error is omni.ChannelError.SUCCESS
    assert broker.has_channel("my-channel")
    channel.close()


def test_4_2_remove_channel(omni: ModuleType, broker: Any) -> None:
    """With its last handle a channel removes itself, and `remove_channel` finds nothing left to do."""
    error, channel = broker.request_channel("temp")
    assert error is omni.ChannelError.SUCCESS
    with channel:
        assert broker.remove_channel("temp") is False  # handles still alive
    assert not broker.has_channel("temp")
    assert broker.remove_channel("temp") is False  # already removed


def test_4_2_get_stats(omni: ModuleType, broker: Any) -> None:
    """The broker counts channels, and the messages and bytes of all of them."""
    _, first = broker.request_channel("first")
    _, second = broker.request_channel("second")
    first.producer.try_push(b"four")
    second.producer.try_push(b"sixsix")
    first.close()
    stats = broker.get_stats()
    assert stats.active_channels == 1
    assert stats.total_channels_created == 2
    assert stats.total_messages_sent == 2
    assert stats.total_bytes_transferred == 10
    second.close()


def test_4_2_shutdown_sequence(omni: ModuleType, broker: Any, together: Callable[..., None]) -> None:
    """Threads end, their handles with them, and then `shutdown` does not wait."""
    shutdown_flag = threading.Event()
    _, channel = broker.request_channel("work")
    producer, consumer = channel

    def send() -> None:
        with producer:
            while not shutdown_flag.is_set():
                if producer.try_push(b"work") is omni.PushResult.QUEUE_FULL:
                    shutdown_flag.set()

    def receive() -> None:
        with consumer:
            while consumer.blocking_pop(timeout=10)[0] is omni.PopResult.SUCCESS:
                pass

    def stop() -> None:
        shutdown_flag.set()

    together(send, receive, stop)
    assert broker.shutdown() is True
    assert broker.get_stats().active_channels == 0


def test_4_3_explicit_lifetime(omni: ModuleType, broker: Any) -> None:
    """A handle kept for the whole program is ended explicitly."""
    kept = {}

    def init() -> None:
        _, channel = broker.request_channel("good")
        kept["producer"] = channel.producer.move()

    def cleanup() -> None:
        kept.pop("producer").close()

    init()
    assert broker.has_channel("good")  # the pair's consumer is gone, the producer was moved out in time
    cleanup()
    assert not broker.has_channel("good")


def test_4_3_signal_handler_sets_a_flag(omni: ModuleType, broker: Any) -> None:
    """A signal handler sets a flag, and the main thread shuts down when it sees it."""
    _, channel = broker.request_channel("signals")
    requested: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: requested.append(number))
    try:
        processed = 0
        while not requested:
            channel.producer.try_push(b"message")
            processed += len(channel.consumer.batch_pop(8)[1])
            if processed == 100:
                signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    channel.close()
    assert processed == 100
    assert broker.shutdown() is True
