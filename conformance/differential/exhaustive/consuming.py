"""What a consumer can be asked to do, arguments at each boundary (§6)."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.differential.exhaustive.state import CAPACITY, State
from conformance.differential.exhaustive.step import TINY, Step, call
from conformance.differential.program import Operation
from spec_model.channel import lifecycle, popping
from spec_model.channel.value import Blocked, Channel, Refused
from spec_model.vocabulary import PopResult

QUERIES = ("is_connected", "capacity", "max_message_size", "get_config", "available_messages", "get_stats")


def steps(state: State) -> Iterator[Step]:
    """Each operation on the newest consumer, and on what was popped from it."""
    yield from _pops(state)
    yield from _batches(state)
    yield from _exports(state)
    yield from _ends(state)
    yield Step(tuple(call(state.consumer, query) for query in QUERIES), state)


def husk_steps(state: State) -> Iterator[Step]:
    """Each operation on the consumer that the newest one was moved from: none has an effect [LIF-4]."""
    husk = state.consumer_husk
    for operation in (
        call(husk, "try_pop"),
        call(husk, "blocking_pop", None),
        call(husk, "batch_pop", 1, None),
        call(husk, "batch_pop", 0, 0),
        call(husk, "move", into=("h",)),
        call(husk, "close"),
    ):
        yield Step((operation,), state)
    yield Step(tuple(call(husk, query) for query in QUERIES), state)
    yield Step((Operation("del", source=f"del {husk}", statement=True),), None)


def _pops(state: State) -> Iterator[Step]:
    after, answer, _ = popping.try_pop(state.channel)
    yield _pop(state, after, answer, "try_pop")
    after, result, _ = popping.blocking_pop(state.channel)
    for timeout in (0, TINY if isinstance(result, Blocked) else None):
        yield _pop(state, _waited(after, result), result, "blocking_pop", timeout)


def _batches(state: State) -> Iterator[Step]:
    waiting = len(state.channel.waiting)
    for count in range(CAPACITY + 2):
        after, result, _ = popping.batch_pop(state.channel, count)
        yield _pop(state, after, result, "batch_pop", count, 0)  # EMPTY, which is no failure, and not TIMEOUT
        if count in (0, 1, waiting + 1, CAPACITY + 1):
            timeout = TINY if isinstance(result, Blocked) else None
            yield _pop(state, _waited(after, result), result, "batch_pop", count, timeout)


def _pop(state: State, after: Channel, result: PopResult | Refused | Blocked, kind: str, *args: object) -> Step:
    """A pop; what it takes goes into another variable, so that what was held before is still looked at [MSG-2]."""
    if result is PopResult.SUCCESS:
        into = "n" if state.message == "m" else "m"
        return Step((call(state.consumer, kind, *args, into=("_", into)),), state.become(after, message=into))
    held = state.message if after.held else ""
    return Step((call(state.consumer, kind, *args),), state.become(after, message=held))


def _waited(after: Channel, result: PopResult | Refused | Blocked) -> Channel:
    return popping.pop_timed_out(after)[0] if isinstance(result, Blocked) else after


def _exports(state: State) -> Iterator[Step]:
    channel = state.channel
    if channel.held and not state.export:
        number = channel.received.messages_received - channel.held
        oldest = f"{state.message}[0].data" if channel.held > 1 else f"{state.message}.data"
        after = state.become(popping.take_export(channel, number), export="x")
        yield Step((Operation("export", into=("x",), source=oldest),), after)
    if state.export:
        after = state.become(popping.release_export(channel, channel.exported[0]), export="")
        yield Step((call("x", "release"),), after)
        yield Step((Operation("del", source="del x", statement=True),), after)


def _ends(state: State) -> Iterator[Step]:
    on = state.consumer
    closed = lifecycle.close_consumer(state.channel)
    yield Step((call(on, "close"),), state.become(closed, message=""))
    moved, _ = lifecycle.move_consumer(state.channel)
    new = "c2" if on == "c" else "c3"
    yield Step((call(on, "move", into=(new,)),), state.become(moved, consumer=new, consumer_husk=on))
    yield Step((Operation("del", source=f"del {on}", statement=True),), None)
