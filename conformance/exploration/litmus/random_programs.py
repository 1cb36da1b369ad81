"""Small random litmus programs, the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import replace

from conformance.exploration.litmus.program import Operation, Program

LOAD_ORDERS, STORE_ORDERS = ("rlx", "acq", "sc"), ("rlx", "rel", "sc")
CHANGE_ORDERS, FENCES = ("rlx", "acq", "rel", "ar", "sc"), ("acq", "rel", "ar", "sc", "sc", "light", "heavy")
COMMON = ("load", "load", "store", "store", "fence", "xchg", "add", "cas")
MORE = ("await", "choose", "plain_load", "plain_store", "if")


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
