"""A producing and a consuming thread, started together, and how long the whole takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LIMIT = 60.0
"""Seconds after which a turn counts as hung."""


def together(*bodies: Callable[[], object]) -> float:
    """Nanoseconds from when the first begins until the last has ended; what one raises is raised here."""
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
            raise raised[0]  # at once: the other thread may wait for ever for what this one was to send
        if not in_time:
            raise TimeoutError(f"a turn took more than {LIMIT:g} s")
    for thread in threads:
        thread.join()
    return float(max(ended) - min(began))
