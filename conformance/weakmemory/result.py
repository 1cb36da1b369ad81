"""What an exploration met, as a value; and how the results of a tree's parts make that of the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Step:
    """One step of a failing execution; `source` is the number of the step it read from, -1 for the initial value."""

    thread: int
    kind: str
    order: str
    place: str
    value: int
    source: int | None
    file: str
    line: int


@dataclass(frozen=True)
class Result:
    """What an exploration met."""

    complete: int
    blocked: int
    cut: int
    dropped: int
    repeated: int
    failures: Mapping[str, int]
    """How often each kind was met; at most one in all unless more were asked for."""
    checks: int
    longest: int
    failure: str | None
    message: str
    outcomes: Mapping[tuple[int, ...], int] = field(repr=False)
    trace: tuple[Step, ...] = field(repr=False)
    path: tuple[int, ...]
    """Decisions that lead to the failure: give them back as `prefix`."""
    open: tuple[tuple[int, ...], ...] = field(repr=False)
    """Subtrees that were left, each a prefix; none of their executions is counted here."""
    weights: tuple[float, ...] = field(default=(), repr=False)
    """Of each of them: what part of the tree it is, were all the children of a decision alike."""

    @property
    def proved(self) -> bool:
        """Everything there is was explored, and nothing failed."""
        return self.failure is None and not self.cut and not self.open and self.complete > 0

    def alone(self) -> Result:
        """Without the subtrees that it left."""
        return replace(self, open=(), weights=())


def merged(one: Result, other: Result) -> Result:
    """Of two parts of a tree that have nothing in common: what both met, and the shorter failure."""
    shown = min((one, other), key=lambda each: (each.failure is None, len(each.trace), each.path))
    return Result(
        complete=one.complete + other.complete,
        blocked=one.blocked + other.blocked,
        cut=one.cut + other.cut,
        dropped=one.dropped + other.dropped,
        repeated=one.repeated + other.repeated,
        failures=Counter(one.failures) + Counter(other.failures),
        checks=one.checks + other.checks,
        longest=max(one.longest, other.longest),
        failure=shown.failure,
        message=shown.message,
        outcomes=Counter(one.outcomes) + Counter(other.outcomes),
        trace=shown.trace,
        path=shown.path,
        open=one.open + other.open,
        weights=one.weights + other.weights,
    )
