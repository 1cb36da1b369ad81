"""Changes of a handle's gate: who gets in, and who waits for whom."""

from __future__ import annotations

from tests.weakmemory.changes.change import ASLEEP, RACE, UNEXPLAINED, Change, change

KNOCK = "seam_or(&gate->state, GATE_KNOCK, acq_rel)"
LEAVE = "~(uint64_t)(GATE_BUSY | GATE_KNOCK), acq_rel"

GATE: dict[str, Change] = {
    "entering is not ordered against a pin": change(
        "gate.h", "a pin beside a pop", UNEXPLAINED, ("GATE_BUSY) + step, seq_cst", "GATE_BUSY) + step, acq_rel")
    ),
    "the entries are not ordered against a pin": change(
        "gate.h", "a pin beside a pop", UNEXPLAINED, ("&gate->state, seq_cst) /", "&gate->state, acquire) /")
    ),
    "leaving does not release": change(
        "gate.h", "two in the consumer", RACE, (LEAVE, LEAVE.replace("acq_rel", "relaxed"))
    ),
    "who waits does not acquire": change(
        "gate.h", "the producer is closed beside a pop", RACE, (KNOCK, KNOCK.replace("acq_rel", "release"))
    ),
    "who waits does not knock": change(
        "gate.h", "the consumer is closed from the side", ASLEEP, (KNOCK, KNOCK.replace("GATE_KNOCK", "0"))
    ),
    "leaving wakes nobody": change(
        "gate.h", "the consumer is closed from the side", ASLEEP, ("    seam_wake(&gate->left);\n", "")
    ),
    "a flag that each who waits sets, and no count of who left": change(
        "gate.h",
        "shut down and closed",
        ASLEEP,
        ("seam_add(&gate->left.value, 1, release);", "seam_store(&gate->left.value, 0, release);"),
        ("uint32_t left = seam_load(&gate->left.value, relaxed);", "seam_store(&gate->left.value, 1, relaxed);"),
        ("acquire) == left) seam_sleep(&gate->left, left,", "acquire) == 1) seam_sleep(&gate->left, 1,"),
    ),
    "a second thread is let in": change(
        "gate.h", "two in the producer", RACE, ("    if (state & GATE_BUSY) return GATE_TURNED_AWAY;\n", "")
    ),
    "a closed gate lets in": change(
        "gate.h",
        "the producer is closed, reserved",
        UNEXPLAINED,
        ("    if (state & GATE_CLOSED) return GATE_INACTIVE;\n", ""),
    ),
}
