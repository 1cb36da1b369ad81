"""What CBMC is asked to prove of the core, and which wraps of unsigned numbers are meant."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Proof:
    """A harness of `prove/`, and what it needs."""

    name: str
    source: str
    defines: tuple[str, ...] = ()
    unwind: int = 3
    own_slots: bool = True  # each an object; where slots lie is for slots.c to prove
    products: bool = False  # of two unknowns: for z3, one property at a time


PROOFS = (
    Proof("requests", "requests.c", unwind=20, own_slots=False),
    Proof("slots", "slots.c", unwind=6, own_slots=False, products=True),
    Proof("try_push", "push.c", ("WAY=0",)),
    Proof("blocking_push", "push.c", ("WAY=1",)),
    Proof("batch_push", "push.c", ("WAY=2",)),
    Proof("reserve", "push.c", ("WAY=3",)),
    Proof("commit", "push.c", ("WAY=4",)),
    Proof("try_pop", "pop.c", ("WAY=0",)),
    Proof("blocking_pop", "pop.c", ("WAY=1",)),
    Proof("batch_pop", "pop.c", ("WAY=2",)),
    Proof("times and sizes", "time.c", unwind=6, own_slots=False),
)

CHECKS = (
    "--bounds-check", "--pointer-check", "--pointer-overflow-check", "--signed-overflow-check",
    "--unsigned-overflow-check", "--conversion-check", "--div-by-zero-check", "--undefined-shift-check",
    "--unwinding-assertions",
)  # fmt: skip

INDEX = "indices are compared modulo 2^64"
DOWN = "counts down by adding -1"
WRAPS = {
    ("ring_free_slots", "unsigned -"): INDEX,
    ("ring_next_slot", "unsigned +"): INDEX,
    ("ring_length", "unsigned -"): INDEX,
    ("ring_waiting", "unsigned -"): INDEX,
    ("ring_back_off", "unsigned -"): INDEX,
    ("omni_blocking_push", "unsigned -"): INDEX,
    ("unpinned", "unsigned +"): INDEX,
    ("unpinned", "unsigned -"): INDEX,
    ("pop", "unsigned +"): INDEX,
    ("ring_publish", "unsigned +"): "the next index modulo 2^64, and statistics",
    ("ring_release", "unsigned +"): "the next index modulo 2^64, and statistics",
    ("count", "unsigned +"): "a statistic",
    ("guard_wake_waiters", "unsigned +"): "a count of who left, compared for being the same",
    ("guard_count", "unsigned +"): "entries are compared for being the same",
    ("hash_name", "unsigned *"): "FNV-1a is defined so",
    ("omni_broker_free", "unsigned +"): DOWN,
    ("omni_broker_free", "signed to unsigned type conversion"): DOWN,
    ("words_init", "unsigned -"): "the last look of `while (made--)`",
}
"""Function of the core and operation -> why it may wrap. Each must be seen to, so that none outlives its reason."""
