"""The judge that cannot be doubted: every order of a small history, each tried on the model's own functions.

Exponential. It exists so that the fast judge can be compared with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from conformance.linearizability.contents import published
from conformance.linearizability.event import POPS, Event
from conformance.linearizability.history import History
from conformance.linearizability.token import payload
from conformance.linearizability.world import CLOSING, NAME, World
from spec_model import registry
from spec_model.channel import popping, pushing, reserving
from spec_model.channel.value import Blocked, Channel
from spec_model.config import ChannelConfig
from spec_model.vocabulary import PopResult, PushResult

Act = Callable[[World], World | None]
"""One atomic step: the world after it, or None where the model answers otherwise than was seen."""

Pending = tuple[Event, Act]


def order_exists(history: History) -> bool:
    """Whether the model allows what was seen in some order that the tickets allow."""
    return any(True for _ in worlds(history))


def worlds(history: History) -> list[World]:
    """How the world may be at the end: one for each order of the steps that explains all results."""
    found: list[World] = []
    looks: list[Pending] = []
    producer = [(event, act) for event in history.producer for act in _pushes(history, event, looks)]
    consumer = [(event, act) for event in history.consumer for act in _pops(history, event)]
    side = [(event, act) for event in history.side for act in _sides(event)]
    _explore(World.new(history.capacity, history.size), (producer, consumer, side, looks), found)
    return found


def _explore(world: World, lanes: tuple[Sequence[Pending], ...], found: list[World]) -> None:
    """Try each lane's next step that no other pending call has to precede."""
    if not any(lanes):
        found.append(world)
        return
    first = min(lane[0][0].end for lane in lanes if lane)
    for number, lane in enumerate(lanes):
        if lane and lane[0][0].begin < first:
            after = lane[0][1](world)
            if after is not None:
                _explore(after, (*lanes[:number], lane[1:], *lanes[number + 1 :]), found)


def _pushes(history: History, event: Event, looks: list[Pending]) -> list[Act]:
    if event.call in CLOSING:
        return list(CLOSING[event.call])
    if event.call == "batch_push":
        return _batch(history, event, looks)
    return [partial(_push, event, history.size)]


def _push(event: Event, size: int, world: World) -> World | None:
    """Any call of the producer's that is one step."""
    operation: Callable[[Channel], tuple[Channel, object]]
    if event.call == "reserve":
        operation = partial(reserving.reserve, size=event.given)
    elif event.call == "commit":
        data = payload(event.given, size)
        operation = partial(reserving.commit, region=data.ljust(size, b"\0"), size=len(data))
    elif event.call == "rollback":
        operation = reserving.rollback
    elif event.call == "try_push":
        operation = partial(pushing.try_push, data=payload(event.given, size))
    else:
        operation = partial(pushing.blocking_push, data=payload(event.given, size))
    after, result = world.push(operation)
    if result is Blocked.FOR_SPACE and event.timeout is not None:
        after, result = world.push(pushing.push_timed_out)
    return after if result is event.got else None


def _batch(history: History, event: Event, looks: list[Pending]) -> list[Act]:
    """`try_push` on each; where one does not go through, a look that may precede the pushes before it (see `step`)."""
    sent = [payload(token, history.size) for token in event.given]
    through, rest = sent[: event.got], sent[event.got :]
    before = _published(history, event)
    if event.got > len(sent):
        return [lambda world: None]

    def push(data: bytes, world: World) -> World | None:
        after, result = world.push(partial(pushing.try_push, data=data))
        return after if result is PushResult.SUCCESS else None

    def look(world: World) -> World | None:
        """The producer sees its whole batch, however much of it has reached the others."""
        unseen = through[world.channel.sent.messages_sent - before :]
        ahead, pushed = pushing.batch_push(world.producer.of(world.channel), unseen)
        stops = pushing.try_push(ahead, rest[0])[1] is not PushResult.SUCCESS
        return world if stops and pushed == len(unseen) else None

    if rest:
        looks.append((event, look))
    return [partial(push, data) for data in through]


def _published(history: History, until: Event) -> int:
    """How many messages the producer had published when a call of its own began."""
    return sum(len(published(event)) for event in history.producer if event.end < until.begin)


def _pops(history: History, event: Event) -> list[Act]:
    if event.call in CLOSING:
        return list(CLOSING[event.call])
    if event.call == "batch_pop" and event.got[1]:
        taken = event._replace(given=len(event.got[1]))
        return [partial(_counts, event), partial(_pop, taken, history.size)]
    return [partial(_pop, event, history.size)]


def _counts(event: Event, world: World) -> World | None:
    """The look of a batch, which says how many it takes; more may come until it does."""
    messages = popping.batch_pop(world.consumer.of(world.channel), event.given)[2]
    return world if len(messages) == len(event.got[1]) else None


def _pop(event: Event, size: int, world: World) -> World | None:
    """Any call of the consumer's that is one step."""
    if event.call == "reread":
        return world  # what it reads is no matter of order
    if event.call not in POPS:
        change = popping.take_export if event.call == "take_export" else popping.release_export
        return world.reach_consumer(partial(change, number=event.given))
    operations: dict[str, Callable[[Channel], tuple[Channel, object, tuple[bytes, ...]]]] = {
        "try_pop": popping.try_pop,
        "blocking_pop": popping.blocking_pop,
        "batch_pop": partial(popping.batch_pop, max_count=event.given),
    }
    operation = operations[event.call]
    after, (result, messages) = world.pop(lambda channel: _paired(operation(channel)))
    if result is Blocked.FOR_MESSAGE and event.call == "batch_pop" and event.timeout == 0:
        result = PopResult.EMPTY
    elif result is Blocked.FOR_MESSAGE and event.timeout is not None:
        after, result = world.pop(popping.pop_timed_out)
    seen, read = event.got
    same = len(read) == len(messages) and all(map(partial(_reads, size=size), read, messages))
    return after if result is seen and same else None


def _reads(token: int | bytes | None, message: bytes, size: int) -> bool:
    """Whether a message is what was read of it, if it was."""
    return token is None or message == (payload(token, size) if isinstance(token, int) else token)


def _paired(answer: tuple[Channel, object, tuple[bytes, ...]]) -> tuple[Channel, tuple[object, tuple[bytes, ...]]]:
    return answer[0], answer[1:]


def _sides(event: Event) -> list[Act]:
    if event.call in CLOSING:
        return [*CLOSING[event.call], *([partial(_side, event)] if event.call == "shutdown" else [])]
    return [partial(_side, event)]


def _side(event: Event, world: World) -> World | None:
    """Any call of the third thread's, or the end of its shutdown."""
    seen: object = event.got
    if event.call == "has_channel":
        seen = registry.has_channel(world.broker, NAME)
    elif event.call == "shutdown":
        seen = registry.shutdown(world.broker)[1] is True  # who is still blocked gives up
    elif event.call == "broker_stats":
        seen = event.got if registry.get_stats(world.broker).active_channels == event.got.active_channels else None
    elif event.call in ("request_channel", "request_another"):
        name = NAME if event.call == "request_channel" else "another"
        seen = registry.request_channel(world.broker, name, ChannelConfig(8, 64))[1]
    return world if seen is event.got else None
