"""Messages of a MiB: filled in place and read as a view, and the memory that a channel of them keeps."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter_ns
from typing import Any

import fast_impl
from conformance.process_memory import STATM, resident
from tests.bench.measuring import Contender, Progress, Series
from tests.bench.workload import OURS, CannotRun, Threshold, Workload, WrongMessages, warm_channel

try:
    import numpy as np
except ImportError:  # for the lists of workloads; measuring them says what is missing
    np = None  # type: ignore[assignment]

SIZE = 2**20
ARRAY, BYTEARRAY = "array, SimpleQueue", "bytearray, SimpleQueue"


# ---- filled in place and read as a view, against fresh memory by reference through a queue ----


def _filled(buffer: Any, number: int) -> None:
    np.frombuffer(buffer, np.uint64).fill(number)


def _read(buffer: Any) -> Any:
    return np.frombuffer(buffer, np.uint64).sum()


def _compare(name: str, sums: list[Any]) -> None:
    for number, total in enumerate(sums):
        if int(total) != number * SIZE // 8:
            raise WrongMessages(f"{name}: message {number} sums to {total}, not {number * SIZE // 8}")


def _ours(count: int, check: bool) -> float:
    sums = []
    with warm_channel(SIZE) as (producer, consumer):
        began = perf_counter_ns()
        for number in range(count):
            _filled(producer.reserve(SIZE).data, number)
            producer.commit(SIZE)
            sums.append(_read(consumer.try_pop()[1].data))
        ns = perf_counter_ns() - began
    _compare(OURS, sums)
    return ns


def _fresh(name: str, make: Callable[[], Any], count: int, check: bool) -> float:
    sums = []
    q: queue.SimpleQueue[Any] = queue.SimpleQueue()
    began = perf_counter_ns()
    for number in range(count):
        buffer = make()
        _filled(buffer, number)
        q.put(buffer)
        del buffer
        sums.append(_read(q.get()))
    ns = perf_counter_ns() - began
    _compare(name, sums)
    return ns


def _contenders() -> Sequence[Contender]:
    if np is None:
        raise CannotRun("numpy is not installed")
    return [
        Contender(OURS, _ours),
        Contender(ARRAY, partial(_fresh, ARRAY, partial(np.empty, SIZE // 8, np.uint64))),
        Contender(BYTEARRAY, partial(_fresh, BYTEARRAY, partial(bytearray, SIZE))),
    ]


IN_PLACE = (
    Workload(
        "large",
        "1 MiB filled by NumPy in place and read as a view",
        _contenders,
        (
            Threshold(
                "large",
                "1 MiB filled in place by NumPy and read as a view: against a new bytearray through SimpleQueue",
                (BYTEARRAY,),
                1.5,
            ),
            Threshold(
                "large-array",
                "1 MiB filled in place by NumPy and read as a view: against a new array through SimpleQueue",
                (ARRAY,),
                1.0,
            ),
        ),
        turn=2.0,
    ),
)


# ---- the resident memory of a channel after many of them, of which one waits at a time ----

CAPACITY, MESSAGES = 1024, 4096


def grown() -> float:
    """MiB that the channel has added when they have gone through."""
    data = bytes(SIZE)
    with fast_impl.open_channel(capacity=CAPACITY, max_message_size=SIZE) as (producer, consumer):
        before = resident()
        for number in range(MESSAGES):
            producer.send(data)
            if consumer.try_pop()[1].data.nbytes != SIZE:
                raise WrongMessages(f"{OURS}: message {number} is not of {SIZE} bytes")
        return (resident() - before) / 2**20


def interleave(workload: str, rounds: int, seconds: float, progress: Progress) -> list[Series]:
    """Not as often as the others: it takes long, and differs little."""
    if not STATM.exists():
        raise CannotRun(f"{STATM} is Linux's")
    found = []
    for number in range(min(rounds, 3)):
        progress.show(f"round {number + 1}")
        found.append(grown())
    return [Series(OURS, tuple(found))]


def _nothing() -> Sequence[Contender]:
    raise AssertionError("it is measured by `interleave`")


RESIDENT = (
    Workload(
        "resident",
        f"{MESSAGES:,} messages of 1 MiB, one at a time, capacity {CAPACITY}: resident memory",
        _nothing,
        (
            Threshold(
                "resident",
                f"resident memory after {MESSAGES:,} messages of 1 MiB, one at a time, capacity {CAPACITY}",
                (),
                below=8.0,
                unit="MiB",
            ),
        ),
        interleave=interleave,
        unit="MiB",
    ),
)
