"""Counters, as a thread reads them beside others: each may be stale, none runs backwards, and a thread's own are exact.

Exact for all is asked only while nobody else is active [STA-3], and no rule says that two of them belong to one moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.exploration.clients.steps.world import Counters, Entry, Thread


def read(side: int, entry: Entry, thread: Thread) -> Iterator[Thread]:
    """The three counters of a side, each as it once was; a byte of the result for each."""
    for values in product(*(_once(side, counter, entry, thread) for counter in range(3))):
        yield _seen(side, values, thread).done(packed(values))


def waiting(entry: Entry, thread: Thread) -> Iterator[tuple[Thread, int]]:
    """How many messages wait: those popped are counted first, so that there are never fewer than none."""
    for popped in _once(1, 0, entry, thread):
        for pushed in _once(0, 0, entry, thread):
            if pushed >= popped:
                known = _seen(0, (pushed, *thread.known[0][1:]), thread)
                known = _seen(1, (popped, *thread.known[1][1:]), known)
                yield known, min(pushed - popped, entry.channel.config.capacity)


def packed(values: tuple[int, ...]) -> int:
    """Several counters as the script reports them."""
    return sum(value << 8 * place for place, value in enumerate(values))


def _once(side: int, counter: int, entry: Entry, thread: Thread) -> list[int]:
    """What the counter has ever been, from what the thread knows of it on."""
    values = {counters[side][counter] for counters in entry.history}
    return sorted(value for value in values if value >= thread.known[side][counter])


def _seen(side: int, values: tuple[int, ...], thread: Thread) -> Thread:
    known: Counters = (values, thread.known[1]) if side == 0 else (thread.known[0], values)
    return thread._replace(known=known)
