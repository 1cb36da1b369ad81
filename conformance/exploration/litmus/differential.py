"""Random litmus programs, engine against brute force: the same outcomes, each as often, and the same races."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from conformance.exploration.litmus import Operation, Program, run
from conformance.exploration.litmus.brute_force import Found, candidates, executions
from conformance.exploration.litmus.rc11 import Rules
from conformance.exploration.result import Result

LOAD_ORDERS, STORE_ORDERS = ("rlx", "acq", "sc"), ("rlx", "rel", "sc")
CHANGE_ORDERS, FENCES = ("rlx", "acq", "rel", "ar", "sc"), ("acq", "rel", "ar", "sc", "sc", "light", "heavy")
COMMON = ("load", "load", "store", "store", "fence", "xchg", "add", "cas")
MORE = ("await", "choose", "plain_load", "plain_store", "if")
CANDIDATES = 100_000
"""A program with more of them is passed over: brute force would take minutes."""


def random_program(
    seed: int, *, threads: int = 3, length: int = 3, locations: str = "xy", more: bool = False
) -> Program:
    """2 to `threads` threads of 1 to `length` operations; with `more`, also awaits, choices, plain accesses and ifs."""
    chance = random.Random(seed)
    favourite = chance.choice((None, "rlx", "sc"))
    kinds = COMMON + MORE if more else COMMON
    program = tuple(
        _thread(chance, kinds, chance.randint(1, length), locations, favourite)
        for _ in range(chance.randint(2, threads))
    )
    # Without gaps, as the interpreter wants them.
    names = dict(zip(sorted({each.location for thread in program for each in thread} - {""}), locations, strict=False))
    return tuple(tuple(replace(each, location=names.get(each.location, "")) for each in thread) for thread in program)


def _thread(
    chance: random.Random, kinds: tuple[str, ...], length: int, locations: str, favourite: str | None
) -> tuple[Operation, ...]:
    operations: list[Operation] = []
    for at in range(length):
        kind, guard = chance.choice(kinds), None
        if kind == "if":
            kind = chance.choice((*COMMON, "plain_load", "plain_store"))
            earlier = [each.target for each in operations if each.target is not None]
            guard = (chance.choice(earlier), chance.randint(0, 1)) if earlier else None
        orders = {"load": LOAD_ORDERS, "await": LOAD_ORDERS, "store": STORE_ORDERS, "fence": FENCES}
        choices = orders.get(kind, CHANGE_ORDERS)
        order = favourite if favourite in choices and kind != "fence" and chance.random() < 0.6 else None
        reads = kind in ("load", "plain_load", "xchg", "add", "cas", "await", "choose")
        operations.append(
            Operation(
                kind,
                "" if kind in ("fence", "choose") else chance.choice(locations),
                "rlx" if kind.startswith("plain") or kind == "choose" else order or chance.choice(choices),
                at if reads else None,
                2 if kind == "choose" else chance.randint(1, 2),
                chance.randint(0, 1),
                guard,
            )
        )
    return tuple(operations)


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
