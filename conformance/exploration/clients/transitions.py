"""The transitions of the model: what may come next of each operation of a client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from conformance.exploration.clients.client import BROKERS, CONSUMERS, PRODUCERS, Operation
from conformance.exploration.clients.sequences import ENTERING, INNER, SEQUENCES, following
from conformance.exploration.clients.state import (
    MESSAGE_SIZE,
    MOST_PINS,
    NOTHING_COUNTED,
    Code,
    Entry,
    Message,
    Pop,
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
from spec_model.channel import lifecycle, popping, pushing, queries, reserving
from spec_model.channel.value import Blocked, Channel, Refused, Side
from spec_model.vocabulary import ChannelError, PopResult, PushResult

_Changes = Iterator[tuple[Entry, Thread]]
PUSHES = frozenset({"try_push", "blocking_push", "timed_push"})
BEGINS = frozenset({"begin_pop", "late_begin_pop"})
BATCHES = frozenset({"batch_pop", "blocking_batch_pop", "timed_batch_pop"}) | BEGINS
POPS = frozenset({"try_pop", "unread_pop", "blocking_pop", "timed_pop"}) | BATCHES
RESERVING = frozenset({"reserve", "commit", "commit_written", "rollback"})
WAITS = frozenset(
    {"wait_space", "timed_wait_space", "poll_space", "wait_message", "timed_wait_message", "poll_message"}
)
DETACHES = frozenset({"detach_producer", "detach_consumer"})
FILENOS = frozenset({"fileno_producer", "fileno_consumer"})
CLAIMS = frozenset({"claim_producer", "claim_consumer"})
WATCHES = frozenset({"watch_producer", "watch_consumer", "unclaim_producer", "unclaim_consumer"})
GUARDED = PUSHES | POPS | RESERVING | WAITS | DETACHES | FILENOS | CLAIMS | {"batch_push", "pin_region"}
"""The calls that only one thread at a time may be inside [CON-1]."""
HANDED = (("held", "pinned", "pop"), ("pop",), ("pinned",))
"""What `hand` and `take` are of, by their argument."""
HANDED_OVER: dict[str, Any] = {"pinned": (), "pop": 0}
"""What the thread has then."""
SIDES = ("producer", "consumer")
TOKENS = frozenset({"attach", "close_detached"})
ANY_THREAD = frozenset(
    {"writable", "producer_connected", "producer_statistics", "available_slots", "readable", "pin"}
    | {"consumer_connected", "consumer_statistics", "available_messages"}
)
"""The calls of a handle that any thread may make, but its closes [LIF-10]."""
LEAVING = frozenset({"end_pop", "abandon"})
"""The calls that leave the consumer."""


def transitions(number: int, operation: Operation, state: State) -> Iterator[Transition]:
    """What may come next of the operation that this thread is in."""
    if operation.kind in SEQUENCES:
        yield from _sequence(number, operation, state)
    else:
        yield from _call(number, operation, state)


def _sequence(number: int, operation: Operation, state: State) -> Iterator[Transition]:
    """What may come next of the call that a sequence of a binding is in; each call is an operation of its own."""
    thread, handler = state.threads[number], state.client.handler
    call = thread.call or following(operation, handler, ())
    if thread.channel < 0 or not isinstance(call, Operation):
        yield state, thread.done()
        return
    for after, at in _call(number, call, state):
        if at.next == thread.next:
            yield after, at._replace(call=call)
            continue
        answers = (*thread.answers, *(at.results[len(thread.results) :] or (-1,)))
        then = following(operation, handler, answers)
        if isinstance(then, Operation):
            yield after, at._replace(next=thread.next, results=thread.results, call=then, answers=answers)
        else:
            yield after, at._replace(results=(*thread.results, *then), call=None, answers=())


def _call(number: int, operation: Operation, state: State) -> Iterator[Transition]:
    thread, kind = state.threads[number], operation.kind
    if kind == "hand":
        handed = thread.held, thread.pinned, thread.pop
        left = {each: HANDED_OVER[each] for each in HANDED[operation.argument] if each in HANDED_OVER}
        yield state._replace(handed=handed), thread._replace(**left).done()
    elif kind == "take":
        if state.handed is not None:
            taken: dict[str, Any] = dict(zip(HANDED[0], state.handed, strict=True))
            yield state, thread._replace(**{each: taken[each] for each in HANDED[operation.argument]}).done()
    elif kind in BROKERS:
        yield from _broker(number, operation, state)
    elif thread.channel < 0:
        # It got no channel: nothing is done
        yield state, thread.done(*([Code.EXPIRED] if kind in TOKENS else []))
    elif kind == "attach":
        yield _attach(state, thread)
    elif kind == "close_detached":
        yield from _close_detached(number, state)
    elif kind in INNER:
        yield from _inner(number, operation, state)
    else:
        yield from _of_handle(number, operation, state)


def _inner(number: int, operation: Operation, state: State) -> Iterator[Transition]:
    """What there is in a sequence only; see INNER."""
    (kind, interrupted), thread = operation, state.threads[number]
    entry = state.entries[thread.channel]
    if kind == "signal":
        yield state, thread.done(interrupted if number == 0 else 0)
        if number == 0 and not interrupted and thread.faults < state.client.signals:
            yield state, thread.fault(1)
    elif kind == "copy":
        is_open = entry.pop is not None and entry.pop.number == thread.pop and entry.consumer is Visibility.OPEN
        yield state, thread.done(int(is_open))
    else:
        pins = entry.region_pins - (entry.view and kind == "release_view")
        after = entry._replace(region_pins=pins, view=kind == "keep_view")
        yield state.with_entry(thread.channel, after), thread.done()


def _of_handle(number: int, operation: Operation, state: State) -> Iterator[Transition]:
    thread, kind = state.threads[number], operation.kind
    side = "producer" if kind in PRODUCERS else "consumer"
    if not _may_call(thread, side, kind):
        yield state, thread.done()
        return
    guarded = kind in GUARDED and not _is_no_pop(operation)
    if guarded and not thread.inside:
        entry = state.entries[thread.channel]
        if side in entry.claims and entry.visibility(side) is Visibility.OPEN:
            yield state, thread.done(Code.CONCURRENT_USE)  # ASY-4
            return
        nests = side == "consumer" and entry.has_open(number)
        if nests and kind not in POPS:
            yield state, thread.done(Code.CONCURRENT_USE)
        elif not nests and _may_meet(number, side, state):
            yield state, thread.done(Code.CONCURRENT_USE)  # CON-2
        if entry.visibility(side) is Visibility.OPEN and state.is_inside(thread.channel, side):
            if nests and kind in POPS:  # it ends the open pop with 0, and is inside anew
                yield state.with_entry(thread.channel, entry._replace(pop=None)), thread._replace(inside=True)
            return
    if kind in FILENOS | CLAIMS | WATCHES:
        for entry, at in _describe(side, kind, state.entries[thread.channel], thread, state.client.refusals):
            yield state.with_entry(thread.channel, entry), at
        return
    for after, at in (_producer if side == "producer" else _consumer)(number, operation, state):
        yield after, at.knowing(side, after.entries[thread.channel]) if guarded else at


def _is_no_pop(operation: Operation) -> bool:
    """A pop with max_count 0 is not a pop [MSG-5]."""
    return operation.kind in BATCHES and operation.argument == 0


def _may_meet(number: int, side: str, state: State) -> bool:
    """Whether another thread may be inside the same handle, or on its way: in the operation to come, or the one done.

    Two that enter at once may both be refused: each has published itself before it loads the other's state.
    """
    channel = state.threads[number].channel
    if side == "consumer" and state.entries[channel].pop is not None:
        return True
    kinds = (GUARDED | LEAVING).intersection(PRODUCERS if side == "producer" else CONSUMERS) | ENTERING[side]
    for other, (thread, script) in enumerate(zip(state.threads, state.client.threads, strict=True)):
        if other == number or thread.channel != channel:
            continue
        near = script[max(0, thread.next - 1) : thread.next + 1]
        if other == 0 and state.client.signals:
            near += state.client.handler
        if any(operation.kind in kinds for operation in near):
            return True
    return False


# ---- handles ----


def _close(side: str, number: int, state: State, frees: bool) -> Iterator[Transition]:
    """The next transition of a close. Of several at once, any may do it, and each is done when the close is complete.

    A thread that has a pop open leaves the close to the end of that [LIF-8].
    """
    thread = state.threads[number]
    entry = state.entries[thread.channel]
    freed = entry._replace(freed=entry.freed + frees)
    visibility = entry.visibility(side)
    if side == "consumer" and entry.pop is not None and entry.has_open(number):
        left = freed.closing(side, max(visibility, Visibility.INACTIVE))
        yield state.with_entry(thread.channel, left._replace(pop=entry.pop._replace(defers_close=True))), thread.done()
    elif visibility is Visibility.CLOSED:
        yield state.with_entry(thread.channel, freed), thread.knowing(side, entry).done()
    elif visibility is not Visibility.INACTIVE or not state.is_inside(thread.channel, side):  # LIF-8
        yield state.with_entry(thread.channel, entry.closing(side, Visibility(visibility + 1))), thread


def _detach(side: str, entry: Entry, thread: Thread, exports_change: bool) -> _Changes:
    """The end goes to whoever attaches its token; the pointer stays, to be released [LIF-10].

    That of the consumer looks for exports, lets the last pop expire, and looks once more. So beside a thread that takes
    an export it may be refused, and the last pop expire all the same.
    """
    if entry.visibility(side) > Visibility.OPEN and not thread.inside:
        yield entry, thread.done(Code.EXPIRED)
        return
    if side == "producer":
        after, refused = lifecycle.detach_producer(entry.channel)
    else:
        after, refused = lifecycle.detach_consumer(entry.channel)
        if exports_change and thread.begun != 1:
            yield entry, thread.done(Code.PINNED)
        if thread.begun == 1:
            yield entry.after(replace(entry.channel, held=0)), thread._replace(begun=2)
            return
        if thread.begun == 0 and not refused:
            yield entry, thread._replace(begun=1, inside=True)
            return
    if refused:
        yield entry, thread.done(Code.RESERVED if refused is Refused.BY_RESERVATION else Code.PINNED)
    else:
        given = entry.after(after)._replace(descriptors=entry.descriptors - {side})
        detached = (*entry.detached, (entry.token + 1, side))
        given = given._replace(freed=entry.freed - 1, token=entry.token + 1, detached=detached)
        away, pointers = thread.away | {side}, tuple(sorted((*thread.pointers, side)))
        yield given, thread._replace(token=given.token, away=away, pointers=pointers).done(0)


def _take(state: State, thread: Thread) -> tuple[State, str]:
    """The side of which the thread's token names the end, which it does no more; "" where it names none [LIF-10]."""
    entry, token = state.entries[thread.channel], thread.token or 1
    side = dict(entry.detached).get(token, "")
    left = tuple(each for each in entry.detached if each != (token, side))
    return state.with_entry(thread.channel, entry._replace(detached=left)), side


