"""Interleaved rounds: every contender once in each, so that what the machine does to one it does to all."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.bench.progress import Progress
from tests.bench.series import Series, sensible

MOST = 2**19
"""Messages in one turn."""


class Contender(NamedTuple):
    """carry: moves so many messages, a multiple of `unit`, and gives the nanoseconds that they took in all.

    With True it also looks at each message that came out, otherwise at the last; raises WrongMessages.
    """

    name: str
    carry: Callable[[int, bool], float]
    unit: int = 1


def interleave(contenders: Sequence[Contender], rounds: int, seconds: float, progress: Progress) -> list[Series]:
    """Each contender for about so many seconds per round, another one first each time.

    Before that each shows that it moves messages rightly, and how many it moves in the time.
    """
    ns: dict[str, list[float]] = {each.name: [] for each in contenders}
    gc.collect()
    gc.freeze()  # the collections before each turn need not go through what is there already
    try:
        counts = [_count(each, seconds) for each in contenders]
        for number in range(rounds):
            for place in range(len(contenders)):
                turn = (number + place) % len(contenders)
                name, carry, _ = contenders[turn]
                progress.show(f"round {number + 1} of {rounds}, {name}")
                ns[name].append(sensible(name, _undisturbed(carry, counts[turn]), counts[turn]))
    finally:
        gc.unfreeze()
    return [Series(name, tuple(taken)) for name, taken in ns.items()]


def _count(contender: Contender, seconds: float) -> int:
    """How many messages it moves in about so many seconds."""
    name, carry, unit = contender
    count = -(-64 // unit) * unit
    sensible(name, carry(count, True), count)
    while True:
        each = sensible(name, _undisturbed(carry, count), count)
        enough = min(MOST, max(1, int(seconds * 1e9 / each)))
        if enough < 4 * count:
            return max(unit, enough // unit * unit)
        count *= 4


def _undisturbed(carry: Callable[[int, bool], float], count: int) -> float:
    gc.collect()
    gc.disable()
    try:
        return carry(count, False)
    finally:
        gc.enable()
