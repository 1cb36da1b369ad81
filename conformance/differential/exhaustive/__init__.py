"""Exhaustive differential testing: every operation in every abstract state of a channel, on model and target."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

from conformance.differential.exhaustive.operations import OPENING, transitions
from conformance.differential.exhaustive.state import CAPACITY, SIZE, Abstract, State, Transition, abstract, call
from conformance.differential.lockstep import Divergence, Invalid, Lockstep, Tally
from conformance.differential.program import Operation
from conformance.learned import here
from spec_model.channel.value import Channel, Side
from spec_model.config import ChannelConfig


@dataclass(frozen=True)
class Reached:
    """A state as it was first reached.

    path: the operations of a shortest path from the opening. transitions: every operation in the state.
    """

    path: tuple[Operation, ...]
    state: State
    transitions: tuple[Transition, ...]


def search(within: Callable[[Abstract], bool]) -> dict[Abstract, Reached]:
    """Every abstract state within the bounds that is reachable through states within the bounds."""
    first = State(Channel(ChannelConfig(CAPACITY, SIZE)))
    ahead: deque[tuple[tuple[Operation, ...], State]] = deque([((), first)])
    seen = {abstract(first)}
    found: dict[Abstract, Reached] = {}
    while ahead:
        path, state = ahead.popleft()
        reached = Reached(path, state, tuple(transitions(state)))
        found[abstract(state)] = reached
        for transition in reached.transitions:
            if transition.after is None or transition.stays(state):
                continue
            key = abstract(transition.after)
            if key not in seen and within(key):
                seen.add(key)
                ahead.append((path + transition.operations, transition.after))
    return found


FEATURES: dict[str, Callable[[Abstract], bool]] = {
    "shut": lambda state: state.shut,
    "producer moved": lambda state: state.producer_moved,
    "consumer moved": lambda state: state.consumer_moved,
    "region exported": lambda state: state.region_exported,
    "message exported": lambda state: state.exported > 0,
}
"""The features that a plain channel has none of. Two at once are left to the random programs: they would multiply
the states by twelve."""


def part(name: str) -> tuple[Reached, ...]:
    """The states of a part, "plain" or a feature, each with a shortest path to it."""
    return _part(name, here.shortfall)


@lru_cache
def _part(name: str, shortfall: int) -> tuple[Reached, ...]:
    """Those of channels that have so many slots fewer."""
    others = [has for feature, has in FEATURES.items() if feature != name]
    found = search(lambda state: not any(has(state) for has in others))
    return tuple(reached for state, reached in found.items() if name == "plain" or FEATURES[name](state))


@dataclass(frozen=True)
class Start:
    """Where a replay begins: after `popped` messages, in a channel whose 64-bit indices began at `index`."""

    popped: int = 0
    index: int | None = None

    def before(self) -> Iterator[Operation]:
        """The operations before the channel is opened."""
        if self.index is not None:
            # The model has no index: its message numbers are unbounded.
            source = f"if hasattr(omni, 'set_start_index'): omni.set_start_index({self.index})"
            yield Operation("statement", source=source, statement=True)

    def after(self) -> Iterator[Operation]:
        """The operations on the open channel."""
        if self.popped:
            full, rest = divmod(self.popped, CAPACITY // 2)
            rounds = (CAPACITY // 2,) * full + (rest,) * (rest > 0)
            source = f"for count in {rounds}: p.batch_push([b'-'] * count), c.batch_pop(count)"
            yield Operation("statement", source=source, statement=True)


class Replay:
    """Replays transitions on a target from one start; raises Divergence at the first difference.

    rule: the rule that a difference breaks that indicates no other. replayed: the number of transitions replayed.
    """

    def __init__(self, target: ModuleType, tally: Tally, rule: str, start: Start) -> None:
        self._target, self._tally, self._rule, self._start = target, tally, rule, start
        self.replayed = 0

    def replay(self, reached: Reached, transitions: Sequence[Transition]) -> None:
        """Replay transitions from one state, after a shortest path to it.

        Transitions that leave the state unchanged by the model follow each other in one program; model and
        target are compared on arrival and after each. Every other transition has a program of its own.
        """
        staying = [transition for transition in transitions if transition.stays(reached.state)]
        self._run(reached, staying, arriving=True)
        for transition in transitions:
            if not transition.stays(reached.state):
                self._run(reached, [transition])

    def _run(self, reached: Reached, transitions: Sequence[Transition], arriving: bool = False) -> None:
        """One program, again behind each difference that becomes known by it."""
        before = self.replayed
        while True:
            try:
                return self._once(reached, transitions, arriving)
            except Divergence as divergence:
                if not self._tally.goes_on(divergence):
                    raise
                self.replayed = before
            except Invalid:
                if not here.shortfall:
                    raise
                self.replayed = before + len(transitions)  # planned before the capacity was known to be short
                return None

    def _once(self, reached: Reached, transitions: Sequence[Transition], arriving: bool) -> None:
        lockstep = Lockstep(self._target, self._tally, self._rule)
        try:
            for operation in (*self._start.before(), *OPENING, *self._start.after(), *reached.path):
                lockstep.run(operation, compare=False)
            if arriving:
                lockstep.compare()
            for transition in transitions:
                *first, last = transition.operations
                for operation in first:
                    lockstep.run(operation, compare=False)
                lockstep.run(last)
                self.replayed += 1
            _drain(lockstep, transitions[-1].after if transitions else reached.state)
        finally:
            lockstep.close()


def _drain(lockstep: Lockstep, state: State | None) -> None:
    """Pop the waiting messages, whose content is not observable before."""
    if state is not None and state.channel.waiting and state.channel.consumer is Side.LIVE:
        lockstep.run(call(state.consumer, "batch_pop", CAPACITY), compare=False)