def _attach(state: State, thread: Thread) -> Transition:
    """A token works once; without its end the thread works on no channel."""
    after, side = _take(state, thread)
    if not side:
        return state, thread._replace(channel=-1).done(Code.EXPIRED)
    return after, thread._replace(away=thread.away - {side}).done(0)


def _close_detached(number: int, state: State) -> Iterator[Transition]:
    """It takes the end, and then closes and frees it."""
    thread = state.threads[number]
    if thread.begun == 0:
        after, side = _take(state, thread)
        yield after, thread._replace(begun=1 + SIDES.index(side)) if side else thread.done(Code.EXPIRED)
        return
    for after, at in _close(SIDES[thread.begun - 1], number, state, frees=True):
        yield after, at if at.next == thread.next else at._replace(results=(*at.results, 0))


def _may_call(thread: Thread, side: str, kind: str) -> bool:
    """Of an end that it has detached, a thread may call only what any thread may, while it has a pointer to it.

    And it gives back only a claim that it has.
    """
    if kind.startswith("unclaim"):
        return side in thread.claims
    if kind.startswith("release"):
        return side in thread.pointers
    if side not in thread.away or kind in ("unpin_region", "unpin", "reread", "view"):
        return True
    return kind in ANY_THREAD and side in thread.pointers


