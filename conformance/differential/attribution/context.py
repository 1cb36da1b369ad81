"""What the model knew when a difference showed: what it is attributed by."""

from __future__ import annotations

from typing import Any, NamedTuple

import spec_model as model
from spec_model.channel.value import Channel, Side


class Standing(NamedTuple):
    """A handle of the model at one moment: its side, and the channel as it sees it."""

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
        """Active, with no peer and no shutdown to say so."""
        return not self.inactive and not self.channel.shut and self.peer is not Side.LIVE

    @property
    def capacity(self) -> int:
        """Messages that fit; 0 where the handle has no part in a channel any more."""
        return 0 if self.moved else self.channel.config.capacity

    @property
    def waiting(self) -> int:
        """Messages that wait."""
        return len(self.channel.waiting)


def standing(handle: Any) -> Standing | None:
    """How a handle of the model stands; None for anything else."""
    if isinstance(handle, model.ProducerHandle):
        channel = handle._endpoint.channel
        return Standing(channel.producer, channel.consumer, channel)
    if isinstance(handle, model.ConsumerHandle):
        channel = handle._endpoint.channel
        return Standing(channel.consumer, channel.producer, channel)
    return None


class Context(NamedTuple):
    """What the model knew of an operation that showed a difference.

    receiver: how the handle that it was called on stood before it, where it was one.
    outcome: what it gave by the model, once that is known to be the same.
    before: the kinds of the operations before it. requested: whether its name was requested before.
    """

    receiver: Standing | None = None
    outcome: Any = None
    before: frozenset[str] = frozenset()
    requested: bool = False
