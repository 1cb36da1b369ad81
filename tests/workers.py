"""Threads for tests: they end within a limit, and what they raise is raised in the test."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

LIMIT = 45.0
"""Seconds within which every thread of a test must end; less than the limit of the test itself."""


class Worker(Generic[T]):
    """A thread that runs `work` at once; `result()` gives what it returned or raises what it raised."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._returned: list[T] = []
        self._raised: BaseException | None = None
        # daemon: a thread that hangs fails its test, and must not keep the process alive after it
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self._returned.append(self._work())
        except BaseException as error:  # handed to the test by `result`
            self._raised = error

    def result(self, limit: float = LIMIT) -> T:
        """Wait for the end of the thread, `limit` seconds at most."""
        self.thread.join(limit)
        if self.thread.is_alive():
            raise AssertionError(f"{self._work!r} did not end within {limit} s")
        if self._raised is not None:
            raise self._raised
        return self._returned[0]


def run_together(*parts: Callable[[], object]) -> None:
    """Run every part in a thread of its own, and wait for all."""
    workers = [Worker(part) for part in parts]
    for worker in workers:
        worker.result()
