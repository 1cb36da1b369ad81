"""The post-mortem of a worker that died or hung: the call that it was in, and the failure that this is."""

from __future__ import annotations

import ast
import linecache
import re
from pathlib import Path
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
from conformance.threads import OPERATIONS


class Death(NamedTuple):
    """How a worker ended; the stacks it left; the operations of its last program, the last of them under way.

    querying: the last operation had returned, and the target's observable state was being queried.
    """

    manner: str
    stacks: str
    operations: list[str]
    querying: bool


def examine(death: Death, check: Check, name: str, preamble: str) -> Failure:
    """The failure that a death during a check is."""
    hung = death.manner == "hung"
    operations = parse("\n".join(death.operations)).operations if death.operations else ()
    last = operations[-1] if operations else None
    if last is None or _in_function(check):
        call = call_in(death.stacks)
        seen = f"{death.manner}{f' in {call}' if call else ''}"
    else:
        seen = f"{death.manner} {'in a query after' if death.querying else 'in'} {last.kind}"
    rule = check.rule
    if check.layer.startswith("differential") and operations:
        rule = "LIF-4" if death.querying and operations[-1].kind in ENDS else _rule(operations, hung) or rule
    python = ""
    if operations and not _in_function(check):
        target = Target(name, None, frozenset(), preamble)
        python = reproduction_of(operations, rule, target, seen, death.querying)
    program = tuple(death.operations) if python else ()
    details = {"stacks": death.stacks} if death.stacks else {}
    if check.layer == "interruption" and last is not None:
        details["replay"] = ast.literal_eval(last.source)
    return Failure(rule, check.id, "hang" if hung else "crash", seen, name, program, python, details)


def _in_function(check: Check) -> bool:
    """Whether the check is a function of its own, of which the journal knows nothing."""
    return check.program is None and not check.layer.startswith("differential")


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


_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)$')
_CALL = re.compile(rf"\.({'|'.join(sorted(OPERATIONS))})\(")


def _threads_of(dump: str) -> list[list[tuple[str, int, str]]]:
    """The frames (file, line, function) of each thread in a dump of faulthandler, innermost first."""
    stacks: list[list[tuple[str, int, str]]] = []
    for line in dump.splitlines():
        frame = _FRAME.match(line)
        if line.startswith(("Thread ", "Current thread ")):
            stacks.append([])
        elif frame and stacks:
            stacks[-1].append((frame["file"], int(frame["line"]), frame["function"]))
    return stacks


def _call_of(frames: list[tuple[str, int, str]]) -> str:
    """The operation that a thread is in, or "": the outermost function of that name, or the line that calls one."""
    for file, line, function in frames:
        if function in OPERATIONS and Path(file).name != "threading.py":
            return function
        called = _CALL.search(linecache.getline(file, line))
        if called:
            return called[1]
    return ""


def call_in(dump: str) -> str:
    """The operation that the dump shows some thread in, or ""."""
    return next((call for call in map(_call_of, _threads_of(dump)) if call), "")