def _released(side: str, entry: Entry, thread: Thread) -> tuple[Entry, Thread]:
    pointers = list(thread.pointers)
    pointers.remove(side)
    return entry._replace(freed=entry.freed + 1), thread._replace(pointers=tuple(pointers)).done()


def _finds_nothing(side: str, entry: Entry) -> bool:
    """Whether a look of that side finds no message, or no space: none either while a region is reserved [PSH-5]."""
    if side == "consumer":
        return isinstance(popping.wait(entry.seen_by_consumer()), Blocked)
    answer = pushing.wait(entry.seen_by_producer())
    return isinstance(answer, Blocked) or answer is PushResult.TIMEOUT


def _describe(side: str, kind: str, entry: Entry, thread: Thread, refusals: int) -> _Changes:
    """A descriptor may be readable at any time, in vain: that it is in time, only a deadlock can contradict [WAI-3]."""
    if kind in WATCHES:
        if kind.startswith("watch") and entry.visibility(side) is Visibility.OPEN and _finds_nothing(side, entry):
            yield entry, thread
        if kind.startswith("unclaim"):
            entry, thread = entry._replace(claims=entry.claims - {side}), thread._replace(claims=thread.claims - {side})
        yield entry, thread.done()
    elif entry.visibility(side) > Visibility.OPEN:
        yield entry, thread.done(Code.EXPIRED)
    elif kind in CLAIMS:
        yield entry._replace(claims=entry.claims | {side}), thread._replace(claims=thread.claims | {side}).done(0)
    else:
        yield entry._replace(descriptors=entry.descriptors | {side}), thread.done(0)
        if side not in entry.descriptors and thread.faults < refusals:
            yield entry, thread.fault(Code.NO_DESCRIPTOR)


