"""§7 of the API reference: Error Handling Guide."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any


def test_7_2_queue_full_drop(omni: ModuleType, channel: Any) -> None:
    """A message dropped on QUEUE_FULL leaves those in the queue as they are."""
    dropped = 0
    for number in range(10):
        if channel.producer.try_push(b"%d" % number) is omni.PushResult.QUEUE_FULL:
            dropped += 1
    assert dropped == 2
    assert [bytes(message) for message in channel.consumer.batch_pop(10)[1]] == [b"%d" % n for n in range(8)]


def test_7_2_queue_full_retry(omni: ModuleType, channel: Any) -> None:
    """Retried with a time limit, a push finds out that the consumer is too slow."""
    channel.producer.batch_push([b"message"] * 8)
    result = channel.producer.try_push(b"message")
    if result is omni.PushResult.QUEUE_FULL:
        result = channel.producer.blocking_push(b"message", 0.02)
    assert result is omni.PushResult.TIMEOUT


def test_7_2_queue_full_backpressure(omni: ModuleType, channel: Any) -> None:
    """A producer that tries again until there is space gets through when the consumer has popped."""
    channel.producer.batch_push([b"message"] * 8)
    refused = 0
    while channel.producer.try_push(b"last") is omni.PushResult.QUEUE_FULL:
        refused += 1
        if refused == 3:
            channel.consumer.try_pop()
    assert refused == 3
    assert bytes(channel.consumer.batch_pop(8)[1][-1]) == b"last"


def test_7_2_queue_empty(omni: ModuleType, channel: Any, together: Callable[..., None]) -> None:
    """Polling, a wait with a limit and a wait without one each get their message; the last then gets CHANNEL_CLOSED."""
    received = []

    def produce() -> None:
        with channel.producer as producer:
            for message in (b"polled", b"limited", b"unlimited"):
                producer.try_push(message)

    def consume() -> None:
        consumer = channel.consumer
        while (popped := consumer.try_pop())[0] is omni.PopResult.EMPTY:
            pass
        received.append(bytes(popped[1]))
        while (popped := consumer.blocking_pop(0.1))[0] is omni.PopResult.TIMEOUT:
            pass  # no message for 100 ms is normal
        received.append(bytes(popped[1]))
        while True:
            result, message = consumer.blocking_pop()
            if result is not omni.PopResult.SUCCESS:
                break
            received.append(bytes(message))
        assert result is omni.PopResult.CHANNEL_CLOSED

    together(produce, consume)
    assert received == [b"polled", b"limited", b"unlimited"]


def test_7_2_peer_disconnected_producer(omni: ModuleType, channel: Any) -> None:
    """`is_connected` and the next push report that the consumer is gone."""
    channel.consumer.close()
    assert not channel.producer.is_connected()
    assert channel.producer.try_push(b"message") is omni.PushResult.CHANNEL_CLOSED


def test_7_2_peer_disconnected_consumer(omni: ModuleType, channel: Any) -> None:
    """A consumer whose producer is gone gets what was sent before."""
    channel.producer.batch_push([b"message"] * 3)
    channel.producer.close()
    assert not channel.consumer.is_connected()
    remaining = 0
    while channel.consumer.try_pop()[0] is omni.PopResult.SUCCESS:
        remaining += 1
    assert remaining == 3
    assert channel.consumer.try_pop()[0] is omni.PopResult.CHANNEL_CLOSED


def test_7_2_channel_creation_errors(omni: ModuleType, broker: Any) -> None:
    """A name that is taken is recovered from with another one; a configuration is normalised by the request."""
    _, holder = broker.request_channel("my-channel")
    error, channel = broker.request_channel("my-channel")
    if error is omni.ChannelError.NAME_EXISTS:
        error, channel = broker.request_channel("my-channel-1")
    assert error is omni.ChannelError.SUCCESS
    assert channel.producer.is_connected()
    assert holder.producer.is_connected()

    config = omni.ChannelConfig(capacity=0, max_message_size=0)
    error, channel = broker.request_channel("odd", config)
    assert error is omni.ChannelError.SUCCESS
    assert channel.producer.get_config() == config.normalize()


def test_7_3_graceful_shutdown(omni: ModuleType, broker: Any, together: Callable[..., None]) -> None:
    """Producer and consumer end on a flag or on each other; nothing sent before the end is lost."""
    _, channel = broker.request_channel("graceful", omni.ChannelConfig(capacity=1024, max_message_size=64))
    shutdown_requested = threading.Event()
    sent, received = [], []

    def producer_thread() -> None:
        with channel.producer as producer:  # leaving it signals the consumer
            number = 0
            while not shutdown_requested.is_set():
                result = producer.try_push(b"%d" % number)
                if result is omni.PushResult.SUCCESS:
                    sent.append(b"%d" % number)
                    number += 1
                if number == 500:
                    shutdown_requested.set()

    def consumer_thread() -> None:
        with channel.consumer as consumer:
            while True:
                result, message = consumer.blocking_pop(0.1)
                if result is omni.PopResult.SUCCESS:
                    received.append(bytes(message.data))
                elif result is omni.PopResult.CHANNEL_CLOSED:
                    break

    together(producer_thread, consumer_thread)
    assert len(sent) == 500
    assert received == sent
    assert broker.shutdown() is True
