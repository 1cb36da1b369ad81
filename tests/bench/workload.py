"""A workload: contenders that do the same, and what is asked of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.bench.rounds import Contender

OURS = "omnimailbox"


class Threshold(NamedTuple):
    """How many times as fast as the best of `rivals` ours must be, as the median over rounds."""

    rivals: tuple[str, ...]
    at_least: float


class Workload(NamedTuple):
    """name: one word for options. title: one line for people.

    contenders: from a scale (1 for a full run, less for a quick one) to one round of each.
    """

    name: str
    title: str
    contenders: Callable[[float], Mapping[str, Contender]]
    threshold: Threshold | None = None
