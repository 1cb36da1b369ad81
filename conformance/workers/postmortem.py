"""The post-mortem of a worker that died or hung: the call that it was in, and the failure that this is."""

from __future__ import annotations

import ast
import linecache
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from conformance.checks.registry import Check
from conformance.differential.attribution import ENDS, rules_of_result
from conformance.differential.context import Context, handle_state, state_of
from conformance.differential.lockstep import Invalid, Lockstep
from conformance.differential.observe import Raised
from conformance.differential.program import Operation, parse
from conformance.differential.shrink import reproduction_of
from conformance.failure import Failure
from conformance.learned import CRASHES, HANGS, Fact
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


IN_A_CHECK = "in a check"
"""In place of the state of a handle, where that is not known."""


def examine(death: Death, check: Check, name: str, preamble: str) -> Failure:
    """The failure that a death during a check is."""
    hung = death.manner == "hung"
    kind = "hang" if hung else "crash"
    details: dict[str, Any] = {"stacks": death.stacks} if death.stacks else {}
    operations = parse("\n".join(death.operations)).operations if death.operations else ()
    if check.layer == "interruption" and operations:
        details["replay"] = ast.literal_eval(operations[-1].source)
    if not operations or _in_function(check):
        call = call_in(death.stacks)
        facts = (Fact(check.rule, call, HANGS if hung else CRASHES, state=IN_A_CHECK),) if call else ()
        seen = f"{death.manner}{f' in {call}' if call else ''}"
        return Failure(check.rule, check.id, kind, seen, name, details=details, facts=facts)
    failure = Failure(check.rule, check.id, kind, death.manner, name, tuple(death.operations), details=details)
    return of_program(failure, failure.program, preamble, death.querying)


def of_program(failure: Failure, program: tuple[str, ...], preamble: str, querying: bool = False) -> Failure:
    """A crash or hang as the one that a program shows; querying: in a query after its last operation."""
    operations = parse("\n".join(program)).operations
    manner = failure.seen.partition(" in ")[0]
    last, (context, read) = operations[-1], _context(operations)
    answer = HANGS if failure.kind == "hang" else CRASHES
    state = state_of(context.receiver)
    rule, candidates = failure.rule, rules_of_result(last, None, Raised(answer), context)
    if querying:
        exported = rule == "MSG-3" and read == "export"
        rule = "LIF-4" if last.kind in ENDS and not exported else rule
    elif last.kind == "bytes" and read:
        rule = _READ[read]
    elif candidates and (state or rule not in candidates):
        rule = candidates[0]  # of an inactive handle: that it is not safe to use
    seen = f"{manner} {'in a query after' if querying else 'in'} {last.render()}"
    if state:
        seen += f" of a handle that is {state}"
    python = reproduction_of(operations, rule, Target(failure.target, None, frozenset(), preamble), seen, querying)
    facts = () if querying else (Fact(rule, last.kind, answer, after=failure.check, state=state or last.form),)
    return replace(failure, rule=rule, seen=seen, program=program, python=python, facts=facts)


def _in_function(check: Check) -> bool:
    """Whether the check is a function of its own, of which the journal knows nothing."""
    return check.program is None and not check.layer.startswith("differential")


_READ = {"message": "MSG-1", "export": "MSG-3"}
"""The rule by which what a variable holds can be read."""


def _context(operations: tuple[Operation, ...]) -> tuple[Context, str]:
    """The model's state before a program's last operation; what that reads of _READ, or else what there is to read."""
    *before, last = operations
    context, read = Context(), ""
    model = Lockstep("spec_model")
    try:
        for operation in before:
            model.run(operation, compare=False)
        handles = [handle_state(model.expected.get(name)) for name in [last.on, *sorted(last.uses())]]
        receiver = next((each for each in handles if each is not None), None)
        context = Context(receiver, before=frozenset(each.kind for each in before))
        read = "export" if any(kind.startswith("export") for kind in model.watched.values()) else ""
        kinds = [model.watched.get(name, "").rstrip("s") for name in last.uses()]
        read = next((kind for kind in kinds if kind in _READ), read)
    except Invalid:
        pass  # the journal was cut short; the operation itself says enough
    finally:
        model.close()
    return context, read


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
