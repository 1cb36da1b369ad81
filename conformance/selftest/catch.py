"""Who catches a mutant: the direct checks of the rules that it is tagged with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from conformance.checks import CHECKS
from conformance.checks.registry import Check
from conformance.failure import Broken
from conformance.lockstep import Divergence, Invalid, new_tally
from conformance.selftest.mutant import Mutant
from conformance.targets import FEATURES, Target

SEQUENTIAL = frozenset(FEATURES) - {"threads", "signals", "flatbuffers", "start-index", "concurrent-use"}
"""What a copy of the model provides: it is for one thread at a time."""


class Catch(NamedTuple):
    """A check that failed, the rule that it says is broken, and what was seen."""

    check: str
    rule: str
    seen: str


def model_target(package: str) -> Target:
    """A copy of the model, importable as `package`, as a target."""
    omni = __import__(package)
    return Target(package, omni, SEQUENTIAL, f"import {package} as omni")


def catches(target: Target, checks: list[Check]) -> Iterator[Catch]:
    """What each of the checks finds, those passed over that the target does not provide for."""
    for check in checks:
        if check.needs <= target.provides:
            found = _run(check, target)
            if found is not None:
                yield found


def catch(mutant: Mutant, target: Target) -> Catch | None:
    """The first direct check that finds the mutant and names a rule that it breaks; its sharpest rules' checks first."""
    for rule in mutant.rules:
        own = [check for check in CHECKS if check.layer == "direct" and check.rule == rule]
        for found in catches(target, own):
            if found.rule in mutant.rules:
                return found
    return None


def _run(check: Check, target: Target) -> Catch | None:
    try:
        check.run(target, new_tally())
    except (Divergence, Broken) as failure:
        return Catch(check.id, failure.rule, str(failure))
    except Invalid:
        raise  # a mistake of the check's own: it is no program by the model
    except Exception as error:
        return Catch(check.id, check.rule, f"{type(error).__name__}: {error}")
    return None
