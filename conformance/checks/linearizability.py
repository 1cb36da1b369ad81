"""Linearizability checks: histories of real threads (§8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from conformance.checks.registry import measured
from conformance.differential.lockstep import Tally
from conformance.failure import Broken
from conformance.linearizability import Plan, check_history, record
from conformance.linearizability.history import HOLDS, POPS, PUSHES
from conformance.targets.target import Target


def _check(target: Target, tally: Tally, plans: Iterable[Plan]) -> None:
    """Record and check a history of each plan; the plan goes into the failure."""
    for plan in plans:
        history = record(target.omni, plan)
        tally.operations += len(history)
        tally.figures["history operations"] += len(history)
        try:
            check_history(history)
        except Broken as broken:
            broken.details["plan"] = asdict(plan)
            raise


def _scenario(rule: str, name: str, claim: str, *plans: Plan, needs: str = "threads") -> None:
    """Register histories of these plans as a check of `rule`."""
    measured(rule, f"linearizability {name}", needs, "linearizability")(
        lambda target, tally: _check(target, tally, plans), claim
    )


_scenario(
    "CON-3",
    "try",
    "Histories of try_push and try_pop are linearizable.",
    Plan(1, ("try_push",), ("try_pop",), calls=25_000),
)
_scenario(
    "CON-3",
    "blocking",
    "Histories of blocking calls are linearizable, and no wakeup is lost.",
    Plan(2, ("blocking_push",), ("blocking_pop",), calls=25_000),
)
_scenario(
    "CON-3",
    "mixed",
    "Histories of all ways to push and pop together are linearizable, with a small queue and a larger one.",
    Plan(3, calls=15_000),
    Plan(4, calls=8_000, capacity=64, size=256),
)
_scenario(
    "CON-3",
    "large",
    "Messages that take long to copy arrive intact, whether read at once or again later.",
    Plan(11, pops=(*POPS, "reread"), calls=1500, size=32_768),
)
_scenario(
    "PSH-6",
    "batches",
    "Batches are linearizable as one try_push after another.",
    Plan(5, ("batch_push",), ("batch_pop",), calls=15_000),
)
_scenario(
    "RSV-3",
    "reservations",
    "Messages written in place arrive once they are committed, in order and intact.",
    Plan(6, ("reserve", "reserve", "try_push"), POPS, calls=10_000),
)
_scenario(
    "CON-4",
    "push and close",
    "A producer that pushes a little and closes loses no message, and its close is visible only after the drain.",
    *(Plan(1000 + seed, PUSHES, POPS, calls=1 + seed % 12) for seed in range(400)),
)
_scenario(
    "CON-4",
    "producer closed by a third thread",
    "A third thread closes the producer: pushes end, and pops return CHANNEL_CLOSED after the drain.",
    *(Plan(2000 + seed, calls=150, third="close_producer", after=20 + seed % 100) for seed in range(150)),
)
_scenario(
    "LIF-8",
    "consumer closed by a third thread",
    "A third thread closes the consumer: both sides see it, and the history is linearizable.",
    *(Plan(3000 + seed, calls=150, third="close_consumer", after=20 + seed % 100) for seed in range(150)),
)
_scenario(
    "SHD-1",
    "shutdown",
    "A third thread shuts the broker down: pushing ends first, the consumer drains, and every call returns.",
    *(Plan(4000 + seed, calls=150, third="shutdown", after=20 + seed % 100) for seed in range(200)),
)
_scenario(
    "STA-1",
    "statistics",
    "Statistics read by a third thread never decrease and count no call before it begins; at the end they are exact.",
    Plan(7, calls=15_000, third="statistics"),
)
_scenario(
    "BRK-10",
    "requests",
    "A third thread finds the name registered until both handles are closed, and free afterwards.",
    Plan(8, calls=5_000, third="requests"),
    *(Plan(5000 + seed, calls=8, third="requests") for seed in range(100)),
)
_scenario(
    "MSG-1",
    "held views",
    "A popped message is unchanged until the next pop, even after a full queue of pushes.",
    Plan(9, ("batch_push", "blocking_push"), (*POPS, "reread"), calls=8_000),
)
_scenario(
    "MSG-3",
    "exports",
    "A view that outlives further pops is unchanged, and limits how many messages are popped.",
    Plan(10, PUSHES, (*POPS, *HOLDS), calls=10_000),
    needs="threads pins",
)
