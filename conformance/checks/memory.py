"""The resident memory of a channel, as Linux reports it, and that it is given back."""

from __future__ import annotations

import gc
from typing import Any

from conformance.checks.registry import function
from conformance.process_memory import mapped, resident
from conformance.threads import open_pair, room

MIB = 1 << 20


@function("MEM-1", "bounded-memory")
def one_at_a_time_needs_the_memory_of_a_few(omni: Any) -> None:
    """4,096 messages of 1 MiB through a channel with room for 1,024, never more than one waiting: below 8 MiB."""
    payload = b"m" * MIB
    before = resident()
    _, pair = open_pair(omni, 1024, MIB)
    for number in range(4096):
        assert pair.producer.try_push(payload)
        result, message = pair.consumer.try_pop()
        assert result and len(message) == MIB
        grown = resident() - before
        assert grown < 8 * MIB, f"{grown / MIB:.1f} MiB more are resident after {number + 1} messages, one at a time"
    pair.close()


@function("MEM-1", "bounded-memory")
def memory_follows_what_is_in_flight(omni: Any) -> None:
    """With up to eight of 1 MiB in flight, thousands need no more than those eight, twice over, and 8 MiB."""
    payload = b"m" * MIB
    before = resident()
    _, pair = open_pair(omni, 1024, MIB)
    for number in range(64):
        assert pair.producer.batch_push([payload] * (number % 8 + 1))
        assert len(pair.consumer.batch_pop(8)[1]) == number % 8 + 1
        grown = resident() - before
        assert grown < 24 * MIB, f"{grown / MIB:.1f} MiB more are resident after {number + 1} batches of up to 8"
    pair.close()


@function("MEM-1", "bounded-memory")
def a_channel_of_small_messages_is_small(omni: Any) -> None:
    """One message at a time of 64 bytes, through room for 65,536 of 4 KiB: below 1 MiB and 32 bytes for each."""
    before = resident()
    _, pair = open_pair(omni, 65536, 4096)
    for number in range(10_000):
        assert pair.producer.try_push(b"m" * 64)
        assert pair.consumer.try_pop()[0]
        if number % 1000 == 0:
            grown = resident() - before
            assert grown < 4 * MIB, f"{grown / MIB:.1f} MiB more are resident after {number + 1} messages of 64 bytes"
    pair.close()


ROUNDS = 6
"""Of a channel that is made, filled and closed."""


@function("MEM-2")
def closed_channels_give_their_memory_back(omni: Any) -> None:
    """Round after round of a channel that is filled, popped in part and closed, no memory and no address space stay."""
    payload = b"m" * MIB

    def one_round() -> None:
        _, pair = open_pair(omni, 8, MIB)
        assert pair.producer.batch_push([payload] * room()) == room()
        assert len(pair.consumer.batch_pop(4)[1]) == 4
        pair.close()
        gc.collect()

    _stays(one_round, 8 * MIB)


@function("MEM-2", "pins")
def the_last_export_gives_the_memory_back(omni: Any) -> None:
    """A channel whose handles have lost their last reference is there until its last export is gone, and no longer."""
    payload = b"m" * MIB

    def one_round() -> None:
        _, pair = open_pair(omni, 8, MIB)
        assert pair.producer.batch_push([payload] * room()) == room()
        _, messages = pair.consumer.batch_pop(4)
        view = messages[3].data[MIB // 2 :]
        del pair, messages
        gc.collect()
        assert view == payload[MIB // 2 :], "an export changed when both handles were gone"
        del view
        gc.collect()

    _stays(one_round, 8 * MIB)


def _stays(one_round: Any, touched: int) -> None:
    """The growth over ROUNDS rounds, after two that warm up, is less than two rounds would leave."""
    for _ in range(2):
        one_round()
    before = {"resident": resident(), "mapped": mapped()}
    for number in range(ROUNDS):
        one_round()
        for name, now in (("resident", resident()), ("mapped", mapped())):
            grown = now - before[name]
            assert grown < 2 * touched, (
                f"{grown / MIB:.1f} MiB more are {name} after {number + 1} channels, each closed"
            )
