"""Where a thread is: the operation that it hangs in, for a report to name."""

from __future__ import annotations

import linecache
import re
import sys
from pathlib import Path
from types import FrameType

OPERATIONS = frozenset({
    "instance", "request_channel", "has_channel", "remove_channel", "shutdown", "open_channel",
    "try_push", "blocking_push", "batch_push", "send", "reserve", "commit", "rollback",
    "try_pop", "blocking_pop", "batch_pop", "receive", "move", "close", "__del__",
    "is_connected", "capacity", "max_message_size", "available_slots", "available_messages", "get_config", "get_stats",
})  # fmt: skip
"""Everything of a target's that can be called by name."""

_SUITE = str(Path(__file__).parents[1])
_ADAPTERS = str(Path(__file__).parents[1] / "targets")


class Hung(AssertionError):
    """A thread did not end in time; the message names the operation that it is in."""


def operation_of(thread: int, body: str = "") -> str | None:
    """The operation that a thread is in, by its `ident`; None where it is in none, or has ended.

    A target made of Python shows a frame of that name. One made of C shows none: there the line of
    the check that calls it tells, or `body`, the name of what the thread runs.
    """
    frame = _innermost(thread)
    while frame is not None and not _is_check(frame):
        if frame.f_code.co_name in OPERATIONS:
            return frame.f_code.co_name
        frame = frame.f_back
    called = [] if frame is None else [each for each in re.findall(r"\.(\w+)\(", _line(frame)) if each in OPERATIONS]
    return called[-1] if called else body if frame is not None and body in OPERATIONS else None


def hung_in(thread: int, body: str = "") -> str:
    """'hung in blocking_pop (blocked.py, line 40: task = ...)': for the message of a failure."""
    frame = _innermost(thread)
    while frame is not None and not _is_check(frame):
        frame = frame.f_back
    where = f" ({Path(frame.f_code.co_filename).name}, line {frame.f_lineno}: {_line(frame)})" if frame else ""
    return f"hung in {operation_of(thread, body) or 'no operation'}{where}"


def _innermost(thread: int) -> FrameType | None:
    return sys._current_frames().get(thread)


def _is_check(frame: FrameType) -> bool:
    """Whether it is the suite's own code, its adapters for targets aside."""
    file = frame.f_code.co_filename
    return file.startswith(_SUITE) and not file.startswith(_ADAPTERS)


def _line(frame: FrameType) -> str:
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
