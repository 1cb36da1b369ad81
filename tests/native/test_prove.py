"""What CBMC proves of the core it does not prove of a core that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.exploration.cores import changed
from tests.native.prove import PROOFS, main, missing, prove

BY_NAME = {each.name: each for each in PROOFS}

pytestmark = [pytest.mark.once, pytest.mark.timeout(900)]
needs_cbmc = pytest.mark.skipif(missing(BY_NAME["requests"]) is not None, reason=f"{missing(BY_NAME['requests'])}")

CHANGES = {
    "a slot mask of the capacity": (
        "slots", "ring.h", "(index & (2 * ring->capacity - 1))", "(index & ring->capacity)",
        "offset == place * stride",
    ),
    "as many slots as capacity": (
        "slots", "ring.h", "(index & (2 * ring->capacity - 1))", "(index & (ring->capacity - 1))",
        "offset == place * stride",
    ),
    "a mask one too wide": (
        "slots", "ring.h", "(index & (2 * ring->capacity - 1))", "(index & (4 * ring->capacity - 1))", "",
    ),
    "a stride that is not rounded": (
        "slots", "channel.c", "(max_message_size + alignment - 1) / alignment * alignment", "max_message_size",
        "stride % alignment == 0",
    ),
    "a stride without the header": (
        "slots", "channel.c", "sizeof(ring_slot) + (max", "(max", "stride >= sizeof(ring_slot) + longest",
    ),
    "a mapping of 32 bits": (
        "slots", "channel.c", "channel->mapping_size = 2 * capacity * ring->stride",
        "channel->mapping_size = (uint32_t)(2 * capacity * ring->stride)", "",
    ),
    "a mapping of half the slots": (
        "slots", "channel.c", "channel->mapping_size = 2 * capacity", "channel->mapping_size = capacity", "",
    ),
    "no longest message": (
        "requests", "broker.c", "clamp(max_message_size, 64, 16 * 1024 * 1024)",
        "clamp(max_message_size, 64, UINT64_MAX)", "valid_shape",
    ),
    "capacities that are no power of two": (
        "requests", "broker.c", "capacity = normal_capacity(capacity);", "capacity = clamp(capacity, 8, 524288);",
        "valid_shape",
    ),
    "memory that is not given back": (
        "requests", "broker.c", "    broker->memory_used -= channel->ring.capacity * channel->max_message_size;\n", "",
        "broker.memory_used == used",
    ),
    "a push of any size": (
        "try_push", "producer.c", "if (size == 0 || size > channel->max_message_size) return",
        "if (size == 0) return", "__CPROVER_w_ok(to, size)",
    ),
    "a push into a full channel": (
        "try_push", "ring.h", "return ring->capacity - (write - ring->cached_read);",
        "return ring->capacity + 1 - (write - ring->cached_read);", "state_holds()",
    ),
    "a commit whose end overflows": (
        "commit", "producer.c", "size <= channel->max_message_size - offset",
        "size + offset <= channel->max_message_size", "arithmetic overflow on unsigned + in size + offset",
    ),
    "a region of the next slot": (
        "reserve", "producer.c", "*region = ring_next_slot(&channel->ring, 0)->payload;",
        "*region = ring_next_slot(&channel->ring, 0)->payload + 16;", "__CPROVER_w_ok(region",
    ),
    "a batch past the free slots": (
        "batch_push", "producer.c", "pushed < count && pushed < free", "pushed < count", "state_holds()",
    ),
    "a seat that is left taken": (
        "try_push", "guard.h", "platform_store(&guard->inside[bias], 0, release);", "", "guard_is_left",
    ),
    "a batch of more than wait": (
        "batch_pop", "consumer.c", "waiting < wanted ? waiting : wanted", "wanted", "",
    ),
    "a message from its slot's start": (
        "try_pop", "consumer.c", "{slot->payload + slot->offset, slot->length,",
        "{slot->payload + 2 * slot->offset, slot->length,", "",
    ),
    "patience past its bound": (
        "try_pop", "ring.h", "ring->back_off < BACK_OFF_MAX", "ring->back_off <= BACK_OFF_MAX", "back_off_holds",
    ),
    "a deadline without an end": (
        "times and sizes", "platform/platform.c",
        "return timeout > PLATFORM_NEVER - now ? PLATFORM_NEVER : now + timeout;",
        "return now + timeout;", "arithmetic overflow on signed +",
    ),
}  # fmt: skip
"""A change of the core: the proof that must fail, file, text, what stands there instead, and what the failure names."""


@pytest.mark.parametrize("name", CHANGES)
@needs_cbmc
def test_a_wrong_core_is_not_proved(name: str, tmp_path: Path) -> None:
    """With one line of the core changed, a proof fails and says which claim, or which operation, it was."""
    which, file, text, instead, named = CHANGES[name]
    proof = BY_NAME[which]
    if lacking := missing(proof):
        pytest.skip(lacking)
    problems = prove(proof, changed(tmp_path, file, text, instead), about=named).problems
    assert problems
    assert any(named in each for each in problems), problems


def test_without_cbmc_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every proof is skipped by name, counted, and nothing fails."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert "-- skipped: slots: no cbmc, goto-cc, goto-instrument on the PATH (Debian: cbmc)" in printed
    assert f"0 clean, 0 failed, {len(PROOFS)} skipped" in printed


def test_a_proof_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The error lists those that there are."""
    with pytest.raises(SystemExit):
        main(["--only", "push"])
    assert "no proof is called push; there are requests, slots, try_push" in capsys.readouterr().err
