"""Threads for checks: started, waited for with a limit, and caught asleep on evidence."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conformance.failure import Broken
from conformance.threads.hanging import Hung, hung_in, operation_of

LIMIT = 10.0
"""Seconds after which a thread is taken to hang."""

SLACK = 2.0
"""Seconds that a call may be late, after its time is up, on a machine that is busy."""

QUIET = 20
"""How many looks in a row, half a millisecond apart, must find a thread asleep."""

POLLING = 1.0
"""Seconds in an operation after which a thread that never sleeps is taken to wait by polling."""


class Task:
    """A daemon thread that runs a function and keeps what it returned or raised."""

    def __init__(self, body: Callable[..., Any], *arguments: Any) -> None:
        self._body, self._arguments = body, arguments
        self.value: Any = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.value = self._body(*self._arguments)
        except BaseException as error:
            self.error = error

    @property
    def ended(self) -> bool:
        """Whether the function has returned or raised."""
        return not self._thread.is_alive()

    @property
    def _runs(self) -> str:
        return getattr(self._body, "__name__", "")

    def asleep(self) -> bool:
        """Wait until the thread is blocked inside an operation; False where it ended instead."""
        wait_until_blocked(self._thread, lambda: self.ended, self._runs)
        return not self.ended

    def ends(self, within: float) -> bool:
        """Wait up to `within` seconds for the thread's end; whether it came."""
        self._thread.join(within)
        return self.ended

    def finish(self, limit: float = LIMIT) -> Any:
        """What the function returned; raises what it raised, or Hung, which says in which operation."""
        self._thread.join(limit)
        if not self.ended:
            assert self._thread.ident is not None
            raise Hung(f"{hung_in(self._thread.ident, self._runs)}: it did not end within {limit:g} s")
        if self.error is not None:
            raise self.error
        return self.value


def promptly(call: Callable[..., Any], *arguments: Any) -> Any:
    """What a call returns that must not block; raises Hung if it does."""
    return Task(call, *arguments).finish()


def wait_until_blocked(thread: threading.Thread, over: Callable[[], bool], body: str = "") -> None:
    """Return when a thread sleeps inside an operation, or something is over, or the limit is reached.

    Linux tells whether a thread sleeps, and how often it went to sleep: one that waits for Python's lock wakes
    every few milliseconds to ask again. A thread that polls is never seen asleep; it is taken to wait when it
    has been in the operation for a second.
    """
    deadline = time.monotonic() + LIMIT
    entered: float | None = None
    quiet, before = 0, ""
    assert thread.ident is not None, "the thread has not started"
    while quiet < QUIET and not over() and time.monotonic() < deadline:
        if operation_of(thread.ident, body) is None:
            entered, quiet = None, 0
        else:
            entered = entered or time.monotonic()
            if time.monotonic() - entered > POLLING:
                return
            now = _sleeps(thread.native_id)
            quiet = quiet + 1 if now and now == before else 0
            before = now
        time.sleep(0.0005)


def _sleeps(native: int | None) -> str:
    """How often a thread that sleeps now went to sleep; "" where it runs. Where nobody tells, it is taken to sleep."""
    try:
        status = Path(f"/proc/self/task/{native}/status").read_text()
    except OSError:
        return "unknown"
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return fields["voluntary_ctxt_switches"] if fields["State"].split()[0] == "S" else ""


def open_pair(omni: Any, capacity: int = 8, size: int = 64) -> Any:
    """A broker and a pair on it."""
    broker = omni.MailboxBroker()
    error, pair = broker.request_channel("a", omni.ChannelConfig(capacity, size))
    assert pair is not None, error
    return broker, pair


def open_full(omni: Any) -> Any:
    """A broker and a pair with a full queue of capacity 8: the target's own, where it makes one."""
    if hasattr(omni, "make_full_channel"):
        return omni.make_full_channel()
    broker, pair = open_pair(omni)
    fill(pair)
    return broker, pair


def fill(pair: Any) -> None:
    """Push eight messages into an empty channel of capacity 8; raises Broken if they do not fit."""
    pushed = pair.producer.batch_push([b"x"] * 8)
    if pushed != 8:
        raise Broken("PSH-2", f"batch_push of 8 messages into an empty channel of capacity 8 answered {pushed}")


def try_until(attempt: Callable[[], bool], why: str) -> None:
    """Repeat `attempt` until it is true; an AssertionError after the limit."""
    deadline = time.monotonic() + LIMIT
    while not attempt():
        assert time.monotonic() < deadline, why
        time.sleep(0)
