"""Breadth-first search over the model's pure functions, for a shortest path to each abstract state."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from conformance.differential.exhaustive import broker, consuming, producing
from conformance.differential.exhaustive.state import CAPACITY, SIZE, Abstract, State, abstract
from conformance.differential.exhaustive.step import Step
from conformance.differential.program import Operation
from spec_model.channel.value import Channel
from spec_model.config import ChannelConfig


@dataclass(frozen=True)
class Reached:
    """A state as it was first reached.

    path: the operations of a shortest path from the opening. steps: every operation in it.
    """

    path: tuple[Operation, ...]
    state: State
    steps: tuple[Step, ...]


def steps(state: State) -> Iterator[Step]:
    """Every operation that a program can do in a state."""
    yield from producing.steps(state)
    yield from consuming.steps(state)
    yield from broker.steps(state)
    if state.producer_husk:
        yield from producing.husk_steps(state)
    if state.consumer_husk:
        yield from consuming.husk_steps(state)


def search(within: Callable[[Abstract], bool]) -> dict[Abstract, Reached]:
    """Every abstract state that a path through states `within` the bounds leads to, itself within them."""
    first = State(Channel(ChannelConfig(CAPACITY, SIZE)))
    ahead: deque[tuple[tuple[Operation, ...], State]] = deque([((), first)])
    seen = {abstract(first)}
    found = {}
    while ahead:
        path, state = ahead.popleft()
        reached = Reached(path, state, tuple(steps(state)))
        found[abstract(state)] = reached
        for step in reached.steps:
            if step.after is None or step.stays(state):
                continue
            key = abstract(step.after)
            if key not in seen and within(key):
                seen.add(key)
                ahead.append((path + step.operations, step.after))
    return found
