"""Lockstep execution: one program on model and target at once; the first difference is a divergence."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import import_module
from types import FrameType
from typing import Any

import spec_model as model
from conformance.differential.attribution import Difference, attribute, result_code
from conformance.differential.context import Context, handle_state, state_of
from conformance.differential.observe import (
    QUERIES,
    ObjectSummary,
    Observable,
    Raised,
    canonical,
    kind_of,
    label,
    observables,
    observe,
    raised,
    same,
    spoken,
)
from conformance.differential.program import Namespace, Operation, Program, journal
from conformance.failure import Broken, NotProvided
from conformance.learned import HANGS, Fact, here
from spec_model.vocabulary import ChannelError

HANG_AFTER = 5.0
"""Seconds after which a call that returns by the model is taken to hang on the target."""


DONE_ANYHOW = ("shutdown", "wait")
"""Calls that have done the same whatever they answer: a known answer leaves the two in one state."""


class Invalid(Exception):
    """The program cannot run: it lacks a variable, or blocks for ever by the model."""


class Hangs(BaseException):
    """A call that returns by the model did not return in time."""


class Divergence(AssertionError):
    """The target differs from the model; facts: what is known of the target by that, the difference's own first.

    likeliest: of the rules that it may break, where that is another one than `rule`, which the check is of.
    """

    def __init__(
        self,
        program: Program,
        observable: Observable,
        expected: Any,
        got: Any,
        rule: str,
        facts: tuple[Fact, ...] = (),
        likeliest: str = "",
    ) -> None:
        super().__init__(f"{rule}: {in_words(observable, expected, got)}")
        self.program, self.observable, self.expected, self.got, self.rule = program, observable, expected, got, rule
        self.facts, self.likeliest = facts, likeliest or rule

    @property
    def step(self) -> int:
        """The index of the operation that showed it, from 0."""
        return len(self.program.operations) - 1


def in_words(observable: Observable, expected: Any, got: Any) -> str:
    """What was seen and what was expected, as the API's users say it."""
    what = observable.render()
    if isinstance(got, Raised):
        return f"{what} {does(got)}; the model {does(expected)}"
    if isinstance(expected, Raised):
        return f"{what} is {spoken(got)}; the model {does(expected)}"
    return f"{what} is {spoken(got)}, not {spoken(expected)}"


def does(outcome: Any) -> str:
    """What whoever is called does, by the outcome, as the end of a sentence."""
    if not isinstance(outcome, Raised):
        return f"gives {spoken(outcome)}"
    ends = {"WouldBlockForever": "waits for ever", HANGS: "does not come back"}
    return ends.get(outcome.error, f"raises {outcome.error}")


