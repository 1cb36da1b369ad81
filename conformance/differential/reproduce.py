"""A divergence as Python that can be pasted and run."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

from conformance.differential.lockstep import Divergence, Invalid, Lockstep
from conformance.differential.observation import HANDLE_QUERIES
from conformance.differential.outcome import Raised, Thing
from conformance.differential.program import Operation
from conformance.rules import RULES
from conformance.targets.target import Target

_HEAD = """\
# {rule}: {text}
import array, copy, pickle
from datetime import timedelta

{preamble}
"""


def reproduction(divergence: Divergence, target: Target) -> str:
    """A program that runs up to the divergence, asserting the model's answers; the last one fails."""
    *before, last = divergence.program.operations
    remark = f"# {divergence.rule}: {target.name} gave {divergence.got!r}"
    if divergence.what.query == "result":
        lines = [step(last, divergence.expected), remark]
        return _program(divergence.rule, target, before, lines)
    lines = [check(divergence.what.render(), _observed(divergence.expected), divergence.what.kind), remark]
    return _program(divergence.rule, target, [*before, last], lines)


def reproduction_of(
    operations: Sequence[Operation], rule: str, target: Target, remark: str, looking: bool = False
) -> str:
    """A program of operations whose last one never came to its end, or the look at what it left did not."""
    on = operations[-1].on
    look = [f"print({', '.join(f'{on}.{query}()' for query in HANDLE_QUERIES)})"] if looking and on else []
    return _program(rule, target, operations, [*look, f"# {rule}: {remark}"])


def _program(rule: str, target: Target, operations: Sequence[Operation], end: list[str]) -> str:
    lines = [_HEAD.format(rule=rule, text=RULES[rule].text, preamble=target.preamble)]
    model = Lockstep("spec_model")
    try:
        for operation in operations:
            lines.append(step(operation, model.run(operation, look=False)))
    except Invalid:  # it waits, or lacks a variable: no claim, only the operation
        lines.append(operation.render())
    finally:
        model.close()
    return "\n".join([*lines, *end]) + "\n"


def step(operation: Operation, outcome: Any) -> str:
    """One operation, and what it should have done."""
    if isinstance(outcome, Raised):
        return _raises(operation.render(), outcome)
    if operation.statement:
        return operation.render()
    if operation.into:
        return "\n".join([operation.render(), *_holds(operation.into, outcome)])
    assertions = _holds(("result",), outcome)
    return "\n".join([f"result = {operation.text}", *assertions, "del result"])


def check(expression: str, expected: Any, kind: str) -> str:
    """An observation, and what it should have shown."""
    if isinstance(expected, Raised):
        return _raises(expression, expected)
    if kind == "messages" and isinstance(expected, list):
        variable = expression.rpartition(" in ")[2].rstrip("]")
        lines = []
        for number, each in enumerate(expected):
            lines.append(check(f"bytes({variable}[{number}])", each, "message"))
        return "\n".join(lines)
    return f"assert {expression} == {expected!r}, {expression}"


def _observed(expected: Any) -> Any:
    """What an assertion can compare with: records as tuples, a region by its size."""
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
    own = outcome.error.endswith("Error") and outcome.error in ("MessageExpiredError", "ChannelClosedError")
    own = own or outcome.error in ("ChannelNameError", "ConcurrentUseError")
    error = f"omni.{outcome.error}" if own else outcome.error
    return f"try:\n    {line}\nexcept {error}:\n    pass\nelse:\n    raise AssertionError({outcome.error!r})"


def _holds(names: tuple[str, ...], outcome: Any) -> list[str]:
    """Assertions that the variables are what the outcome says."""
    if len(names) > 1 and isinstance(outcome, tuple) and not isinstance(outcome, Thing):
        return [line for name, each in zip(names, outcome, strict=True) for line in _holds((name,), each)]
    name = names[0]
    if len(names) > 1:
        return []
    if isinstance(outcome, Enum):
        return [f"assert {name} is omni.{type(outcome).__name__}.{outcome.name}, {name}"]
    if isinstance(outcome, Thing):
        return _is_thing(name, outcome)
    if isinstance(outcome, (tuple, list)):
        lines = [f"assert len({name}) == {len(outcome)}, {name}"]
        for number, each in enumerate(outcome):
            lines += _holds((f"{name}[{number}]",), each)
        return lines
    if outcome is None or isinstance(outcome, bool):
        return [f"assert {name} is {outcome}, {name}"]
    return [f"assert {name} == {outcome!r}, {name}"]


def _is_thing(name: str, outcome: Thing) -> list[str]:
    if outcome.what == "Message":
        return [f"assert bytes({name}) == {outcome.content!r}, bytes({name})"]
    if outcome.what == "Reservation":
        return [f"assert {name} is not None", f"assert len({name}.data) == {outcome.content[0]}"]
    if outcome.what == "memoryview":
        content = outcome.content[0]
        return [f"assert {'len' if isinstance(content, int) else 'bytes'}({name}) == {content!r}"]
    if outcome.what == "ChannelConfig":
        return [f"assert ({name}.capacity, {name}.max_message_size) == {outcome.content!r}, {name}"]
    return []
