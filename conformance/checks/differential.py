"""The model and the target side by side: every operation in every abstract state, and random programs.

Exhaustive: all operations in all states of a channel with the ring as it is made; those on the queue in the plain
states again at every other start in the ring, and with an export alive at one of them; and, where the indices can be
made to begin anywhere, all operations in the plain states around the wrap of the 64-bit indices.
Random: programs that Hypothesis makes, in parts that run in parallel.
"""

from __future__ import annotations

from conformance.checks.registry import Check, add, measured
from conformance.differential.exhaustive.parts import part
from conformance.differential.exhaustive.replay import Replay, Start
from conformance.differential.exhaustive.state import CAPACITY
from conformance.differential.lockstep import Tally
from conformance.failure import Broken
from conformance.targets.target import Target

SLOTS = 2 * CAPACITY
"""Of a ring that keeps popped messages readable without a copy; after as many, it is where it began."""

LIMIT = 240.0
"""Seconds, ten times and more what a part takes."""

EXPORT_STARTS = (11,)
INDEX_WRAPS = range(1, SLOTS + 1)
EXPORT_WRAPS = (1, CAPACITY)
"""How many messages before the end of 64 bits a channel begins."""

RANDOM_PARTS = 10
"""Into how many checks the random programs are divided."""


def replay(target: Target, tally: Tally, rule: str, name: str, start: Start, only_queue: bool = False) -> None:
    """Replay all steps of a part from a start, or those on the queue; Broken unless every one of them was."""
    states = part(name)
    runner = Replay(target.omni, tally, rule, start)
    transitions = 0
    for reached in states:
        steps = [step for step in reached.steps if step.on_queue or not only_queue]
        transitions += len(steps)
        runner.all(reached, steps)
    tally.figures.update({"states": len(states), "transitions": transitions, "transitions replayed": runner.replayed})
    if runner.replayed != transitions or not transitions:
        raise Broken(rule, f"{runner.replayed} of {transitions} transitions were replayed", "error")


def _register(rule: str, name: str, part_name: str, start: Start, only_queue: bool, claim: str) -> None:
    def body(target: Target, tally: Tally) -> None:
        try:
            replay(target, tally, rule, part_name, start, only_queue)
        finally:
            if start.index is not None:
                target.omni.set_start_index(0)

    needs = "" if start.index is None else "start-index"
    measured(rule, f"exhaustive {name}", needs, "differential-exhaustive", LIMIT)(body, claim)


def _everything(rule: str, name: str, part_name: str, states: str) -> None:
    _register(rule, name, part_name, Start(), False, f"Every operation does what it should in every state {states}.")


_everything("CON-3", "start 00", "plain", "of a channel")
_everything("SHD-1", "after shutdown", "shut", "of a channel that is shut down")
_everything("LIF-3", "of a moved producer", "producer moved", "after a move of the producer, on both its handles")
_everything("LIF-3", "of a moved consumer", "consumer moved", "after a move of the consumer, on both its handles")
_everything("RSV-7", "with the region exported", "region exported", "with an export of the reserved region alive")
_everything("MSG-3", "with a message exported start 00", "message exported", "with an export of a popped message alive")

for _popped in range(1, SLOTS):
    _claim = f"Every operation on the queue does what it should in every state that {_popped} messages went before."
    _register("CON-3", f"start {_popped:02}", "plain", Start(_popped), True, _claim)
    if _popped in EXPORT_STARTS:
        _claim = f"{_claim[:-1]}, with an export of a popped message alive."
        _name = f"with a message exported start {_popped:02}"
        _register("MSG-3", _name, "message exported", Start(_popped), True, _claim)

for _before in INDEX_WRAPS:
    _claim = f"Every operation does what it should in every state of a channel begun {_before} messages before 2**64."
    _wrap = Start(index=2**64 - _before)
    _register("CON-3", f"index wrap {_before:02}", "plain", _wrap, False, _claim)
    if _before in EXPORT_WRAPS:
        _claim = f"{_claim[:-1]}, with an export of a popped message alive."
        _register("MSG-3", f"with a message exported index wrap {_before:02}", "message exported", _wrap, False, _claim)


def _random(number: int) -> None:
    def run(target: Target, tally: Tally) -> None:
        # Imported late: only this needs Hypothesis, which takes its time.
        from conformance.differential.stateful.run import run as run_programs

        run_programs(target, tally, number)

    claim = "any program of one thread sees what it would see on the model"
    add(Check(f"CON-3/random-programs-{number}", "CON-3", "differential-random", claim, run, limit=600.0))


for _number in range(RANDOM_PARTS):
    _random(_number)
