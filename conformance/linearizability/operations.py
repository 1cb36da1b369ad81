"""The atomic steps of each call, with the conditions under which a step may take effect.

These are the checker's own statement of the rules; the reference checker calls the model's functions instead.

- Most calls are one step, at some point between their timestamps. A call that returns TIMEOUT may take effect at any
  check that failed: PSH-4 and POP-4 do not require a last check at the end.
- `batch_push` is `try_push` on each [PSH-6]: a step for each message, and one for the check that stopped it. That
  check is in an order of its own, so that it may precede steps of its own call: C11 lets a thread load the other
  side's index before its own stores are visible to others (store buffering). Between calls, but not within one, the
  timestamps forbid that.
- `close` and `shutdown` are several steps: the handle becomes inactive, the peer sees it, the name is free [BRK-8];
  and shutdown ends pushing before it ends popping, or CON-4 could not hold.
- `batch_pop` loads the number of waiting messages and then takes them in one step [POP-5]: more may arrive between.

As the results are known, a step's place in its thread's order determines how many messages were pushed (or popped)
before it. So the condition of a step is a range for the *other* side's number, and flags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from conformance.linearizability.history import POPS, Event
from spec_model.channel.value import Refused
from spec_model.vocabulary import ChannelError, PopResult, PushResult

FOREVER = 1 << 62
"""A timestamp, and a number of messages, above all others."""

PRODUCER_ENDED, PRODUCER_GONE, PRODUCER_FREED = 1, 2, 4
CONSUMER_ENDED, CONSUMER_GONE, CONSUMER_FREED = 8, 16, 32
PUSHING_SHUT, POPPING_SHUT = 64, 128
"""Flags. A handle is *ended* for its own calls, *gone* for its peer's and *freed* in the registry."""

NO_RECEIVER = CONSUMER_GONE | PUSHING_SHUT
NO_SENDER = PRODUCER_GONE | POPPING_SHUT
UNREGISTERED = PRODUCER_FREED | CONSUMER_FREED


class Needs(NamedTuple):
    """The condition of a step on the flags: none of `forbid`, one of `some` if any, all of `every`, and not all of
    `unless` if any. One of `otherwise` suffices, whatever the other conditions."""

    forbid: int = 0
    some: int = 0
    otherwise: int = 0
    every: int = 0
    unless: int = 0

    def met(self, flags: int) -> bool:
        """Whether the flags fulfil the condition, without `otherwise`."""
        return (
            not flags & self.forbid
            and (not self.some or flags & self.some != 0)
            and flags & self.every == self.every
            and (not self.unless or flags & self.unless != self.unless)
        )


ALWAYS = Needs()


@dataclass
class ThreadOrder:
    """The steps of one thread in their order.

    Step n takes effect between timestamps begin[n] and end[n], where the other side's number is from low[n] to
    high[n] and needs[n] are met; count[n] and flags[n] hold before it. events[n]: the index of its event.
    """

    begin: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    low: list[int] = field(default_factory=list)
    high: list[int] = field(default_factory=list)
    needs: list[Needs] = field(default_factory=list)
    count: list[int] = field(default_factory=lambda: [0])
    flags: list[int] = field(default_factory=lambda: [0])
    events: list[int] = field(default_factory=list)

    def add(
        self,
        event: Event,
        number: int,
        needs: Needs = ALWAYS,
        low: int = 0,
        high: int = FOREVER,
        moves: int = 0,
        sets: int = 0,
    ) -> None:
        """Append a step of an event: it adds `moves` to the count and sets the flags `sets`."""
        self.begin.append(event.begin)
        self.end.append(event.end)
        self.low.append(low)
        self.high.append(high)
        self.needs.append(needs)
        self.count.append(self.count[-1] + moves)
        self.flags.append(self.flags[-1] | sets)
        self.events.append(number)

    def never(self, event: Event, number: int) -> None:
        """Append a step that no state allows."""
        self.add(event, number, low=1, high=0)

    def add_closing(self, event: Event, number: int, flags: Sequence[int]) -> None:
        """Append the steps of a close or shutdown: one for each flag."""
        for flag in flags:
            self.add(event, number, sets=flag)

    def seal(self) -> None:
        """Append a sentinel that is never reached."""
        self.begin.append(FOREVER)
        self.end.append(FOREVER)


CLOSING = {
    "close_producer": (PRODUCER_ENDED, PRODUCER_GONE, PRODUCER_FREED),
    "close_consumer": (CONSUMER_ENDED, CONSUMER_GONE, CONSUMER_FREED),
}


