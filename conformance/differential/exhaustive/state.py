"""What a state of the search is: a channel, the variables that reach it, and what two states have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from spec_model.channel.lifecycle import is_abandoned
from spec_model.channel.value import Channel, Side

CAPACITY = 8
SIZE = 64
"""The smallest that a normalised config allows [CFG-2]: all boundaries, and the fewest states."""


@dataclass(frozen=True)
class State:
    """A channel as its live handles see it, and the variables of a program that has led there.

    producer, consumer: the newest handle of each side; the husks are what it was moved from, if it was.
    message: holds the newest messages popped, several in a list. export: of the oldest of them.
    region: an export of the reserved region other than `r.data`.
    """

    channel: Channel
    producer: str = "p"
    consumer: str = "c"
    producer_husk: str = ""
    consumer_husk: str = ""
    message: str = ""
    export: str = ""
    region: str = ""

    @property
    def registered(self) -> bool:
        """Whether a handle is alive [BRK-8]."""
        return not is_abandoned(self.channel)

    def become(self, channel: Channel, **variables: str) -> State:
        """The state with another channel, and other variables."""
        return replace(self, channel=channel, **variables)

    def is_like(self, other: State) -> bool:
        """Whether nothing differs but how many calls have failed: the same operations lead on from both."""
        if self.channel.waiting != other.channel.waiting:
            return False  # the most frequent case
        return self._without_failures() == other._without_failures()

    def _without_failures(self) -> State:
        channel = self.channel
        sent, received = channel.sent._replace(failed_pushes=0), channel.received._replace(failed_pops=0)
        return replace(self, channel=replace(channel, sent=sent, received=received))


class Abstract(NamedTuple):
    """A state without payload bytes and counters.

    held: messages that can still be read: 0, 1, or 2 for several.
    room: how many messages a live export lets the consumer pop; -1 for no export, or nobody to pop [MSG-3].
    """

    waiting: int
    reserved: bool
    region_exported: bool
    producer: Side
    producer_moved: bool
    consumer: Side
    consumer_moved: bool
    shut: bool
    held: int
    exported: bool
    room: int


def abstract(state: State) -> Abstract:
    """What a state has in common with others."""
    channel = state.channel
    exported = bool(channel.exported)
    room = channel.exported[0] + CAPACITY - channel.received.messages_received if exported else -1
    return Abstract(
        waiting=len(channel.waiting),
        reserved=channel.reserved,
        region_exported=bool(state.region),
        producer=channel.producer,
        producer_moved=bool(state.producer_husk),
        consumer=channel.consumer,
        consumer_moved=bool(state.consumer_husk),
        shut=channel.shut,
        held=min(channel.held, 2),
        exported=exported,
        room=room if channel.consumer is Side.LIVE else -1,
    )
