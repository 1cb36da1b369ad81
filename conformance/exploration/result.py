"""What an exploration met, as a value; and how the results of a tree's parts make that of the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Step:
    """One step of a failing execution; `source` is the number of the step it read from, -1 for the initial value.

    text: what the source calls the place.
    """

    thread: int
    kind: str
    order: str
    place: str
    value: int
    source: int | None
    file: str
    line: int
    text: str = ""


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
    """Decisions that lead to the failure, or that the one run took: give them back as `prefix`."""
    open: tuple[tuple[int, ...], ...] = field(repr=False)
    """Subtrees that were left, each a prefix; none of their executions is counted here."""
    estimate: float = 0.0
    """Of one run by chance: how many there are, on average over all seeds."""

    @property
    def proved(self) -> bool:
        """Everything there is was explored, and nothing failed."""
        return self.failure is None and not self.cut and not self.open and self.complete > 0

    @property
    def runs(self) -> int:
        """Of the client: those that were no execution too."""
        unended = sum(count for kind, count in self.failures.items() if kind not in ("lost wakeup", "forbidden"))
        return self.complete + self.blocked + self.cut + self.dropped + unended

    def alone(self) -> Result:
        """Without the subtrees that it left."""
        return replace(self, open=())


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
    )
