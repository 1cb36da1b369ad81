"""The other thread of an experiment: it does one thing at a time, and is seen to wait inside one."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from conformance.targets.target import FREE_THREADED
from conformance.threads import LIMIT, sleeps

POLL = 0.0003
"""Seconds between two looks at a thread."""

QUIET = 4
"""How many looks in a row must find it asleep. One that is merely slow is judged by the orders that are allowed."""


class Asleep:
    """Whether a thread sleeps, by looks at it."""

    def __init__(self, native: int | None) -> None:
        self._native = native
        self.restart()

    def restart(self) -> None:
        """Forget what was seen."""
        self._before, self._quiet = "", 0

    def look(self) -> bool:
        """Look once; whether the last QUIET looks found one sleep."""
        now = sleeps(self._native)
        self._quiet = self._quiet + 1 if now and now == self._before else 0
        self._before = now
        return self._quiet >= QUIET


class Other:
    """A daemon thread that runs functions, one at a time."""

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._over = threading.Event()
        self._over.set()
        self._looks = 0
        self._value: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            body = self._orders.get()
            if body is None:
                return
            try:
                self._value, self._error = body(), None
            except BaseException as error:
                self._value, self._error = None, error
            del body
            self._over.set()

    def start(self, body: Callable[[], Any]) -> None:
        """Have it run `body`."""
        self._over.clear()
        self._orders.put(body)

    def stop(self) -> None:
        """End the thread, unless it hangs in what it runs."""
        self._orders.put(None)

    def wait_until_quiet(self) -> None:
        """Wait until it has ended, or sleeps inside, or the limit is reached."""
        asleep, deadline = Asleep(self._thread.native_id), time.monotonic() + LIMIT
        while not self._over.wait(POLL) and time.monotonic() < deadline:
            if asleep.look():
                return

    def ends(self, within: float = LIMIT) -> bool:
        """Wait for the end; whether it came."""
        if not FREE_THREADED:
            return self._over.wait(within)
        deadline = time.monotonic() + within
        while not self._over.wait(POLL) and time.monotonic() < deadline:
            self._looks += 1
        return self._over.is_set()

    def waits_for_its_caller(self) -> None:
        """For what runs in it: until the thread in `ends` has run; without a GIL, where that looks again and again."""
        until, deadline = self._looks + 2, time.monotonic() + LIMIT
        while self._looks < until and time.monotonic() < deadline:
            time.sleep(POLL)

    def value(self) -> Any:
        """What it returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._value
