"""Changes of a handle's gate: who gets in, and who waits for whom."""

from __future__ import annotations

from tests.mutation.changes.change import ASLEEP, RACE, UNEXPLAINED, Change, change

KNOCK = "platform_or(&guard->state, GUARD_WAITER, release)"

GUARD: dict[str, Change] = {
    "standing up does not release": change(
        "guard.h", "consumer contended, empty", RACE, ("&guard->inside[bias], 0, release", "&guard->inside[bias], 0, relaxed")
    ),
    "who takes a seat lets in who looks": change(
        "guard.h",
        "producer contended, one is bias owner",
        RACE,
        ("    platform_fence_heavy(); /* pairs with the light one in guard_enter:", "    /* pairs with the light one in"),
    ),
    "who has the seat does not look whether it still has it": change(
        "guard.h",
        "producer contended, one is bias owner",
        RACE,
        ("GUARD_CLOSED)) && platform_load(&guard->bias, relaxed) == bias)", "GUARD_CLOSED)))"),
    ),
    "who has the seat looks before it sits down": change(
        "guard.h",
        "consumer contended, one is bias owner",
        RACE,
        ("  platform_fence_light();                                 /* pairs with the heavy ones", "  /* pairs with the heavy ones"),
    ),
    "a seat can be taken from who sits": change(
        "guard.h",
        "producer contended",
        RACE,
        ("    if (platform_load(&guard->inside[bias], acquire)) return false;", "    "),
    ),
    "who leaves without a seat does not release": change(
        "guard.h",
        "bias owners used up, producer",
        RACE,
        ("~(uint32_t)(GUARD_BUSY | GUARD_WAITER), release", "~(uint32_t)(GUARD_BUSY | GUARD_WAITER), relaxed"),
    ),
    "a pin of who has the seat does not look whether it still has it": change(
        "guard.h",
        "pin by the bias owner, concurrent pop",
        RACE,
        ("    if (platform_load(&guard->bias, relaxed) == bias) return;", "    return;"),
    ),
    "a pin of who has no seat is not ordered against a pop": change(
        "guard.h",
        "pin, concurrent pop",
        UNEXPLAINED,
        (
            "    if (platform_load(&guard->bias, relaxed) == bias) return;\n  }\n  platform_fence_heavy();",
            "    if (platform_load(&guard->bias, relaxed) == bias) return;\n  }",
        ),
    ),
    "who waits does not knock": change(
        "guard.h", "consumer closed by another thread", ASLEEP, (KNOCK, KNOCK.replace("GUARD_WAITER", "0"))
    ),
    "who waits is not ordered against who stands up": change(
        "guard.h",
        "consumer closed by another thread",
        "",
        ("    platform_fence_heavy(); /* pairs with the light ones", "    /* pairs with the light ones"),
    ),
    "leaving wakes nobody": change(
        "guard.h", "consumer closed by another thread", ASLEEP, ("  platform_wake(&guard->left);\n", "")
    ),
    "a flag that each who waits sets, and no count of who left": change(
        "guard.h",
        "shutdown and close",
        ASLEEP,
        ("platform_add(&guard->left.value, 1, relaxed);", "platform_store(&guard->left.value, 0, relaxed);"),
        ("uint32_t left = platform_load(&guard->left.value, relaxed);", "platform_store(&guard->left.value, 1, relaxed);"),
        ("relaxed) == left) platform_sleep(&guard->left, left,", "relaxed) == 1) platform_sleep(&guard->left, 1,"),
    ),
    "a second thread is let in": change(
        "guard.h", "producer contended", RACE, ("    if (state & GUARD_BUSY) return GUARD_CONTENDED;\n", "")
    ),
    "a closed gate lets in": change(
        "guard.h",
        "producer closed by another thread, reserved",
        RACE,
        ("    if (state & GUARD_CLOSED) return GUARD_INACTIVE;\n", ""),
    ),
}
