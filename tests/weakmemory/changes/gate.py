"""Changes of a handle's gate: who gets in, and who waits for whom."""

from __future__ import annotations

from tests.weakmemory.changes.change import ASLEEP, RACE, UNEXPLAINED, Change, change

KNOCK = "seam_or(&gate->state, GATE_KNOCK, release)"

GATE: dict[str, Change] = {
    "standing up does not release": change(
        "gate.h", "two in the consumer", RACE, ("&gate->inside[seat], 0, release", "&gate->inside[seat], 0, relaxed")
    ),
    "who takes a seat lets in who looks": change(
        "gate.h",
        "two in the producer, one with the seat",
        RACE,
        ("    seam_fence_heavy(); /* pairs with the light one in gate_enter:", "    /* pairs with the light one in"),
    ),
    "who has the seat does not look whether it still has it": change(
        "gate.h",
        "two in the producer, one with the seat",
        RACE,
        ("GATE_CLOSED)) && seam_load(&gate->seat, relaxed) == seat)", "GATE_CLOSED)))"),
    ),
    "who has the seat looks before it sits down": change(
        "gate.h",
        "two in the consumer, one with the seat",
        RACE,
        ("  seam_fence_light(); /* pairs with the heavy ones", "  /* pairs with the heavy ones"),
    ),
    "a seat can be taken from who sits": change(
        "gate.h",
        "two in the producer",
        RACE,
        ("    if (seam_load(&gate->inside[seat], acquire)) return false;", "    "),
    ),
    "who leaves without a seat does not release": change(
        "gate.h",
        "no seat is left, the producer",
        RACE,
        ("~(uint32_t)(GATE_BUSY | GATE_KNOCK), release", "~(uint32_t)(GATE_BUSY | GATE_KNOCK), relaxed"),
    ),
    "a pin of who has the seat does not look whether it still has it": change(
        "gate.h",
        "a pin of who has the seat, beside a pop",
        RACE,
        ("    if (seam_load(&gate->seat, relaxed) == seat) return;", "    return;"),
    ),
    "a pin of who has no seat is not ordered against a pop": change(
        "gate.h",
        "a pin beside a pop",
        UNEXPLAINED,
        (
            "    if (seam_load(&gate->seat, relaxed) == seat) return;\n  }\n  seam_fence_heavy();",
            "    if (seam_load(&gate->seat, relaxed) == seat) return;\n  }",
        ),
    ),
    "who waits does not knock": change(
        "gate.h", "the consumer is closed from the side", ASLEEP, (KNOCK, KNOCK.replace("GATE_KNOCK", "0"))
    ),
    "who waits is not ordered against who stands up": change(
        "gate.h",
        "the consumer is closed from the side",
        "",
        ("    seam_fence_heavy(); /* pairs with the light ones", "    /* pairs with the light ones"),
    ),
    "leaving wakes nobody": change(
        "gate.h", "the consumer is closed from the side", ASLEEP, ("  seam_wake(&gate->left);\n", "")
    ),
    "a flag that each who waits sets, and no count of who left": change(
        "gate.h",
        "shut down and closed",
        ASLEEP,
        ("seam_add(&gate->left.value, 1, relaxed);", "seam_store(&gate->left.value, 0, relaxed);"),
        ("uint32_t left = seam_load(&gate->left.value, relaxed);", "seam_store(&gate->left.value, 1, relaxed);"),
        ("relaxed) == left) seam_sleep(&gate->left, left,", "relaxed) == 1) seam_sleep(&gate->left, 1,"),
    ),
    "a second thread is let in": change(
        "gate.h", "two in the producer", RACE, ("    if (state & GATE_BUSY) return GATE_TURNED_AWAY;\n", "")
    ),
    "a closed gate lets in": change(
        "gate.h",
        "the producer is closed, reserved",
        RACE,
        ("    if (state & GATE_CLOSED) return GATE_INACTIVE;\n", ""),
    ),
}