@dataclass
class Tally:
    """The counts of a check.

    coverage: how often each operation gave each result. figures: what else a layer counts: states, transitions,
    operations of histories. profile: the amount of testing asked for, "quick" or "long". seed: of random programs,
    where one was asked for.
    goes_on: takes a difference, and says whether it is known from now on, so that the check can go on behind it.
    cut_short: programs that a known difference ended.
    """

    coverage: Counter[tuple[str, str]]
    operations: int = 0
    figures: Counter[str] = field(default_factory=Counter)
    profile: str = "quick"
    seed: int | None = None
    goes_on: Callable[[Divergence], bool] = lambda divergence: False
    cut_short: int = 0


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
    """A model and a target in the same observable state.

    Known differences are passed over. Where one may have left the two in different states, the model goes on alone.
    """

    def __init__(
        self,
        target: Any,
        tally: Tally | None = None,
        rule: str | None = None,
        waits: bool = False,
        leaves: bool = False,
    ) -> None:
        """waits: a program may end in a call that waits for ever, which the target is then seen to do.

        leaves: at a difference that the check can go on behind, the model goes on alone.
        """
        self.waits, self.leaves = waits, leaves
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
        self.alone = False
        self._drift: dict[tuple[Observable, str], Any] = {}
        self._order: tuple[Any, list[Observable]] = ((), [])

    def run(self, operation: Operation, compare: bool = True) -> Any:
        """Run one operation on both; the canonical outcome. Raises Divergence or Invalid."""
        if any(name not in self.expected for name in operation.uses()):
            raise Invalid(operation.render())
        context = self._context(operation)
        self.done.append(operation)
        state = state_of(context.receiver)
        avoided = bool(here.endings) and not self.alone and here.avoids(operation.kind, state or operation.form)
        if avoided and (not state or operation.into):
            self._leave()
        if not self.alone and not avoided:
            journal.note(operation)
        expected = perform(model, self.expected, operation)
        waits = isinstance(expected, Raised) and expected.error == "WouldBlockForever"
        if isinstance(expected, Raised) and (expected.error == "NameError" or (waits and not self.waits)):
            raise Invalid(f"{operation.render()}: {expected.error}")
        if self.alone or avoided:
            self._note(operation)
            return expected
        got = _guarded(self.target, self.actual, operation)
        self.tally.operations += 1
        self.tally.coverage[operation.kind, label(expected)] += 1
        if waits and got == Raised(HANGS):
            raise Invalid(f"{operation.render()}: it waits for ever on both")
        asks = operation.kind in ("has_channel", *QUERIES.get(self.watched.get(operation.on, ""), ()))
        asks &= type(expected) is type(got)
        same_result = same(expected, got) or asks  # a query is made again by the comparison
        if not same_result:
            difference = Difference(Observable("result", "", operation.text), expected, got)
            if not self._is_shifted(operation):
                self._diverge(operation, [difference], context)
        self._note(operation)
        if not same_result and not self.alone and operation.kind not in DONE_ANYHOW:
            self._go_on(operation, expected, got, context)
        elif compare or not same_result:
            self.compare(operation, context._replace(outcome=expected))
        return expected

    def compare(self, operation: Operation | None = None, context: Context | None = None) -> None:
        """Compare everything that can be observed."""
        if self.alone:
            return
        differences = self._differences()
        if differences:
            operation = operation or self.done[-1]
            self._diverge(operation, differences, context or self._context(operation))

    def _differences(self) -> list[Difference]:
        """What can be observed and differs, but for what has differed in the same way since an earlier comparison."""
        journal.comparing()
        avoids = self._avoids if here.endings else None
        expected = observe(model, self.expected, self.watched, self.asked, avoids)
        got = observe(self.target, self.actual, self.watched, self.asked, avoids)
        if expected == got and same(expected, got):
            self._drift.clear()
            return []
        drift, self._drift = self._drift, {}
        differences = []
        asked = self._observables()
        for number, (wanted, found) in enumerate(zip(expected, got, strict=True)):
            if same(wanted, found):
                continue
            observable = asked[number]
            if observable.query == "available_slots" and _shift(wanted, found) == (here.shortfall or None):
                continue  # the whole capacity is said to be free, and less of it is: that is known
            subject = handle_state(self.expected.get(observable.variable))
            for part, one in _parts(observable, wanted, found):
                self._drift[observable, part] = _shift(wanted, one)
                if drift.get((observable, part)) != self._drift[observable, part]:
                    differences.append(Difference(observable._replace(field=part), wanted, one, subject))
        return differences

    def _observables(self) -> list[Observable]:
        """The queries that `observe` makes now, in its order."""
        key = (tuple(self.watched.items()), tuple(map(tuple, self.asked.values())))
        if key != self._order[0]:
            self._order = key, observables(self.watched, self.asked)
        return self._order[1]

    def _avoids(self, query: str, variable: str) -> bool:
        state = state_of(handle_state(self.expected.get(variable)))
        return here.avoids(query, state or f"{query}()")

    def _is_shifted(self, operation: Operation) -> bool:
        """Whether a known difference of what waits, is held or is registered may be why a result differs."""
        broker = self.watched.get(operation.on) == "broker"
        return any(
            observable.kind == "broker" if broker else observable.kind != "broker" and observable.query != "get_stats"
            for observable, field in self._drift
            if field not in ("total", "failed")
        )

    def _go_on(self, operation: Operation, expected: Any, got: Any, context: Context) -> None:
        """After a known difference of a result: in step where nothing else differs, else the model alone.

        A name that should be free and is not is replaced by another one; a reservation that should not be is dropped.
        """
        if operation.on and result_code(got) is ChannelError.NAME_EXISTS and isinstance(operation.args[0], str):
            other = f"{operation.args[0]} {len(self.done)}"
            perform(self.target, self.actual, replace(operation, args=(other, *operation.args[1:])))
        if operation.kind == "reserve" and expected is None and isinstance(got, ObjectSummary):
            perform(self.target, self.actual, Operation("rollback", operation.on))  # which nothing observed shows
        made = [kind_of(self.target, self.actual.get(variable)) for variable in operation.into]
        in_step = made == [kind_of(model, self.expected.get(variable)) for variable in operation.into]
        differences = self._differences() if in_step else []
        if not in_step or (differences and attribute(operation, differences, context, self.rule) is not None):
            self._leave()

    def _leave(self) -> None:
        self.alone = True
        self.tally.cut_short += 1

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
            requested=any(_requests(each, operation) for each in before),
        )
        attributed = attribute(operation, differences, context, self.rule)
        if attributed is None:
            return
        self.diverged = True
        program = Program(tuple(self.done))
        seen = _narrowed(attributed.difference)
        divergence = Divergence(program, *seen, attributed.rule, attributed.facts, attributed.likeliest)
        if not (self.leaves and self.tally.goes_on(divergence)):
            raise divergence
        self._leave()


