"""Statistics that must add up: exactly at the end, and within bounds while other threads are active."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

from conformance.failure import Broken
from conformance.linearizability.history import POPS, Event, History, timeline
from conformance.linearizability.payloads import payload, published
from spec_model.vocabulary import ChannelError, PopResult, PushResult

FIELDS = {
    "producer_stats": ("STA-1", ("messages_sent", "bytes_sent", "failed_pushes")),
    "consumer_stats": ("STA-2", ("messages_received", "bytes_received", "failed_pops")),
    "broker_stats": ("BRK-11", ("total_messages_sent", "total_bytes_transferred")),
}


class Range(NamedTuple):
    """The least and the most that one call added to a counter."""

    least: int
    most: int


class CounterBounds:
    """The growth of a counter, call by call of the thread whose calls it counts."""

    def __init__(self, events: Sequence[Event], grows: Callable[[Event], Range]) -> None:
        ranges = [grows(event) for event in events]
        self._begins = [event.begin for event in events]
        self._ends = [event.end for event in events]
        self._least = [0, *accumulate(each.least for each in ranges)]
        self._most = [0, *accumulate(each.most for each in ranges)]

    def between(self, begin: int, end: int) -> Range:
        """The range of a reading between those timestamps: all calls that had ended count, and none yet to begin."""
        return Range(self._least[bisect_left(self._ends, begin)], self._most[bisect_left(self._begins, end)])

    def total(self) -> Range:
        """The range of a reading at the end."""
        return Range(self._least[-1], self._most[-1])


def check_counters(history: History) -> None:
    """Raise Broken at the first counter that does not add up."""
    readings = [event for event in history.third if event.call in FIELDS]
    if not readings and history.final is None:
        return
    counters = _counters(history)
    before: dict[str, int] = {}
    made = 1
    for event in history.third:
        made += event.call.startswith("request") and event.got is ChannelError.SUCCESS
        if event.call not in FIELDS:
            continue
        rule, fields = FIELDS[event.call]
        for field in fields:
            value = getattr(event.got, field)
            least, most = counters[field].between(event.begin, event.end)
            _within(history, rule, field, value, Range(max(least, before.get(field, 0)), most), [event])
            before[field] = value
        if event.call == "broker_stats":
            _within(history, rule, "total_channels_created", event.got[1], Range(made, made), [event])
    if history.final is not None:
        for (rule, fields), stats in zip(FIELDS.values(), history.final, strict=True):
            for field in fields:
                _within(history, rule, field, getattr(stats, field), counters[field].total(), [])


def _counters(history: History) -> dict[str, CounterBounds]:
    sent = CounterBounds(history.producer, lambda event: _exactly(len(published(event))))
    bytes_sent = CounterBounds(history.producer, lambda event: _exactly(_bytes(published(event), history.size)))
    pops = [event for event in history.consumer if event.call in POPS]
    closings, endings = history.calls("close_producer"), history.calls("close_consumer")
    # A message may have expired unread: then its size is that of the message sent at its position.
    order = [payload_id for event in history.producer for payload_id in published(event)]
    place = [0, *accumulate(len(event.got[1]) for event in pops)]
    payload_ids = {event.begin: order[at : at + len(event.got[1])] for at, event in zip(place, pops, strict=False)}
    return {
        "messages_sent": sent,
        "total_messages_sent": sent,
        "bytes_sent": bytes_sent,
        "total_bytes_transferred": bytes_sent,
        "failed_pushes": CounterBounds(history.producer, lambda event: _failed(event, closings)),
        "messages_received": CounterBounds(pops, lambda event: _exactly(len(event.got[1]))),
        "bytes_received": CounterBounds(pops, lambda event: _exactly(_bytes(payload_ids[event.begin], history.size))),
        "failed_pops": CounterBounds(pops, lambda event: _failed(event, endings)),
    }


def _exactly(count: int) -> Range:
    return Range(count, count)


def _bytes(payload_ids: Sequence[int], size: int) -> int:
    return sum(len(payload(payload_id, size)) for payload_id in payload_ids)


def _failed(event: Event, closes: Sequence[Event]) -> Range:
    """TIMEOUT and CHANNEL_CLOSED count where the handle was active when the call began [STA-1, STA-2].

    If another thread closed it during the call, it may or may not have been active.
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
    raise Broken(rule, f"{field} was {value} {when}, not {due}", kind="history", timeline=shown)
