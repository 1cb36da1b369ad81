"""Run as a program: what the direct checks say of a share of the wrong models, as JSON.

Arguments: which share, from 0, and of how many. It is a program so that two can run at a time, and that thousands of
modules are gone afterwards.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.checks import CHECKS, Check
from conformance.differential.lockstep import Divergence, Invalid, execute, new_tally
from conformance.failure import Broken
from conformance.targets import Target, load
from tests.mutation.model_copy import break_copy
from tests.mutation.model_mutants import MODEL_MUTANTS
from tests.mutation.mutant import Mutant


def direct(target: Target, rule: str) -> Iterator[Check]:
    """The direct checks of a rule that the target provides for."""
    return (c for c in CHECKS if c.layer == "unit" and c.rule == rule and c.needs <= target.provides)


def told(check: Check, target: Target) -> str | None:
    """The rule that a check finds broken, if any."""
    try:
        check.run(target, new_tally())
    except (Divergence, Broken) as failure:
        return failure.rule
    except Invalid:
        raise  # no program by the model: a mistake of the check's
    except Exception:
        return check.rule
    return None


def told_without_suspicion(check: Check, target: Target) -> str | None:
    """The rule that the program of a check shows broken to somebody who does not know what it is about."""
    try:
        if check.program is not None:
            execute(check.program, target.omni)
    except (Divergence, Broken) as failure:
        return failure.rule
    return None


def catch(mutant: Mutant, folder: Path) -> dict[str, dict[str, list[str | None]]]:
    """For each rule that the mutant breaks, what each of its checks tells, with suspicion and without."""
    target = load(break_copy(mutant, folder))
    return {
        "told": {rule: [told(check, target) for check in direct(target, rule)] for rule in mutant.rules},
        "alone": {
            rule: [told_without_suspicion(check, target) for check in direct(target, rule)] for rule in mutant.rules[:1]
        },
    }


def main(share: int, shares: int) -> None:
    """Print what was caught."""
    with TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        caught = {mutant.id: catch(mutant, Path(folder)) for mutant in MODEL_MUTANTS[share::shares]}
    print(json.dumps(caught))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
