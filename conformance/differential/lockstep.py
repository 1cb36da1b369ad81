"""Lockstep execution: one program on model and target at once; the first difference is a divergence."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from dataclasses import dataclass, field
from importlib import import_module
from types import FrameType
from typing import Any

import spec_model as model
from conformance.differential.attribution import Difference, attribute
from conformance.differential.context import Context, handle_state
from conformance.differential.observe import (
    Observable,
    Raised,
    canonical,
    kind_of,
    label,
    observables,
    observe,
    raised,
    same,
)
from conformance.differential.program import Namespace, Operation, Program, journal
from conformance.failure import Broken, NotProvided

HANG_AFTER = 5.0
"""Seconds after which a call that returns by the model is taken to hang on the target."""


class Invalid(Exception):
    """The program cannot run: it lacks a variable, or blocks for ever by the model."""


class Hangs(BaseException):
    """A call that returns by the model did not return in time."""


class Divergence(AssertionError):
    """The target differs from the model."""

    def __init__(self, program: Program, observable: Observable, expected: Any, got: Any, rule: str) -> None:
        super().__init__(f"{rule}: {observable.render()} is {got!r}, not {expected!r}")
        self.program, self.observable, self.expected, self.got, self.rule = program, observable, expected, got, rule

    @property
    def step(self) -> int:
        """The index of the operation that showed it, from 0."""
        return len(self.program.operations) - 1


@dataclass
class Tally:
    """The counts of a check.

    coverage: how often each operation gave each result. figures: what else a layer counts: states, transitions,
    operations of histories. profile: the amount of testing asked for, "quick" or "long". seed: of random programs,
    where one was asked for.
    """

    coverage: Counter[tuple[str, str]]
    operations: int = 0
    figures: Counter[str] = field(default_factory=Counter)
    profile: str = "quick"
    seed: int | None = None


def new_tally() -> Tally:
    """A tally with every count zero."""
    return Tally(Counter())


IMPORTS = """\
import array, copy, ctypes, pickle
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
"""
"""What a program may use beside `omni`."""

_IMPORTS = compile(IMPORTS, "<imports>", "exec")


def namespace(omni: Any) -> Namespace:
    """The names that a program starts with."""
    names: Namespace = {"omni": omni}
    exec(_IMPORTS, names)
    return names


class Lockstep:
    """A model and a target in the same observable state."""

    def __init__(self, target: Any, tally: Tally | None = None, rule: str | None = None) -> None:
        self.target = import_module(target) if isinstance(target, str) else target
        self.tally = tally or new_tally()
        self.rule = rule
        self.expected = namespace(model)
        self.actual = namespace(self.target)
        self.done: list[Operation] = []
        self.watched: dict[str, str] = {}
        self.asked: dict[str, set[str]] = {}
        journal.restart()
        self.diverged = False

    def run(self, operation: Operation, compare: bool = True) -> Any:
        """Run one operation on both; the canonical outcome. Raises Divergence or Invalid."""
        if any(name not in self.expected for name in operation.uses()):
            raise Invalid(operation.render())
        context = self._context(operation)
        self.done.append(operation)
        journal.note(operation)
        expected = _perform(model, self.expected, operation)
        if isinstance(expected, Raised) and expected.error in ("WouldBlockForever", "NameError"):
            raise Invalid(f"{operation.render()}: {expected.error}")
        got = _guarded(self.target, self.actual, operation)
        self.tally.operations += 1
        self.tally.coverage[operation.kind, label(expected)] += 1
        if not same(expected, got):
            self._diverge(operation, [Difference(Observable("result", "", operation.text), expected, got)], context)
        self._note(operation)
        if compare:
            self.compare(operation, context._replace(outcome=expected))
        return expected

    def compare(self, operation: Operation | None = None, context: Context | None = None) -> None:
        """Compare everything that can be observed."""
        journal.comparing()
        expected = observe(model, self.expected, self.watched, self.asked)
        got = observe(self.target, self.actual, self.watched, self.asked)
        if expected != got or not same(expected, got):
            operation = operation or self.done[-1]
            seen = zip(observables(self.watched, self.asked), expected, got, strict=True)
            differences = [
                Difference(observable, wanted, found, handle_state(self.expected.get(observable.variable)))
                for observable, wanted, found in seen
                if not same(wanted, found)
            ]
            if differences:
                self._diverge(operation, differences, context or self._context(operation))

    def close(self) -> None:
        """Close every handle; raises Broken if a close fails and there was no divergence."""
        failed: Broken | None = None
        for names in (self.actual, self.expected):
            for variable, kind in self.watched.items():
                if kind in ("producer", "consumer") and variable in names:
                    try:
                        names[variable].close()
                    except Exception as error:
                        rule = "MSG-3" if isinstance(error, BufferError) else "LIF-1"
                        failed = failed or Broken(rule, f"{variable}.close() raised {type(error).__name__}: {error}")
        if failed is not None and not self.diverged:
            raise failed

    def _note(self, operation: Operation) -> None:
        """Update the variables to observe and the channel names to query."""
        for variable in operation.into:
            kind = kind_of(model, self.expected.get(variable))
            self.watched.pop(variable, None)
            if kind is not None and not variable.startswith("_"):
                self.watched[variable] = kind
        if operation.statement:
            for variable in [each for each in self.watched if each not in self.expected]:
                del self.watched[variable]
                self.asked.pop(variable, None)
        by_name = operation.kind in ("request_channel", "has_channel", "remove_channel") and operation.on
        if by_name and operation.args and isinstance(operation.args[0], str):
            self.asked.setdefault(operation.on, set()).add(operation.args[0])

    def _context(self, operation: Operation) -> Context:
        return Context(handle_state(self.expected.get(operation.on)))

    def _diverge(self, operation: Operation, differences: list[Difference], context: Context) -> None:
        before = self.done[:-1]
        context = context._replace(
            before=frozenset(each.kind for each in before),
            requested=any(
                each.kind == "request_channel" and each.on == operation.on and each.args[:1] == operation.args[:1]
                for each in before
            ),
        )
        self.diverged = True
        difference, rule = attribute(operation, differences, context, self.rule)
        raise Divergence(Program(tuple(self.done)), difference.seen, difference.expected, difference.got, rule)


def _perform(omni: Any, names: Namespace, operation: Operation) -> Any:
    try:
        value = operation.run(names)
        if len(operation.into) == 1:
            names[operation.into[0]] = value
        elif operation.into:
            names.update(zip(operation.into, value, strict=True))
        return canonical(omni, value)
    except NotProvided:
        raise
    except Exception as error:
        if omni is model and isinstance(error, model.WouldBlockForever):
            return Raised("WouldBlockForever")
        return raised(omni, error)


def _guarded(omni: Any, names: Namespace, operation: Operation) -> Any:
    """`_perform` with an alarm against calls that never return."""
    if not _may_wait(operation) or threading.current_thread() is not threading.main_thread():
        return _perform(omni, names, operation)
    before = signal.signal(signal.SIGALRM, _alarm)
    signal.setitimer(signal.ITIMER_REAL, HANG_AFTER)
    try:
        return _perform(omni, names, operation)
    except Hangs:
        return Raised("hangs")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


_WAITS = {
    "blocking_push": 2, "send": 2, "send_many": 2, "reserve": 2,
    "blocking_pop": 1, "batch_pop": 2, "receive": 1, "receive_many": 2, "wait": 1, "shutdown": 1,
}  # fmt: skip
"""Which argument of a call is its timeout, by the place from 1; without one, all but `reserve` may wait."""


def _may_wait(operation: Operation) -> bool:
    """Whether a faulty target could block for ever in the operation."""
    if operation.source:
        return not operation.statement and "(" in operation.source
    count = _WAITS.get(operation.kind)
    if count is None:
        return False
    without = 0 if operation.kind == "reserve" else None
    timeout = operation.args[count - 1] if len(operation.args) >= count else without
    return not isinstance(timeout, (int, float)) or timeout > 0


def _alarm(number: int, frame: FrameType | None) -> None:
    raise Hangs


def execute(program: Program, target: Any, tally: Tally | None = None, rule: str | None = None) -> None:
    """Run a whole program; raises Divergence at the first difference."""
    lockstep = Lockstep(target, tally, rule)
    try:
        for operation in program.operations:
            lockstep.run(operation)
    finally:
        lockstep.close()


def diverges(program: Program, target: Any) -> Divergence | None:
    """The divergence of a program without the operations that cannot run; None if there is none."""
    lockstep = Lockstep(target)
    kept: list[Operation] = []
    try:
        for operation in program.operations:
            try:
                lockstep.run(operation)
            except Invalid:
                lockstep.done[:] = kept
                if operation.uses() <= set(lockstep.expected):
                    return None  # it ran on the model alone
                continue
            kept.append(operation)
    except Divergence as divergence:
        return divergence
    finally:
        lockstep.close()
    return None
