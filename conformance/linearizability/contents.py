"""What was read: the k-th message pushed is the k-th popped, whole, and stays what it is."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.failure import Broken
from conformance.linearizability.event import POPS, Event
from conformance.linearizability.history import History, timeline
from spec_model.vocabulary import PushResult

Read = tuple[Event, int | bytes | None]


def published(event: Event) -> tuple[int, ...]:
    """The tokens that a call of the producer's published."""
    if event.call == "batch_push":
        return tuple(event.given[: event.got])
    if event.call in ("try_push", "blocking_push"):
        return (event.given,) if event.got is PushResult.SUCCESS else ()
    return (event.given,) if event.call == "commit" and event.got else ()


def judge_contents(history: History) -> None:
    """Raise Broken at the first message that is not the one that should have come, or did not stay so."""
    sent = [token for event in history.producer for token in published(event)]
    read: list[int | bytes | None] = []
    for number, event in enumerate(history.consumer):
        if event.call in POPS:
            for token in event.got[1]:
                right = len(read) < len(sent) and sent[len(read)] == token
                if not right and (token is not None or not _expired(history, number)):
                    _wrong(history, event, sent, read, token)
                read.append(token)
        elif event.call == "reread" and event.got != sent[event.given]:
            expired = event.got is None and _expired(history, number)
            if not expired:
                _changed(history, event, sent, len(read))


def _expired(history: History, number: int) -> bool:
    """Whether a message of that call could not be read because somebody closed the consumer meanwhile [MSG-1]."""
    after = history.consumer[number + 1 : number + 2]
    return any(not after or event.begin < after[0].begin for event in history.side if event.call == "close_consumer")


def _wrong(
    history: History, event: Event, sent: list[int], read: list[int | bytes | None], token: int | bytes | None
) -> None:
    place = len(read)
    due_token = next(iter(sent[place : place + 1]), None)
    due = f"message {place} should be #{sent[place]}" if place < len(sent) else f"only {len(sent)} messages were sent"
    rule, how = "CON-3", ""
    if token is None:
        rule, how = "MSG-1", f"message {place} had expired before the next pop"
    elif isinstance(token, bytes):
        how = f"torn: {due}, and is {token[:64]!r}, the bytes of no message"
    elif token in read:
        how = f"duplicated: {due}, and is #{token} again, popped before as message {read.index(token)}"
    elif token not in sent:
        how = f"made up: {due}, and is #{token}, which no push published"
    elif due_token in _later(history, event):
        how = f"reordered: {due}, and is #{token}, which was sent after it"
    else:
        how = f"lost: {due}, which never came; #{token} came instead"
    about = [other for other in history.producer if {token, *sent[place : place + 1]} & {*_given(other)}]
    raise Broken(rule, how, kind="history", timeline=timeline(history, [event, *about[:1]]))


def _later(history: History, event: Event) -> Iterator[int | bytes | None]:
    """What was popped in a call or after it."""
    for other in history.consumer:
        if other.begin >= event.begin and other.call in POPS:
            yield from other.got[1]


def _given(event: Event) -> tuple[int, ...]:
    """The tokens that the producer tried to send."""
    if event.call == "batch_push":
        return tuple(event.given)
    return (event.given,) if event.call in ("try_push", "blocking_push", "commit") else ()


def _changed(history: History, event: Event, sent: list[int], popped: int) -> None:
    """A message that read otherwise later on: held until the next pop [MSG-1], or by an export beyond it [MSG-3]."""
    pops = [other for other in history.consumer if other.call in POPS and other.given and other.end < event.begin]
    newest = pops[-1:]
    held = newest and event.given >= popped - len(newest[0].got[1])
    seen = f"message {event.given} was #{sent[event.given]} when it was popped, and later read {event.answer()}"
    raise Broken("MSG-1" if held else "MSG-3", seen, kind="history", timeline=timeline(history, [*newest, event]))
