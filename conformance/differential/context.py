"""The state of the model when a difference showed, from which the broken rule is diagnosed."""

from __future__ import annotations

from typing import Any, NamedTuple

import spec_model as model
from spec_model.channel.value import Channel, Side


class HandleState(NamedTuple):
    """A handle of the model at one moment: its own side, the peer's, and the channel as the handle sees it."""

    own: Side
    peer: Side
    channel: Channel

    @property
    def inactive(self) -> bool:
        """Closed or moved from."""
        return self.own is not Side.LIVE

    @property
    def moved(self) -> bool:
        """Moved from."""
        return self.own is Side.MOVED

    @property
    def shut(self) -> bool:
        """Active, and its channel shut down."""
        return not self.inactive and self.channel.shut

    @property
    def alone(self) -> bool:
        """Active, with no peer, and not because of a shutdown."""
        return not self.inactive and not self.channel.shut and self.peer is not Side.LIVE

    @property
    def capacity(self) -> int:
        """Messages that fit; 0 for a moved-from handle."""
        return 0 if self.moved else self.channel.config.capacity

    @property
    def waiting(self) -> int:
        """Messages waiting."""
        return len(self.channel.waiting)


def handle_state(handle: Any) -> HandleState | None:
    """The state of a handle of the model; None for anything else."""
    if isinstance(handle, model.ProducerHandle):
        channel = handle._endpoint.channel
        return HandleState(channel.producer, channel.consumer, channel)
    if isinstance(handle, model.ConsumerHandle):
        channel = handle._endpoint.channel
        return HandleState(channel.consumer, channel.producer, channel)
    return None


def state_of(state: HandleState | None) -> str:
    """Of a handle that is inactive, in which way; else nothing."""
    if state is None or not state.inactive:
        return ""
    return "moved from" if state.moved else "closed"


class Context(NamedTuple):
    """The model's state around the operation that showed a difference.

    receiver: the state before it of the handle that it was called on, if any.
    outcome: its result by the model, where the target's is known to agree.
    before: the kinds of the operations before it. requested: whether its name was requested before.
    """

    receiver: HandleState | None = None
    outcome: Any = None
    before: frozenset[str] = frozenset()
    requested: bool = False