# ---- the producer ----


def message(payload_id: int) -> bytes:
    """The message of a payload id, as the harness sends it."""
    return bytes([payload_id]) * (payload_id % 8 + 1)


def _producer(number: int, operation: Operation, state: State) -> Iterator[Transition]:
    """What may come next of an operation of this side."""
    kind, argument = operation
    if kind in ("close_producer", "free_producer"):
        yield from _close("producer", number, state, frees=kind == "free_producer")
        return
    thread = state.threads[number]
    entry, signals = state.entries[thread.channel], state.client.signals
    if kind in DETACHES:
        each = _detach("producer", entry, thread, exports_change=False)
    elif kind == "release_producer":
        each = iter([_released("producer", entry, thread)])
    elif kind in PUSHES:
        each = _push(kind, entry, thread, message(argument), signals=signals)
    elif kind == "batch_push":
        each = _batch_push(entry, thread, argument, _last_id(number, state))
    elif kind in WAITS:
        each = _wait_for_space(kind, entry, thread, signals=signals)
    elif kind in RESERVING:
        each = _reserving(kind, entry, thread, argument)
    elif kind in ("pin_region", "unpin_region"):
        each = _pin_region(kind, entry, thread)
    else:
        each = _query_producer(kind, entry, thread)
    for after, at in each:
        yield state.with_entry(thread.channel, after), at


def _push(kind: str, entry: Entry, thread: Thread, data: bytes, *, signals: int) -> _Changes:
    seen = entry.seen_by_producer()
    if thread.inside and entry.producer > Visibility.OPEN:
        yield entry, thread.done(PushResult.CHANNEL_CLOSED.value)  # LIF-8; not counted [STA-4]
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


def _last_id(number: int, state: State) -> int:
    """The payload id of the last message that the thread has sent, or tried to."""
    last = 0
    for kind, argument in (*state.client.setup, *state.client.threads[number][: state.threads[number].next]):
        if kind in PUSHES or kind == "commit":
            last = argument
        elif kind == "batch_push":
            last += argument
    return last


