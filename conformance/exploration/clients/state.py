"""A state of the model as one immutable value: what the threads of a client share, and where each of them is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import IntEnum
from itertools import product
from typing import NamedTuple

from conformance.exploration.clients.client import CONSUMERS, PRODUCERS, Client, Operation
from spec_model import registry
from spec_model.channel import lifecycle
from spec_model.channel.value import Channel, Side
from spec_model.config import ChannelConfig
from spec_model.registry import Registry

MESSAGE_SIZE = 64
MOST_PINS = 2
"""Of one message, where the core is explored (platform.h)."""
Outcome = tuple[int, ...]
Counters = tuple[Outcome, Outcome]
"""What a producer's and a consumer's statistics count."""
NOTHING_COUNTED: Counters = ((0, 0, 0), (0, 0, 0))
Transition = tuple["State", "Thread"]
"""What a transition makes of the state, and of the thread that takes it."""


class Code:
    """Result codes of the core that the model does not have (omni_mailbox.h), as the harness reports them."""

    CONCURRENT_USE, PINNED, INTERRUPTED, EXPIRED, RESERVED, NO_DESCRIPTOR = 255, 254, 253, 252, 251, 249


class SmallConfig(ChannelConfig):
    """Valid as it is: the verification build takes any capacity from 1 up."""

    def normalize(self) -> ChannelConfig:
        return self


class Visibility(IntEnum):
    """How far the close of a handle is visible.

    It becomes visible to the handle itself, to the peer, to the registry and to the memory, in this order. The rules
    say only that all of it is visible when `close` returns [LIF-2, BRK-8], and that no call is inside the handle from
    ENDED on [LIF-8].
    """

    OPEN, INACTIVE, ENDED, UNREGISTERED, CLOSED = range(5)


class Message(NamedTuple):
    """A popped message: its number in the channel, its payload id, and how often messages had expired before it."""

    number: int
    payload_id: int
    expiries: int


Pinned = tuple[tuple[int, Message], ...]


class Pop(NamedTuple):
    """A pop that has begun and not ended: its thread is inside the consumer.

    number: of the pops that have begun on the channel, from 1. thread: the one that began it. offered: how many
    messages it may take. defers_close: whether a close is left to its end [LIF-8].
    """

    number: int
    thread: int
    offered: int
    defers_close: bool = False


class Entry(NamedTuple):
    """A channel ever made.

    channel: its messages and counters, as if nothing were closed or shut down.
    producer, consumer: how far their closes are visible.
    shut: 1 where a shutdown is visible to pushes, 2 where it is visible to pops too; SHD-1 does not say that the two
    come at once, only that both have when the call returns.
    pins: the number of a message for each pin of it, ascending.
    regions, region_pins: the number of the last reservation, or of its end, and the pins of it.
    view: whether one of these is that of the view which a binding has given, and may release.
    begun, pop: how many pops in two steps have begun, and the one that is open.
    freed: how many of the two handles are; one less for each pointer to a handle that was detached.
    descriptors, claims: the sides that have been asked for a descriptor, and those by whose coroutine they are claimed.
    token, detached: the last token for one of its ends, counted from 1, and those that name an end, with its side.
    expiries: how often messages have expired with a pop or a detach.
    history: what the counters have been, the newest last.
    """

    name: str
    channel: Channel
    producer: Visibility = Visibility.OPEN
    consumer: Visibility = Visibility.OPEN
    shut: int = 0
    pins: Outcome = ()
    regions: int = 0
    region_pins: int = 0
    view: bool = False
    begun: int = 0
    pop: Pop | None = None
    freed: int = 0
    token: int = 0
    detached: tuple[tuple[int, str], ...] = ()
    descriptors: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()
    expiries: int = 0
    history: tuple[Counters, ...] = (NOTHING_COUNTED,)

    def seen(self, producer: Visibility, consumer: Visibility, shut: int) -> Channel:
        """The channel to an observer that a close and a shutdown reach from these stages on."""
        seen = replace(self.channel, shut=True) if self.shut >= shut else self.channel
        seen = lifecycle.close_producer(seen) if self.producer >= producer else seen
        return lifecycle.close_consumer(seen) if self.consumer >= consumer else seen

    def visibility(self, side: str) -> Visibility:
        """How far the close of that handle is visible."""
        return self.producer if side == "producer" else self.consumer

    def closing(self, side: str, visibility: Visibility) -> Entry:
        """The close of that handle visible so far."""
        return self._replace(producer=visibility) if side == "producer" else self._replace(consumer=visibility)

    def has_open(self, thread: int) -> bool:
        """Whether that thread has a pop open."""
        return self.pop is not None and self.pop.thread == thread

    def seen_by_producer(self) -> Channel:
        """The channel as a call of the producer finds it."""
        return self.seen(Visibility.INACTIVE, Visibility.ENDED, 1)

    def seen_by_consumer(self) -> Channel:
        """The channel as a call of the consumer finds it."""
        return self.seen(Visibility.ENDED, Visibility.INACTIVE, 2)

    def after(self, channel: Channel) -> Entry:
        """What a call made of the channel that it found."""
        counters = (tuple(channel.sent), tuple(channel.received))
        history = self.history if counters == self.history[-1] else (*self.history, counters)
        if channel.shut or not channel.producer is channel.consumer is Side.LIVE:
            channel = replace(channel, producer=Side.LIVE, consumer=Side.LIVE, shut=False)
        expiries = self.expiries + (channel.held == 0 < self.channel.held)
        return self._replace(channel=channel, expiries=expiries, history=history)

    @property
    def registered(self) -> bool:
        """Until both closes are visible to the registry [BRK-8]."""
        return min(self.producer, self.consumer) < Visibility.UNREGISTERED

    @property
    def is_shut(self) -> bool:
        """Whether a shutdown has closed an end whose handle is open [SHD-1]."""
        return any(
            handle is Visibility.OPEN and self.shut >= visible
            for handle, visible in ((self.consumer, 1), (self.producer, 2))
        )

    @property
    def mapped(self) -> bool:
        """Whether the messages' memory is mapped: until both closes are complete and no pin is left [MSG-3]."""
        return min(self.producer, self.consumer) < Visibility.CLOSED or bool(self.pins) or self.region_pins > 0


