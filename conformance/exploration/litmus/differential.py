"""Random litmus programs, engine against brute force: the same outcomes, each as often, and the same races."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from conformance.exploration.explorer import Result
from conformance.exploration.litmus.brute_force import Found, candidates, executions
from conformance.exploration.litmus.interpreter import run
from conformance.exploration.litmus.program import Program
from conformance.exploration.litmus.random_programs import random_program
from conformance.exploration.litmus.rc11 import Rules

CANDIDATES = 100_000
"""A program with more of them is passed over: brute force would take minutes."""


def difference(found: Found, result: Result) -> str | None:
    """What brute force and the engine say otherwise."""
    if found.races:
        return None if result.failure == "data race" else f"{found}, but no race in {result}"
    if result.failure is not None:
        return f"{found}, but {result.failure}: {result.message}"
    if dict(found.outcomes) != dict(result.outcomes) or found.blocked != result.blocked or result.repeated:
        return f"{found}, but {result} with {dict(result.outcomes)}"
    return None


def compared(threads: Program, cxx20: bool) -> tuple[Found, str | None] | None:
    """What brute force finds, and what differs; None where the engine refuses, or it would take too long."""
    if candidates(threads) > CANDIDATES:
        return None
    result = run(threads, cxx20=cxx20, check_repetition=True, blocking_allowed=True)
    if result.failure == "misuse":
        return None
    found = executions(threads, Rules(cxx20=cxx20))
    return found, difference(found, result)


@dataclass
class Comparison:
    """How many programs were compared, and which differ."""

    programs: int = 0
    passed_over: int = 0
    complete: int = 0
    blocked: int = 0
    races: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.programs} programs ({self.passed_over} passed over), {self.complete} executions, "
            f"{self.blocked} blocked, {self.races} programs with races: {len(self.wrong)} differ"
        )


def compare(seeds: Iterable[int], progress_every: float = 10.0) -> Comparison:
    """Each seed's program, in turn with few and many features, under RC11 and with C++20's release sequences."""
    total, shown = Comparison(), time.monotonic()
    for seed in seeds:
        threads = random_program(seed, threads=2 + seed % 2, length=2 + seed // 2 % 2, more=bool(seed // 4 % 2))
        if (seen := compared(threads, cxx20=bool(seed // 8 % 2))) is None:
            total.passed_over += 1
            continue
        found, wrong = seen
        total.programs += 1
        total.complete += found.complete
        total.blocked += found.blocked
        total.races += found.races
        if wrong is not None:
            total.wrong.append(f"seed {seed}: {wrong}")
        if time.monotonic() - shown > progress_every:
            print(f"  seed {seed}: {total}", flush=True)
            shown = time.monotonic()
    return total