def _batch_push(entry: Entry, thread: Thread, count: int, last_id: int) -> _Changes:
    """One transition per message: the peer may come between [PSH-6]."""
    after, result = pushing.batch_push(entry.seen_by_producer(), [message(last_id + thread.begun + 1)])
    begun = thread.begun + result
    ended = begun == count or not result
    yield entry.after(after), thread.done(begun) if ended else thread._replace(begun=begun, inside=True)


def _wait_for_space(kind: str, entry: Entry, thread: Thread, *, signals: int) -> _Changes:
    """A wait for space; it pushes and counts nothing [WAI-1]."""
    answer = pushing.wait(entry.seen_by_producer())
    if not isinstance(answer, Blocked):
        yield entry, thread.done(answer.value)
    else:
        yield from _waiting(kind, entry, thread, PushResult.TIMEOUT.value, signals)


def _waiting(kind: str, entry: Entry, thread: Thread, timeout: int, signals: int) -> _Changes:
    """What may come next of a wait that has found nothing."""
    if not kind.startswith("poll"):
        yield entry, thread._replace(inside=True)
    if not kind.startswith("wait"):
        yield entry, thread.done(timeout)
    if not kind.startswith("poll") and thread.faults < signals:
        yield entry, thread.fault(Code.INTERRUPTED)


def _reserving(kind: str, entry: Entry, thread: Thread, payload_id: int) -> _Changes:
    seen, pinned = entry.seen_by_producer(), entry.region_pins > 0
    if kind == "reserve":
        after, granted = reserving.reserve(seen, 1)
        if granted:
            number = entry.regions + 1
            yield entry.after(after)._replace(regions=number), thread._replace(region=number).done(0)
            return
        refusal = pushing.try_push(replace(seen, reserved=False), b"1")[1].value
        closed = refusal == PushResult.CHANNEL_CLOSED.value
        yield entry, thread.done(Code.RESERVED if seen.reserved and not closed else refusal)
    elif kind == "rollback":
        after, refused = reserving.rollback(seen, pinned)
        yield entry.after(after), thread.done(Code.PINNED if refused else 0)
    else:
        data, offset = (message(payload_id), 8) if kind == "commit" else (message(7), 0)
        region = (bytes(offset) + data).ljust(MESSAGE_SIZE, b"\0")
        found = entry.channel if thread.inside else seen
        after, answer = reserving.commit(found, region, len(data), offset, pinned)
        if answer is True and not thread.inside:
            # It goes through; the region ends, and its message comes, a moment later each [RSV-6]
            yield entry, thread._replace(inside=True)
        elif answer is True and thread.begun == 0:
            yield entry._replace(regions=entry.regions + 1), thread._replace(begun=1)
        else:
            yield entry.after(after), thread.done(_committed(found, answer))


def _committed(seen: Channel, answer: bool | Refused) -> int:
    """The code of a commit of a valid size: the model says only whether it went through."""
    if answer is True:
        return PushResult.SUCCESS.value
    if isinstance(answer, Refused):
        return Code.PINNED
    return Code.EXPIRED if seen.producer is Side.LIVE and not seen.reserved else PushResult.CHANNEL_CLOSED.value


def _pin_region(kind: str, entry: Entry, thread: Thread) -> _Changes:
    """An export of a reserved region forbids commit and rollback, and keeps its memory mapped [RSV-7, LIF-8]."""
    if kind == "unpin_region":
        pins = entry.region_pins - thread.pins_region
        yield entry._replace(region_pins=pins), thread._replace(pins_region=False).done()
    elif _is_writable(entry, thread):
        yield entry._replace(region_pins=entry.region_pins + 1), thread._replace(pins_region=True).done(0)
    else:
        yield entry, thread.done(Code.EXPIRED)


def _is_writable(entry: Entry, thread: Thread) -> bool:
    """Whether the thread's region is that of the outstanding reservation [RSV-6]."""
    return entry.seen_by_producer().reserved and 0 < thread.region == entry.regions


