"""The resident memory of a channel after many large messages, of which one waits at a time."""

from __future__ import annotations

from collections.abc import Sequence

import fast_impl
from conformance.process_memory import STATM, resident
from tests.bench.measuring import Contender, Progress, Series
from tests.bench.workload import OURS, CannotRun, Threshold, Workload, WrongMessages

CAPACITY, SIZE, MESSAGES = 1024, 2**20, 4096


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


WORKLOADS = (
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
