"""Every execution of a litmus program by brute force: all rf, all mo, and RC11's axioms on each. No exploration.

Slow, and too plain to be wrong in the way the engine may be. Does not know sleep and wake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import permutations, product
from math import factorial

from conformance.exploration.litmus import READ_HALF, Operation, Program, locations, targets
from conformance.exploration.litmus.rc11 import Axioms, Event, Relation, Rules

_WRITE_HALF = {"ar": "rel", "acq": "rlx"}
PAPER = Rules()


@dataclass(frozen=True)
class _Step:
    """An event; what it writes is `value`, or that more than what the step before it read."""

    event: Event
    value: int = 0
    adds: bool = False
    exclusive: bool = False


@dataclass(frozen=True)
class _Path:
    """One way through a thread, which holds where each demand (step, whether equal, value) holds."""

    steps: tuple[_Step, ...] = ()
    demands: tuple[tuple[int, bool, int], ...] = ()
    registers: dict[int, int | tuple[int]] = field(default_factory=dict)
    """The step that a register was read by, or (a constant,)."""
    blocked: bool = False


@dataclass(frozen=True)
class Found:
    """Outcomes with how many executions have each; executions in which an await waits for ever; any race."""

    outcomes: Counter[tuple[int, ...]]
    blocked: int
    races: bool

    @property
    def complete(self) -> int:
        """How many executions end."""
        return self.outcomes.total()


def _after(path: _Path, o: Operation, thread: int, rules: Rules) -> Iterator[_Path]:
    """The ways on through one operation."""
    at, demands = len(path.steps), path.demands

    def event(kind: str, order: str) -> Event:
        return Event(thread, kind, o.location, order)

    def read(order: str, *more: _Step, demand: tuple[bool, int] | None = None, blocked: bool = False) -> _Path:
        registers = path.registers if o.target is None else {**path.registers, o.target: at}
        steps = (*path.steps, _Step(event("R", order)), *more)
        return _Path(steps, demands if demand is None else (*demands, (at, *demand)), registers, blocked)

    write = _Step(event("W", _WRITE_HALF.get(o.order, o.order)), o.value, o.kind == "add", exclusive=True)
    read_order = READ_HALF.get(o.order, o.order)
    match o.kind:
        case "load":
            yield read(o.order)
        case "plain_load":
            yield read("plain")
        case "store" | "plain_store":
            step = _Step(event("W", o.order if o.kind == "store" else "plain"), o.value)
            yield replace(path, steps=(*path.steps, step))
        case "fence":
            yield path if o.order == "rlx" else replace(path, steps=(*path.steps, _Step(event("F", o.order))))
        case "xchg" | "add":
            yield read(read_order, write)
        case "cas":
            yield read(read_order, write, demand=(True, o.expected))
            yield read(read_order if rules.failing_as_success else "rlx", demand=(False, o.expected))
        case "await":
            yield read(o.order, demand=(False, o.expected))
            yield read(o.order, demand=(True, o.expected), blocked=True)
        case "choose":
            for value in range(o.value):
                target = {} if o.target is None else {o.target: (value,)}
                yield replace(path, registers={**path.registers, **target})
        case _:
            raise ValueError(f"brute force does not know {o.kind}")


def _guarded(path: _Path, o: Operation, thread: int, rules: Rules) -> Iterator[_Path]:
    if path.blocked:
        yield path
        return
    if o.guard is None:
        yield from _after(path, o, thread, rules)
        return
    register, value = o.guard
    known = path.registers.get(register, (0,))
    if isinstance(known, tuple):
        yield from _after(path, o, thread, rules) if known == (value,) else iter((path,))
        return
    yield from _after(replace(path, demands=(*path.demands, (known, True, value))), o, thread, rules)
    yield replace(path, demands=(*path.demands, (known, False, value)))


def _paths(thread: tuple[Operation, ...], number: int, rules: Rules) -> list[_Path]:
    paths = [_Path()]
    for each in thread:
        paths = [longer for path in paths for longer in _guarded(path, each, number, rules)]
    return paths


def candidates(threads: Program) -> int:
    """How many candidate executions there are at most."""
    total = 0
    for paths in product(*(_paths(thread, number, PAPER) for number, thread in enumerate(threads))):
        events = [step.event for path in paths for step in path.steps]
        way = 1
        for x in locations(threads):
            writes = sum(e.kind == "W" and e.location == x for e in events)
            way *= factorial(writes) * (writes + 1) ** sum(e.kind == "R" and e.location == x for e in events)
        total += way
    return total


def executions(threads: Program, rules: Rules = PAPER) -> Found:
    """All consistent executions of the program."""
    outcomes: Counter[tuple[int, ...]] = Counter()
    blocked = races = 0
    for paths in product(*(_paths(thread, number, rules) for number, thread in enumerate(threads))):
        for axioms, outcome, stuck in _candidates(threads, paths, rules):
            races |= axioms.races()
            if outcome is not None:
                outcomes[outcome] += 1
            blocked += stuck
    return Found(outcomes, blocked, bool(races))


def _candidates(
    threads: Program, paths: tuple[_Path, ...], rules: Rules
) -> Iterator[tuple[Axioms, tuple[int, ...] | None, bool]]:
    """Consistent executions along these paths; their outcome if complete, or whether they wait for ever."""
    used = locations(threads)
    steps = [_Step(Event(-1, "W", x, "plain")) for x in used]
    first = []
    for path in paths:
        first.append(len(steps))
        steps += path.steps
    size = len(steps)
    events = tuple(step.event for step in steps)
    every = range(size)
    po = Relation.of(
        size,
        ((a, b) for a in every for b in every if a < b and events[a].thread in (-1, events[b].thread)),
    )
    po = Relation(tuple(row & ~((1 << len(used)) - 1) for row in po.rows))
    rmw = Relation.of(size, ((at - 1, at) for at in every if steps[at].exclusive))
    reads = [at for at in every if events[at].kind == "R"]
    writes = {x: [at for at in every if events[at].kind == "W" and events[at].location == x] for x in used}
    axioms = Axioms(events, po, rmw, rules)
    for sources in product(*(writes[events[each].location] for each in reads)):
        source_of = dict(zip(reads, sources, strict=True))
        if not axioms.reads_from(Relation.of(size, ((b, a) for a, b in source_of.items()))):
            continue
        values = _values(steps, source_of)
        if not all(
            (values[start + at] == value) is equal
            for start, path in zip(first, paths, strict=True)
            for at, equal, value in path.demands
        ):
            continue
        waiting = [start + len(path.steps) - 1 for start, path in zip(first, paths, strict=True) if path.blocked]
        for orders in product(*(permutations(writes[x][1:]) for x in used)):
            chains = [(writes[x][0], *order) for x, order in zip(used, orders, strict=True)]
            if not axioms.is_consistent(
                Relation.of(size, ((a, b) for chain in chains for i, a in enumerate(chain) for b in chain[i + 1 :]))
            ):
                continue
            last = {x: chain[-1] for x, chain in zip(used, chains, strict=True)}
            outcome = None
            if not waiting:
                outcome = (*_registers(threads, paths, first, values), *(values[last[x]] for x in used))
            stuck = bool(waiting) and all(source_of[each] == last[events[each].location] for each in waiting)
            yield axioms, outcome, stuck


def _values(steps: list[_Step], source: dict[int, int]) -> list[int]:
    values: dict[int, int] = {}

    def value(at: int) -> int:
        if at not in values:
            step = steps[at]
            if step.event.kind == "R":
                values[at] = value(source[at])
            else:
                values[at] = step.value + (value(at - 1) if step.adds else 0)
        return values[at]

    return [value(at) for at in range(len(steps))]


def _registers(threads: Program, paths: tuple[_Path, ...], first: list[int], values: list[int]) -> Iterator[int]:
    for thread, path, start in zip(threads, paths, first, strict=True):
        for target in targets(thread):
            known = path.registers.get(target, (0,))
            yield known[0] if isinstance(known, tuple) else values[start + known]
