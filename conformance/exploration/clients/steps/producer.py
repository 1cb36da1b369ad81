"""The producer's operations."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.exploration.clients.client import Operation
from conformance.exploration.clients.steps import counters
from conformance.exploration.clients.steps.ending import end
from conformance.exploration.clients.steps.world import MESSAGE_SIZE, Code, Entry, Stage, Step, Thread, World
from spec_model.channel import pushing, queries, reserving
from spec_model.channel.value import Blocked
from spec_model.vocabulary import PushResult

GATED = frozenset({"try_push", "blocking_push", "timed_push", "batch_push", "reserve", "commit", "rollback"})
"""Those that only one thread at a time may be in [CON-1]."""


def message(token: int) -> bytes:
    """The message of a token, as the script sends it."""
    return bytes([token]) * (token % 8 + 1)


def steps(operation: Operation, world: World, thread: Thread) -> Iterator[Step]:
    """What may come next of this operation."""
    kind, argument = operation
    if kind in ("close_producer", "free_producer"):
        yield from end("producer", world, thread, frees=kind == "free_producer")
        return
    entry = world.entries[thread.channel]
    if kind in ("try_push", "blocking_push", "timed_push"):
        each = _push(kind, entry, thread, message(argument), signals=world.client.signals)
    elif kind == "batch_push":
        each = _batch_push(entry, thread, argument)
    elif kind in ("reserve", "commit", "rollback"):
        each = _reserving(kind, entry, thread, argument)
    elif kind in ("producer_pin", "producer_unpin"):
        each = _pin(kind, entry, thread)
    else:
        each = _query(kind, entry, thread)
    for after, at in each:
        yield world.with_entry(thread.channel, after), at


_Steps = Iterator[tuple[Entry, Thread]]


def _push(kind: str, entry: Entry, thread: Thread, data: bytes, *, signals: int) -> _Steps:
    seen = entry.seen_by_producer()
    if thread.inside and entry.producer > Stage.OPEN:
        # the handle was active when the call began, so it counts as failed [LIF-8, STA-1]
        yield entry.after(pushing.push_timed_out(seen)[0]), thread.done(PushResult.CHANNEL_CLOSED.value)
        return
    after, answer = (pushing.try_push if kind == "try_push" else pushing.blocking_push)(seen, data)
    if not isinstance(answer, Blocked):
        yield entry.after(after), thread.done(answer.value)
        return
    yield entry, thread._replace(inside=True)
    if kind == "timed_push":
        yield entry.after(pushing.push_timed_out(seen)[0]), thread.done(PushResult.TIMEOUT.value)
    if thread.mishaps < signals:
        yield entry, thread.mishap(Code.INTERRUPTED)


def _batch_push(entry: Entry, thread: Thread, count: int) -> _Steps:
    """One step per message: the peer may come between [PSH-6].

    The look that finds no slot may be older than the batch's own messages: nothing orders the two within one call.
    """
    seen = entry.seen_by_producer()
    read = thread.read if thread.begun else seen.received.messages_received
    if seen.sent.messages_sent - read >= seen.config.capacity:
        yield entry, thread.done(thread.begun)
    after, result = pushing.batch_push(seen, [message(thread.begun + 1)])
    begun = thread.begun + result
    ended = begun == count or not result
    yield entry.after(after), thread.done(begun) if ended else thread._replace(begun=begun, read=read, inside=True)


def _reserving(kind: str, entry: Entry, thread: Thread, token: int) -> _Steps:
    seen = entry.seen_by_producer()
    if kind == "reserve":
        after, granted = reserving.reserve(seen, 1)
        yield entry.after(after), thread.done(int(granted))
    elif kind == "commit":
        region = (bytes(8) + message(token)).ljust(MESSAGE_SIZE, b"\0")
        after, answer = reserving.commit(seen, region, len(message(token)), 8)
        yield entry.after(after), thread.done(int(answer is True))
    else:
        yield entry.after(reserving.rollback(seen)[0]), thread.done(0)


def _pin(kind: str, entry: Entry, thread: Thread) -> _Steps:
    """An export of a reserved region keeps its memory mapped, and nothing else [RSV-7, LIF-8]."""
    if kind == "producer_unpin":
        yield entry._replace(regions=entry.regions - 1), thread.done()
    elif entry.mapped:
        yield entry._replace(regions=entry.regions + 1), thread.done(0)
    else:
        yield entry, thread.done(Code.EXPIRED)


def _query(kind: str, entry: Entry, thread: Thread) -> _Steps:
    seen = entry.seen_by_producer()
    if kind == "producer_connected":
        yield entry, thread.done(int(queries.is_connected(seen)))
    elif kind == "producer_statistics":
        for at in counters.read(0, entry, thread):
            yield entry, at
    elif kind == "write_region":
        yield entry, thread.done()
    elif entry.producer > Stage.OPEN:
        yield entry, thread.done(0)  # LIF-4
    else:
        for at, length in counters.waiting(entry, thread):
            yield entry, at.done(seen.config.capacity - length)
