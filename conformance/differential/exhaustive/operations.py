"""Every operation in a given state, with arguments at each boundary, and the state after it by the model."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.differential.exhaustive.state import CAPACITY, SIZE, TINY, State, Transition, call, content, payload
from conformance.differential.program import Expr, Operation
from spec_model.channel import lifecycle, popping, pushing, reserving
from spec_model.channel.value import Blocked, Channel, Refused, Side
from spec_model.vocabulary import PopResult, PushResult

NAME = "a"
CONFIG = Expr(f"omni.ChannelConfig({CAPACITY}, {SIZE})")
OPENING = (
    Operation("broker", into=("b",), source="omni.MailboxBroker()"),
    Operation("unpack", into=("p", "c"), source=f"b.request_channel({NAME!r}, {CONFIG})[1]"),
)
"""The operations that lead to the first state."""

_SIZES = (0, 1, SIZE - 1, SIZE, SIZE + 1)
_PARTS = ((0, 0), (1, 0), (SIZE, 0), (SIZE + 1, 0), (1, SIZE - 1), (1, SIZE), (SIZE, 1), (2**64 - 1, 1), (1, 2**64 - 1))
"""Size and offset of a commit."""

_HANDLE_QUERIES = ("is_connected", "capacity", "max_message_size", "get_config")
_PRODUCER_QUERIES = (*_HANDLE_QUERIES, "available_slots", "get_stats")
_CONSUMER_QUERIES = (*_HANDLE_QUERIES, "available_messages", "get_stats")


def transitions(state: State) -> Iterator[Transition]:
    """Every operation that a program can do in a state."""
    yield from _on_producer(state)
    yield from _on_consumer(state)
    yield from _on_broker(state)
    if state.moved_from_producer:
        yield from _on_moved_from_producer(state)
    if state.moved_from_consumer:
        yield from _on_moved_from_consumer(state)


def _on_broker(state: State) -> Iterator[Transition]:
    """Each operation on the broker."""
    # Where the name is free, this makes another channel, which is dropped with the result.
    yield Transition((call("b", "request_channel", NAME, CONFIG),), state if state.registered else None)
    yield Transition((call("b", "has_channel", NAME), call("b", "remove_channel", NAME), call("b", "get_stats")), state)
    after = state.become(lifecycle.shut(state.channel)) if state.registered else state
    for timeout in (0, TINY):
        yield Transition((call("b", "shutdown", timeout),), after)


def _on_producer(state: State) -> Iterator[Transition]:
    """Each operation on the newest producer."""
    yield from _pushes(state)
    yield from _batch_pushes(state)
    yield from _waits(state, state.producer, pushing.wait(state.channel))
    yield from _reservations(state)
    yield from _producer_endings(state)
    yield Transition(tuple(call(state.producer, query) for query in _PRODUCER_QUERIES), state)


def _on_moved_from_producer(state: State) -> Iterator[Transition]:
    """Each operation on a moved-from producer: none has an effect [LIF-4]."""
    old = state.moved_from_producer
    for operation in (
        call(old, "try_push", b"h"),
        call(old, "try_push", b""),
        call(old, "blocking_push", b"h", None),
        call(old, "batch_push", [b"h"]),
        call(old, "send_many", [b"h"], None),
        call(old, "wait", None),
        call(old, "reserve", 1),
        call(old, "reserve", 1, None),
        call(old, "commit", 1, 0),
        call(old, "rollback"),
        call(old, "move", into=("h",)),
        call(old, "close"),
    ):
        yield Transition((operation,), state)
    yield Transition(tuple(call(old, query) for query in _PRODUCER_QUERIES), state)
    yield Transition((Operation("del", source=f"del {old}", statement=True),), None)


def _pushes(state: State) -> Iterator[Transition]:
    channel, on = state.channel, state.producer
    number = channel.sent.messages_sent
    for size in _SIZES:
        after, _ = pushing.try_push(channel, content(number, size))
        yield Transition((call(on, "try_push", payload(number, size)),), state.become(after))
    for size in (0, 1, SIZE, SIZE + 1):
        data = payload(number, size)
        after, result = pushing.blocking_push(channel, content(number, size))
        if isinstance(result, Blocked):
            after, _ = pushing.push_timed_out(channel)
        for timeout in (0, TINY if isinstance(result, Blocked) else None):
            yield Transition((call(on, "blocking_push", data, timeout),), state.become(after))


def _batch_pushes(state: State) -> Iterator[Transition]:
    number = state.channel.sent.messages_sent
    # The smallest and the largest valid size in turn; an invalid one first and amid others [PSH-6].
    batches = [[(1, SIZE)[each % 2] for each in range(count)] for count in range(CAPACITY + 2)]
    for sizes in [*batches, [SIZE + 1], [1, 0, 1], [SIZE, SIZE + 1, 1]]:
        after, _ = pushing.batch_push(state.channel, [content(number + at, size) for at, size in enumerate(sizes)])
        messages = [payload(number + at, size) for at, size in enumerate(sizes)]
        yield Transition((call(state.producer, "batch_push", messages),), state.become(after))
    for sizes in ([], [1], [SIZE, 1, 0], [SIZE + 1], [1] * (CAPACITY + 1)):
        sent, blocks = _sent(state.channel, [content(number + at, size) for at, size in enumerate(sizes)])
        messages = [payload(number + at, size) for at, size in enumerate(sizes)]
        for timeout in (0, TINY if blocks else None):
            yield Transition((call(state.producer, "send_many", messages, timeout),), state.become(sent))


def _sent(channel: Channel, messages: list[bytes]) -> tuple[Channel, bool]:
    """The channel after `send_many`, whose time is up where it blocks, and whether it did [WAI-5]."""
    for data in messages:
        channel, result = pushing.blocking_push(channel, data)
        if isinstance(result, Blocked):
            return pushing.push_timed_out(channel)[0], True
        if not result:
            break
    return channel, False


def _waits(state: State, on: str, result: PushResult | PopResult | Blocked) -> Iterator[Transition]:
    """A wait, which changes nothing [WAI-1]."""
    for timeout in (0, TINY if isinstance(result, Blocked) else None):
        yield Transition((call(on, "wait", timeout),), state)


def _reservations(state: State) -> Iterator[Transition]:
    channel, on = state.channel, state.producer
    for size in (0, 1, SIZE, SIZE + 1):
        after, granted = reserving.reserve(channel, size)
        if granted:
            yield Transition((call(on, "reserve", size, into=("r",)), _write(_region(state))), state.become(after))
        else:
            yield Transition((call(on, "reserve", size),), state)
    after, answer = reserving.blocking_reserve(channel, 1)
    timeout = TINY if isinstance(answer, Blocked) else None
    if answer is True:
        operations = call(on, "reserve", 1, timeout, into=("r",)), _write(_region(state))
        yield Transition(operations, state.become(after))
    else:
        yield Transition((call(on, "reserve", 1, timeout),), state)
    if channel.reserved and not state.region:
        yield Transition((Operation("region", into=("v",), source="r.data[0:3]"),), state.become(channel, region="v"))
    if state.region:
        yield Transition((call("v", "release"),), state.become(channel, region=""))
        yield Transition((Operation("del", source="del v", statement=True),), state.become(channel, region=""))
    exported = bool(state.region)
    for size, offset in _PARTS if channel.reserved else _PARTS[:3]:
        after, result = reserving.commit(channel, _region(state), size, offset, exported)
        unchanged = result is Refused.BY_EXPORT
        yield Transition((call(on, "commit", size, offset),), state if unchanged else state.become(after))
    after, _ = reserving.rollback(channel, exported)
    yield Transition((call(on, "rollback"),), state.become(after))


def _producer_endings(state: State) -> Iterator[Transition]:
    on = state.producer
    # An export of the region does not prevent a close, and outlives it [RSV-6].
    closed = lifecycle.close_producer(state.channel)
    yield Transition((call(on, "close"),), state.become(closed, region=""))
    moved, _ = lifecycle.move_producer(state.channel)
    new = "p2" if on == "p" else "p3"
    yield Transition((call(on, "move", into=(new,)),), state.become(moved, producer=new, moved_from_producer=on))
    yield Transition((Operation("del", source=f"del {on}", statement=True),), None)


def _region(state: State) -> bytes:
    """The content of the region: bytes of which no two parts are equal, different from those of other messages."""
    first = 128 + state.channel.sent.messages_sent % 64
    return bytes(range(first, first + SIZE))


def _write(region: bytes) -> Operation:
    source = f"r.data.__setitem__(slice(0, {SIZE}), bytes(range({region[0]}, {region[0] + SIZE})))"
    return Operation("write", source=source)


def _on_consumer(state: State) -> Iterator[Transition]:
    """Each operation on the newest consumer and on the messages popped from it."""
    yield from _pops(state)
    yield from _batch_pops(state)
    yield from _waits(state, state.consumer, popping.wait(state.channel))
    yield from _exports(state)
    yield from _consumer_endings(state)
    yield Transition(tuple(call(state.consumer, query) for query in _CONSUMER_QUERIES), state)


def _on_moved_from_consumer(state: State) -> Iterator[Transition]:
    """Each operation on a moved-from consumer: none has an effect [LIF-4]."""
    old = state.moved_from_consumer
    for operation in (
        call(old, "try_pop"),
        call(old, "blocking_pop", None),
        call(old, "batch_pop", 1, None),
        call(old, "batch_pop", 0, 0),
        call(old, "receive_many", 1, None),
        call(old, "receive_many", 0, None),
        call(old, "wait", None),
        call(old, "move", into=("h",)),
        call(old, "close"),
    ):
        yield Transition((operation,), state)
    yield Transition(tuple(call(old, query) for query in _CONSUMER_QUERIES), state)
    yield Transition((Operation("del", source=f"del {old}", statement=True),), None)


def _pops(state: State) -> Iterator[Transition]:
    after, popped, _ = popping.try_pop(state.channel)
    yield _pop(state, after, popped, "try_pop")
    after, result, _ = popping.blocking_pop(state.channel)
    for timeout in (0, TINY if isinstance(result, Blocked) else None):
        yield _pop(state, _waited(after, result), result, "blocking_pop", timeout)


def _batch_pops(state: State) -> Iterator[Transition]:
    waiting = len(state.channel.waiting)
    for count in range(CAPACITY + 2):
        after, result, _ = popping.batch_pop(state.channel, count)
        yield _pop(state, after, result, "batch_pop", count, 0)  # EMPTY, which counts as no failure, not TIMEOUT
        if count in (0, 1, waiting + 1, CAPACITY + 1):
            timeout = TINY if isinstance(result, Blocked) else None
            yield _pop(state, _waited(after, result), result, "batch_pop", count, timeout)
            yield _received(state, after, result, count, 0)
            yield _received(state, _waited(after, result), result, count, timeout)


def _received(state: State, after: Channel, result: PopResult | Refused | Blocked, *args: object) -> Transition:
    """A `receive_many`: nobody has a message of it that could be read or exported later."""
    left = None if result is PopResult.SUCCESS else state.become(after, message=state.message if after.held else "")
    return Transition((call(state.consumer, "receive_many", *args),), left)


def _pop(state: State, after: Channel, result: PopResult | Refused | Blocked, kind: str, *args: object) -> Transition:
    """A pop into the other variable, so that the messages held before are still observed [MSG-2]."""
    if result is PopResult.SUCCESS:
        into = "n" if state.message == "m" else "m"
        return Transition((call(state.consumer, kind, *args, into=("_", into)),), state.become(after, message=into))
    held = state.message if after.held else ""
    return Transition((call(state.consumer, kind, *args),), state.become(after, message=held))


def _waited(after: Channel, result: PopResult | Refused | Blocked) -> Channel:
    return popping.pop_timed_out(after)[0] if isinstance(result, Blocked) else after


def _exports(state: State) -> Iterator[Transition]:
    channel = state.channel
    if state.message:
        message = f"{state.message}[0]" if channel.held > 1 else state.message
        yield Transition((Operation("tobytes", source=f"{message}.tobytes()"),), state)
    for count in (CAPACITY - 1, CAPACITY):
        if channel.consumer is Side.LIVE and count <= len(channel.waiting) and not state.export:
            yield _hoard(state, count)
    if channel.held and not state.export:
        number = channel.received.messages_received - channel.held
        oldest = f"{state.message}[0].data" if channel.held > 1 else f"{state.message}.data"
        after = state.become(popping.take_export(channel, number), export="x")
        yield Transition((Operation("export", into=("x",), source=oldest),), after)
    if state.export:
        released = channel
        for number in channel.exported:
            released = popping.release_export(released, number)
        after = state.become(released, export="")
        release = call("x", "release") if state.export == "x" else Operation("release", source="xs.clear()")
        yield Transition((release,), after)
        yield Transition((Operation("del", source=f"del {state.export}", statement=True),), after)
    if len(channel.exported) == CAPACITY:
        fewer = state.become(popping.release_export(channel, channel.exported[-1]))
        yield Transition((Operation("release", source="xs.pop().release()"),), fewer)


def _hoard(state: State, count: int) -> Transition:
    """Pop a batch, and take an export of each of its messages."""
    number = state.channel.received.messages_received
    channel, _, _ = popping.batch_pop(state.channel, count)
    for each in range(number, number + count):
        channel = popping.take_export(channel, each)
    into = "n" if state.message == "m" else "m"
    pop = call(state.consumer, "batch_pop", count, into=("_", into))
    export = Operation("export", into=("xs",), source=f"[each.data for each in {into}]")
    return Transition((pop, export), state.become(channel, message=into, export="xs"))


def _consumer_endings(state: State) -> Iterator[Transition]:
    on = state.consumer
    closed = lifecycle.close_consumer(state.channel)
    yield Transition((call(on, "close"),), state.become(closed, message=""))
    moved, _ = lifecycle.move_consumer(state.channel)
    new = "c2" if on == "c" else "c3"
    yield Transition((call(on, "move", into=(new,)),), state.become(moved, consumer=new, moved_from_consumer=on))
    yield Transition((Operation("del", source=f"del {on}", statement=True),), None)