class Thread(NamedTuple):
    """Where a thread is, and what it has.

    channel: the number of the channel it works on, or -1.
    next: the operation to come. begun: how far it is, where it takes several transitions.
    call, answers: of a sequence of a binding, the call that it is in, and what those before it have answered.
    inside: whether it holds a guard, from this operation on. completes: whether it completes a deferred close.
    region, pop: the numbers of the reservation and of the pop that it has, or 0. pins_region: whether it has a pin.
    held, pinned: the messages of its last pop, and those it has pinned, each with its place in the pop.
    generation: how many channels there had been at its last shutdown.
    token: that of its last detach, or 0. away: the sides that it has detached, and not attached again. pointers: the
    side of each pointer to a detached end that it has not released. claims: the sides that it has claimed.
    faults: how often it was interrupted, or refused memory.
    known, totals: the least that it can find in the counters of its channel, and of the broker.
    expiries, ended: how many expiries of messages it knows of, and whether it knows that its reservation has ended.
    """

    channel: int
    next: int = 0
    call: Operation | None = None
    answers: Outcome = ()
    begun: int = 0
    inside: bool = False
    completes: bool = False
    region: int = 0
    pins_region: bool = False
    pop: int = 0
    held: tuple[Message, ...] = ()
    pinned: Pinned = ()
    generation: int = 0
    token: int = 0
    away: frozenset[str] = frozenset()
    pointers: tuple[str, ...] = ()
    claims: frozenset[str] = frozenset()
    faults: int = 0
    known: Counters = NOTHING_COUNTED
    totals: Outcome = (0, 0)
    expiries: int = 0
    ended: bool = False
    results: Outcome = ()

    def done(self, *results: int) -> Thread:
        """After the operation, with what it answered."""
        results = (*self.results, *results)
        return self._replace(next=self.next + 1, begun=0, inside=False, completes=False, results=results)

    def fault(self, result: int) -> Thread:
        """After an operation that a signal ended, or that was refused memory."""
        return self._replace(faults=self.faults + 1).done(result)

    def pins(self, place: int) -> Message | None:
        """The message that it has pinned at that place of a pop."""
        return dict(self.pinned).get(place)

    def pinning(self, place: int, message: Message | None) -> Thread:
        """With that pin, or without."""
        others = {key: value for key, value in self.pinned if key != place}
        pinned = others if message is None else {**others, place: message}
        return self._replace(pinned=tuple(sorted(pinned.items())))

    def knowing(self, side: str, entry: Entry) -> Thread:
        """After it has used that handle, or has seen to it that nobody does: it finds all that was counted there."""
        sent, received = entry.history[-1]
        if side == "producer":
            ended = not entry.channel.reserved or self.region != entry.regions
            return self._replace(known=(sent, self.known[1]), ended=ended)
        return self._replace(known=(self.known[0], received), expiries=entry.expiries)


