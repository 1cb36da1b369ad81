"""A producer in C, in a thread of its own, beside a consumer in Python."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from time import perf_counter_ns
from typing import Any

from tests.bench.measuring import Contender
from tests.bench.native import library
from tests.bench.workload import OURS, CannotRun, Threshold, Workload, WrongMessages, warm_channel

BATCH, CAPACITY, SIZE = 512, 4096, 64
FULL = "already full"


@cache
def feeder() -> Any:
    """The compiled feeder: a thread in C that pushes through a handle's address; raises CannotRun."""
    loaded = ctypes.CDLL(str(library()))
    numbers = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint64, ctypes.c_uint64]
    loaded.feed.argtypes, loaded.feed.restype = numbers, ctypes.c_uint64
    loaded.feeder_start.argtypes, loaded.feeder_start.restype = numbers, ctypes.c_void_p
    loaded.feeder_join.argtypes, loaded.feeder_join.restype = [ctypes.c_void_p], None
    return loaded


def _check(name: str, came: Sequence[bytes], first: int = 0) -> None:
    for number, data in enumerate(came, first):
        if len(data) != SIZE or int.from_bytes(data[:8], "little") != number:
            raise WrongMessages(f"{name}: {data[:16]!r}... of {len(data)} bytes came where message {number} was due")


def consume(consumer: Any, count: int, keep: Callable[[list[bytes]], object] | None = None) -> list[bytes]:
    """Take `count` messages to bytes, in batches; returns the last batch."""
    pop, left = consumer.batch_pop, count
    taken: list[bytes] = []
    while left:
        _, messages = pop(min(BATCH, left), None)
        taken = [bytes(message) for message in messages]
        left -= len(taken)
        if keep is not None:
            keep(taken)
    return taken


def _beside(count: int, check: bool) -> float:
    """While the producer pushes, sleeping while the ring is full."""
    came: list[bytes] = []
    with warm_channel(SIZE, CAPACITY) as (producer, consumer):
        running = feeder().feeder_start(producer.native_handle, SIZE, 0, count + CAPACITY)
        if not running:
            raise CannotRun("no thread for the producer")
        try:
            # The ring is full when the time begins and when it ends: no ramp, as for the other contender.
            while consumer.available_messages() < CAPACITY:
                pass
            began = perf_counter_ns()
            last = consume(consumer, count, came.extend if check else None)
            ns = perf_counter_ns() - began
        finally:
            consumer.close()
            feeder().feeder_join(running)
    _check(OURS, came or last, 0 if check else count - len(last))
    return ns


def _full(count: int, check: bool) -> float:
    """The same consumer on a ring that was filled before; the time to fill it again is not counted."""
    ns, number = 0, 0
    with warm_channel(SIZE, CAPACITY) as (producer, consumer):
        while number < count:
            some = min(CAPACITY, count - number)
            if feeder().feed(producer.native_handle, SIZE, number, some) != some:
                raise WrongMessages(f"{FULL}: the ring did not take {some} messages")
            came: list[bytes] = []
            began = perf_counter_ns()
            last = consume(consumer, some, came.extend if check else None)
            ns += perf_counter_ns() - began
            number += some
            _check(FULL, came or last, number - len(came or last))
    return ns


def _contenders() -> Sequence[Contender]:
    feeder()
    return [Contender(OURS, _beside, BATCH), Contender(FULL, _full, BATCH)]


WORKLOADS = (
    Workload(
        "streaming",
        "a producer in C, 64 bytes; a consumer in Python takes batches of 512 to bytes",
        _contenders,
        (
            Threshold(
                "streaming",
                "C producer thread, Python consumer taking batches of 512 to bytes: against the same consumer on a "
                "queue that is already full",
                (FULL,),
                0.8,
            ),
        ),
    ),
)
