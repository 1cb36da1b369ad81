"""A divergence shrunk to a short program and written as Python that can be pasted and run."""

from __future__ import annotations

import faulthandler
import mmap
import os
import re
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any

from conformance.differential.lockstep import IMPORTS, Divergence, Invalid, Lockstep, diverges, namespace, perform
from conformance.differential.observe import (
    HANDLE_QUERIES,
    OWN_ERRORS,
    QUERIES,
    ObjectSummary,
    Observable,
    Raised,
    spoken,
)
from conformance.differential.program import Expr, Operation, Program
from conformance.rules import RULES
from conformance.targets.target import Target

LIMIT = 20.0
"""Seconds after which the shortest program so far is taken."""

SMALL = 64
"""A number in an expression that is as small as it should get: less is no capacity and no size of a message."""

TRY = 2.0
"""Seconds after which a program is taken to hang."""


def shrink(divergence: Divergence, target: Any) -> Divergence:
    """Leave out ever smaller runs of operations, and make arguments smaller, for as long as the same rule is broken.

    Where something differs earlier in the program, that is what is shown: it is the cause.
    """
    until = time.monotonic() + LIMIT
    divergence = best = diverges(divergence.program, target, divergence.rule, _waits(divergence)) or divergence
    size = max(1, len(best.program.operations) // 2)
    while size:
        start, shrunk = 0, False
        while start < len(best.program.operations) and time.monotonic() < until:
            operations = best.program.operations
            shorter = _again(divergence, Program(operations[:start] + operations[start + size :]), target)
            if shorter is not None and len(shorter.program.operations) < len(operations):
                best, shrunk = shorter, True
            else:
                start += size
        if not shrunk or size > 1 or time.monotonic() >= until:
            size //= 2
    place = 0
    while place < len(best.program.operations):
        operations = best.program.operations
        for smaller in simpler(operations[place]):
            if time.monotonic() >= until:
                return best
            found = _again(divergence, Program((*operations[:place], smaller, *operations[place + 1 :])), target)
            if found is not None and len(found.program.operations) == len(operations):
                best = found
                break
        else:
            place += 1
    return best


def simpler(operation: Operation) -> Iterator[Operation]:
    """The operation with one argument smaller: a count, a size, a timeout, what is sent, each most of all first."""
    for place, argument in enumerate(operation.args):
        for smaller in _smaller(argument):
            yield replace(operation, args=(*operation.args[:place], smaller, *operation.args[place + 1 :]))


def _smaller(argument: Any) -> Iterator[Any]:
    """Values of the same kind, with less to them; none where it is as small as it gets."""
    if type(argument) in (int, float):
        yield from (each for each in (1, argument // 2) if 1 <= each < argument)
    elif type(argument) in (bytes, str, list):
        yield from (argument[:count] for count in sorted({1, len(argument) // 2}) if 0 < count < len(argument))
        for place, each in enumerate(argument if type(argument) is list else ()):
            yield from ([*argument[:place], less, *argument[place + 1 :]] for less in _smaller(each))
    elif type(argument) is Expr:
        for number in re.finditer(r"\b\d+\b", argument.source):
            for less in (each for each in (SMALL, int(number[0]) // 2) if SMALL <= each < int(number[0])):
                yield Expr(f"{argument.source[: number.start()]}{less}{argument.source[number.end() :]}")


def _waits(divergence: Divergence) -> bool:
    return isinstance(divergence.expected, Raised) and divergence.expected.error == "WouldBlockForever"


def _again(divergence: Divergence, program: Program, target: Any) -> Divergence | None:
    found = diverges(program, target, divergence.rule, _waits(divergence))
    return found if found is not None and found.rule == divergence.rule else None


def shrink_ended(operations: Sequence[Operation], target: Any, querying: bool) -> Sequence[Operation]:
    """Of a program whose last operation, or a query after it, ends or stops the process: a shorter one that does too.

    Each try is made in a process forked from this one, which must not have used the target.
    """
    until = time.monotonic() + LIMIT
    best = list(operations)
    if querying:
        watched = _watched(best).items()
        best = next((ended for query in _queries(watched) if (ended := _ended([*best, query], target))), best)
    size = max(1, len(best) // 2)
    while size:
        start = 0
        while start < len(best) - 1 and time.monotonic() < until:
            fewer = best[:start] + best[min(start + size, len(best) - 1) :]
            ended = _ended(fewer, target)
            if ended and ended[-1].kind == best[-1].kind:
                best = ended
            else:
                start += size
        size //= 2
    for place in range(len(best)):
        smaller = iter(simpler(best[place]))
        while time.monotonic() < until and (one := next(smaller, None)) is not None:
            changed = [*best[:place], one, *best[place + 1 :]]
            if len(_ended(changed, target)) == len(best):
                best, smaller = changed, iter(simpler(one))
    return best


def _queries(watched: Iterable[tuple[str, str]]) -> Iterator[Operation]:
    """What is asked of the variables of a program when all is compared: of handles, messages and exports."""
    for variable, kind in watched:
        if kind in ("producer", "consumer"):
            yield from (Operation(query, variable) for query in QUERIES[kind])
        elif kind != "broker":
            source = Observable(QUERIES.get(kind, ("bytes",))[0], kind, variable).render()
            yield Operation("bytes", source=source)


def _watched(operations: Sequence[Operation]) -> dict[str, str]:
    """The variables of a program by the model that can be asked something, each with its kind."""
    model = Lockstep("spec_model")
    try:
        for operation in operations:
            model.run(operation, compare=False)
    except Invalid:
        return {}
    finally:
        model.close()
    return model.watched


def _ended(operations: Sequence[Operation], target: Any) -> list[Operation]:
    """The program up to the operation at which a process ends or stops; empty where it comes through, or cannot be."""
    model = Lockstep("spec_model")
    try:
        for operation in operations:
            model.run(operation, compare=False)
    except Invalid:
        return []
    finally:
        model.close()
    with mmap.mmap(-1, 8) as done:
        child = os.fork()
        if child == 0:
            signal.setitimer(signal.ITIMER_REAL, TRY)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            faulthandler.disable()
            names = namespace(target)
            for number, operation in enumerate(operations):
                done[:8] = number.to_bytes(8, "little")
                perform(target, names, operation)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        return [] if status == 0 else list(operations[: int.from_bytes(done[:8], "little") + 1])


def commented(text: str) -> str:
    """Text of others as comments of a program, each of its lines."""
    return "\n".join(f"# {line}" for line in text.splitlines())


def headed(rule: str, preamble: str, text: str) -> str:
    """A program with the rule that it shows, and what it needs, above it."""
    return f"# {rule}: {RULES[rule].text}\n{IMPORTS}\n{preamble}\n\n{text}\n"


def reproduction(divergence: Divergence, target: Target) -> str:
    """A program that runs up to the divergence and asserts the model's results; the last assertion fails."""
    *before, last = divergence.program.operations
    remark = commented(f"{divergence.rule}: {target.name} gave {spoken(divergence.got)}")
    if divergence.observable.query == "result":
        lines = [asserted(last, divergence.expected), remark]
        return _program(divergence.rule, target, before, lines)
    lines = [_check(divergence.observable.render(), _observed(divergence.expected), divergence.observable.kind), remark]
    return _program(divergence.rule, target, [*before, last], lines)


def reproduction_of(
    operations: Sequence[Operation], rule: str, target: Target, remark: str, comparing: bool = False
) -> str:
    """A program whose last operation never returned or, if `comparing`, the comparison of the state after it."""
    on = operations[-1].on
    queries = [f"print({', '.join(f'{on}.{query}()' for query in HANDLE_QUERIES)})"] if comparing and on else []
    return _program(rule, target, operations, [*queries, commented(f"{rule}: {remark}")])


def _program(rule: str, target: Target, operations: Sequence[Operation], end: list[str]) -> str:
    lines: list[str] = []
    model = Lockstep("spec_model")
    try:
        for operation in operations:
            lines.append(asserted(operation, model.run(operation, compare=False)))
    except Invalid:  # blocks for ever or lacks a variable: the operation without an assertion
        lines.append(operation.render())
    finally:
        model.close()
    return headed(rule, target.preamble, "\n".join([*lines, *end]))


def asserted(operation: Operation, outcome: Any) -> str:
    """One operation, with assertions of its outcome by the model."""
    if isinstance(outcome, Raised) and outcome.error == "WouldBlockForever":
        return f"result = {operation.text}\nraise AssertionError(f'{{result}}, and it should wait for ever')"
    if isinstance(outcome, Raised):
        return _raises(operation.render(), outcome)
    if operation.statement:
        return operation.render()
    if operation.into:
        return "\n".join([operation.render(), *_holds(operation.into, outcome)])
    assertions = _holds(("result",), outcome)
    return "\n".join([f"result = {operation.text}", *assertions, "del result"])


def _check(expression: str, expected: Any, kind: str) -> str:
    """An assertion of what the model shows."""
    if isinstance(expected, Raised):
        return _raises(expression, expected)
    if kind in ("messages", "exports") and isinstance(expected, list):
        variable = expression.rpartition(" in ")[2].rstrip("]")
        lines = []
        for number, each in enumerate(expected):
            lines.append(_check(f"bytes({variable}[{number}])", each, "message"))
        return "\n".join(lines)
    return f"assert {expression} == {expected!r}, {expression}"


def _observed(expected: Any) -> Any:
    """The value that an assertion compares with: records as tuples, a region by its size."""
    if isinstance(expected, Raised) or not isinstance(expected, tuple):
        return _Config(expected) if type(expected).__name__ == "ChannelConfig" else expected
    if len(expected) == 2 and isinstance(expected[1], bool):
        return expected[0]
    return tuple(expected)


class _Config:
    """A configuration that prints as a program writes it."""

    def __init__(self, config: Any) -> None:
        self.config = config

    def __repr__(self) -> str:
        return f"omni.{self.config!r}"


def _raises(line: str, outcome: Raised) -> str:
    error = f"omni.{outcome.error}" if outcome.error in OWN_ERRORS else outcome.error
    caught, body = (f"{error}", "pass")
    if outcome.sent is not None:
        caught, body = f"{error} as error", f"assert error.sent == {outcome.sent}, error.sent"
    return f"try:\n    {line}\nexcept {caught}:\n    {body}\nelse:\n    raise AssertionError({outcome.error!r})"


def _holds(names: tuple[str, ...], outcome: Any) -> list[str]:
    """Assertions that the variables hold the outcome."""
    if len(names) > 1 and isinstance(outcome, tuple) and not isinstance(outcome, ObjectSummary):
        return [line for name, each in zip(names, outcome, strict=True) for line in _holds((name,), each)]
    name = names[0]
    if len(names) > 1:
        return []
    if isinstance(outcome, Enum):
        return [f"assert {name} is omni.{type(outcome).__name__}.{outcome.name}, {name}"]
    if isinstance(outcome, ObjectSummary):
        return _is_object(name, outcome)
    if isinstance(outcome, (tuple, list)):
        lines = [f"assert len({name}) == {len(outcome)}, {name}"]
        for number, each in enumerate(outcome):
            lines += _holds((f"{name}[{number}]",), each)
        return lines
    if outcome is None or isinstance(outcome, bool):
        return [f"assert {name} is {outcome}, {name}"]
    return [f"assert {name} == {outcome!r}, {name}"]


def _is_object(name: str, outcome: ObjectSummary) -> list[str]:
    if outcome.type_name == "Message":
        return [f"assert bytes({name}) == {outcome.content!r}, bytes({name})"]
    if outcome.type_name == "Reservation":
        return [f"assert {name} is not None", f"assert len({name}.data) == {outcome.content[0]}"]
    if outcome.type_name == "memoryview":
        content = outcome.content[0]
        return [f"assert {'len' if isinstance(content, int) else 'bytes'}({name}) == {content!r}"]
    if outcome.type_name == "ChannelConfig":
        return [f"assert ({name}.capacity, {name}.max_message_size) == {outcome.content!r}, {name}"]
    return []