def _query_producer(kind: str, entry: Entry, thread: Thread) -> _Changes:
    seen = entry.seen_by_producer()
    if kind == "producer_connected":
        yield entry, thread.done(int(queries.is_connected(seen)))
    elif kind == "producer_statistics":
        for at in read_counters(0, entry, thread):
            yield entry, at
    elif kind == "write_region":
        yield entry, thread.done()
    elif kind == "writable":
        writable = _is_writable(entry, thread)
        yield entry, thread._replace(ended=not writable).done(int(writable))
        if thread.region and not writable and not thread.ended and entry.producer is Visibility.OPEN:
            yield entry, thread.done(1)  # it knows nothing yet of how that has ended
    elif entry.producer > Visibility.OPEN:
        yield entry, thread.done(0)  # LIF-4
    else:
        for at, length in read_length(entry, thread):
            yield entry, at.done(seen.config.capacity - length)


# ---- the consumer ----


def _consumer(number: int, operation: Operation, state: State) -> Iterator[Transition]:
    """What may come next of an operation of this side."""
    kind, argument = operation
    if kind in ("close_consumer", "free_consumer"):
        yield from _close("consumer", number, state, frees=kind == "free_consumer")
        return
    thread = state.threads[number]
    entry = state.entries[thread.channel]
    if kind in POPS and (thread.completes or entry.has_open(number)):
        each = _leave(entry, thread, PopResult.CHANNEL_CLOSED.value)  # a nested pop, and the handle is closed
    elif kind in POPS:
        each = _pop(number, operation, entry, state)
    elif kind in DETACHES:
        each = _detach("consumer", entry, thread, state.exports_change(thread.channel))
    elif kind == "release_consumer":
        each = iter([_released("consumer", entry, thread)])
    elif kind in WAITS:
        each = _wait_for_message(kind, entry, thread, signals=state.client.signals)
    elif kind == "end_pop":
        each = _end_pop(entry, thread, argument)
    elif kind == "abandon":
        each = _abandon(entry, thread)
    elif kind == "pin":
        each = _pin(entry, thread, argument)
    elif kind == "unpin":
        each = _unpin(entry, thread, argument)
    else:
        each = _query_consumer(kind, entry, thread, argument)
    for after, at in each:
        yield state.with_entry(thread.channel, after), at


def _pop(number: int, operation: Operation, entry: Entry, state: State) -> _Changes:
    (kind, argument), thread = operation, state.threads[number]
    seen = entry.seen_by_consumer()
    if thread.inside and entry.consumer > Visibility.OPEN:
        yield entry, thread.done(PopResult.CHANNEL_CLOSED.value)  # LIF-8; not counted [STA-4]
        return
    wanted = argument if kind in BATCHES else 1
    if wanted == 0:
        nothing = PopResult.CHANNEL_CLOSED if entry.consumer > Visibility.OPEN else PopResult.EMPTY
        yield entry, thread.done(nothing.value)  # no pop [MSG-5]
        return
    if seen.held and entry.consumer is Visibility.OPEN:
        # Messages expire with the call, and it takes a moment later: a pin may be refused in between [MSG-2]
        yield entry.after(replace(seen, held=0)), thread._replace(inside=True)
        return
    if kind in BATCHES and thread.begun == 0 and seen.waiting and entry.consumer is Visibility.OPEN:
        # it loads the index, and then takes what that says: what is pushed in between may stay [POP-5]
        yield entry, thread._replace(begun=min(wanted, len(seen.waiting)), inside=True)
        return
    wanted = thread.begun or wanted
    unread = state.client.unread or kind == "unread_pop"
    after, answer, taken = popping.batch_pop(seen, wanted)
    if taken and state.exports_change(thread.channel):
        # It may be refused, or take fewer, though it need not [MSG-3].
        yield entry.after(replace(seen, held=0)), thread.done(Code.PINNED)
        for fewer in range(1, len(taken)):
            yield _taking(number, kind, entry, thread, fewer, unread)
    if isinstance(answer, Refused):
        yield entry.after(after), thread.done(Code.PINNED)
    elif taken:
        yield _taking(number, kind, entry, thread, len(taken), unread)
    elif isinstance(answer, PopResult):
        yield entry.after(after), thread.done(answer.value)
    elif kind == "late_begin_pop":
        yield entry.after(popping.pop_timed_out(after)[0]), thread.done(PopResult.TIMEOUT.value)
    elif kind in ("try_pop", "unread_pop", "batch_pop", "begin_pop"):
        yield entry.after(after), thread.done(PopResult.EMPTY.value)
    else:
        yield entry.after(after), thread._replace(inside=True)
        if kind.startswith("timed"):
            yield entry.after(popping.pop_timed_out(after)[0]), thread.done(PopResult.TIMEOUT.value)
        if thread.faults < state.client.signals:
            yield entry.after(after), thread.fault(Code.INTERRUPTED)


