"""Histories of real threads: is there an order of their calls that the model allows? (§8)"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from conformance.checks.registry import measured
from conformance.differential.lockstep import Tally
from conformance.failure import Broken
from conformance.linearizability import Plan, judge, record
from conformance.linearizability.plan import HOLDS, POPS, PUSHES
from conformance.targets.target import Target


def _judged(target: Target, tally: Tally, plans: Iterable[Plan]) -> None:
    """Record and judge each; the plan goes into the failure."""
    for plan in plans:
        history = record(target.omni, plan)
        tally.operations += len(history)
        tally.figures["history operations"] += len(history)
        try:
            judge(history)
        except Broken as broken:
            broken.details["plan"] = asdict(plan)
            raise


def _scenario(rule: str, name: str, claim: str, *plans: Plan) -> None:
    """Register the recording and judging of plans as a check of `rule`."""
    measured(rule, f"linearizability {name}", "threads", "linearizability")(
        lambda target, tally: _judged(target, tally, plans), claim
    )


_scenario(
    "CON-3",
    "try",
    "Of try_push against try_pop, some order explains every SUCCESS, QUEUE_FULL and EMPTY.",
    Plan(1, ("try_push",), ("try_pop",), calls=25_000),
)
_scenario(
    "CON-3",
    "blocking",
    "Of calls that wait, some order explains every SUCCESS and TIMEOUT, and no wakeup is lost.",
    Plan(2, ("blocking_push",), ("blocking_pop",), calls=25_000),
)
_scenario(
    "CON-3",
    "mixed",
    "Of all ways to push and pop together, some order explains every result, in a small queue and a larger one.",
    Plan(3, calls=15_000),
    Plan(4, calls=8_000, capacity=64, size=256),
)
_scenario(
    "CON-3",
    "large",
    "Messages that take long to copy arrive whole, those read again at once and those read later.",
    Plan(11, pops=(*POPS, "reread"), calls=1500, size=32_768),
)
_scenario(
    "PSH-6",
    "batches",
    "Batches are tries in a row: some order of them explains how far each came.",
    Plan(5, ("batch_push",), ("batch_pop",), calls=15_000),
)
_scenario(
    "RSV-3",
    "reservations",
    "What is written in place arrives when it is committed, in order and whole.",
    Plan(6, ("reserve", "reserve", "try_push"), POPS, calls=10_000),
)
_scenario(
    "CON-4",
    "push and close",
    "A producer that pushes a little and closes loses nothing, and its end is not seen too early.",
    *(Plan(1000 + seed, PUSHES, POPS, calls=1 + seed % 12) for seed in range(400)),
)
_scenario(
    "CON-4",
    "producer closed by a third thread",
    "A third thread closes the producer: pushes end, and CHANNEL_CLOSED comes after the drain.",
    *(Plan(2000 + seed, calls=150, side="close_producer", after=20 + seed % 100) for seed in range(150)),
)
_scenario(
    "LIF-8",
    "consumer closed by a third thread",
    "A third thread closes the consumer: both ends see it, and until then every result is explained.",
    *(Plan(3000 + seed, calls=150, side="close_consumer", after=20 + seed % 100) for seed in range(150)),
)
_scenario(
    "SHD-1",
    "shutdown",
    "A third thread shuts the broker down: pushing ends first, the consumer drains, and every thread gets out.",
    *(Plan(4000 + seed, calls=150, side="shutdown", after=20 + seed % 100) for seed in range(200)),
)
_scenario(
    "STA-1",
    "statistics",
    "Statistics read by a third thread never fall and are never beyond what had begun; at the end they add up.",
    Plan(7, calls=15_000, side="statistics"),
)
_scenario(
    "BRK-10",
    "requests",
    "A third thread sees the name registered until both handles are gone, and free from then on.",
    Plan(8, calls=5_000, side="requests"),
    *(Plan(5000 + seed, calls=8, side="requests") for seed in range(100)),
)
_scenario(
    "MSG-1",
    "held views",
    "A popped message reads the same until the next pop, a full queue of pushes later.",
    Plan(9, ("batch_push", "blocking_push"), (*POPS, "reread"), calls=8_000),
)
_scenario(
    "MSG-3",
    "exports",
    "A view that outlives further pops reads the same, and pops go as far as it allows.",
    Plan(10, PUSHES, (*POPS, *HOLDS), calls=10_000),
)
