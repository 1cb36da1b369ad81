"""What the rows are made of: workloads and thresholds, numbered messages, a warm channel, a pair of threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import fast_impl
from tests.bench.measuring import Contender, Progress, Series

OURS = "omnimailbox"
BOUNDS = frozenset({"two memcpys", "bare futex", "already full"})
"""Contenders that are no queue: the least that the work costs."""
ROOM = 2**23
"""Bytes that different messages may take; further ones repeat them."""
LIMIT = 60.0
"""Seconds after which a turn counts as hung."""


class Threshold(NamedTuple):
    """A row of the table of thresholds: what the median, over rounds, of the best rival's time over ours must be.

    name: one word. says: what is compared. ours: our contender. at_least: times as fast, at_most: of its time, below:
    ours itself, whatever the rivals; without any of them the row is only reported.
    """

    name: str
    says: str
    rivals: tuple[str, ...]
    at_least: float | None = None
    at_most: float | None = None
    below: float | None = None
    ours: str = OURS
    unit: str = "x"

    def shown(self, faster: float) -> float:
        """A ratio in the terms of the threshold."""
        return faster if self.at_most is None else 1 / faster

    def met(self, shown: float) -> bool | None:
        """Whether what is shown meets the threshold; None where nothing is asked."""
        if self.below is not None:
            return shown < self.below
        if self.at_most is not None:
            return shown <= self.at_most
        return None if self.at_least is None else shown >= self.at_least

    @property
    def wanted(self) -> str:
        """The threshold in words."""
        if self.below is not None:
            return f"below {self.below:g} {self.unit}"
        if self.at_most is not None:
            return f"at most {self.at_most:.2f}x its time"
        return "reported" if self.at_least is None else f"at least {self.at_least:.2f}x"

    def value(self, shown: float) -> str:
        """A measured value with its unit."""
        return f"{shown:.2f}{self.unit}" if self.unit == "x" else f"{shown:,.2f} {self.unit}"


class Workload(NamedTuple):
    """name: one word, for options. title: a line to read. contenders: made when the workload is measured.

    rows: what is asked of it. interleave: measures it, given rounds, seconds of a turn and the progress, where the
    contenders are not functions of this process. unit: of what is measured, of each message.
    """

    name: str
    title: str
    contenders: Callable[[], Sequence[Contender]]
    rows: tuple[Threshold, ...] = ()
    turn: float = 1.0
    """How long a turn is, in turns of the others."""
    interleave: Callable[[str, int, float, Progress], list[Series]] | None = None
    unit: str = "ns per message"


class CannotRun(Exception):
    """This machine lacks what a workload needs."""


class WrongMessages(Exception):
    """The messages received are not those sent, in that order."""


def short(size: int) -> str:
    """A size in a name."""
    return "1MiB" if size == 2**20 else str(size)


def long(size: int) -> str:
    """A size in a title."""
    return "1 MiB" if size == 2**20 else f"{size} bytes"


def numbered(size: int, count: int) -> list[bytes]:
    """`count` messages of `size` bytes; they repeat after ROOM bytes."""
    different = min(count, max(8, ROOM // size))
    made = [number.to_bytes(8, "little").ljust(size, b".")[:size] for number in range(different)]
    return (made * -(-count // different))[:count]


def check_messages(name: str, sent: Sequence[bytes], came: Sequence[Any]) -> None:
    """Raises WrongMessages, naming the first difference."""
    if len(came) != len(sent):
        raise WrongMessages(f"{name}: {len(came)} messages came out of {len(sent)}")
    for number, (wanted, got) in enumerate(zip(sent, came, strict=True)):
        if bytes(got) != wanted:
            raise WrongMessages(f"{name}: message {number} came out as {bytes(got)[:16]!r}..., not {wanted[:16]!r}...")


@contextmanager
def warm_channel(size: int, capacity: int | None = None) -> Iterator[tuple[Any, Any]]:
    """Producer and consumer of a channel whose buffers are in use; capacity 1024 by default, 8 for a MiB."""
    capacity = capacity or (8 if size >= 2**20 else 1024)
    with fast_impl.open_channel(capacity=capacity, max_message_size=max(64, size)) as (producer, consumer):
        touched = bytes(size)
        for _ in range(2 * capacity):  # it has as many buffers
            producer.send(touched)
            consumer.receive()
        yield producer, consumer


def together(*bodies: Callable[[], object]) -> float:
    """Nanoseconds from the first start to the last end of threads started together; an exception is raised here."""
    barrier, done = threading.Barrier(len(bodies)), threading.Semaphore(0)
    raised: list[BaseException] = []
    began: list[int] = []
    ended: list[int] = []

    def run(body: Callable[[], object]) -> None:
        barrier.wait(LIMIT)
        began.append(time.perf_counter_ns())
        try:
            body()
        except BaseException as error:
            raised.append(error)
        ended.append(time.perf_counter_ns())
        done.release()

    threads = [threading.Thread(target=run, args=(body,), daemon=True) for body in bodies]
    for thread in threads:
        thread.start()
    for _ in threads:
        in_time = done.acquire(timeout=LIMIT)
        if raised:
            raise raised[0]  # at once: the other thread may wait for ever for a message of this one
        if not in_time:
            raise TimeoutError(f"a turn took more than {LIMIT:g} s")
    for thread in threads:
        thread.join()
    return float(max(ended) - min(began))
