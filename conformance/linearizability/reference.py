"""The reference checker, after Wing and Gong: every order of a small history, each tried on the model's own functions.

Exponential. The fast checker is tested against it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from conformance.linearizability.history import CHANNEL_NAME, POPS, Event, History
from conformance.linearizability.payloads import payload, published
from spec_model import registry
from spec_model.channel import lifecycle, popping, pushing, reserving
from spec_model.channel.value import Blocked, Channel, Side
from spec_model.config import ChannelConfig
from spec_model.registry import Registry
from spec_model.vocabulary import PopResult, PushResult

Result = TypeVar("Result")


@dataclass(frozen=True)
class Visibility:
    """Which handles are live and whether the channel is shut down, as visible to one side."""

    producer: Side = Side.LIVE
    consumer: Side = Side.LIVE
    shut: bool = False

    def of(self, channel: Channel) -> Channel:
        """The channel as visible to that side."""
        return replace(channel, producer=self.producer, consumer=self.consumer, shut=self.shut)


@dataclass(frozen=True)
class ModelState:
    """The model's channel and registry, and to which of the two sides a close or shutdown is visible.

    In the model it is visible to all at once. Between threads it becomes visible to the producer's calls, the
    consumer's and the registry one after the other, all within the call that closes.
    """

    channel: Channel
    broker: Registry
    producer: Visibility = Visibility()
    consumer: Visibility = Visibility()

    @staticmethod
    def new(capacity: int, size: int) -> ModelState:
        """A new channel, registered."""
        broker, _ = registry.request_channel(Registry(), CHANNEL_NAME, ChannelConfig(capacity, size))
        channel = registry.lookup(broker, CHANNEL_NAME)
        assert channel is not None
        return ModelState(channel, broker)

    def push(self, operation: Callable[[Channel], tuple[Channel, Result]]) -> tuple[ModelState, Result]:
        """An operation of the producer."""
        after, result = operation(self.producer.of(self.channel))
        return replace(self, channel=after, producer=_visibility(after)), result

    def pop(self, operation: Callable[[Channel], tuple[Channel, Result]]) -> tuple[ModelState, Result]:
        """An operation of the consumer."""
        after, result = operation(self.consumer.of(self.channel))
        return replace(self, channel=after, consumer=_visibility(after)), result

    def reach_producer(self, change: Callable[[Channel], Channel]) -> ModelState:
        """A change that is visible to the producer's calls from now on."""
        return self.push(lambda channel: (change(channel), None))[0]

    def reach_consumer(self, change: Callable[[Channel], Channel]) -> ModelState:
        """A change that is visible to the consumer's calls from now on."""
        return self.pop(lambda channel: (change(channel), None))[0]

    def reach_broker(self, change: Callable[[Channel], Channel]) -> ModelState:
        """A change that is visible to the registry from now on [BRK-8]."""
        known = registry.lookup(self.broker, CHANNEL_NAME)
        assert known is not None, "a handle is closed once"
        return replace(self, broker=registry.with_channel(self.broker, CHANNEL_NAME, change(known)))


CLOSING: dict[str, tuple[Callable[[ModelState], ModelState], ...]] = {
    "close_producer": (
        lambda state: state.reach_producer(lifecycle.close_producer),
        lambda state: state.reach_consumer(lifecycle.close_producer),
        lambda state: state.reach_broker(lifecycle.close_producer),
    ),
    "close_consumer": (
        lambda state: state.reach_consumer(lifecycle.close_consumer),
        lambda state: state.reach_producer(lifecycle.close_consumer),
        lambda state: state.reach_broker(lifecycle.close_consumer),
    ),
    "shutdown": (
        lambda state: state.reach_producer(lifecycle.shut),
        lambda state: state.reach_consumer(lifecycle.shut),
    ),
}
"""The order of visibility: the side that closes or, for shutdown, the producer; then the other; then the registry."""


def _visibility(channel: Channel) -> Visibility:
    return Visibility(channel.producer, channel.consumer, channel.shut)


Step = Callable[[ModelState], ModelState | None]
"""One atomic step: the state after it, or None where the model's result differs from the one recorded."""

Pending = tuple[Event, Step]


def order_exists(history: History) -> bool:
    """Whether some order that the timestamps allow gives the recorded results on the model."""
    return any(True for _ in final_states(history))


def final_states(history: History) -> list[ModelState]:
    """The possible states at the end: one for each order of the steps that gives all results."""
    found: list[ModelState] = []
    full_checks: list[Pending] = []
    producer = [(event, step) for event in history.producer for step in _pushes(history, event, full_checks)]
    consumer = [(event, step) for event in history.consumer for step in _pops(history, event)]
    third = [(event, step) for event in history.third for step in _third_steps(event)]
    _explore(ModelState.new(history.capacity, history.size), (producer, consumer, third, full_checks), found)
    return found


def _explore(state: ModelState, orders: tuple[Sequence[Pending], ...], found: list[ModelState]) -> None:
    """Try the next step of each thread that no other pending call has to precede."""
    if not any(orders):
        found.append(state)
        return
    first = min(steps[0][0].end for steps in orders if steps)
    for number, steps in enumerate(orders):
        if steps and steps[0][0].begin < first:
            after = steps[0][1](state)
            if after is not None:
                _explore(after, (*orders[:number], steps[1:], *orders[number + 1 :]), found)


