"""The one mutable thing behind a broker and all its handles: which registry it has now."""

from __future__ import annotations

from collections import deque
from typing import Callable

from spec_model.channel.value import Channel
from spec_model.registry import Registry, lookup, with_channel


class Store:
    """Holds the registry of one broker, and what is left to do for handles whose last reference went.

    A finaliser may run between any two instructions, in the middle of an operation too, so
    it changes nothing itself: it leaves its `close` in `departed`, and whoever looks at
    the registry next, before an operation, does that first.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.departed: deque[Callable[[], None]] = deque()

    @property
    def registry(self) -> Registry:
        """The registry, with every departed end closed [LIF-1]."""
        self.settle()
        return self._registry

    @registry.setter
    def registry(self, registry: Registry) -> None:
        self._registry = registry

    def settle(self) -> None:
        """Close every departed end."""
        while self.departed:
            self.departed.popleft()()

    def look(self, name: str) -> Channel:
        """The channel registered under `name`, departed ends left as they are."""
        channel = lookup(self._registry, name)
        assert channel is not None, "a channel is registered while an end of it is live [BRK-8]"
        return channel

    def keep(self, name: str, channel: Channel) -> None:
        """Note what an operation has made of the channel registered under `name`."""
        self._registry = with_channel(self._registry, name, channel)
