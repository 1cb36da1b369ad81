"""One program on two implementations at once: the first difference is a divergence."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from dataclasses import dataclass, field
from importlib import import_module
from types import FrameType, ModuleType
from typing import Any

import spec_model as model
from conformance.attribution import Context, attribute
from conformance.observation import What, kind_of, observe, subjects
from conformance.outcome import Raised, canonical, label, raised, same
from conformance.program import Namespace, Operation, Program

PATIENCE = 5.0
"""Seconds after which a call that the model says goes through is taken to hang."""


class Invalid(Exception):
    """The program is no program: it lacks a variable, or would wait for ever by the model."""


class Hangs(BaseException):
    """A call that should have gone through did not return in time."""


class Divergence(AssertionError):
    """The target differs from the model."""

    def __init__(self, program: Program, what: What, expected: Any, got: Any, rule: str) -> None:
        super().__init__(f"{rule}: {what.render()} is {got!r}, not {expected!r}")
        self.program, self.what, self.expected, self.got, self.rule = program, what, expected, got, rule

    @property
    def step(self) -> int:
        """The number of the operation that showed it, from 0."""
        return len(self.program.operations) - 1


@dataclass
class Tally:
    """How often each operation gave each result, over many programs; figures: what else a layer counts, by name."""

    cells: Counter[tuple[str, str]]
    operations: int = 0
    figures: Counter[str] = field(default_factory=Counter)


def new_tally() -> Tally:
    """A tally of nothing."""
    return Tally(Counter())


def namespace(omni: ModuleType) -> Namespace:
    """The names that a program starts from."""
    names: Namespace = {"omni": omni}
    exec("import copy, pickle, array\nfrom datetime import timedelta", names)
    return names


class Lockstep:
    """A model and a target in the same state, as far as anybody can see."""

    def __init__(self, target: str | ModuleType, tally: Tally | None = None, rule: str | None = None) -> None:
        self.target = import_module(target) if isinstance(target, str) else target
        self.tally = tally or new_tally()
        self.rule = rule
        self.expected = namespace(model)
        self.actual = namespace(self.target)
        self.done: list[Operation] = []
        self.watched: dict[str, str] = {}
        self.asked: dict[str, set[str]] = {}
        self.before: list[Any] = []

    def run(self, operation: Operation, look: bool = True) -> Any:
        """One operation on both; the canonical result. Raises Divergence, or Invalid."""
        if any(name not in self.expected for name in operation.uses()):
            raise Invalid(operation.render())
        context = self._context(operation)
        self.done.append(operation)
        expected = _perform(model, self.expected, operation)
        if isinstance(expected, Raised) and expected.error in ("WouldBlockForever", "NameError"):
            raise Invalid(f"{operation.render()}: {expected.error}")
        got = _guarded(self.target, self.actual, operation)
        self.tally.operations += 1
        self.tally.cells[operation.kind, label(expected)] += 1
        if not same(expected, got):
            self._diverge(operation, What("result", "", operation.text), expected, got, context)
        self._note(operation)
        if look:
            self.look(operation, context)
        return expected

    def look(self, operation: Operation | None = None, context: Context | None = None) -> None:
        """Compare everything that can be observed."""
        expected = observe(model, self.expected, self.watched, self.asked)
        got = observe(self.target, self.actual, self.watched, self.asked)
        if expected != got or not same(expected, got):
            operation = operation or self.done[-1]
            for what, wanted, found in zip(subjects(self.watched, self.asked), expected, got, strict=True):
                if not same(wanted, found):
                    self._diverge(operation, what, wanted, found, context or self._context(operation))

    def close(self) -> None:
        """Close every handle, so that nothing stays behind."""
        for names in (self.actual, self.expected):
            for variable, kind in self.watched.items():
                if kind in ("producer", "consumer") and variable in names:
                    names[variable].close()

    def _note(self, operation: Operation) -> None:
        """Keep account of the variables there are to look at, and of the names asked for."""
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
        receiver = self.expected.get(operation.on)
        waiting = capacity = 0
        if isinstance(receiver, model.ProducerHandle):
            capacity = receiver.capacity()
            waiting = capacity - receiver.available_slots()
        return Context(waiting, capacity)

    def _diverge(self, operation: Operation, what: What, expected: Any, got: Any, context: Context) -> None:
        subject = self.expected.get(what.variable)
        if what.query != "result" and isinstance(subject, (model.ProducerHandle, model.ConsumerHandle)):
            context = context._replace(subject_capacity=subject.capacity(), subject_moved=subject.capacity() == 0)
        rule = attribute(operation, what, expected, got, context) or self.rule or "CON-3"
        raise Divergence(Program(tuple(self.done)), what, expected, got, rule)


def _perform(omni: ModuleType, names: Namespace, operation: Operation) -> Any:
    try:
        value = operation.run(names)
        if len(operation.into) == 1:
            names[operation.into[0]] = value
        elif operation.into:
            names.update(zip(operation.into, value, strict=True))
        return canonical(omni, value)
    except Exception as error:
        if omni is model and isinstance(error, model.WouldBlockForever):
            return Raised("WouldBlockForever")
        return raised(omni, error)


def _guarded(omni: ModuleType, names: Namespace, operation: Operation) -> Any:
    """As `_perform`, with an alarm against calls that never return."""
    if not _may_wait(operation) or threading.current_thread() is not threading.main_thread():
        return _perform(omni, names, operation)
    before = signal.signal(signal.SIGALRM, _alarm)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        return _perform(omni, names, operation)
    except Hangs:
        return Raised("hangs")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


_WAITS = {"blocking_push": 2, "blocking_pop": 1, "batch_pop": 2, "send": 2, "receive": 1, "shutdown": 1}


def _may_wait(operation: Operation) -> bool:
    """Whether a mistake could make the operation wait for ever."""
    if operation.source:
        return not operation.statement
    count = _WAITS.get(operation.kind)
    if count is None:
        return False
    timeout = operation.args[count - 1] if len(operation.args) >= count else None
    return not isinstance(timeout, (int, float)) or timeout > 1


def _alarm(number: int, frame: FrameType | None) -> None:
    raise Hangs


def execute(program: Program, target: str | ModuleType, tally: Tally | None = None, rule: str | None = None) -> None:
    """A whole program; raises Divergence at the first difference."""
    lockstep = Lockstep(target, tally, rule)
    try:
        for operation in program.operations:
            lockstep.run(operation)
    finally:
        lockstep.close()


def diverges(program: Program, target: str | ModuleType) -> Divergence | None:
    """The divergence of a program, leaving out steps that cannot be run; None if there is none."""
    lockstep = Lockstep(target)
    kept: list[Operation] = []
    try:
        for operation in program.operations:
            try:
                lockstep.run(operation)
            except Invalid:
                lockstep.done[:] = kept
                if operation.uses() <= set(lockstep.expected):
                    return None  # it has run on the model alone
                continue
            kept.append(operation)
    except Divergence as divergence:
        return divergence
    finally:
        lockstep.close()
    return None