def _pushes(history: History, event: Event, full_checks: list[Pending]) -> list[Step]:
    if event.call in CLOSING:
        return list(CLOSING[event.call])
    if event.call == "batch_push":
        return _batch(history, event, full_checks)
    return [partial(_push, event, history.size)]


def _push(event: Event, size: int, state: ModelState) -> ModelState | None:
    """Any call of the producer that is one step."""
    operation: Callable[[Channel], tuple[Channel, object]]
    if event.call == "reserve":
        operation = partial(reserving.reserve, n=event.given)
    elif event.call == "commit":
        data = payload(event.given, size)
        operation = partial(reserving.commit, region=data.ljust(size, b"\0"), n=len(data))
    elif event.call == "rollback":
        operation = reserving.rollback
    elif event.call == "try_push":
        operation = partial(pushing.try_push, data=payload(event.given, size))
    else:
        operation = partial(pushing.blocking_push, data=payload(event.given, size))
    after, result = state.push(operation)
    if result is Blocked.FOR_SPACE and event.timeout is not None:
        after, result = state.push(pushing.push_timed_out)
    return after if result is event.got else None


def _batch(history: History, event: Event, full_checks: list[Pending]) -> list[Step]:
    """`try_push` on each; where one fails, a check that may precede the pushes before it (see `operations`)."""
    sent = [payload(payload_id, history.size) for payload_id in event.given]
    through, rest = sent[: event.got], sent[event.got :]
    before = _published(history, event)
    if event.got > len(sent):
        return [lambda state: None]

    def push(data: bytes, state: ModelState) -> ModelState | None:
        after, result = state.push(partial(pushing.try_push, data=data))
        return after if result is PushResult.SUCCESS else None

    def check(state: ModelState) -> ModelState | None:
        """The producer sees its whole batch, however much of it is visible to others."""
        unseen = through[state.channel.sent.messages_sent - before :]
        ahead, pushed = pushing.batch_push(state.producer.of(state.channel), unseen)
        stops = pushing.try_push(ahead, rest[0])[1] is not PushResult.SUCCESS
        return state if stops and pushed == len(unseen) else None

    if rest:
        full_checks.append((event, check))
    return [partial(push, data) for data in through]


def _published(history: History, until: Event) -> int:
    """How many messages the producer had published when a call of its began."""
    return sum(len(published(event)) for event in history.producer if event.end < until.begin)


def _pops(history: History, event: Event) -> list[Step]:
    if event.call in CLOSING:
        return list(CLOSING[event.call])
    if event.call == "batch_pop" and event.got[1]:
        taken = event._replace(given=len(event.got[1]))
        return [partial(_counts, event), partial(_pop, taken, history.size)]
    return [partial(_pop, event, history.size)]


def _counts(event: Event, state: ModelState) -> ModelState | None:
    """The load by which a batch determines how many it takes; more may arrive before it takes them."""
    messages = popping.batch_pop(state.consumer.of(state.channel), event.given)[2]
    return state if len(messages) == len(event.got[1]) else None


def _pop(event: Event, size: int, state: ModelState) -> ModelState | None:
    """Any call of the consumer that is one step."""
    if event.call == "reread":
        return state  # its result does not depend on the order
    if event.call not in POPS:
        change = popping.take_export if event.call == "take_export" else popping.release_export
        return state.reach_consumer(partial(change, number=event.given))
    operations: dict[str, Callable[[Channel], tuple[Channel, object, tuple[bytes, ...]]]] = {
        "try_pop": popping.try_pop,
        "blocking_pop": popping.blocking_pop,
        "batch_pop": partial(popping.batch_pop, max_count=event.given),
    }
    operation = operations[event.call]
    after, (result, messages) = state.pop(lambda channel: _paired(operation(channel)))
    if result is Blocked.FOR_MESSAGE and event.call == "batch_pop" and event.timeout == 0:
        result = PopResult.EMPTY
    elif result is Blocked.FOR_MESSAGE and event.timeout is not None:
        after, result = state.pop(popping.pop_timed_out)
    seen, read = event.got
    same = len(read) == len(messages) and all(map(partial(_reads, size=size), read, messages))
    return after if result is seen and same else None


def _reads(payload_id: int | bytes | None, message: bytes, size: int) -> bool:
    """Whether a message has the payload that was read, if it could be read."""
    return payload_id is None or message == (payload(payload_id, size) if isinstance(payload_id, int) else payload_id)


def _paired(outcome: tuple[Channel, object, tuple[bytes, ...]]) -> tuple[Channel, tuple[object, tuple[bytes, ...]]]:
    return outcome[0], outcome[1:]


def _third_steps(event: Event) -> list[Step]:
    if event.call in CLOSING:
        return [*CLOSING[event.call], *([partial(_third, event)] if event.call == "shutdown" else [])]
    return [partial(_third, event)]


def _third(event: Event, state: ModelState) -> ModelState | None:
    """Any call of the third thread, or the end of its shutdown."""
    seen: object = event.got
    if event.call == "has_channel":
        seen = registry.has_channel(state.broker, CHANNEL_NAME)
    elif event.call == "shutdown":
        seen = registry.shutdown(state.broker)[1] is True  # a thread still blocked gives up
    elif event.call == "broker_stats":
        seen = event.got if registry.get_stats(state.broker).active_channels == event.got.active_channels else None
    elif event.call in ("request_channel", "request_another"):
        name = CHANNEL_NAME if event.call == "request_channel" else "another"
        seen = registry.request_channel(state.broker, name, ChannelConfig(8, 64))[1]
    return state if seen is event.got else None