def _taking(number: int, kind: str, entry: Entry, thread: Thread, count: int, unread: bool) -> tuple[Entry, Thread]:
    """A pop that takes so many messages; a begin offers them, and they go on waiting."""
    seen = entry.seen_by_consumer()
    after, answer, taken = popping.batch_pop(seen, count)
    assert isinstance(answer, PopResult)
    at = _popped(thread, entry, answer, taken, unread)
    if kind not in BEGINS:
        return entry.after(after), at
    begun = entry.begun + 1
    opened = entry.after(replace(seen, held=0))._replace(begun=begun, pop=Pop(begun, number, len(taken)))
    return opened, at._replace(pop=begun)


def _wait_for_message(kind: str, entry: Entry, thread: Thread, *, signals: int) -> _Changes:
    """A wait for what a pop finds; it takes, expires and counts nothing [WAI-1]."""
    answer = popping.wait(entry.seen_by_consumer())
    if isinstance(answer, PopResult):
        yield entry, thread.done(answer.value)
    else:
        yield from _waiting(kind, entry, thread, PopResult.TIMEOUT.value, signals)


def _end_pop(entry: Entry, thread: Thread, taken: int) -> _Changes:
    """Take the first of the messages that are offered; the others wait on, and exports limit this no more."""
    if thread.completes:
        yield from _leave(entry, thread, 0)
    elif entry.pop is None or entry.pop.number != thread.pop:
        yield entry, thread._replace(pop=0).done(Code.EXPIRED)
    else:
        taken, exported = min(taken, entry.pop.offered), entry.channel.exported
        if taken:
            after = popping.batch_pop(replace(entry.channel, exported=()), taken)[0]
            entry = entry.after(replace(after, exported=exported))
        yield from _leave(entry, thread._replace(pop=0), 0)


def _abandon(entry: Entry, thread: Thread) -> _Changes:
    """End the pop with 0, if it is not ended."""
    if thread.completes or (entry.pop is not None and entry.pop.number == thread.pop):
        yield from _leave(entry, thread._replace(pop=0))
    else:
        yield entry, thread._replace(pop=0).done()


def _leave(entry: Entry, thread: Thread, *results: int) -> _Changes:
    """Out of the pop that was open; then complete the close that was deferred to this [LIF-8]."""
    if entry.pop is not None:
        completes = entry.pop.defers_close
        entry, thread = entry._replace(pop=None), thread.knowing("consumer", entry)
        yield entry, thread._replace(completes=True) if completes else thread.done(*results)
    elif entry.consumer is Visibility.CLOSED:
        yield entry, thread.done(*results)
    else:
        yield entry.closing("consumer", Visibility(entry.consumer + 1)), thread


def _popped(thread: Thread, entry: Entry, answer: PopResult, taken: tuple[bytes, ...], unread: bool) -> Thread:
    first = entry.channel.received.messages_received
    messages = tuple(Message(first + place, data[0], entry.expiries) for place, data in enumerate(taken))
    value = answer.value
    if not unread:
        value |= sum(each.payload_id << 8 * (place + 1) for place, each in enumerate(messages))
    return (thread._replace(held=messages) if messages else thread).done(value)