def _requests(earlier: Operation, operation: Operation) -> bool:
    """Whether an earlier operation requested the name that an operation is about."""
    if earlier.source:
        return bool(operation.args) and f"{operation.on}.request_channel({operation.args[0]!r}" in earlier.source
    return earlier.kind == "request_channel" and (earlier.on, earlier.args[:1]) == (operation.on, operation.args[:1])


_PARTS = {"producer": ("counts", "counts", "failed"), "consumer": ("counts", "counts", "failed"),
          "broker": ("active", "total", "total", "total")}  # fmt: skip
"""Which fields of statistics are taken together, by the kind of object."""


def _parts(observable: Observable, wanted: Any, found: Any) -> list[tuple[str, Any]]:
    """A difference in its parts, each with what was found as if the others were right: "" where it has no parts."""
    parts = _PARTS.get(observable.kind) if observable.query == "get_stats" else None
    if parts is None or type(wanted).__name__ != type(found).__name__ or len(wanted) != len(found):
        return [("", found)]
    differing = dict.fromkeys(part for part, one, other in zip(parts, wanted, found, strict=True) if one != other)
    places = list(zip(parts, wanted, found, strict=True))
    return [
        (name, type(wanted)(*(other if name == part else one for part, one, other in places))) for name in differing
    ]


def _shift(wanted: Any, found: Any) -> Any:
    """By how much a difference differs: it is still the same one while that is equal."""
    if type(wanted) is int and type(found) is int:
        return found - wanted
    if isinstance(wanted, tuple) and isinstance(found, tuple) and len(wanted) == len(found):
        return [_shift(one, other) for one, other in zip(wanted, found, strict=True)]
    return wanted, found


def _narrowed(difference: Difference) -> tuple[Observable, Any, Any]:
    """The first field that differs, in place of statistics as a whole."""
    seen, wanted, found, _ = difference
    if not seen.field:
        return seen, wanted, found
    names = wanted._fields
    field = next(name for name, one, other in zip(names, wanted, found, strict=True) if one != other)
    return seen._replace(field=field), getattr(wanted, field), getattr(found, field)


def perform(omni: Any, names: Namespace, operation: Operation) -> Any:
    """Run an operation on one of the two; the canonical outcome."""
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
    """`perform` with an alarm against calls that never return."""
    if not _may_wait(operation) or threading.current_thread() is not threading.main_thread():
        return perform(omni, names, operation)
    before = signal.signal(signal.SIGALRM, _alarm)
    signal.setitimer(signal.ITIMER_REAL, HANG_AFTER)
    try:
        return perform(omni, names, operation)
    except Hangs:
        return Raised(HANGS)
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


def execute(
    program: Program, target: Any, tally: Tally | None = None, rule: str | None = None, waits: bool = False
) -> None:
    """Run a whole program; raises Divergence at the first difference.

    waits: it may end in a call that waits for ever. A check may in any case, where it can count on the whole capacity.
    """
    lockstep = Lockstep(target, tally, rule, waits=waits or not here.shortfall)
    try:
        for operation in program.operations:
            lockstep.run(operation)
    finally:
        lockstep.close()


def diverges(program: Program, target: Any, rule: str | None = None, waits: bool = False) -> Divergence | None:
    """The divergence of a program without the operations that cannot run; None if there is none."""
    lockstep = Lockstep(target, rule=rule, waits=waits)
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
