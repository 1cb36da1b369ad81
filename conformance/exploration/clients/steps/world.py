"""What the threads of a client share, as one immutable value, and where each of them is."""

from __future__ import annotations

from dataclasses import replace
from enum import IntEnum
from typing import NamedTuple

from conformance.exploration.clients.client import CONSUMERS, PRODUCERS, Client
from spec_model import registry
from spec_model.channel import lifecycle
from spec_model.channel.value import Channel, Side
from spec_model.config import ChannelConfig
from spec_model.registry import Registry

MESSAGE_SIZE = 64
Outcome = tuple[int, ...]
Counters = tuple[Outcome, Outcome]
"""What a producer's and a consumer's statistics count."""
NOTHING_COUNTED: Counters = ((0, 0, 0), (0, 0, 0))
Step = tuple["World", "Thread"]
"""What a step makes of the world, and of the thread that takes it."""


class Code:
    """What the core answers where no result of the model fits (omni_mailbox.h), as the script reports it."""

    CONCURRENT_USE, PINNED, INTERRUPTED, EXPIRED = 255, 254, 253, 252


class SmallConfig(ChannelConfig):
    """Valid as it is: the verification build takes any capacity from 1 up."""

    def normalize(self) -> ChannelConfig:
        return self


class Stage(IntEnum):
    """How far a handle has come to its end.

    A close comes to its own handle, to the peer, to the registry and to the memory, one after the other. All that is
    said of when is that it is done when `close` returns [LIF-2, BRK-8], and that nobody is inside the handle from
    ENDED on [LIF-8].
    """

    OPEN, INACTIVE, ENDED, UNREGISTERED, CLOSED = range(5)


class Message(NamedTuple):
    """A popped message: its number in the channel, and its token."""

    number: int
    token: int


class Entry(NamedTuple):
    """A channel ever made.

    channel: its messages and counters, as if neither side had ended and nobody had shut it.
    producer, consumer: how far these have ended. shut: 1 where it takes no more pushes, 2 where it is shut for pops
    too; SHD-1 does not say that these come at once, only that both are so when the call returns.
    pins: the number of a message for each pin of it, ascending. regions: how often the producer is pinned.
    freed: how many of the two handles are.
    history: what the counters have been, the newest last.
    """

    name: str
    channel: Channel
    producer: Stage = Stage.OPEN
    consumer: Stage = Stage.OPEN
    shut: int = 0
    pins: Outcome = ()
    regions: int = 0
    freed: int = 0
    history: tuple[Counters, ...] = (NOTHING_COUNTED,)

    def seen(self, producer: Stage, consumer: Stage, shut: int) -> Channel:
        """The channel where a side counts as ended from that stage on, and a shutdown from that point on."""
        seen = replace(self.channel, shut=self.shut >= shut)
        seen = lifecycle.close_producer(seen) if self.producer >= producer else seen
        return lifecycle.close_consumer(seen) if self.consumer >= consumer else seen

    def seen_by_producer(self) -> Channel:
        """The channel as a call of the producer finds it."""
        return self.seen(Stage.INACTIVE, Stage.ENDED, 1)

    def seen_by_consumer(self) -> Channel:
        """The channel as a call of the consumer finds it."""
        return self.seen(Stage.ENDED, Stage.INACTIVE, 2)

    def after(self, channel: Channel) -> Entry:
        """What a call made of the channel that it found."""
        counters = (tuple(channel.sent), tuple(channel.received))
        history = self.history if counters == self.history[-1] else (*self.history, counters)
        open_again = replace(channel, producer=Side.LIVE, consumer=Side.LIVE, shut=False)
        return self._replace(channel=open_again, history=history)

    @property
    def registered(self) -> bool:
        """Until the registry knows that both sides have ended [BRK-8]."""
        return min(self.producer, self.consumer) < Stage.UNREGISTERED

    @property
    def mapped(self) -> bool:
        """Whether the messages' memory is there: until both ends and the last pin are gone [MSG-3]."""
        return min(self.producer, self.consumer) < Stage.CLOSED or bool(self.pins) or self.regions > 0


