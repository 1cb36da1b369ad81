"""The states in parts: those of a plain channel, and those in which one thing more is the case.

Two such things at once are left to the random programs: they would multiply the states by twelve.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from conformance.differential.exhaustive.search import Reached, search
from conformance.differential.exhaustive.state import CAPACITY, Abstract

ROOMS = (CAPACITY - 1, 1, 0)
"""How many more messages an export lets the consumer pop: just taken, one short of its limit, at it."""

FEATURES: dict[str, Callable[[Abstract], bool]] = {
    "shut": lambda state: state.shut,
    "producer moved": lambda state: state.producer_moved,
    "consumer moved": lambda state: state.consumer_moved,
    "region exported": lambda state: state.region_exported,
    "message exported": lambda state: state.exported,
}
"""What a plain channel has none of."""


@lru_cache
def part(name: str) -> tuple[Reached, ...]:
    """The states of a part, "plain" or a feature, each with a shortest path to it."""
    others = [has for feature, has in FEATURES.items() if feature != name]
    found = search(lambda state: not any(has(state) for has in others))
    return tuple(
        reached
        for state, reached in found.items()
        if (name == "plain" or FEATURES[name](state)) and state.room in (-1, *ROOMS)
    )
