"""Running the machine: how many programs, which, and against what."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.stateful import run_state_machine_as_test

from conformance.differential.lockstep import Tally
from conformance.differential.stateful.channels import Channels
from conformance.differential.stateful.lifecycle import Lifecycle
from conformance.differential.stateful.scenes import Scenes
from conformance.targets.target import Target

PROGRAMS = {"quick": 100, "long": 600}
"""How many random programs one check runs in each profile."""


class Machine(Channels, Lifecycle, Scenes):
    """All rules."""


def machine_for(target: Target, tally: Tally) -> type[Machine]:
    """The machine against one target."""
    return type("Lockstep", (Machine,), {"target": target.omni, "tally": tally, "provides": target.provides})


def run(target: Target, tally: Tally, number: int = 0, programs: int = 0) -> None:
    """Run random programs, in the quick profile always the same for one `number`.

    Raises Divergence at the first program that shows a difference.
    """
    quick = tally.profile == "quick"
    factory = seed(number)(machine_for(target, tally)) if quick else machine_for(target, tally)
    run_state_machine_as_test(
        factory,
        settings=settings(
            max_examples=programs or PROGRAMS[tally.profile],
            stateful_step_count=50,
            database=None if quick else DirectoryBasedExampleDatabase(".hypothesis"),
            deadline=None,
            phases=(Phase.generate,) if quick else (Phase.reuse, Phase.generate),
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
            report_multiple_bugs=False,
            print_blob=False,
        ),
    )
