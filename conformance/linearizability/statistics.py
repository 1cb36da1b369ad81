"""Figures that must add up: at the end exactly, and while others are active within what had begun and had ended."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

from conformance.failure import Broken
from conformance.linearizability.contents import published
from conformance.linearizability.event import POPS, Event
from conformance.linearizability.history import History, timeline
from conformance.linearizability.token import payload
from spec_model.vocabulary import ChannelError, PopResult, PushResult

FIELDS = {
    "producer_stats": ("STA-1", ("messages_sent", "bytes_sent", "failed_pushes")),
    "consumer_stats": ("STA-2", ("messages_received", "bytes_received", "failed_pops")),
    "broker_stats": ("BRK-11", ("total_messages_sent", "total_bytes_transferred")),
}


class Range(NamedTuple):
    """What one call added to a figure: at least and at most."""

    least: int
    most: int


class Figure:
    """How a figure grew, call by call of the thread whose calls it counts."""

    def __init__(self, events: Sequence[Event], grows: Callable[[Event], Range]) -> None:
        ranges = [grows(event) for event in events]
        self._begins = [event.begin for event in events]
        self._ends = [event.end for event in events]
        self._least = [0, *accumulate(each.least for each in ranges)]
        self._most = [0, *accumulate(each.most for each in ranges)]

    def between(self, begin: int, end: int) -> Range:
        """What a reading between those tickets may show: all that had ended counts, and nothing yet to begin."""
        return Range(self._least[bisect_left(self._ends, begin)], self._most[bisect_left(self._begins, end)])

    def total(self) -> Range:
        """What a reading after everything may show."""
        return Range(self._least[-1], self._most[-1])


def judge_statistics(history: History) -> None:
    """Raise Broken at the first figure that does not add up."""
    readings = [event for event in history.side if event.call in FIELDS]
    if not readings and history.final is None:
        return
    figures = _figures(history)
    before: dict[str, int] = {}
    made = 1
    for event in history.side:
        made += event.call.startswith("request") and event.got is ChannelError.SUCCESS
        if event.call not in FIELDS:
            continue
        rule, fields = FIELDS[event.call]
        for field in fields:
            value = getattr(event.got, field)
            least, most = figures[field].between(event.begin, event.end)
            _within(history, rule, field, value, Range(max(least, before.get(field, 0)), most), [event])
            before[field] = value
        if event.call == "broker_stats":
            _within(history, rule, "total_channels_created", event.got[1], Range(made, made), [event])
    if history.final is not None:
        for (rule, fields), stats in zip(FIELDS.values(), history.final, strict=True):
            for field in fields:
                _within(history, rule, field, getattr(stats, field), figures[field].total(), [])


def _figures(history: History) -> dict[str, Figure]:
    sent = Figure(history.producer, lambda event: _exactly(len(published(event))))
    bytes_sent = Figure(history.producer, lambda event: _exactly(_bytes(published(event), history.size)))
    pops = [event for event in history.consumer if event.call in POPS]
    closings, endings = history.calls("close_producer"), history.calls("close_consumer")
    # A message may have expired unread: then its size is that of the message sent in its place.
    order = [token for event in history.producer for token in published(event)]
    place = [0, *accumulate(len(event.got[1]) for event in pops)]
    tokens = {event.begin: order[at : at + len(event.got[1])] for at, event in zip(place, pops, strict=False)}
    return {
        "messages_sent": sent,
        "total_messages_sent": sent,
        "bytes_sent": bytes_sent,
        "total_bytes_transferred": bytes_sent,
        "failed_pushes": Figure(history.producer, lambda event: _failed(event, closings)),
        "messages_received": Figure(pops, lambda event: _exactly(len(event.got[1]))),
        "bytes_received": Figure(pops, lambda event: _exactly(_bytes(tokens[event.begin], history.size))),
        "failed_pops": Figure(pops, lambda event: _failed(event, endings)),
    }


def _exactly(count: int) -> Range:
    return Range(count, count)


def _bytes(tokens: Sequence[int], size: int) -> int:
    return sum(len(payload(token, size)) for token in tokens)


def _failed(event: Event, closes: Sequence[Event]) -> Range:
    """TIMEOUT and CHANNEL_CLOSED count where the handle was active when the call came [STA-1, STA-2].

    Closed by another thread during the call, it may or may not have been.
    """
    result = event.got[0] if event.call in POPS else event.got
    if result is PushResult.TIMEOUT or result is PopResult.TIMEOUT:
        return Range(1, 1)
    if result is not PushResult.CHANNEL_CLOSED and result is not PopResult.CHANNEL_CLOSED:
        return Range(0, 0)
    before = all(event.end < close.begin for close in closes)
    return Range(int(before), int(before or all(event.begin < close.end for close in closes)))


def _within(history: History, rule: str, field: str, value: int, allowed: Range, wrong: list[Event]) -> None:
    if allowed.least <= value <= allowed.most:
        return
    due = str(allowed.least) if allowed.least == allowed.most else f"from {allowed.least} to {allowed.most}"
    when = "while others were active" if wrong else "at the end"
    shown = timeline(history, wrong) if wrong else []
    raise Broken(rule, f"{field} was {value} {when}, and should be {due}", kind="history", timeline=shown)
