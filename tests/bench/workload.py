"""A workload: contenders that do the same, and what is asked of ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.bench.rounds import Contender

OURS = "omnimailbox"


class Threshold(NamedTuple):
    """What is asked of the median, over rounds, of the best rival's time over ours.

    says: as the table of thresholds puts it. at_least: so many times as fast, or at_most: in so many times its time.
    """

    says: str
    rivals: tuple[str, ...]
    at_least: float | None = None
    at_most: float | None = None

    def shown(self, faster: float) -> float:
        """A ratio in the terms in which it is asked for."""
        return faster if self.at_most is None else 1 / faster

    def met(self, faster: float) -> bool:
        """Whether that is enough."""
        return self.shown(faster) <= self.at_most if self.at_most is not None else faster >= (self.at_least or 0.0)

    @property
    def wanted(self) -> str:
        """In words."""
        return f"at most {self.at_most:.2f}x its time" if self.at_most is not None else f"at least {self.at_least:.2f}x"


class Workload(NamedTuple):
    """name: one word for options. title: a line for people. contenders: made when it is measured."""

    name: str
    title: str
    contenders: Callable[[], Sequence[Contender]]
    threshold: Threshold | None = None
    ours: str = OURS
    turn: float = 1.0
    """How long a turn is, in turns of the others."""


class CannotRun(Exception):
    """This machine lacks what a workload needs."""
