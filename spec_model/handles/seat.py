"""What a handle carries and `move()` hands on: one end of one channel [LIF-3]."""

from __future__ import annotations

from typing import Callable, Generic, TypeVar

from spec_model.channel.value import Channel
from spec_model.handles.store import Store

Belongings = TypeVar("Belongings")
"""What goes along with the end: the reservation, or the exports of popped messages."""


class Seat(Generic[Belongings]):
    """One end of a channel.

    While it is live, the channel is the one registered under its name [BRK-8]. Afterwards
    it is what the channel was at the close, so that statistics can be read [LIF-5].
    """

    def __init__(self, store: Store, name: str, belongings: Belongings, end: Callable[[Channel], Channel]) -> None:
        self._store = store
        self._name = name
        self._end = end
        self._final: Channel | None = None
        self.belongings = belongings

    @property
    def channel(self) -> Channel:
        """The channel as this end sees it."""
        self._store.settle()
        return self._store.look(self._name) if self._final is None else self._final

    @channel.setter
    def channel(self, channel: Channel) -> None:
        # An inactive end has no part in the channel any more: its answers change nothing [LIF-4].
        if self._final is None:
            self._store.keep(self._name, channel)

    def husk(self, moved_from: Channel, nothing: Belongings) -> Seat[Belongings]:
        """The seat of the handle that this one was moved from [LIF-5]."""
        husk = Seat(self._store, self._name, nothing, self._end)
        husk._final = moved_from
        return husk

    def close(self) -> None:
        """End the live end; the name is free when the other one is gone too [LIF-1, BRK-8]."""
        if self._final is None:
            self._final = self._end(self._store.look(self._name))
            self._store.keep(self._name, self._final)

    def depart(self) -> None:
        """Have the end closed before anybody looks again: safe in a finaliser [LIF-1]."""
        self._store.departed.append(self.close)
