"""Threads for checks: started, waited for with a limit, and caught asleep on evidence."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIMIT = 20.0
"""Seconds after which a thread is taken to hang."""


class Task:
    """A daemon thread that runs a function and keeps what it returned or raised."""

    def __init__(self, body: Callable[[], Any]) -> None:
        self._body = body
        self.value: Any = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.value = self._body()
        except BaseException as error:
            self.error = error

    def asleep(self) -> None:
        """Wait until the thread sleeps in the kernel (where the system can tell), or has ended."""
        deadline = time.monotonic() + LIMIT
        status = Path(f"/proc/self/task/{self._thread.native_id}/stat")
        seen = 0
        while self._thread.is_alive() and seen < 20 and time.monotonic() < deadline:
            try:
                state = status.read_text().rpartition(")")[2].split()[0]
            except OSError:
                state = "S"
            seen = seen + 1 if state == "S" else 0
            time.sleep(0.0005)

    def ended(self, within: float) -> bool:
        """Wait up to `within` seconds for the thread's end; whether it came."""
        self._thread.join(within)
        return not self._thread.is_alive()

    def finish(self, limit: float = LIMIT) -> Any:
        """What the function returned; raises what it raised, or AssertionError if it hangs."""
        self._thread.join(limit)
        assert not self._thread.is_alive(), f"a thread did not end within {limit} s"
        if self.error is not None:
            raise self.error
        return self.value


def open_pair(omni: Any, capacity: int = 8, size: int = 64) -> Any:
    """A broker and a pair on it."""
    broker = omni.MailboxBroker()
    error, pair = broker.request_channel("a", omni.ChannelConfig(capacity, size))
    assert not error, error
    return broker, pair


def try_until(attempt: Callable[[], bool], why: str) -> None:
    """Repeat `attempt` until it is true; an AssertionError after the limit."""
    deadline = time.monotonic() + LIMIT
    while not attempt():
        assert time.monotonic() < deadline, why
        time.sleep(0)
