"""Which rule it is that no order of the calls keeps, and where."""

from __future__ import annotations

from conformance.failure import Broken
from conformance.linearizability.event import POPS, Event
from conformance.linearizability.history import History, timeline
from conformance.linearizability.merge import Lanes, Merge, Position
from conformance.linearizability.step import (
    CONSUMER_ENDED,
    NO_RECEIVER,
    NO_SENDER,
    POPPING_SHUT,
    PRODUCER_ENDED,
    PUSHING_SHUT,
)
from spec_model.vocabulary import PopResult, PushResult

SIDES = {
    "has_channel": "BRK-10",
    "request_channel": "BRK-3",
    "request_another": "BRK-2",
    "broker_stats": "BRK-11",
    "shutdown": "SHD-2",
}
PUSHES = {"reserve": "RSV-1", "commit": "RSV-4", "batch_push": "PSH-6"}


def blame(history: History, lanes: Lanes, merge: Merge) -> Broken:
    """The failure: the call that had to come next and could not, at the furthest place that any order reaches.

    Of the calls that are next there, the one that ended first has to come before whatever is
    still to begin; so the tickets cannot forbid it, and the model does.
    """
    position, lane = max((_first(lanes, position) for position in merge.stuck), key=lambda found: _end(lanes, *found))
    threads = (history.producer, history.consumer, history.side, history.producer)
    event = threads[lane][lanes[lane].events[position[lane]]]
    waiting = lanes.producer.count[position[0]] - lanes.consumer.count[position[1]]
    flags = lanes.flags(position)
    if lane == 1:
        rule = _pop_rule(event, waiting, flags)
    else:
        rule = SIDES[event.call] if lane == 2 else _push_rule(event, waiting, flags, history.capacity)
    state = _state(history, waiting, flags)
    seen = f"{event.text()} answered {event.answer()}, and at no moment of the call could it: {state}"
    return Broken(rule, seen, kind="history", timeline=timeline(history, [event]))


def _first(lanes: Lanes, position: Position) -> tuple[Position, int]:
    """The lane whose next call ended first."""
    return position, min(range(4), key=lambda lane: lanes[lane].end[position[lane]])


def _end(lanes: Lanes, position: Position, lane: int) -> int:
    return lanes[lane].end[position[lane]]


def _state(history: History, waiting: int, flags: int) -> str:
    """The channel when the call had to come, in words."""
    words = [f"{waiting} of {history.capacity} waited"]
    for flag, word in (
        (PRODUCER_ENDED | NO_SENDER & ~POPPING_SHUT, "the producer was closed"),
        (CONSUMER_ENDED | NO_RECEIVER & ~PUSHING_SHUT, "the consumer was closed"),
        (PUSHING_SHUT | POPPING_SHUT, "the channel was shut"),
    ):
        if flags & flag:
            words.append(word)
    return ", ".join(words)


def _push_rule(event: Event, waiting: int, flags: int, capacity: int) -> str:
    """The rule that a call of the producer's breaks."""
    over = flags & (PRODUCER_ENDED | NO_RECEIVER) != 0
    went = event.got is PushResult.SUCCESS or (event.call != "batch_push" and event.got is True)
    if went and over:
        return "SHD-1" if flags & PUSHING_SHUT else "LIF-2"
    if event.call in PUSHES:
        return "PSH-2" if event.call == "batch_push" and waiting >= capacity and not over else PUSHES[event.call]
    if event.got is PushResult.TIMEOUT or (event.call == "blocking_push" and event.got is PushResult.QUEUE_FULL):
        return "PSH-4"
    if event.got in (PushResult.SUCCESS, PushResult.QUEUE_FULL) and not over:
        return "PSH-2"
    return "PSH-1"


def _pop_rule(event: Event, waiting: int, flags: int) -> str:
    """The rule that a call of the consumer's breaks."""
    if event.call not in POPS:
        return "MSG-3"
    result, taken = event.got
    if result is PopResult.CHANNEL_CLOSED and flags & NO_SENDER and waiting:
        return "CON-4"
    if result in (PopResult.EMPTY, PopResult.TIMEOUT) and not waiting and flags & NO_SENDER:
        return "SHD-1" if flags & POPPING_SHUT else "LIF-2"
    if result is PopResult.SUCCESS and waiting < len(taken):
        return "CON-3"
    if event.call == "batch_pop":
        return "POP-5"
    if not isinstance(result, PopResult):
        return "MSG-3"
    blocking = result is PopResult.TIMEOUT or (event.call == "blocking_pop" and result is PopResult.EMPTY)
    return "POP-4" if blocking else "POP-1"
