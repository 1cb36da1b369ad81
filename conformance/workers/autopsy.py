"""From a worker that died or hung to a failure: what it was doing, and the rule that this breaks."""

from __future__ import annotations

from typing import NamedTuple

from conformance.checks.registry import Check
from conformance.differential.attribution import ENDS, rules_of_result
from conformance.differential.context import Context, handle_state
from conformance.differential.lockstep import Invalid, Lockstep
from conformance.differential.observe import Raised
from conformance.differential.program import Operation, parse
from conformance.differential.shrink import reproduction_of
from conformance.failure import Failure
from conformance.targets.target import Target
from conformance.workers.stacks import call_in


class Death(NamedTuple):
    """How a worker ended; the stacks it left; the operations of its last program, the last of them under way.

    looking: the last operation was done, and what can be observed was being asked for.
    """

    manner: str
    stacks: str
    operations: list[str]
    looking: bool


def examine(death: Death, check: Check, name: str, preamble: str) -> Failure:
    """The failure that a death during a check is."""
    hung = death.manner == "hung"
    operations = parse("\n".join(death.operations)).operations if death.operations else ()
    last = operations[-1] if operations else None
    if last is None or _in_function(check):
        call = call_in(death.stacks)
        seen = f"{death.manner}{f' in {call}' if call else ''}"
    else:
        seen = f"{death.manner} {'in a query after' if death.looking else 'in'} {last.kind}"
    rule = check.rule
    if check.layer in ("lockstep", "transitions") and operations:
        rule = "LIF-4" if death.looking and operations[-1].kind in ENDS else _rule(operations, hung) or rule
    python = ""
    if operations and not _in_function(check):
        target = Target(name, None, frozenset(), preamble)
        python = reproduction_of(operations, rule, target, seen, death.looking)
    program = tuple(death.operations) if python else ()
    details = {"stacks": death.stacks} if death.stacks else {}
    return Failure(rule, check.id, "hang" if hung else "crash", seen, name, program, python, details)


def _in_function(check: Check) -> bool:
    """Whether the check is a function of its own, of which the journal knows nothing."""
    return check.program is None and check.layer in ("direct", "waiting", "histories")


def _rule(operations: tuple[Operation, ...], hung: bool) -> str | None:
    """The rule that a program's last operation breaks by not coming back."""
    *before, last = operations
    context = Context()
    model = Lockstep("spec_model")
    try:
        for operation in before:
            model.run(operation, compare=False)
        context = Context(handle_state(model.expected.get(last.on)), before=frozenset(each.kind for each in before))
    except Invalid:
        pass  # the journal was cut short; the operation itself says enough
    finally:
        model.close()
    return next(iter(rules_of_result(last, None, Raised("hangs" if hung else "crashes"), context)), None)
