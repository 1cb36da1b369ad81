"""Looking for a mutant's mistake as a run would, and how it was found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.checks import CHECKS, Check
from conformance.checks.registry import LAYERS
from conformance.targets import DEFAULT
from conformance.workers.process import Worker
from tests.mutation import core_copy, face_copy, model_copy
from tests.mutation.mutant import Mutant

LIMIT = 30.0
"""Seconds that a check may take on a mutant: one that hangs is caught by then."""


@dataclass(frozen=True)
class Find:
    """One failure: which check of which layer, how the check ended, and the rule it named."""

    check: str
    layer: str
    outcome: str
    rule: str


@dataclass
class Hunt:
    """What was found of one mutant. finds: failures in the order in which they came."""

    mutant: Mutant
    bank: str
    finds: list[Find] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def caught(self) -> list[Find]:
        """The failures that named a rule which the mutant is tagged with."""
        return [find for find in self.finds if find.rule in self.mutant.rules]


Place = Callable[[Mutant, Path], tuple[str, tuple[str, ...]]]
"""Makes the mutant in a folder; the target's name, and what must be on its path."""


def in_model(mutant: Mutant, folder: Path) -> tuple[str, tuple[str, ...]]:
    """A copy of the model with the mutant."""
    return model_copy.break_copy(mutant, folder), (str(folder),)


def in_core(mutant: Mutant, folder: Path) -> tuple[str, tuple[str, ...]]:
    """A copy of the core with the mutant, compiled."""
    return str(core_copy.build(Path(import_module(DEFAULT).get_include()), folder, mutant)), ()


def in_face(mutant: Mutant, folder: Path) -> tuple[str, tuple[str, ...]]:
    """The target's Python face with the mutant."""
    return face_copy.break_module(mutant, folder), (str(folder),)


def hunt(mutant: Mutant, bank: str, place: Place) -> Hunt:
    """Run the checks of each rule that the mutant breaks until one names it, and the others until it is caught."""
    result, begun = Hunt(mutant, bank), time.monotonic()
    with TemporaryDirectory(prefix="omni-mutant-") as folder:
        target, path = place(mutant, Path(folder))
        ordered = sorted(CHECKS, key=lambda check: LAYERS.index(check.layer))
        general = [check for check in ordered if check.layer in ("differential-exhaustive", "differential-random")]
        tagged = [check for check in ordered if check.rule in mutant.rules and check not in general]
        others = [check for check in ordered if check not in general and check not in tagged]
        _search(result, target, path, tagged, until_caught=False)
        _search(result, target, path, [*others, *general], until_caught=True)
    result.seconds = time.monotonic() - begun
    return result


def _search(result: Hunt, target: str, path: tuple[str, ...], checks: Iterable[Check], until_caught: bool) -> None:
    """Run checks on a mutant, each failure in a fresh worker."""
    worker: Worker | None = None
    for check in checks:
        caught = {find.rule for find in result.caught}
        if until_caught and caught:
            break
        if check.rule in caught:
            continue
        worker = worker or Worker(target, path=path)
        if not check.needs <= worker.provides:
            continue
        outcome = worker.run(check, min(check.limit, LIMIT))
        if outcome.failure is not None:
            result.finds.append(Find(check.id, check.layer, outcome.result.outcome, outcome.failure.rule))
            worker.stop()
            worker = None
    if worker is not None:
        worker.stop()
