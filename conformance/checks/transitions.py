"""Every operation in every abstract state of a channel (§4.2, §5, §6), at each start in the ring.

All operations in all states with the ring as it is made; those on the queue in the plain states again at
every other start, and with an export alive at one of them; and, where the indices can be made to begin
anywhere, all operations in the plain states around the wrap of 64 bits.
"""

from __future__ import annotations

from conformance.checks.registry import measured
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
    measured(rule, f"transitions {name}", needs, "transitions", LIMIT)(body, claim)


def _everything(rule: str, name: str, part_name: str, states: str) -> None:
    _register(rule, name, part_name, Start(), False, f"Every operation does what it should in every state {states}.")


_everything("CON-3", "start 00", "plain", "of a channel")
_everything("SHD-1", "after shutdown", "shut", "of a channel that is shut down")
_everything(
    "LIF-3", "of a moved producer", "producer moved", "of a channel whose producer was moved, its husk included"
)
_everything(
    "LIF-3", "of a moved consumer", "consumer moved", "of a channel whose consumer was moved, its husk included"
)
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
