"""Differential checks: random programs, and every operation in every abstract state of a channel (§4.2, §5, §6).

The exhaustive checks replay all transitions of all states in a new ring; those on the queue in the plain states
again from every other position in the ring, and with an export alive at one of them; and, where the start index can
be set, all transitions of the plain states around the wrap of the 64-bit indices.
"""

from __future__ import annotations

from importlib.util import find_spec

from conformance.checks.registry import Check, add, measured
from conformance.differential.exhaustive import Replay, Start, part
from conformance.differential.exhaustive.state import CAPACITY
from conformance.differential.lockstep import Tally
from conformance.failure import Broken
from conformance.targets.target import Target

RANDOM_CHECKS = 10
"""Checks of random programs, so that they can run in parallel."""

SLOTS = 2 * CAPACITY
"""Of a ring that keeps popped messages readable without a copy; after as many messages, its position repeats."""

LIMIT = 240.0
"""Seconds: ten times and more what a part takes."""

RING_AS_MADE = Start()
EXPORT_STARTS = (11,)
INDEX_WRAPS = range(1, SLOTS + 1)
EXPORT_WRAPS = (1, CAPACITY)
"""How many messages before 2**64 the indices of a channel begin."""


def replay(target: Target, tally: Tally, rule: str, name: str, start: Start, only_queue: bool = False) -> None:
    """Replay all transitions of a part from a start, or those on the queue; Broken unless every one was replayed."""
    states = part(name)
    runner = Replay(target.omni, tally, rule, start)
    count = 0
    for reached in states:
        transitions = [
            transition
            for transition in reached.transitions
            if (transition.on_queue or not only_queue) and transition.needs <= target.provides
        ]
        count += len(transitions)
        runner.replay(reached, transitions)
    tally.figures.update({"states": len(states), "transitions": count, "transitions replayed": runner.replayed})
    if runner.replayed != count or not count:
        raise Broken(rule, f"{runner.replayed} of {count} transitions were replayed", "error")


def _exhaustive(
    rule: str, name: str, part_name: str, claim: str, start: Start = RING_AS_MADE, only_queue: bool = False
) -> None:
    def body(target: Target, tally: Tally) -> None:
        try:
            replay(target, tally, rule, part_name, start, only_queue)
        finally:
            if start.index is not None:
                target.omni.set_start_index(0)

    needs = ("" if start.index is None else "start-index") + (" pins" if part_name.endswith("exported") else "")
    measured(rule, f"exhaustive {name}", needs, "differential-exhaustive", LIMIT)(body, claim)


def _obstacle() -> str:
    return "" if find_spec("hypothesis") else 'needs Hypothesis: pip install "omnimailbox[conformance]"'


def _random(number: int) -> None:
    def run(target: Target, tally: Tally) -> None:
        from conformance.differential.stateful import run as run_programs  # slow to import: Hypothesis

        run_programs(target, tally, number)

    claim = "Random programs of one thread give the model's results."
    add(Check(f"CON-3/random-programs-{number}", "CON-3", "differential-random", claim, run, limit=600.0,
              obstacle=_obstacle))  # fmt: skip


_CLAIM = "Every operation gives the model's result in every state "
_exhaustive("CON-3", "start 00", "plain", _CLAIM + "of a channel.")
_exhaustive("SHD-1", "after shutdown", "shut", _CLAIM + "of a channel that is shut down.")
for _side in ("producer", "consumer"):
    _exhaustive(
        "LIF-3", f"of a moved {_side}", f"{_side} moved",
        _CLAIM + f"of a channel whose {_side} was moved; so does every operation on the moved-from handle.",
    )  # fmt: skip
_exhaustive(
    "RSV-7", "with the region exported", "region exported", _CLAIM + "with a live export of the reserved region."
)
_EXPORTED, _AND_EXPORTED = "message exported", ", with one, `capacity` - 1 or `capacity` popped messages exported."
_exhaustive("MSG-3", "with a message exported start 00", _EXPORTED, _CLAIM + _AND_EXPORTED[2:])

for _popped in range(1, SLOTS):
    _claim = f"Every operation on the queue gives the model's result in every state after {_popped} messages"
    _exhaustive("CON-3", f"start {_popped:02}", "plain", _claim + ".", Start(_popped), True)
    if _popped in EXPORT_STARTS:
        _name = f"with a message exported start {_popped:02}"
        _exhaustive("MSG-3", _name, _EXPORTED, _claim + _AND_EXPORTED, Start(_popped), True)

for _before in INDEX_WRAPS:
    _claim = _CLAIM + f"of a channel whose indices begin {_before} before 2**64"
    _wrap = Start(index=2**64 - _before)
    _exhaustive("CON-3", f"index wrap {_before:02}", "plain", _claim + ".", _wrap)
    if _before in EXPORT_WRAPS:
        _name = f"with a message exported index wrap {_before:02}"
        _exhaustive("MSG-3", _name, _EXPORTED, _claim + _AND_EXPORTED, _wrap)

for _number in range(RANDOM_CHECKS):
    _random(_number)
