"""Waits until a thread sleeps. Programs of tests use it, so it imports little: they start many hundred times.

Linux shows, for each thread, its state and how often it gave up the processor. A thread that waits for the GIL asks
for it again every few milliseconds and so keeps switching; one that is blocked in the operating system does not.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

_QUIET = 0.05
"""Seconds without a switch: ten times as long as a thread waiting for the GIL goes without one."""


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
        time.sleep(_QUIET)  # releases the GIL: a thread that only waits for that wakes and switches
    raise AssertionError(f"thread {thread} of process {process} did not fall asleep within {limit} s")