RECEIVER_LIVE = Needs(forbid=PRODUCER_ENDED | NO_RECEIVER)
PRODUCER_ACTIVE = Needs(forbid=PRODUCER_ENDED)
PRODUCER_INACTIVE = Needs(some=PRODUCER_ENDED)
PUSH_CLOSED = Needs(some=PRODUCER_ENDED | NO_RECEIVER)
NO_PUSH = Needs(otherwise=PRODUCER_ENDED | NO_RECEIVER)


class ProducerOrder:
    """The producer's steps, and apart from them the checks at which its batches found the queue full."""

    def __init__(self, events: Sequence[Event], capacity: int) -> None:
        self.steps, self.full_checks = ThreadOrder(), ThreadOrder()
        self._capacity = capacity
        self._reserved = False
        for number, event in enumerate(events):
            _STEPS[event.call](self, event, number)
        self.steps.seal()
        self.full_checks.seal()

    @property
    def _full(self) -> int:
        """The highest number of pops at which nothing can be pushed; any number during a reservation [PSH-1]."""
        return FOREVER if self._reserved else self.steps.count[-1] - self._capacity

    def _push(self, event: Event, number: int) -> None:
        self._push_step(event, number, event.given, event.got)

    def _push_step(self, event: Event, number: int, payload_id: int, result: object) -> None:
        """`try_push` of `payload_id`, in the order of precedence [PSH-1], or `blocking_push` [PSH-4]."""
        steps = self.steps
        idle = PushResult.TIMEOUT if event.call == "blocking_push" else PushResult.QUEUE_FULL
        if result is PushResult.SUCCESS and payload_id > 0 and not self._reserved:
            steps.add(event, number, RECEIVER_LIVE, low=self._full + 1, moves=1)
        elif result is idle and payload_id > 0 and (event.timeout is not None or self._reserved):
            steps.add(event, number, RECEIVER_LIVE, high=self._full)
        elif result is PushResult.CHANNEL_CLOSED:
            steps.add(event, number, PUSH_CLOSED if payload_id > 0 else PRODUCER_INACTIVE)
        elif result is PushResult.INVALID_SIZE and payload_id <= 0:
            steps.add(event, number, PRODUCER_ACTIVE)
        else:
            steps.never(event, number)

    def _batch(self, event: Event, number: int) -> None:
        """`try_push` on each until one fails [PSH-6]."""
        payload_ids, pushed = event.given, event.got
        for payload_id in payload_ids[:pushed]:
            self._push_step(event, number, payload_id, PushResult.SUCCESS)
        if pushed > len(payload_ids):
            self.steps.never(event, number)
        elif pushed < len(payload_ids):
            self._stop(event, number, payload_ids[pushed], pushed)
        elif not pushed:
            self.steps.add(event, number)

    def _stop(self, event: Event, number: int, payload_id: int, pushed: int) -> None:
        """The check at which the batch stopped."""
        if payload_id <= 0:
            self.steps.add(event, number)
        elif pushed == 0:
            self.steps.add(event, number, NO_PUSH, high=self._full)
        else:
            # Exactly full: the push before succeeded, and loads of one index never go backwards (coherence).
            self.full_checks.add(event, number, NO_PUSH, low=self._full, high=self._full)

    def _reserve(self, event: Event, number: int) -> None:
        """RSV-1."""
        if event.got and not self._reserved:
            self.steps.add(event, number, RECEIVER_LIVE, low=self._full + 1)
            self._reserved = True
        elif event.got:
            self.steps.never(event, number)
        else:
            self.steps.add(event, number, NO_PUSH, high=self._full)

    def _commit(self, event: Event, number: int) -> None:
        """RSV-3, RSV-4."""
        if not self._reserved:
            self.steps.never(event, number) if event.got else self.steps.add(event, number)
        elif event.got:
            self.steps.add(event, number, RECEIVER_LIVE, moves=1)
        else:
            self.steps.add(event, number, PUSH_CLOSED)
        self._reserved = False

    def _rollback(self, event: Event, number: int) -> None:
        """RSV-5."""
        self.steps.add(event, number)
        self._reserved = False

    def _close(self, event: Event, number: int) -> None:
        """LIF-2."""
        self.steps.add_closing(event, number, CLOSING["close_producer"])
        self._reserved = False


_STEPS = {
    "try_push": ProducerOrder._push,
    "blocking_push": ProducerOrder._push,
    "batch_push": ProducerOrder._batch,
    "reserve": ProducerOrder._reserve,
    "commit": ProducerOrder._commit,
    "rollback": ProducerOrder._rollback,
    "close_producer": ProducerOrder._close,
}