class Thread(NamedTuple):
    """Where a thread is, and what it has.

    channel: the number of the channel it works on, or -1.
    next: the operation to come. begun: how far it is, where it takes several steps. inside: whether it is in a gate.
    held, pinned: the messages of its last pop, and the one it pinned last.
    ticket: how many channels there had been at its last shutdown.
    read: how many messages had been popped when its batch of pushes began.
    mishaps: how often it was interrupted, or refused memory.
    known, totals: the least that it can find in the counters of its channel, and of the broker.
    """

    channel: int
    next: int = 0
    begun: int = 0
    inside: bool = False
    held: tuple[Message, ...] = ()
    pinned: Message | None = None
    ticket: int = 0
    read: int = 0
    mishaps: int = 0
    known: Counters = NOTHING_COUNTED
    totals: Outcome = (0, 0)
    results: Outcome = ()

    def done(self, *results: int) -> Thread:
        """After the operation, with what it answered."""
        return self._replace(next=self.next + 1, begun=0, inside=False, read=0, results=(*self.results, *results))

    def mishap(self, result: int) -> Thread:
        """After an operation that a signal ended, or that was refused memory."""
        return self._replace(mishaps=self.mishaps + 1).done(result)

    def knowing(self, side: str, entry: Entry) -> Thread:
        """After it has used that handle, or has seen to it that nobody does: it finds all that was counted there."""
        sent, received = entry.history[-1]
        known = (sent, self.known[1]) if side == "producer" else (self.known[0], received)
        return self._replace(known=known)


class World(NamedTuple):
    """entries: every channel ever made, oldest first. broker: whether its maker holds on to the broker.

    handed: the messages that one thread has given to another, held and pinned.
    """

    client: Client
    threads: tuple[Thread, ...] = ()
    entries: tuple[Entry, ...] = ()
    broker: bool = True
    handed: tuple[tuple[Message, ...], Message | None] | None = None

    def with_entry(self, number: int, entry: Entry) -> World:
        """The world with another state of one channel."""
        return self._replace(entries=(*self.entries[:number], entry, *self.entries[number + 1 :]))

    def pin_is_tried(self, channel: int) -> bool:
        """Whether some thread is on its way to pin a message of the channel."""
        pairs = zip(self.threads, self.client.threads, strict=True)
        return any(each.begun and each.channel == channel and script[each.next].kind == "pin" for each, script in pairs)

    def is_inside(self, channel: int, side: str) -> bool:
        """Whether some thread is inside that handle of the channel."""
        kinds = PRODUCERS if side == "producer" else CONSUMERS
        pairs = zip(self.threads, self.client.threads, strict=True)
        return any(
            each.inside and each.channel == channel and script[each.next].kind in kinds for each, script in pairs
        )

    @property
    def registry(self) -> Registry:
        """The broker as the model has it: the channels that are gone still count [BRK-11]."""
        most = self.client.channels * self.client.capacity * MESSAGE_SIZE
        made = Registry(most or None, created=len(self.entries))
        for entry in self.entries:
            if not entry.registered:
                made = replace(made, channels=((entry.name, entry.channel),))
                gone = entry.seen(Stage.UNREGISTERED, Stage.UNREGISTERED, shut=2)
                made = registry.with_channel(made, entry.name, gone)
        return replace(made, channels=tuple((each.name, each.channel) for each in self.entries if each.registered))

    @property
    def allocated(self) -> int:
        """Blocks of memory: two for a broker, a mapping and a control block for a channel.

        The broker's are there while its maker or a registered channel holds it; the control block while the mapping
        or a handle does.
        """
        broker = self.broker or any(entry.registered for entry in self.entries)
        return 2 * broker + sum(entry.mapped + (entry.mapped or entry.freed < 2) for entry in self.entries)