def _pin(entry: Entry, thread: Thread, place: int) -> _Changes:
    """An export of a message: the model has the numbers of those exported, the core a count for each [MSG-3]."""
    if place >= len(thread.held):
        yield entry, thread.done()
        return
    if thread.begun == 0:
        yield entry, thread._replace(begun=1)  # see State.exports_change
        return
    message, pins = thread.held[place], entry.pins
    if thread.begun > 1:
        yield entry, thread.pinning(place, None).done(thread.begun)
    elif not _is_readable(entry, message.number):
        yield entry, thread._replace(begun=Code.EXPIRED, expiries=entry.expiries)  # and withdrawn a moment later
    elif pins.count(message.number) == MOST_PINS:
        yield entry, thread._replace(begun=Code.PINNED)
    else:
        after = entry.after(popping.take_export(entry.seen_by_consumer(), message.number))
        yield after._replace(pins=tuple(sorted((*pins, message.number)))), thread.pinning(place, message).done(0)


def _is_readable(entry: Entry, number: int) -> bool:
    """Whether a message can be read, as one of the last pop or as one that is offered [MSG-1]."""
    seen = entry.seen_by_consumer()
    popped, offered = seen.received.messages_received, entry.pop.offered if entry.pop else 0
    return popping.is_readable(seen, number) or (
        entry.consumer is Visibility.OPEN and popped <= number < popped + offered
    )


def _unpin(entry: Entry, thread: Thread, place: int) -> _Changes:
    message = thread.pins(place)
    if message is None:
        yield entry, thread.done()
        return
    if thread.begun == 0:
        yield entry, thread._replace(begun=1)  # see State.exports_change
        return
    seen, pins = entry.seen_by_consumer(), list(entry.pins)
    pins.remove(message.number)
    after = seen if message.number in pins else popping.release_export(seen, message.number)
    yield entry.after(after)._replace(pins=tuple(pins)), thread.pinning(place, None).done()


def _query_consumer(kind: str, entry: Entry, thread: Thread, argument: int) -> _Changes:
    seen = entry.seen_by_consumer()
    if kind == "reread":
        yield entry, thread.done()
    elif kind == "view":
        message = thread.pins(argument)
        yield entry, thread.done() if message is None else thread.done(message.payload_id)
    elif kind in ("held", "readable") and argument >= len(thread.held):
        yield entry, thread.done()
    elif kind == "held":
        yield entry, thread.done(thread.held[argument].payload_id)
    elif kind == "readable":
        readable, expiries = _is_readable(entry, thread.held[argument].number), thread.held[argument].expiries
        yield entry, (thread if readable else thread._replace(expiries=entry.expiries)).done(int(readable))
        if thread.expiries <= expiries < entry.expiries and entry.consumer is Visibility.OPEN:
            yield entry, thread.done(1)  # it knows nothing of the pop yet with which that has expired
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


def _broker(number: int, operation: Operation, state: State) -> Iterator[Transition]:
    """What may come next of an operation of the broker."""
    kind, argument = operation
    name, thread = chr(argument), state.threads[number]
    if kind == "request":
        yield from _request(state, thread, name)
    elif kind == "has":
        yield state, thread.done(int(registry.has_channel(state.registry, name)))
    elif kind == "remove":
        yield state, thread.done(int(registry.remove_channel(state.registry, name)[1]))
    elif kind == "broker_statistics":
        yield from _broker_statistics(state, thread)
    elif kind == "channels":
        shut = sum(entry.registered and entry.is_shut for entry in state.entries)
        yield state, thread.done(len(state.registry.channels) | shut << 8)
    elif kind == "shutdown":
        yield from _shutdown(state, thread)
    elif kind in ("shutdown_wait", "timed_shutdown_wait"):
        yield from _shutdown_wait(number, kind, state)
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


def _shutdown_wait(number: int, kind: str, state: State) -> Iterator[Transition]:
    """Until every channel there was when it began is gone; those made since are no part of it [SHD-2, SHD-3]."""
    thread = state.threads[number]
    entries = [entry for entry in state.entries[: thread.generation] if entry.registered]
    if not entries:
        yield state, thread.done(1)
        return
    if any(entry.has_open(number) and entry.consumer > Visibility.OPEN for entry in entries):
        yield state, thread.done(Code.CONCURRENT_USE)  # it would wait for its own pop to end
        return
    yield state, thread
    if kind == "timed_shutdown_wait":
        yield state, thread.done(0)
    if thread.faults < state.client.signals:
        yield state, thread.fault(Code.INTERRUPTED)
