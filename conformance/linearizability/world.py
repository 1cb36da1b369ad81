"""One channel among threads, made of the model's values: what each side of it sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from spec_model import registry
from spec_model.channel import lifecycle
from spec_model.channel.value import Channel, Side
from spec_model.config import ChannelConfig
from spec_model.registry import Registry

NAME = "a"
"""The channel's."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Ends:
    """Who is there, and whether the channel is shut, as one side sees it."""

    producer: Side = Side.LIVE
    consumer: Side = Side.LIVE
    shut: bool = False

    def of(self, channel: Channel) -> Channel:
        """The channel as that side sees it."""
        return replace(channel, producer=self.producer, consumer=self.consumer, shut=self.shut)


@dataclass(frozen=True)
class World:
    """The model's channel and registry, and how far the news of an end has come.

    In the model an end is seen by all at once. Between threads it reaches the producer's calls,
    the consumer's and the registry one after the other, all within the call that brings it.
    """

    channel: Channel
    broker: Registry
    producer: Ends = Ends()
    consumer: Ends = Ends()

    @staticmethod
    def new(capacity: int, size: int) -> World:
        """A new channel, registered."""
        broker, _ = registry.request_channel(Registry(), NAME, ChannelConfig(capacity, size))
        channel = registry.lookup(broker, NAME)
        assert channel is not None
        return World(channel, broker)

    def push(self, operation: Callable[[Channel], tuple[Channel, Result]]) -> tuple[World, Result]:
        """An operation of the producer's."""
        after, result = operation(self.producer.of(self.channel))
        return replace(self, channel=after, producer=_ends(after)), result

    def pop(self, operation: Callable[[Channel], tuple[Channel, Result]]) -> tuple[World, Result]:
        """An operation of the consumer's."""
        after, result = operation(self.consumer.of(self.channel))
        return replace(self, channel=after, consumer=_ends(after)), result

    def reach_producer(self, change: Callable[[Channel], Channel]) -> World:
        """An end that the producer's calls see from now on."""
        return self.push(lambda channel: (change(channel), None))[0]

    def reach_consumer(self, change: Callable[[Channel], Channel]) -> World:
        """An end that the consumer's calls see from now on."""
        return self.pop(lambda channel: (change(channel), None))[0]

    def reach_broker(self, change: Callable[[Channel], Channel]) -> World:
        """An end that the registry sees from now on [BRK-8]."""
        known = registry.lookup(self.broker, NAME)
        assert known is not None, "a handle is closed once"
        return replace(self, broker=registry.with_channel(self.broker, NAME, change(known)))


CLOSING: dict[str, tuple[Callable[[World], World], ...]] = {
    "close_producer": (
        lambda world: world.reach_producer(lifecycle.close_producer),
        lambda world: world.reach_consumer(lifecycle.close_producer),
        lambda world: world.reach_broker(lifecycle.close_producer),
    ),
    "close_consumer": (
        lambda world: world.reach_consumer(lifecycle.close_consumer),
        lambda world: world.reach_producer(lifecycle.close_consumer),
        lambda world: world.reach_broker(lifecycle.close_consumer),
    ),
    "shutdown": (
        lambda world: world.reach_producer(lifecycle.shut),
        lambda world: world.reach_consumer(lifecycle.shut),
    ),
}
"""How an end spreads: first its own side's calls or, for shutdown, pushing; then the other side; then the registry."""


def _ends(channel: Channel) -> Ends:
    return Ends(channel.producer, channel.consumer, channel.shut)