class State(NamedTuple):
    """entries: every channel ever made, oldest first. broker: whether its maker holds on to the broker.

    handed: what one thread has given to another: the messages held and pinned, and the pop.
    """

    client: Client
    threads: tuple[Thread, ...] = ()
    entries: tuple[Entry, ...] = ()
    broker: bool = True
    handed: tuple[tuple[Message, ...], Pinned, int] | None = None

    def with_entry(self, number: int, entry: Entry) -> State:
        """The state with another state of one channel."""
        return self._replace(entries=(*self.entries[:number], entry, *self.entries[number + 1 :]))

    def exports_change(self, channel: int) -> bool:
        """Whether some thread is just taking or dropping an export of a message of the channel."""
        pairs = zip(self.threads, self.client.threads, strict=True)
        return any(
            each.begun and each.channel == channel and (each.call or script[each.next]).kind in ("pin", "unpin")
            for each, script in pairs
        )

    def is_inside(self, channel: int, side: str) -> bool:
        """Whether some thread is inside that handle of the channel."""
        if side == "consumer" and self.entries[channel].pop is not None:
            return True
        kinds = PRODUCERS if side == "producer" else CONSUMERS
        pairs = zip(self.threads, self.client.threads, strict=True)
        return any(
            each.inside and each.channel == channel and (each.call or script[each.next]).kind in kinds
            for each, script in pairs
        )

    @property
    def ended(self) -> bool:
        """Whether every thread has."""
        pairs = zip(self.threads, self.client.threads, strict=True)
        return all(thread.next == len(script) for thread, script in pairs)

    @property
    def registry(self) -> Registry:
        """The broker as the model has it: the channels that are gone still count [BRK-11]."""
        most = self.client.channels * self.client.capacity * MESSAGE_SIZE
        made = Registry(most or None, created=len(self.entries))
        for entry in self.entries:
            if not entry.registered:
                made = replace(made, channels=((entry.name, entry.channel),))
                gone = entry.seen(Visibility.UNREGISTERED, Visibility.UNREGISTERED, shut=2)
                made = registry.with_channel(made, entry.name, gone)
        return replace(made, channels=tuple((each.name, each.channel) for each in self.entries if each.registered))

    @property
    def allocated(self) -> int:
        """Blocks of memory: two for a broker, a mapping and a control block for a channel; and descriptors.

        The control block is there while the mapping or a handle is, and the broker's while its maker or a control block
        holds it.
        """
        controls = sum(entry.mapped or entry.freed < 2 for entry in self.entries)
        blocks = 2 * (self.broker or controls > 0) + controls + sum(entry.mapped for entry in self.entries)
        open_sides = ((entry, side) for entry in self.entries for side in entry.descriptors)
        return blocks + sum(entry.visibility(side) is not Visibility.CLOSED for entry, side in open_sides)


def read_counters(side: int, entry: Entry, thread: Thread) -> Iterator[Thread]:
    """The three counters of a side, a byte of the result for each.

    Each may be stale, none decreases, and a thread's own are exact. Exact for all holds only while no other thread is
    active [STA-3], and no rule says that two of them belong to one moment.
    """
    for values in product(*(_once(side, counter, entry, thread) for counter in range(3))):
        yield _seen(side, values, thread).done(packed(values))


def read_length(entry: Entry, thread: Thread) -> Iterator[tuple[Thread, int]]:
    """How many messages wait: those popped are counted first, so that there are never fewer than none."""
    for popped in _once(1, 0, entry, thread):
        for pushed in _once(0, 0, entry, thread):
            if pushed >= popped:
                known = _seen(0, (pushed, *thread.known[0][1:]), thread)
                known = _seen(1, (popped, *thread.known[1][1:]), known)
                yield known, min(pushed - popped, entry.channel.config.capacity)


def packed(values: tuple[int, ...]) -> int:
    """Several counters as the harness reports them."""
    return sum(value << 8 * place for place, value in enumerate(values))


def _once(side: int, counter: int, entry: Entry, thread: Thread) -> list[int]:
    """What the counter has ever been, from what the thread knows of it on."""
    values = {counters[side][counter] for counters in entry.history}
    return sorted(value for value in values if value >= thread.known[side][counter])


def _seen(side: int, values: tuple[int, ...], thread: Thread) -> Thread:
    known: Counters = (values, thread.known[1]) if side == 0 else (thread.known[0], values)
    return thread._replace(known=known)
