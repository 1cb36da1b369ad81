"""Evidence that a thread is asleep inside a call, in place of sleeping and hoping.

Linux tells, for each thread, its state and how often it gave up the processor. A thread
that waits for Python's lock asks for it again every few milliseconds and so keeps
switching; one that is blocked in the operating system does not.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="needs /proc to see that a thread is asleep"
)

_QUIET = 0.05
"""Seconds without a switch: ten times as long as a waiter for Python's lock goes without one."""


def wait_until_asleep(process: int | str, thread: int, limit: float = 20.0) -> None:
    """Return when `thread` (its native id) of `process` ("self" for this one) sleeps and stays asleep."""
    if not sys.platform.startswith("linux"):
        raise RuntimeError("no /proc here: mark the test with needs_proc")
    task = Path(f"/proc/{process}/task/{thread}")
    end = time.monotonic() + limit
    before = -1
    while time.monotonic() < end:
        status = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines())
        switches = int(status["voluntary_ctxt_switches"])
        if status["State"].split()[0] == "S" and switches == before:
            return
        before = switches
        time.sleep(_QUIET)  # lets go of Python's lock: whoever only waits for that wakes and switches
    raise AssertionError(f"thread {thread} of process {process} did not fall asleep within {limit} s")
