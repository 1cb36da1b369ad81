"""What a check is, and where the checks are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from conformance.program import Program, parse

THREAD_LIMIT = 20.0
"""Seconds that a check with threads may take: a hang is a failure, not a wait."""


@dataclass(frozen=True)
class Check:
    """One check of one rule: either a program judged by the model, or a function of the target."""

    rule: str
    name: str
    program: Program | None = None
    function: Callable[[ModuleType], None] | None = None
    threads: bool = False


CHECKS: list[Check] = []

OPEN = """
b = omni.MailboxBroker()
_, k = b.request_channel("a", omni.ChannelConfig(8, 64))
p, c = k
"""


def program(rule: str, name: str, text: str, opened: bool = True) -> None:
    """Register a program as a check of `rule`; `opened` starts it with a channel of capacity 8 and size 64."""
    CHECKS.append(Check(rule, name, parse((OPEN if opened else "") + text)))


def function(
    rule: str, threads: bool = False
) -> Callable[[Callable[[ModuleType], None]], Callable[[ModuleType], None]]:
    """Register a function as a check of `rule`; its docstring says what it claims."""

    def register(body: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
        CHECKS.append(Check(rule, body.__name__.replace("_", " "), function=body, threads=threads))
        return body

    return register
