"""The third thread's calls as steps (see `step`)."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.linearizability.event import Event
from conformance.linearizability.step import CLOSING, POPPING_SHUT, PUSHING_SHUT, UNREGISTERED, Lane, Needs, closing
from spec_model.vocabulary import ChannelError

REGISTERED = Needs(unless=UNREGISTERED)
FREE = Needs(every=UNREGISTERED)


def siding(events: Sequence[Event]) -> Lane:
    """The third thread's lane; what it counts is judged by `statistics`."""
    lane = Lane()
    for number, event in enumerate(events):
        if event.call in CLOSING:
            closing(lane, event, number, CLOSING[event.call])
        elif event.call == "shutdown":
            closing(lane, event, number, (PUSHING_SHUT, POPPING_SHUT))
            lane.add(event, number, FREE if event.got else REGISTERED)  # SHD-2
        elif event.call == "has_channel":
            lane.add(event, number, REGISTERED if event.got else FREE)  # BRK-10
        elif event.call == "request_channel" and event.got is ChannelError.NAME_EXISTS:
            lane.add(event, number, REGISTERED)  # BRK-3
        elif event.call == "request_channel" and event.got is ChannelError.SUCCESS:
            lane.add(event, number, FREE)  # BRK-8
        elif event.call == "request_another" and event.got is ChannelError.SUCCESS:
            lane.add(event, number)  # BRK-2, SHD-3
        elif event.call.startswith("request"):
            lane.never(event, number)
        elif event.call == "broker_stats" and event.got.active_channels <= 1:
            lane.add(event, number, REGISTERED if event.got.active_channels else FREE)  # BRK-11
        elif event.call == "broker_stats":
            lane.never(event, number)
        else:
            lane.add(event, number)
    lane.seal()
    return lane
