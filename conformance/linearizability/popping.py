"""The consumer's calls as steps (see `step`)."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.linearizability.event import POPS, Event
from conformance.linearizability.step import CLOSING, CONSUMER_ENDED, NO_SENDER, Lane, Needs, closing
from spec_model.channel.value import Refused
from spec_model.vocabulary import PopResult

ACTIVE = Needs(forbid=CONSUMER_ENDED)
OPEN = Needs(forbid=CONSUMER_ENDED | NO_SENDER)
DRAINED = Needs(some=NO_SENDER, otherwise=CONSUMER_ENDED)
ENDED = Needs(some=CONSUMER_ENDED)


def popping(events: Sequence[Event], capacity: int) -> Lane:
    """The consumer's lane."""
    lane = Lane()
    exported: set[int] = set()
    for number, event in enumerate(events):
        if event.call in POPS:
            popped = lane.count[-1]
            _pop(lane, event, number, min(exported, default=popped) + capacity - popped)
        elif event.call == "close_consumer":
            closing(lane, event, number, CLOSING["close_consumer"])
        else:
            lane.add(event, number)
            if event.call == "take_export":
                exported.add(event.given)
            elif event.call == "release_export":
                exported.discard(event.given)
    lane.seal()
    return lane


def _pop(lane: Lane, event: Event, number: int, allowed: int) -> None:
    """POP-1 and POP-5, where exports let `allowed` messages be popped [MSG-3]."""
    result, taken = event.got
    popped, count, most = lane.count[-1], len(taken), min(event.given, allowed)
    if result is PopResult.SUCCESS and 0 < count <= most:
        if count < most:  # with fewer than it might have, those were all that waited when it looked
            lane.add(event, number, ACTIVE, popped + count, popped + count)
        lane.add(event, number, ACTIVE, low=popped + count, moves=count)
    elif count or result is PopResult.SUCCESS:
        lane.never(event, number)
    elif event.given == 0:
        _of_none(lane, event, number, result)
    elif result is Refused.BY_EXPORT and allowed <= 0:
        lane.add(event, number, ACTIVE, low=popped + 1)
    elif result is _idle(event):
        lane.add(event, number, OPEN, popped, popped)
    elif result is PopResult.CHANNEL_CLOSED:
        lane.add(event, number, DRAINED, popped, popped)
    else:
        lane.never(event, number)


def _of_none(lane: Lane, event: Event, number: int, result: object) -> None:
    """A batch of at most none is no pop [MSG-5]."""
    if result is PopResult.EMPTY:
        lane.add(event, number, ACTIVE)
    elif result is PopResult.CHANNEL_CLOSED:
        lane.add(event, number, ENDED)
    else:
        lane.never(event, number)


def _idle(event: Event) -> PopResult | None:
    """What the call answers where nothing waits and something may still come."""
    if event.call == "try_pop" or (event.call == "batch_pop" and event.timeout == 0):
        return PopResult.EMPTY
    return None if event.timeout is None else PopResult.TIMEOUT
