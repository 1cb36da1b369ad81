"""All experiments on one call by one kind of interruption: every point, in every state, by every intruder.

A difference that one of them shows is taken for a break of the rule that explains what was seen first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from inspect import isfunction
from typing import Any, NamedTuple

from conformance.differential.program import Operation, journal
from conformance.failure import Broken, NotProvided
from conformance.interruption import points as places
from conformance.interruption.catalogue import BY_CALL, KINDS, RAISE, REFUSED, Call, intruders
from conformance.interruption.experiment import Difference, Hangs, Laboratory, Scenario
from conformance.interruption.points import Points, Waits
from conformance.targets.target import FREE_THREADED, Target

STRIDE = 40
"""Of so many points, the quick profile tries one by each intruder, each by another offset; all by Ctrl-C in a state."""

MOST = 100_000
"""Points of one call, after which it is taken not to end."""

IN_VAIN = 6
"""Collections in a row that came after the call, when they have come within it before."""


class Experiment(NamedTuple):
    """One point of one scenario, and its name in a failure: the replay string."""

    scenario: Scenario
    place: str
    at: int

    @property
    def replay(self) -> str:
        """What `replay` takes."""
        return "/".join((*self.scenario, f"{self.place}:{self.at}"))


class Found(NamedTuple):
    """An experiment that broke a rule. stacks: where threads hang, if they do."""

    experiment: Experiment
    rule: str
    seen: str
    stacks: str = ""


@dataclass
class Result:
    """points: different ones, of a call in a state. experiments: at them. found: what broke a rule."""

    points: int = 0
    experiments: int = 0
    unreached: int = 0
    found: list[Found] = field(default_factory=list)


def parse(text: str) -> Experiment:
    """The experiment of a replay string; ValueError for what is none."""
    try:
        call, state, kind, intruder, point = text.split("/")
        place, _, at = point.partition(":")
        if call not in BY_CALL or kind not in KINDS:
            raise ValueError
        return Experiment(Scenario(call, state, kind, intruder), place, int(at))
    except ValueError:
        raise ValueError(f"{text!r} is no interruption: CALL/STATE/KIND/INTRUDER/PLACE:NUMBER") from None


def ways(target: Target, kind: str) -> list[type[Points]]:
    """The kinds of points at which an interruption of this kind can come on the target."""
    if kind == "memory":
        return [places.Allocations]
    if kind == "finaliser":
        return [places.Collections]
    bytecodes = type("Bytecodes", (places.bytecodes(),), {"files": places.files_of(target)})
    found: list[type[Points]] = [bytecodes, Waits]
    install = getattr(target.omni.ProducerHandle, HOOK, None)
    if install is not None:
        hooks = places.SignalChecks if kind == "handler" else places.Releases
        found.append(type(hooks.__name__, (hooks,), {"install": staticmethod(install)}))
    return found


def in_python(target: Target) -> bool:
    """Whether the handles are made of Python, so that every call has bytecodes."""
    return isfunction(target.omni.ProducerHandle.try_push)


HOOK = "_interruption_points"
"""The attribute of a test build's ProducerHandle by which its points in C are driven: a function that takes what is
called at each of them, with the point's name, or None."""


class Series:
    """The experiments on one call by one kind of interruption."""

    def __init__(self, target: Target, call: Call, kind: str, full: bool) -> None:
        self._target, self._call, self._kind, self._full = target, call, kind, full
        self._lab = Laboratory(target)
        self.result = Result()

    def run(self) -> Result:
        """All of them; NotProvided where the target has no such point in this call."""
        try:
            return self._run()
        finally:
            self._lab.close()

    def _run(self) -> Result:
        found = ways(self._target, self._kind)
        for state in self._states():
            for way in found:
                if (way is Waits) != state.startswith("blocked") and way is Waits:
                    continue
                if not self._points(state, way):
                    return self.result
        if not self.result.points:
            nowhere = f"in {self._call.text} there is no point where {KINDS[self._kind]} could come"
            if self._kind in ("handler", "thread") and in_python(self._target):
                raise Broken("CON-6", f"{nowhere}, though it is made of Python: is another tracer at work?", "error")
            raise NotProvided(nowhere)
        if self.result.unreached > self.result.experiments // 10 and self._kind in ("handler", "thread"):
            raise Broken("CON-6", f"{self.result.unreached} of {self.result.experiments} points did not come", "error")
        return self.result

    def _states(self) -> list[str]:
        """In the quick profile one or two in which the call goes on, and one in which it waits."""
        going = [state for state in self._call.states if not state.startswith("blocked")]
        waiting = [state for state in self._call.states if state.startswith("blocked")]
        if self._kind in ("finaliser", "memory"):
            waiting = []
        few = 1 if self._kind == "finaliser" else 2
        return [*going, *waiting] if self._full else [*going[:few], *waiting[:1]]

    def _points(self, state: str, way: type[Points]) -> bool:
        """Every point of one way in a state, by every intruder; False to end the series."""
        those = intruders(self._call, state, self._kind)
        if way is places.Collections:
            every = (Scenario(self._call.name, state, self._kind, each.name) for each in those)
            return all(self._collections(scenario, way) for scenario in every)
        first = Scenario(self._call.name, state, self._kind, those[0].name)
        count = 1 if FREE_THREADED else 2  # asleep; and woken, which a GIL delays
        if way is not Waits:
            self._lab.run(first, way, 0)  # imports, caches
            seen = self._attempt(first, way, 0)
            if seen is None:
                return False
            count = min(seen.passed, MOST)
        self.result.points += count
        for offset, each in enumerate(those):
            scenario = first._replace(intruder=each.name)
            first_of_all = offset == 0 and self._kind == "handler" and state == self._call.states[0]
            for at in self._chosen(count, offset, way, first_of_all):
                if self._attempt(scenario, way, at) is None:
                    return False
        return True

    def _chosen(self, count: int, offset: int, way: type[Points], every: bool) -> range:
        all_of_them = self._full or every or way in (Waits, places.Allocations) or count < STRIDE
        return range(1, count + 1) if all_of_them else range(1 + offset * 7 % STRIDE, count + 1, STRIDE)

    def _collections(self, scenario: Scenario, way: type[Points]) -> bool:
        """Collections come at the first, second, ... net allocation, until they come after the call."""
        inside = vain = at = 0
        while vain < IN_VAIN and at < 200:
            at += 1
            seen = self._attempt(scenario, way, at)
            if seen is None:
                return False
            inside += seen.reached
            vain = 0 if seen.reached else vain + 1
        if scenario.intruder == intruders(self._call, scenario.state, self._kind)[0].name:
            self.result.points += inside
        return True

    def _attempt(self, scenario: Scenario, way: type[Points], at: int) -> Any:
        """One experiment, judged; None where something hangs, which ends the series."""
        experiment = Experiment(scenario, way.name, at)
        self.result.experiments += 1
        journal.restart()
        journal.note(Operation("interruption", source=repr(experiment.replay)))
        try:
            seen = self._lab.run(scenario, way, at)
            difference = self._lab.judge(scenario, seen)
            if difference is not None and not difference.labels:
                # The interpreter's own memory grows so much at once, too, but not twice; a channel is left each time.
                difference = self._lab.judge(scenario, self._lab.run(scenario, way, at))
        except Hangs as hangs:
            self.result.found.append(Found(experiment, hangs.rule, hangs.seen, hangs.stacks))
            return None
        if at and not seen.reached:
            self.result.unreached += 1
        if difference is not None:
            rule = rule_of(scenario, difference)
            self.result.found.append(Found(experiment, rule, description(scenario, seen.where, difference)))
        return seen


