"""Push, pop, batch, reserve and commit retain no memory and block no other thread (§8).

Only what is visible from outside: memory that stays in use, pages allocated per message of a size that malloc maps,
and a lock that a blocked call holds. A small block freed within the call, and a lock held for a moment, are not.
"""

from __future__ import annotations

import ctypes
import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

from conformance.checks.registry import function
from conformance.threads import CALLS, Blocked, open_pair, promptly

ROUNDS = 500
LARGE = 256 * 1024
PAGE = 4096


class _Mallinfo(ctypes.Structure):
    """struct mallinfo2 of mallinfo(3)."""

    _fields_ = [
        ("arena", ctypes.c_size_t), ("ordblks", ctypes.c_size_t), ("smblks", ctypes.c_size_t),
        ("hblks", ctypes.c_size_t), ("hblkhd", ctypes.c_size_t), ("usmblks", ctypes.c_size_t),
        ("fsmblks", ctypes.c_size_t), ("uordblks", ctypes.c_size_t), ("fordblks", ctypes.c_size_t),
        ("keepcost", ctypes.c_size_t),
    ]  # fmt: skip


def _allocated() -> int:
    """Bytes that malloc has handed out; 0 where the C library does not report them."""
    ask = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if ask is None:
        return 0
    ask.restype = _Mallinfo
    info = ask()
    return int(info.uordblks + info.hblkhd)


def _traced() -> int:
    return tracemalloc.get_traced_memory()[0]


def _grown(round_trips: Callable[[], None], measure: Callable[[], int]) -> int:
    """By how much a measure grows over the second of two runs."""
    round_trips()
    gc.collect()
    before = measure()
    round_trips()
    gc.collect()
    return measure() - before


@function("CON-7", "threads")
def the_hot_path_keeps_nothing(omni: Any) -> None:
    """Going round the ring many times leaves no more memory in use than before, Python's or the C library's."""
    _, pair = open_pair(omni)
    producer, consumer = pair

    def round_trips() -> None:
        for _ in range(ROUNDS):
            assert producer.try_push(b"x" * 64)
            assert consumer.try_pop()[0]
            assert producer.reserve(1) is not None
            assert producer.commit(64)
            assert consumer.batch_pop(8)[0]

    grown = _grown(round_trips, _allocated)
    assert grown < 32 * ROUNDS, f"malloc has {grown} bytes more in use after {ROUNDS} rounds"
    tracemalloc.start()
    try:
        grown = _grown(round_trips, _traced)
    finally:
        tracemalloc.stop()
    assert grown < 32 * ROUNDS, f"Python has {grown} bytes more in use after {ROUNDS} rounds"
    pair.close()


@function("CON-7", "threads")
def large_messages_allocate_no_pages(omni: Any) -> None:
    """Once the ring has been written all over, large messages go through it without another page."""
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:
        return  # no way to count
    # What has been freed goes back to the system, so that a block for a message is of new pages each time.
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", lambda keep: None)
    _, pair = open_pair(omni, size=LARGE)
    producer, consumer = pair
    payload = bytes(LARGE)

    def round_trips() -> None:
        for _ in range(40):
            assert producer.try_push(payload)
            assert consumer.try_pop()[0]
            give_back(0)
            assert producer.reserve(LARGE) is not None
            assert producer.commit(LARGE)
            assert consumer.try_pop()[0]

    faults = _grown(round_trips, lambda: getrusage(RUSAGE_SELF).ru_minflt)
    messages = 2 * 40
    assert faults < messages * LARGE // PAGE // 8, f"{faults} more pages were allocated for {messages} messages"
    pair.close()


@function("CON-7", "threads", layer="blocking")
def a_blocked_call_blocks_no_other_call(omni: Any) -> None:
    """While every kind of call is blocked, other channels and the broker's operations go on."""
    broker, pair = open_pair(omni)
    blocked = [Blocked(omni, call, broker) for call in CALLS]

    def others() -> None:
        assert pair.producer.try_push(b"1")
        assert pair.consumer.blocking_pop()[0]
        assert pair.producer.blocking_push(b"2")
        assert pair.consumer.batch_pop(8, 1)[0]
        assert pair.producer.batch_push([b"3", b"4"]) == 2
        assert pair.consumer.try_pop()[0]
        assert pair.producer.reserve(1) is not None
        assert pair.producer.commit(1)
        assert broker.has_channel("a")
        assert not broker.remove_channel("a")
        assert broker.get_stats().active_channels == len(CALLS) + 1
        _, another = broker.request_channel("another", omni.ChannelConfig(8, 64))
        another.close()

    promptly(others)
    for each in reversed(blocked):  # none waits for one that was blocked before it
        promptly(each.peer.close)
        each.answers("CHANNEL_CLOSED", "the peer closed")
        each.pair.close()
    pair.close()
