"""What a check is, the list of all, and how a check is registered."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from conformance.differential.lockstep import Tally, execute
from conformance.differential.program import Program, parse
from conformance.targets.target import Target

SECONDS = {
    "unit": 0.05, "blocking": 1.0, "differential-exhaustive": 3.0, "differential-random": 8.0, "linearizability": 3.0,
    "interruption": 1.0,
}  # fmt: skip
"""About how long a check of each layer takes: for the progress bar."""

LAYERS = tuple(SECONDS)
"""In the order in which they run: what gives the shortest failures comes first."""

Body = Callable[[Target, Tally], None]


@dataclass(frozen=True)
class Check:
    """One check: stable id, the rule that it covers, and how it runs.

    rule: what a failure breaks, unless the failure itself says otherwise.
    claim: what holds, in a sentence. needs: features without which it is not provided.
    limit: seconds after which it is taken to hang. program: what `run` executes, where it is one.
    obstacle: why it cannot run in this environment, "" where it can.
    """

    id: str
    rule: str
    layer: str
    claim: str
    run: Body
    needs: frozenset[str] = frozenset()
    limit: float = 60.0
    program: Program | None = None
    obstacle: Callable[[], str] = str

    @property
    def weight(self) -> float:
        """How much of a run it is, next to the others."""
        return SECONDS[self.layer]


CHECKS: list[Check] = []

OPEN = """
b = omni.MailboxBroker()
_, k = b.request_channel("a", omni.ChannelConfig(8, 64))
p, c = k
"""


def add(check: Check) -> None:
    """Register a check; ids are unique."""
    if any(known.id == check.id for known in CHECKS):
        raise ValueError(f"two checks are called {check.id}")
    CHECKS.append(check)


def identity(rule: str, name: str) -> str:
    """The id of a check: the rule, and its name in lower case with hyphens."""
    return f"{rule}/{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}"


_USES = {
    "memory-limit": ("memory_limit",),
    "conveniences": (
        ".send(", ".receive(", ".send_many(", ".receive_many(", ".tobytes(", "list(c", "open_channel(",
    ),
    "waiting": (".wait(",),
}  # fmt: skip


_OF_EXPORTS = ("MSG-3", "RSV-7")
"""Rules that say nothing of a target without pins."""


def program(rule: str, name: str, text: str, opened: bool = True, needs: str = "") -> None:
    """Register a program as a check of `rule`; `opened` starts it with a channel of capacity 8 and size 64.

    It needs the features that its text uses, and `needs`.
    """
    parsed = parse((OPEN if opened else "") + text)
    uses = {feature for feature, words in _USES.items() if any(word in text for word in words)}
    if rule in _OF_EXPORTS or re.search(r"= .*\.data\b", text):
        uses.add("pins")
    if (OPEN * opened + text).count("MailboxBroker(") > 1:
        uses.add("brokers")
    add(of_program(identity(rule, name), rule, name, parsed, frozenset(uses) | frozenset(needs.split())))


def of_program(
    id: str,
    rule: str,
    claim: str,
    program: Program,
    needs: frozenset[str] = frozenset(),
    *,
    suspect: str | None = "",
    waits: bool = False,
) -> Check:
    """A check that a program sees on the target what it sees on the model.

    suspect: the rule that a difference breaks where it may be that one, `rule` unless given. waits: it may wait for
    ever, also where the capacity is known to be short.
    """

    def run(target: Target, tally: Tally) -> None:
        execute(program, target.omni, tally, rule if suspect == "" else suspect, waits)

    return Check(id, rule, "unit", claim, run, needs, limit=20.0, program=program)


def function(
    rule: str, needs: str = "", layer: str = "unit", limit: float = 60.0
) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Register a function of the target's names as a check of `rule`; its docstring is its claim."""

    def register(body: Callable[[Any], None]) -> Callable[[Any], None]:
        def run(target: Target, tally: Tally) -> None:
            body(target.omni)

        measured(rule, body.__name__, needs, layer, limit)(run, body.__doc__)
        return body

    return register


class _Registers(Protocol):
    def __call__(self, body: Body, claim: str | None = None) -> Body: ...


def measured(rule: str, name: str, needs: str = "", layer: str = "unit", limit: float = 60.0) -> _Registers:
    """Register a function of target and tally, which counts what it did, as a check of `rule`.

    Its claim is its docstring where none is given.
    """

    def register(body: Body, claim: str | None = None) -> Body:
        says = (claim or body.__doc__ or name).strip()
        add(Check(identity(rule, name), rule, layer, says, body, frozenset(needs.split()), limit))
        return body

    return register
