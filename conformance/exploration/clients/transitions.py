"""The transitions of the model: what may come next of each operation of a client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from conformance.exploration.clients.client import BROKERS, PRODUCERS, Operation
from conformance.exploration.clients.state import (
    MESSAGE_SIZE,
    NOTHING_COUNTED,
    Code,
    Entry,
    Message,
    SmallConfig,
    State,
    Thread,
    Transition,
    Visibility,
    packed,
    read_counters,
    read_length,
)
from spec_model import registry
from spec_model.channel import popping, pushing, queries, reserving
from spec_model.channel.value import Blocked, Channel, Refused
from spec_model.vocabulary import ChannelError, PopResult, PushResult

_Changes = Iterator[tuple[Entry, Thread]]
BATCHES = frozenset({"batch_pop", "blocking_batch_pop", "timed_batch_pop"})
GUARDED_POPS = frozenset({"try_pop", "unread_pop", "blocking_pop", "timed_pop"}) | BATCHES
GUARDED = {
    "producer": frozenset({"try_push", "blocking_push", "timed_push", "batch_push", "reserve", "commit", "rollback"}),
    "consumer": GUARDED_POPS,
}
"""The calls of each side that only one thread at a time may be inside [CON-1]."""


def transitions(number: int, operation: Operation, state: State) -> Iterator[Transition]:
    """What may come next of the operation that this thread is in."""
    thread, kind = state.threads[number], operation.kind
    if kind == "hand":
        yield state._replace(handed=(thread.held, thread.pinned)), thread.done()
    elif kind == "take":
        if state.handed is not None:
            held, pinned = state.handed
            yield state, thread._replace(held=held, pinned=pinned).done()
    elif kind in BROKERS:
        yield from _broker(operation, state, thread)
    elif thread.channel < 0:
        yield state, thread.done()  # it got no channel: nothing is done
    else:
        yield from _of_handle(number, operation, state)


def _of_handle(number: int, operation: Operation, state: State) -> Iterator[Transition]:
    thread, kind = state.threads[number], operation.kind
    side = "producer" if kind in PRODUCERS else "consumer"
    guarded = kind in GUARDED[side]
    if guarded and not thread.inside:
        if _may_meet(number, state, GUARDED[side]):
            yield state, thread.done(Code.CONCURRENT_USE)  # CON-2
        entry = state.entries[thread.channel]
        visibility = entry.producer if side == "producer" else entry.consumer
        if visibility is Visibility.OPEN and state.is_inside(thread.channel, side):
            return
    for after, at in (_producer if side == "producer" else _consumer)(operation, state, thread):
        yield after, at.knowing(side, after.entries[thread.channel]) if guarded else at


def _may_meet(number: int, state: State, guarded: frozenset[str]) -> bool:
    """Whether another thread may be inside the same handle, or on its way: in the operation to come, or the one done.

    Two that enter at once may both be refused: each has published itself before it loads the other's state.
    """
    for other, (thread, script) in enumerate(zip(state.threads, state.client.threads, strict=True)):
        if other == number or thread.channel != state.threads[number].channel:
            continue
        near = script[max(0, thread.next - 1) : thread.next + 1]
        if any(operation.kind in guarded for operation in near):
            return True
    return False


# ---- handles ----


def _close(side: str, state: State, thread: Thread, frees: bool) -> Iterator[Transition]:
    """The next transition of a close; it is done where the handle was closed already, or another thread closes it."""
    entry = state.entries[thread.channel]
    visibility = entry.producer if side == "producer" else entry.consumer
    if thread.begun or visibility is Visibility.OPEN:
        if visibility is Visibility.INACTIVE and state.is_inside(thread.channel, side):
            return  # it waits for the call that is inside [LIF-8]
        visibility = Visibility(visibility + 1)
        entry = entry._replace(producer=visibility) if side == "producer" else entry._replace(consumer=visibility)
        if visibility is not Visibility.CLOSED:
            yield state.with_entry(thread.channel, entry), thread._replace(begun=1)
            return
        thread = thread.knowing(side, entry)
    yield state.with_entry(thread.channel, entry._replace(freed=entry.freed + frees)), thread.done()


# ---- the producer ----


def message(payload_id: int) -> bytes:
    """The message of a payload id, as the harness sends it."""
    return bytes([payload_id]) * (payload_id % 8 + 1)


def _producer(operation: Operation, state: State, thread: Thread) -> Iterator[Transition]:
    """What may come next of an operation of this side."""
    kind, argument = operation
    if kind in ("close_producer", "free_producer"):
        yield from _close("producer", state, thread, frees=kind == "free_producer")
        return
    entry = state.entries[thread.channel]
    if kind in ("try_push", "blocking_push", "timed_push"):
        each = _push(kind, entry, thread, message(argument), signals=state.client.signals)
    elif kind == "batch_push":
        each = _batch_push(entry, thread, argument)
    elif kind in ("reserve", "commit", "rollback"):
        each = _reserving(kind, entry, thread, argument)
    elif kind in ("producer_pin", "producer_unpin"):
        each = _pin_region(kind, entry, thread)
    else:
        each = _query_producer(kind, entry, thread)
    for after, at in each:
        yield state.with_entry(thread.channel, after), at


def _push(kind: str, entry: Entry, thread: Thread, data: bytes, *, signals: int) -> _Changes:
    seen = entry.seen_by_producer()
    if thread.inside and entry.producer > Visibility.OPEN:
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
    if thread.faults < signals:
        yield entry, thread.fault(Code.INTERRUPTED)


def _batch_push(entry: Entry, thread: Thread, count: int) -> _Changes:
    """One transition per message: the peer may come between [PSH-6].

    The load that finds no free slot may be older than the batch's own messages: nothing orders the two in one call.
    """
    seen = entry.seen_by_producer()
    read = thread.read if thread.begun else seen.received.messages_received
    if seen.sent.messages_sent - read >= seen.config.capacity:
        yield entry, thread.done(thread.begun)
    after, result = pushing.batch_push(seen, [message(thread.begun + 1)])
    begun = thread.begun + result
    ended = begun == count or not result
    yield entry.after(after), thread.done(begun) if ended else thread._replace(begun=begun, read=read, inside=True)


def _reserving(kind: str, entry: Entry, thread: Thread, payload_id: int) -> _Changes:
    seen = entry.seen_by_producer()
    if kind == "reserve":
        after, granted = reserving.reserve(seen, 1)
        yield entry.after(after), thread.done(int(granted))
    elif kind == "commit":
        region = (bytes(8) + message(payload_id)).ljust(MESSAGE_SIZE, b"\0")
        after, answer = reserving.commit(seen, region, len(message(payload_id)), 8)
        yield entry.after(after), thread.done(int(answer is True))
    else:
        yield entry.after(reserving.rollback(seen)[0]), thread.done(0)


def _pin_region(kind: str, entry: Entry, thread: Thread) -> _Changes:
    """An export of a reserved region keeps its memory mapped, and nothing else [RSV-7, LIF-8]."""
    if kind == "producer_unpin":
        yield entry._replace(regions=entry.regions - 1), thread.done()
    elif entry.mapped:
        yield entry._replace(regions=entry.regions + 1), thread.done(0)
    else:
        yield entry, thread.done(Code.EXPIRED)


def _query_producer(kind: str, entry: Entry, thread: Thread) -> _Changes:
    seen = entry.seen_by_producer()
    if kind == "producer_connected":
        yield entry, thread.done(int(queries.is_connected(seen)))
    elif kind == "producer_statistics":
        for at in read_counters(0, entry, thread):
            yield entry, at
    elif kind == "write_region":
        yield entry, thread.done()
    elif entry.producer > Visibility.OPEN:
        yield entry, thread.done(0)  # LIF-4
    else:
        for at, length in read_length(entry, thread):
            yield entry, at.done(seen.config.capacity - length)


# ---- the consumer ----


def _consumer(operation: Operation, state: State, thread: Thread) -> Iterator[Transition]:
    """What may come next of an operation of this side."""
    kind, argument = operation
    if kind in ("close_consumer", "free_consumer"):
        yield from _close("consumer", state, thread, frees=kind == "free_consumer")
        return
    entry = state.entries[thread.channel]
    if kind in GUARDED_POPS:
        each = _pop(kind, entry, thread, argument, state)
    elif kind in ("pin", "unpin"):
        each = _pin(entry, thread, argument) if kind == "pin" else _unpin(entry, thread)
    else:
        each = _query_consumer(kind, entry, thread, argument)
    for after, at in each:
        yield state.with_entry(thread.channel, after), at


def _pop(kind: str, entry: Entry, thread: Thread, argument: int, state: State) -> _Changes:
    seen = entry.seen_by_consumer()
    if thread.inside and entry.consumer > Visibility.OPEN:
        # the handle was active when the call began, so it counts as failed [LIF-8, STA-2]
        yield entry.after(popping.pop_timed_out(seen)[0]), thread.done(PopResult.CHANNEL_CLOSED.value)
        return
    wanted = argument if kind in BATCHES else 1
    if wanted == 0:
        yield entry, thread.done(PopResult.EMPTY.value)  # no pop [MSG-5]
        return
    if kind in BATCHES and thread.begun == 0 and seen.waiting and entry.consumer is Visibility.OPEN:
        # it loads the index, and then takes what that says: what is pushed in between may stay [POP-5]
        yield entry, thread._replace(begun=min(wanted, len(seen.waiting)), inside=True)
        return
    wanted = thread.begun or wanted
    after, answer, taken = popping.batch_pop(seen, wanted)
    if taken and state.pin_is_tried(thread.channel):
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
        if thread.faults < state.client.signals:
            yield entry.after(after), thread.fault(Code.INTERRUPTED)


def _popped(thread: Thread, before: Channel, answer: PopResult, taken: tuple[bytes, ...]) -> Thread:
    first = before.received.messages_received
    messages = tuple(Message(first + place, data[0]) for place, data in enumerate(taken))
    value = answer.value | sum(each.payload_id << 8 * (place + 1) for place, each in enumerate(messages))
    return (thread._replace(held=messages) if messages else thread).done(value)


def _pin(entry: Entry, thread: Thread, place: int) -> _Changes:
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


def _unpin(entry: Entry, thread: Thread) -> _Changes:
    if thread.pinned is None:
        yield entry, thread.done()
        return
    seen, number, pins = entry.seen_by_consumer(), thread.pinned.number, list(entry.pins)
    pins.remove(number)
    after = seen if number in pins else popping.release_export(seen, number)
    yield entry.after(after)._replace(pins=tuple(pins)), thread.done()


def _query_consumer(kind: str, entry: Entry, thread: Thread, argument: int) -> _Changes:
    seen = entry.seen_by_consumer()
    if kind == "view":
        yield entry, thread.done() if thread.pinned is None else thread.done(thread.pinned.payload_id)
    elif kind in ("held", "readable") and argument >= len(thread.held):
        yield entry, thread.done()
    elif kind == "held":
        yield entry, thread.done(thread.held[argument].payload_id)
    elif kind == "readable":
        yield entry, thread.done(int(popping.is_readable(seen, thread.held[argument].number)))
    elif kind == "consumer_connected":
        yield entry, thread.done(int(queries.is_connected(seen)))
    elif kind == "consumer_statistics":
        for at in read_counters(1, entry, thread):
            yield entry, at
    elif entry.consumer > Visibility.OPEN:
        yield entry, thread.done(0)  # LIF-4
    else:
        for at, length in read_length(entry, thread):
            yield entry, at.done(length)


# ---- the broker ----


def _broker(operation: Operation, state: State, thread: Thread) -> Iterator[Transition]:
    """What may come next of an operation of this side."""
    kind, argument = operation
    name = chr(argument)
    if kind == "request":
        yield from _request(state, thread, name)
    elif kind == "has":
        yield state, thread.done(int(registry.has_channel(state.registry, name)))
    elif kind == "remove":
        yield state, thread.done(int(registry.remove_channel(state.registry, name)[1]))
    elif kind == "broker_statistics":
        yield from _broker_statistics(state, thread)
    elif kind == "shutdown":
        yield from _shutdown(state, thread)
    elif kind in ("shutdown_wait", "timed_shutdown_wait"):
        yield from _shutdown_wait(kind, state, thread)
    elif kind == "free_broker":
        yield state._replace(broker=False), thread.done()
    else:
        yield state, thread.done(1)
        if thread.faults < state.client.refusals:
            yield state, thread.fault(0)


def _broker_statistics(state: State, thread: Thread) -> Iterator[Transition]:
    """The channels, exactly; the totals sum up what may be stale of a registered channel, and never fall [BRK-11]."""
    stats = registry.get_stats(state.registry)
    histories = [
        [sent for sent, _ in (each.history if each.registered else each.history[-1:])] for each in state.entries
    ]
    totals = [{sum(values) for values in product(*({sent[n] for sent in each} for each in histories))} for n in (0, 1)]
    for messages, size in product(*totals):
        if messages >= thread.totals[0] and size >= thread.totals[1]:
            at = thread._replace(totals=(messages, size))
            yield state, at.done(packed((*stats[:2], messages, size)))


def _request(state: State, thread: Thread, name: str) -> Iterator[Transition]:
    config = SmallConfig(state.client.capacity, MESSAGE_SIZE)
    after, error = registry.request_channel(state.registry, name, config)
    nothing = thread._replace(channel=-1, known=NOTHING_COUNTED)
    if error:
        yield state, nothing.done(error.value)
        return
    channel = registry.lookup(after, name)
    assert channel is not None
    made = state._replace(entries=(*state.entries, Entry(name, channel)))
    yield made, nothing._replace(channel=len(state.entries)).done(error.value)
    if thread.faults < state.client.refusals:
        yield state, nothing.fault(ChannelError.ALLOCATION_FAILED.value)  # BRK-5


def _shutdown(state: State, thread: Thread) -> Iterator[Transition]:
    """One channel after the other, and of each its two ends, the pushes' first: SHD-1 asks only that all is shut when
    the call returns. In between it waits for the call inside a producer, or its message would follow CHANNEL_CLOSED.
    """
    if thread.begun == 0:
        yield state, thread._replace(begun=1, generation=len(state.entries))
        return
    for number, entry in enumerate(state.entries[: thread.generation]):
        if entry.shut == 2 or not entry.registered:
            continue
        if entry.shut == 0 or not state.is_inside(number, "producer"):
            yield state.with_entry(number, entry._replace(shut=entry.shut + 1)), thread
        return
    yield state, thread.done()


def _shutdown_wait(kind: str, state: State, thread: Thread) -> Iterator[Transition]:
    """Until every channel there was when it began is gone; those made since are no part of it [SHD-2, SHD-3]."""
    if not any(entry.registered for entry in state.entries[: thread.generation]):
        yield state, thread.done(1)
        return
    if kind == "timed_shutdown_wait":
        yield state, thread.done(0)
    if thread.faults < state.client.signals:
        yield state, thread.fault(Code.INTERRUPTED)
