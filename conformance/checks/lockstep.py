"""Random programs on model and target in lockstep, in portions that run side by side."""

from __future__ import annotations

from conformance.checks.registry import Check, add
from conformance.differential.lockstep import Tally
from conformance.targets.target import Target

PORTIONS = 10


def _portion(number: int) -> None:
    def run(target: Target, tally: Tally) -> None:
        from conformance.differential.stateful.run import (
            run as run_programs,  # Hypothesis takes its time to import, and only this needs it
        )

        run_programs(target, tally, number)

    claim = "any program of one thread sees what it would see on the model"
    add(Check(f"CON-3/random-programs-{number}", "CON-3", "lockstep", claim, run, limit=600.0))


for _number in range(PORTIONS):
    _portion(_number)