def replay(target: Target, experiment: Experiment) -> Found | None:
    """One experiment again, after one without an interruption; ValueError where the target has no such point."""
    scenario = experiment.scenario
    for way in ways(target, scenario.kind):
        if way.name == experiment.place:
            series = Series(target, BY_CALL[scenario.call], scenario.kind, True)
            for at in (0, experiment.at):
                series._attempt(scenario, way, at)
            series._lab.close()
            return series.result.found[-1] if series.result.found else None
    raise ValueError(f"the target has no points of the kind {experiment.place!r}")


# ---- which rule an interrupted call broke: by what was seen that no order explains

_TRANSFER = {"waiting", "free slots", "drained"}
_COUNTS = {"c.stats", "c0.stats", "p.stats", "p0.stats", "closed c", "closed p", "broker", "broker afterwards"}
_LIFE = {"close", "name", "registered", "connected", "old connected"}
_REGION = {"reservation", "rollback", "push afterwards", "reserve afterwards", "rollback afterwards"}
_ROOM = tuple(f"{what} {turn}" for turn in range(2) for what in ("filled", "emptied"))
_ONLY_RAISE = {each.name for each in (*RAISE, REFUSED)}


def rule_of(scenario: Scenario, difference: Difference) -> str:
    """The rule that a difference breaks: what was seen first decides, for the rest follows from it."""
    call, labels = BY_CALL[scenario.call], set(difference.labels)
    answer = difference.labels.get("call", ("", ""))[0]
    closes = "close" in scenario.intruder or scenario.call.startswith("close")
    if "views" in labels or "views afterwards" in labels:
        return "MSG-3"
    if "MessageExpiredError" in answer and call.pops and "Raised" in answer:
        return "LIF-8"
    if "swallowed" in labels or not labels:
        return "CON-6"  # an exception, a pin, or the whole channel
    if call.on == "b" and scenario.kind == "memory":
        return "BRK-5"
    if "QUEUE_FULL" in difference.labels.get("push afterwards", ("",))[0] or "reservation" in labels:
        return "RSV-6" if closes or "move" in scenario.call + scenario.intruder else "CON-6"
    if scenario.call.startswith("move"):
        return "LIF-3"
    if labels <= _COUNTS:
        return "STA-2" if call.on == "c" else "STA-1"
    if labels & _LIFE:
        return "LIF-8"
    if labels & _TRANSFER or (labels & _COUNTS and not labels & set(_ROOM)):
        return "POP-6" if call.pops and scenario.kind != "thread" else "CON-2"
    if labels & _REGION or labels & set(_ROOM):
        return "CON-6"
    if "message" in labels:
        return "MSG-2" if "Raised" in difference.labels["message"][1] else "MSG-1"
    if call.between and labels == {"call"}:
        return "WAI-5"  # how many were sent
    if scenario.intruder in _ONLY_RAISE:
        return "POP-6" if call.pops else "CON-6"
    return "CON-2"


def description(scenario: Scenario, where: str, difference: Difference) -> str:
    """What was seen, in a few lines."""
    call = BY_CALL[scenario.call]
    lines = [f"{call.text} ({scenario.state}), interrupted by {scenario.kind}: {scenario.intruder}, at {where}"]
    if difference.leaked and not difference.labels:
        lines.append(f"{difference.leaked >> 10:,} KiB stay mapped when everything is closed")
    lines += [f"{label}: {seen}, not {other}" for label, (seen, other) in difference.labels.items()]
    return "\n".join(lines)
