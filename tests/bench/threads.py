"""Two threads, started together, and how long the whole takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LIMIT = 120.0
"""Seconds after which a round counts as hung."""


def together(*bodies: Callable[[], object]) -> float:
    """Nanoseconds from when all are ready until all are done; what one raises is raised here."""
    barrier = threading.Barrier(len(bodies) + 1)
    raised: list[BaseException] = []

    def run(body: Callable[[], object]) -> None:
        barrier.wait()
        try:
            body()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(body,), daemon=True) for body in bodies]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter_ns()
    for thread in threads:
        thread.join(LIMIT)
        if thread.is_alive():
            raise TimeoutError(f"a round took more than {LIMIT:g} s")
    if raised:
        raise raised[0]
    return float(time.perf_counter_ns() - began)