CONSUMER_ACTIVE = Needs(forbid=CONSUMER_ENDED)
MORE_MAY_COME = Needs(forbid=CONSUMER_ENDED | NO_SENDER)
DRAINED = Needs(some=NO_SENDER, otherwise=CONSUMER_ENDED)
CONSUMER_INACTIVE = Needs(some=CONSUMER_ENDED)


def consumer_order(events: Sequence[Event], capacity: int) -> ThreadOrder:
    """The consumer's steps."""
    order = ThreadOrder()
    exported: set[int] = set()
    for number, event in enumerate(events):
        if event.call in POPS:
            _pop(order, event, number, capacity - len(exported))
        elif event.call == "close_consumer":
            order.add_closing(event, number, CLOSING["close_consumer"])
        else:
            order.add(event, number)
            if event.call == "take_export":
                exported.add(event.given)
            elif event.call == "release_export":
                exported.discard(event.given)
    order.seal()
    return order


def _pop(order: ThreadOrder, event: Event, number: int, allowed: int) -> None:
    """POP-1 and POP-5, where exports let `allowed` messages be popped [MSG-3]."""
    result, taken = event.got
    popped, count, most = order.count[-1], len(taken), min(event.given, allowed)
    if result is PopResult.SUCCESS and 0 < count <= most:
        if count < most:  # fewer than allowed: all that were waiting at its load of the index
            order.add(event, number, CONSUMER_ACTIVE, popped + count, popped + count)
        order.add(event, number, CONSUMER_ACTIVE, low=popped + count, moves=count)
    elif count or result is PopResult.SUCCESS:
        order.never(event, number)
    elif event.given == 0:
        _of_none(order, event, number, result)
    elif result is Refused.BY_EXPORT and allowed <= 0:
        order.add(event, number, CONSUMER_ACTIVE, low=popped + 1)
    elif result is _when_empty(event):
        order.add(event, number, MORE_MAY_COME, popped, popped)
    elif result is PopResult.CHANNEL_CLOSED:
        order.add(event, number, DRAINED, popped, popped)
    else:
        order.never(event, number)


def _of_none(order: ThreadOrder, event: Event, number: int, result: object) -> None:
    """A batch with `max_count` 0 is no pop [MSG-5]."""
    if result is PopResult.EMPTY:
        order.add(event, number, CONSUMER_ACTIVE)
    elif result is PopResult.CHANNEL_CLOSED:
        order.add(event, number, CONSUMER_INACTIVE)
    else:
        order.never(event, number)


def _when_empty(event: Event) -> PopResult | None:
    """The result of the call where nothing is waiting and the producer is live."""
    if event.call == "try_pop" or (event.call == "batch_pop" and event.timeout == 0):
        return PopResult.EMPTY
    return None if event.timeout is None else PopResult.TIMEOUT


REGISTERED = Needs(unless=UNREGISTERED)
NAME_FREE = Needs(every=UNREGISTERED)


def third_thread_order(events: Sequence[Event]) -> ThreadOrder:
    """The third thread's steps; the statistics that it reads are checked by `check_counters`."""
    order = ThreadOrder()
    for number, event in enumerate(events):
        if event.call in CLOSING:
            order.add_closing(event, number, CLOSING[event.call])
        elif event.call == "shutdown":
            order.add_closing(event, number, (PUSHING_SHUT, POPPING_SHUT))
            order.add(event, number, NAME_FREE if event.got else REGISTERED)  # SHD-2
        elif event.call == "has_channel":
            order.add(event, number, REGISTERED if event.got else NAME_FREE)  # BRK-10
        elif event.call == "request_channel" and event.got is ChannelError.NAME_EXISTS:
            order.add(event, number, REGISTERED)  # BRK-3
        elif event.call == "request_channel" and event.got is ChannelError.SUCCESS:
            order.add(event, number, NAME_FREE)  # BRK-8
        elif event.call == "request_another" and event.got is ChannelError.SUCCESS:
            order.add(event, number)  # BRK-2, SHD-3
        elif event.call.startswith("request"):
            order.never(event, number)
        elif event.call == "broker_stats" and event.got.active_channels <= 1:
            order.add(event, number, REGISTERED if event.got.active_channels else NAME_FREE)  # BRK-11
        elif event.call == "broker_stats":
            order.never(event, number)
        else:
            order.add(event, number)
    order.seal()
    return order
