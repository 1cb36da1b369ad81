"""Interruption: each call, at every point where something can come in between, by each kind of it (§8)."""

from __future__ import annotations

from dataclasses import replace

from conformance.checks.registry import Check, add, identity
from conformance.differential.lockstep import Tally
from conformance.failure import Broken, NotProvided
from conformance.interruption import memory
from conformance.interruption.catalogue import CALLS, KINDS, Call
from conformance.interruption.series import Found, Series, in_python, parse, replay
from conformance.targets.target import Target

LIMIT = 300.0
"""Seconds: ten times what all points of a call take."""

SHOWN = 12
"""Replay strings that a failure lists beside its own."""


def rule_of(call: Call, kind: str) -> str:
    """The rule that the check of a call by a kind covers; a failure says by itself which one is broken."""
    if call.on == "b":
        return "BRK-5" if kind == "memory" else "BRK-12" if kind == "thread" else "LIF-8"
    if kind in ("handler", "memory"):
        return "POP-6" if call.pops else "LIF-3" if call.name.startswith("move") else "CON-6"
    return "CON-2" if kind == "thread" else "LIF-8"


def _check(call: Call, kind: str) -> Check:
    def run(target: Target, tally: Tally) -> None:
        if kind == "memory" and (danger := memory.danger(in_python(target))):
            raise NotProvided(danger)
        result = Series(target, call, kind, tally.profile == "long").run()
        tally.operations += result.experiments
        tally.figures.update({"points of interruption": result.points, "interruptions": result.experiments})
        tally.coverage.update({(call.name, f"{kind}: points"): result.points})
        if result.found:
            tally.coverage.update({(call.name, f"{kind}: failures"): len(result.found)})
            raise _broken(result.found)

    needs = {"threads", "concurrent-use", "interruption", "pins", *(("signals",) if kind == "handler" else ())}
    if call.name in ("receive", "send", "iteration"):
        needs.add("conveniences")
    claim = f"{call.text}, interrupted at any point by {KINDS[kind]}, comes out as some order of the two explains."
    rule = rule_of(call, kind)
    id = identity(rule, f"{call.name} interrupted by {kind}")
    obstacle = memory.obstacle if kind == "memory" else str
    return Check(id, rule, "interruption", claim, run, frozenset(needs), LIMIT, obstacle=obstacle)


def _broken(found: list[Found]) -> Broken:
    """The first failure, and the others of the series by their rules."""
    first = found[0]
    others: dict[str, list[str]] = {}
    for each in found:
        others.setdefault(each.rule, []).append(each.experiment.replay)
    details = {
        "replay": first.experiment.replay,
        "failed": {rule: len(those) for rule, those in others.items()},
        "others": [text for those in others.values() for text in those[:SHOWN] if text != first.experiment.replay],
    }
    if first.stacks:
        details["stacks"] = first.stacks
    return Broken(first.rule, first.seen, "hang" if first.stacks else "interruption", **details)


def again(check: Check, text: str) -> Check:
    """A check of the one experiment that a replay string names; ValueError for what is none."""
    experiment = parse(text)

    def run(target: Target, tally: Tally) -> None:
        found = replay(target, experiment)
        tally.operations += 1
        if found is not None:
            raise _broken([found])

    return replace(check, run=run)


for _call in CALLS:
    for _kind in KINDS:
        add(_check(_call, _kind))
