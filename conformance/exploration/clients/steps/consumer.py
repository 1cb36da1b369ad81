"""The consumer's operations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conformance.exploration.clients.client import Operation
from conformance.exploration.clients.steps import counters
from conformance.exploration.clients.steps.ending import end
from conformance.exploration.clients.steps.world import Code, Entry, Message, Stage, Step, Thread, World
from spec_model.channel import popping, queries
from spec_model.channel.value import Channel, Refused
from spec_model.vocabulary import PopResult

BATCHES = frozenset({"batch_pop", "blocking_batch_pop", "timed_batch_pop"})
GATED = frozenset({"try_pop", "unread_pop", "blocking_pop", "timed_pop"}) | BATCHES
"""Those that only one thread at a time may be in [CON-1]."""


def steps(operation: Operation, world: World, thread: Thread) -> Iterator[Step]:
    """What may come next of this operation."""
    kind, argument = operation
    if kind in ("close_consumer", "free_consumer"):
        yield from end("consumer", world, thread, frees=kind == "free_consumer")
        return
    entry = world.entries[thread.channel]
    if kind in GATED:
        each = _pop(kind, entry, thread, argument, world)
    elif kind in ("pin", "unpin"):
        each = _pin(entry, thread, argument) if kind == "pin" else _unpin(entry, thread)
    else:
        each = _query(kind, entry, thread, argument)
    for after, at in each:
        yield world.with_entry(thread.channel, after), at


_Steps = Iterator[tuple[Entry, Thread]]


def _pop(kind: str, entry: Entry, thread: Thread, argument: int, world: World) -> _Steps:
    seen = entry.seen_by_consumer()
    if thread.inside and entry.consumer > Stage.OPEN:
        # the handle was active when the call began, so it counts as failed [LIF-8, STA-2]
        yield entry.after(popping.pop_timed_out(seen)[0]), thread.done(PopResult.CHANNEL_CLOSED.value)
        return
    wanted = argument if kind in BATCHES else 1
    if wanted == 0:
        yield entry, thread.done(PopResult.EMPTY.value)  # no pop [MSG-5]
        return
    if kind in BATCHES and thread.begun == 0 and seen.waiting and entry.consumer is Stage.OPEN:
        # a look, and then a take of what it saw: what comes in between may stay [POP-5]
        yield entry, thread._replace(begun=min(wanted, len(seen.waiting)), inside=True)
        return
    wanted = thread.begun or wanted
    after, answer, taken = popping.batch_pop(seen, wanted)
    if taken and world.pin_is_tried(thread.channel):
        # A pin forbids the pop as soon as it is tried for, also where the message has expired and it is refused.
        # MSG-3 speaks only of an export that lives; but the caller loses nothing, and may pop again.
        yield entry.after(replace(seen, held=0)), thread.done(Code.PINNED)
        for fewer in range(1, len(taken)):
            less, answer, some = popping.batch_pop(seen, fewer)
            assert isinstance(answer, PopResult)
            yield entry.after(less), _popped(thread, seen, answer, some)
    if isinstance(answer, Refused):
        yield entry.after(after), thread.done(Code.PINNED)
    elif isinstance(answer, PopResult):
        at = _popped(thread, seen, answer, taken)
        yield entry.after(after), at._replace(results=(*thread.results, answer.value)) if kind == "unread_pop" else at
    elif kind in ("try_pop", "unread_pop", "batch_pop"):
        yield entry.after(after), thread.done(PopResult.EMPTY.value)
    else:
        yield entry.after(after), thread._replace(inside=True)
        if kind.startswith("timed"):
            yield entry.after(popping.pop_timed_out(after)[0]), thread.done(PopResult.TIMEOUT.value)
        if thread.mishaps < world.client.signals:
            yield entry.after(after), thread.mishap(Code.INTERRUPTED)


def _popped(thread: Thread, before: Channel, answer: PopResult, taken: tuple[bytes, ...]) -> Thread:
    first = before.received.messages_received
    messages = tuple(Message(first + place, data[0]) for place, data in enumerate(taken))
    value = answer.value | sum(each.token << 8 * (place + 1) for place, each in enumerate(messages))
    return (thread._replace(held=messages) if messages else thread).done(value)


def _pin(entry: Entry, thread: Thread, place: int) -> _Steps:
    """An export of a message: the model has the numbers of those exported, the core a count for each [MSG-3]."""
    if place >= len(thread.held):
        yield entry, thread.done()
        return
    if thread.begun == 0:
        yield entry, thread._replace(begun=1)  # it is tried for; see _pop
        return
    seen, message = entry.seen_by_consumer(), thread.held[place]
    if popping.is_readable(seen, message.number):
        after = entry.after(popping.take_export(seen, message.number))
        pins = tuple(sorted((*entry.pins, message.number)))
        yield after._replace(pins=pins), thread._replace(pinned=message).done(0)
    else:
        yield entry, thread.done(Code.EXPIRED)


def _unpin(entry: Entry, thread: Thread) -> _Steps:
    if thread.pinned is None:
        yield entry, thread.done()
        return
    seen, number, pins = entry.seen_by_consumer(), thread.pinned.number, list(entry.pins)
    pins.remove(number)
    after = seen if number in pins else popping.release_export(seen, number)
    yield entry.after(after)._replace(pins=tuple(pins)), thread.done()


def _query(kind: str, entry: Entry, thread: Thread, argument: int) -> _Steps:
    seen = entry.seen_by_consumer()
    if kind == "view":
        yield entry, thread.done() if thread.pinned is None else thread.done(thread.pinned.token)
    elif kind in ("held", "readable") and argument >= len(thread.held):
        yield entry, thread.done()
    elif kind == "held":
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
