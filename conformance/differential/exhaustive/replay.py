"""Replays every step from every state on model and target in lockstep, and compares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType

from conformance.differential.exhaustive.broker import OPENING
from conformance.differential.exhaustive.search import Reached
from conformance.differential.exhaustive.state import CAPACITY, State
from conformance.differential.exhaustive.step import Step, call
from conformance.differential.lockstep import Lockstep, Tally
from conformance.differential.program import Operation
from spec_model.channel.value import Side


@dataclass(frozen=True)
class Start:
    """Where a replay begins: after `popped` messages, in a channel whose 64-bit indices began at `index`."""

    popped: int = 0
    index: int | None = None

    def before(self) -> Iterator[Operation]:
        """What a program does before it opens the channel."""
        if self.index is not None:
            # The model has no index: it numbers messages without end.
            source = f"if hasattr(omni, 'set_start_index'): omni.set_start_index({self.index})"
            yield Operation("statement", source=source, statement=True)

    def after(self) -> Iterator[Operation]:
        """What it does with the open channel."""
        if self.popped:
            full, rest = divmod(self.popped, CAPACITY // 2)
            rounds = (CAPACITY // 2,) * full + (rest,) * (rest > 0)
            source = f"for count in {rounds}: p.batch_push([b'-'] * count), c.batch_pop(count)"
            yield Operation("statement", source=source, statement=True)


class Replay:
    """Replays steps on a target, from one start; raises Divergence at the first difference.

    rule: what a difference breaks that tells no more by itself. replayed: how many steps were.
    """

    def __init__(self, target: ModuleType, tally: Tally, rule: str, start: Start) -> None:
        self._target, self._tally, self._rule, self._start = target, tally, rule, start
        self.replayed = 0

    def all(self, reached: Reached, steps: Sequence[Step]) -> None:
        """Each of the steps from one state, after a shortest path there.

        Steps that by the model leave the state as it is follow each other in one program, each
        looked at, and so is the state itself. Every other step has a program of its own.
        """
        staying = [step for step in steps if step.stays(reached.state)]
        self._run(reached, staying, arriving=True)
        for step in steps:
            if not step.stays(reached.state):
                self._run(reached, [step])

    def _run(self, reached: Reached, steps: Sequence[Step], arriving: bool = False) -> None:
        lockstep = Lockstep(self._target, self._tally, self._rule)
        try:
            for operation in (*self._start.before(), *OPENING, *self._start.after(), *reached.path):
                lockstep.run(operation, look=False)
            if arriving:
                lockstep.look()
            for step in steps:
                *first, last = step.operations
                for operation in first:
                    lockstep.run(operation, look=False)
                lockstep.run(last)
                self.replayed += 1
            _drain(lockstep, steps[-1].after if steps else reached.state)
        finally:
            lockstep.close()


def _drain(lockstep: Lockstep, state: State | None) -> None:
    """Pop what waits: until then nobody has seen whether it is still what was sent."""
    if state is not None and state.channel.waiting and state.channel.consumer is Side.LIVE:
        lockstep.run(call(state.consumer, "batch_pop", CAPACITY), look=False)
