"""What a producer can be asked to do, arguments at each boundary (§5)."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.differential.exhaustive.state import CAPACITY, SIZE, State
from conformance.differential.exhaustive.step import TINY, Step, call, content, payload
from conformance.differential.program import Operation
from spec_model.channel import lifecycle, pushing, reserving
from spec_model.channel.value import Blocked, Refused

SIZES = (0, 1, SIZE - 1, SIZE, SIZE + 1)
PARTS = ((0, 0), (1, 0), (SIZE, 0), (SIZE + 1, 0), (1, SIZE - 1), (1, SIZE), (SIZE, 1), (2**64 - 1, 1), (1, 2**64 - 1))
"""Size and offset of a commit."""

QUERIES = ("is_connected", "capacity", "max_message_size", "get_config", "available_slots", "get_stats")


def steps(state: State) -> Iterator[Step]:
    """Each operation on the newest producer."""
    yield from _pushes(state)
    yield from _batches(state)
    yield from _reservations(state)
    yield from _ends(state)
    yield Step(tuple(call(state.producer, query) for query in QUERIES), state)


def husk_steps(state: State) -> Iterator[Step]:
    """Each operation on the producer that the newest one was moved from: none has an effect [LIF-4]."""
    husk = state.producer_husk
    for operation in (
        call(husk, "try_push", b"h"),
        call(husk, "try_push", b""),
        call(husk, "blocking_push", b"h", None),
        call(husk, "batch_push", [b"h"]),
        call(husk, "reserve", 1),
        call(husk, "commit", 1, 0),
        call(husk, "rollback"),
        call(husk, "move", into=("h",)),
        call(husk, "close"),
    ):
        yield Step((operation,), state)
    yield Step(tuple(call(husk, query) for query in QUERIES), state)
    yield Step((Operation("del", source=f"del {husk}", statement=True),), None)


def _pushes(state: State) -> Iterator[Step]:
    channel, on = state.channel, state.producer
    number = channel.sent.messages_sent
    for size in SIZES:
        after, _ = pushing.try_push(channel, content(number, size))
        yield Step((call(on, "try_push", payload(number, size)),), state.become(after))
    for size in (0, 1, SIZE, SIZE + 1):
        data = payload(number, size)
        after, result = pushing.blocking_push(channel, content(number, size))
        if isinstance(result, Blocked):
            after, _ = pushing.push_timed_out(channel)
        for timeout in (0, TINY if isinstance(result, Blocked) else None):
            yield Step((call(on, "blocking_push", data, timeout),), state.become(after))


def _batches(state: State) -> Iterator[Step]:
    number = state.channel.sent.messages_sent
    # Sizes at both ends of what fits, in turn; and one that does not, first and amid others [PSH-6].
    batches = [[(1, SIZE)[each % 2] for each in range(count)] for count in range(CAPACITY + 2)]
    for sizes in [*batches, [SIZE + 1], [1, 0, 1], [SIZE, SIZE + 1, 1]]:
        after, _ = pushing.batch_push(state.channel, [content(number + at, size) for at, size in enumerate(sizes)])
        messages = [payload(number + at, size) for at, size in enumerate(sizes)]
        yield Step((call(state.producer, "batch_push", messages),), state.become(after))


def _reservations(state: State) -> Iterator[Step]:
    channel, on = state.channel, state.producer
    for size in (0, 1, SIZE, SIZE + 1):
        after, granted = reserving.reserve(channel, size)
        if granted:
            yield Step((call(on, "reserve", size, into=("r",)), _write(_region(state))), state.become(after))
        else:
            yield Step((call(on, "reserve", size),), state)
    if channel.reserved and not state.region:
        yield Step((Operation("region", into=("v",), source="r.data[0:3]"),), state.become(channel, region="v"))
    if state.region:
        yield Step((call("v", "release"),), state.become(channel, region=""))
        yield Step((Operation("del", source="del v", statement=True),), state.become(channel, region=""))
    exported = bool(state.region)
    for size, offset in PARTS if channel.reserved else PARTS[:3]:
        after, answer = reserving.commit(channel, _region(state), size, offset, exported)
        yield Step((call(on, "commit", size, offset),), state if answer is Refused.BY_EXPORT else state.become(after))
    after, _ = reserving.rollback(channel, exported)
    yield Step((call(on, "rollback"),), state.become(after))


def _ends(state: State) -> Iterator[Step]:
    on = state.producer
    # An export of the region does not hinder a close, and outlives it [RSV-6].
    closed = lifecycle.close_producer(state.channel)
    yield Step((call(on, "close"),), state.become(closed, region=""))
    moved, _ = lifecycle.move_producer(state.channel)
    new = "p2" if on == "p" else "p3"
    yield Step((call(on, "move", into=(new,)),), state.become(moved, producer=new, producer_husk=on))
    yield Step((Operation("del", source=f"del {on}", statement=True),), None)


def _region(state: State) -> bytes:
    """What the region holds: bytes of which no part is like another, told from those of other messages."""
    first = 128 + state.channel.sent.messages_sent % 64
    return bytes(range(first, first + SIZE))


def _write(region: bytes) -> Operation:
    source = f"r.data.__setitem__(slice(0, {SIZE}), bytes(range({region[0]}, {region[0] + SIZE})))"
    return Operation("write", source=source)
