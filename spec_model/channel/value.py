"""A channel as one immutable value, and what makes it well formed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from spec_model.config import ChannelConfig
from spec_model.vocabulary import ConsumerStats, ProducerStats


class Side(Enum):
    """The state of a handle: in use, closed by `close()`, or moved from by `move()` [LIF-4]."""

    LIVE = "live"
    CLOSED = "closed"
    MOVED = "moved"


class Blocked(Enum):
    """What a call waits for that can neither go through nor fail.

    Nothing else runs in a sequential program: a call with a timeout will time out, and one without is a mistake.
    """

    FOR_SPACE = "a free slot"
    FOR_MESSAGE = "a message"
    FOR_ANY = "a message or a free slot"
    FOR_HANDLES = "handles to be closed"


class Refused(Enum):
    """Why a call is refused although the channel has what it needs: it becomes a BufferError."""

    BY_EXPORT = "an export is alive"
    BY_RESERVATION = "a reservation is outstanding"


@dataclass(frozen=True)
class Channel:
    """The complete state of a channel.

    config: the normalised configuration [BRK-2].
    producer, consumer: the states of the two handles; MOVED is seen by the moved-from handle alone.
    shut: whether a shutdown has closed both ends [SHD-1].
    waiting: the messages sent and not yet popped, oldest first.
    reserved: whether a reservation is outstanding [RSV-1].
    held: how many of the newest popped messages can still be read [MSG-1].
    exported: numbers of the popped messages with an export alive, ascending [MSG-3].
        The first message ever popped has number 0.
    sent, received: the statistics of the two handles [STA-1, STA-2].
    """

    config: ChannelConfig
    producer: Side = Side.LIVE
    consumer: Side = Side.LIVE
    shut: bool = False
    waiting: tuple[bytes, ...] = ()
    reserved: bool = False
    held: int = 0
    exported: tuple[int, ...] = ()
    sent: ProducerStats = ProducerStats()
    received: ConsumerStats = ConsumerStats()

    @property
    def free_slots(self) -> int:
        """How many more messages fit [PSH-2]; a reservation takes none [RSV-2]."""
        return self.config.capacity - len(self.waiting)

    @property
    def exported_earlier(self) -> int:
        """How many messages that can be read no more have an export alive [MSG-3]."""
        oldest_held = self.received.messages_received - self.held
        return sum(number < oldest_held for number in self.exported)


def well_formed(channel: Channel) -> bool:
    """Whether a channel can be in this state: the invariant that every operation keeps.

    Precondition: none.
    Effect: none.
    Result: true exactly when every line below holds.
    """
    config, sent, received = channel.config, channel.sent, channel.received
    return (
        config.is_valid()
        # no more messages than fit, each of a size that fits [PSH-1, PSH-2]
        and len(channel.waiting) <= config.capacity
        and all(0 < len(message) <= config.max_message_size for message in channel.waiting)
        # a reservation belongs to a live producer, and has a slot [RSV-1]
        and (not channel.reserved or (channel.producer is not Side.CLOSED and channel.free_slots > 0))
        # what was sent was popped or waits: nothing is lost, duplicated or invented [CON-3]
        and all(count >= 0 for count in (*sent, *received))
        and sent.messages_sent == received.messages_received + len(channel.waiting)
        and sent.bytes_sent == received.bytes_received + sum(map(len, channel.waiting))
        # held messages were popped, and belong to a live consumer [MSG-1]
        and 0 <= channel.held <= received.messages_received
        and (channel.held == 0 or channel.consumer is not Side.CLOSED)
        # so were exported ones; beside those held, earlier ones with an export fit into `capacity` [MSG-3]
        and all(0 <= number < received.messages_received for number in channel.exported)
        and list(channel.exported) == sorted(set(channel.exported))
        and channel.held + channel.exported_earlier <= config.capacity
    )
