"""The consumer's operations."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.weakmemory.core.client import Operation
from conformance.weakmemory.core.steps import counters
from conformance.weakmemory.core.steps.ending import end
from conformance.weakmemory.core.steps.world import Code, Entry, Message, Stage, Step, Thread, World
from spec_model.channel import popping, queries
from spec_model.channel.value import Blocked, Channel, Refused
from spec_model.vocabulary import PopResult

BATCHES = frozenset({"batch_pop", "blocking_batch_pop", "timed_batch_pop"})
GATED = frozenset({"try_pop", "blocking_pop", "timed_pop"}) | BATCHES
"""Those that only one thread at a time may be in [CON-1]."""


def steps(operation: Operation, world: World, thread: Thread) -> Iterator[Step]:
    """What may come next of this operation."""
    kind, argument = operation
    if kind in ("close_consumer", "free_consumer"):
        yield from end("consumer", world, thread, frees=kind == "free_consumer")
        return
    entry = world.entries[thread.channel]
    if kind in GATED:
        each = _pop(kind, entry, thread, argument, signals=world.client.signals > 0)
    elif kind in ("pin", "unpin"):
        each = _pin(kind, entry, thread, thread.held[argument].number)
    else:
        each = _query(kind, entry, thread, argument)
    for after, at in each:
        yield world.with_entry(thread.channel, after), at


_Steps = Iterator[tuple[Entry, Thread]]


def _pop(kind: str, entry: Entry, thread: Thread, wanted: int, *, signals: bool) -> _Steps:
    seen = entry.seen_by_consumer()
    if thread.inside and entry.consumer > Stage.OPEN:
        # the handle was active when the call began, so it counts as failed [LIF-8, STA-2]
        yield entry.after(popping.pop_timed_out(seen)[0]), thread.done(PopResult.CHANNEL_CLOSED.value)
        return
    if kind in BATCHES and thread.begun == 0 and seen.waiting and entry.consumer is Stage.OPEN:
        # a look, and then a take of what it saw: what comes in between may stay [POP-5]
        yield entry, thread._replace(begun=min(wanted, len(seen.waiting)), inside=True)
        return
    after, answer, taken = popping.batch_pop(seen, thread.begun or wanted if kind in BATCHES else 1)
    if isinstance(answer, Refused):
        yield entry.after(after), thread.done(Code.PINNED)
    elif isinstance(answer, PopResult):
        yield entry.after(after), _popped(thread, seen, answer, taken)
    elif kind in ("try_pop", "batch_pop"):
        yield entry.after(after), thread.done(PopResult.EMPTY.value)
    else:
        yield entry.after(after), thread._replace(inside=True)
        if kind.startswith("timed"):
            yield entry.after(popping.pop_timed_out(after)[0]), thread.done(PopResult.TIMEOUT.value)
        if signals:
            yield entry.after(after), thread.done(Code.INTERRUPTED)


def _popped(thread: Thread, before: Channel, answer: PopResult, taken: tuple[bytes, ...]) -> Thread:
    first = before.received.messages_received
    messages = tuple(Message(first + place, data[0]) for place, data in enumerate(taken))
    value = answer.value | sum(each.token << 8 * (place + 1) for place, each in enumerate(messages))
    return (thread._replace(held=messages) if messages else thread).done(value)


def _pin(kind: str, entry: Entry, thread: Thread, number: int) -> _Steps:
    """An export of a message: the model has the numbers of those exported, the core a count for each [MSG-3]."""
    seen, pins = entry.seen_by_consumer(), list(entry.pins)
    if kind == "unpin":
        pins.remove(number)
        after = seen if number in pins else popping.release_export(seen, number)
        yield entry.after(after)._replace(pins=tuple(pins)), thread.done()
    elif popping.is_readable(seen, number):
        after = popping.take_export(seen, number)
        yield entry.after(after)._replace(pins=tuple(sorted((*pins, number)))), thread.done(0)
    else:
        yield entry, thread.done(Code.EXPIRED)


def _query(kind: str, entry: Entry, thread: Thread, argument: int) -> _Steps:
    seen = entry.seen_by_consumer()
    if kind == "held":
        yield entry, thread.done(thread.held[argument].token)
    elif kind == "readable":
        yield entry, thread.done(int(popping.is_readable(seen, thread.held[argument].number)))
    elif kind == "consumer_connected":
        yield entry, thread.done(int(queries.is_connected(seen)))
    elif kind == "consumer_statistics":
        for at in counters.read(1, entry, thread):
            yield entry, at
    elif entry.consumer > Stage.OPEN:
        yield entry, thread.done(0)  # LIF-4
    else:
        for at, length in counters.waiting(entry, thread):
            yield entry, at.done(length)
