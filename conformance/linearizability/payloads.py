"""Payloads that are unique in every byte, and the check that each popped message is the one sent."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import shake_128

from conformance.failure import Broken
from conformance.linearizability.history import POPS, Event, History, timeline
from spec_model.vocabulary import PushResult

SMALLEST = 8
"""Bytes of the shortest payload, which determine its id."""

_WORD = 2**64


@lru_cache
def _factor(size: int) -> int:
    """An odd number of `size` pseudo-random bytes."""
    return int.from_bytes(shake_128(b"history").digest(size), "little") | 1


_INVERSE = pow(_factor(SMALLEST), -1, _WORD)


def payload(payload_id: int, size: int) -> bytes:
    """The payload of an id: at most `size` bytes; the length depends on the id too.

    The payload of id 0 is empty and that of a negative id too long: sizes that every push refuses [PSH-1].
    """
    if payload_id <= 0:
        return bytes(size + 1 if payload_id else 0)
    length = SMALLEST + payload_id * 11 % (size - SMALLEST + 1)
    mask = (1 << 8 * length) - 1  # a remainder would take quadratic time
    return (payload_id * _factor(size) & mask).to_bytes(length, "little")


def decode(data: bytes | None, size: int) -> int | bytes | None:
    """The id of a payload; other bytes as they are, and None for None."""
    if data is None:
        return None
    payload_id = int.from_bytes(data[:SMALLEST], "little") * _INVERSE % _WORD
    return payload_id if 0 < payload_id < 2**48 and payload(payload_id, size) == data else data


def published(event: Event) -> tuple[int, ...]:
    """The ids of the payloads that a call of the producer published."""
    if event.call == "batch_push":
        return tuple(event.given[: event.got])
    if event.call in ("try_push", "blocking_push"):
        return (event.given,) if event.got is PushResult.SUCCESS else ()
    return (event.given,) if event.call == "commit" and event.got else ()


def check_payloads(history: History) -> None:
    """Raise Broken at the first message that is not the one due, or that changed after it was popped."""
    sent = [payload_id for event in history.producer for payload_id in published(event)]
    read: list[int | bytes | None] = []
    for number, event in enumerate(history.consumer):
        if event.call in POPS:
            for payload_id in event.got[1]:
                right = len(read) < len(sent) and sent[len(read)] == payload_id
                if not right and (payload_id is not None or not _expired(history, number)):
                    _wrong(history, event, sent, read, payload_id)
                read.append(payload_id)
        elif event.call == "reread" and event.got != sent[event.given]:
            expired = event.got is None and _expired(history, number)
            if not expired:
                _changed(history, event, sent, len(read))


def _expired(history: History, number: int) -> bool:
    """Whether a message of that call may have expired because the consumer was closed meanwhile [MSG-1]."""
    after = history.consumer[number + 1 : number + 2]
    return any(not after or event.begin < after[0].begin for event in history.third if event.call == "close_consumer")


def _wrong(
    history: History, event: Event, sent: list[int], read: list[int | bytes | None], payload_id: int | bytes | None
) -> None:
    place = len(read)
    due_id = next(iter(sent[place : place + 1]), None)
    due = f"message {place} should be #{sent[place]}" if place < len(sent) else f"only {len(sent)} messages were sent"
    rule, how = "CON-3", ""
    if payload_id is None:
        rule, how = "MSG-1", f"message {place} had expired before the next pop"
    elif isinstance(payload_id, bytes):
        how = f"torn: {due}, but is {payload_id[:64]!r}, the bytes of no message"
    elif payload_id in read:
        how = f"duplicated: {due}, but is #{payload_id}, popped before as message {read.index(payload_id)}"
    elif payload_id not in sent:
        how = f"made up: {due}, but is #{payload_id}, which no push published"
    elif due_id in _later(history, event):
        how = f"reordered: {due}, but is #{payload_id}, which was sent after it"
    else:
        how = f"lost: {due}, which was never popped, but is #{payload_id}"
    about = [other for other in history.producer if {payload_id, *sent[place : place + 1]} & {*_given(other)}]
    raise Broken(rule, how, kind="history", timeline=timeline(history, [event, *about[:1]]))


def _later(history: History, event: Event) -> Iterator[int | bytes | None]:
    """The payload ids popped in a call or after it."""
    for other in history.consumer:
        if other.begin >= event.begin and other.call in POPS:
            yield from other.got[1]


def _given(event: Event) -> tuple[int, ...]:
    """The ids of the payloads that a call of the producer tried to push."""
    if event.call == "batch_push":
        return tuple(event.given)
    return (event.given,) if event.call in ("try_push", "blocking_push", "commit") else ()


def _changed(history: History, event: Event, sent: list[int], popped: int) -> None:
    """Raise Broken for a message that changed: held until the next pop [MSG-1], or by an export beyond it [MSG-3]."""
    pops = [other for other in history.consumer if other.call in POPS and other.given and other.end < event.begin]
    newest = pops[-1:]
    held = newest and event.given >= popped - len(newest[0].got[1])
    seen = f"message {event.given} was #{sent[event.given]} when it was popped, but {event.result_text()} later"
    raise Broken("MSG-1" if held else "MSG-3", seen, kind="history", timeline=timeline(history, [*newest, event]))
