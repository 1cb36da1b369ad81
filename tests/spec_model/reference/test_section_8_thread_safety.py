"""§8 of the API reference: Thread Safety Guarantees.

The orderings of single memory accesses are the business of the tests of the core; here
stands what they are for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any


def test_8_2_producer_guarantees(omni: ModuleType, channel: Any) -> None:
    """Messages come in the order in which they were sent."""
    channel.producer.try_push(b"first")
    channel.producer.try_push(b"second")
    _, first = channel.consumer.try_pop()
    assert bytes(first) == b"first"
    _, second = channel.consumer.try_pop()
    assert bytes(second) == b"second"


def test_8_2_consumer_guarantees(omni: ModuleType, channel: Any) -> None:
    """On a full queue one pop makes room for exactly one push, at once, and its message stays readable."""
    channel.producer.batch_push([b"%d" % number for number in range(8)])
    _, message = channel.consumer.try_pop()
    assert channel.producer.try_push(b"eighth") is omni.PushResult.SUCCESS
    assert channel.producer.try_push(b"ninth") is omni.PushResult.QUEUE_FULL
    assert bytes(message) == b"0"


def test_8_2_destruction_guarantees(omni: ModuleType, broker: Any, together: Callable[..., None]) -> None:
    """Once a consumer sees CHANNEL_CLOSED, everything pushed before has been popped."""
    for round_number in range(200):
        _, channel = broker.request_channel("destruction", omni.ChannelConfig(capacity=8, max_message_size=64))
        popped: list[int] = []

        def produce(channel: Any = channel) -> None:
            channel.producer.batch_push([b"message"] * 8)
            channel.producer.close()

        def consume(channel: Any = channel, popped: list[int] = popped) -> None:
            while True:
                result, _ = channel.consumer.try_pop()
                if result is omni.PopResult.CHANNEL_CLOSED:
                    break
                popped.append(result is omni.PopResult.SUCCESS)

        together(produce, consume)
        assert sum(popped) == 8, f"round {round_number}"
        channel.close()


def test_8_3_concurrent_channel_creation(omni: ModuleType, broker: Any, together: Callable[..., None]) -> None:
    """Many threads can create and use channels of one broker at once."""
    created = []

    def create(number: int) -> None:
        error, channel = broker.request_channel(f"channel-{number}")
        assert error is omni.ChannelError.SUCCESS
        channel.producer.try_push(b"%d" % number)
        assert bytes(channel.consumer.try_pop()[1]) == b"%d" % number
        created.append(channel)

    together(*[partial(create, number) for number in range(10)])
    assert broker.get_stats().active_channels == len(created) == 10
    assert broker.get_stats().total_messages_sent == 10


def test_8_4_separate_channels(omni: ModuleType, broker: Any, together: Callable[..., None]) -> None:
    """Two producing threads have a channel each."""
    _, first = broker.request_channel("ch1")
    _, second = broker.request_channel("ch2")
    together(
        lambda: first.producer.try_push(b"from one"),
        lambda: second.producer.try_push(b"from two"),
    )
    assert bytes(first.consumer.try_pop()[1]) == b"from one"
    assert bytes(second.consumer.try_pop()[1]) == b"from two"


def test_8_4_move_between_threads(omni: ModuleType, channel: Any, together: Callable[..., None]) -> None:
    """A handle goes to another thread when the first one is done with it."""
    channel.producer.try_push(b"here")
    producer = channel.producer.move()
    together(lambda: producer.try_push(b"there"))
    assert [bytes(message) for message in channel.consumer.batch_pop(2)[1]] == [b"here", b"there"]
