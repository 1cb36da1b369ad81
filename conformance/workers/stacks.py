"""Reading a stack dump of Python's faulthandler: which call of a target did it hang or die in?"""

from __future__ import annotations

import linecache
import re

from conformance.threads.hanging import OPERATIONS

_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)$')
_CALL = re.compile(rf"\.({'|'.join(sorted(OPERATIONS))})\(")


def threads(dump: str) -> list[list[tuple[str, int, str]]]:
    """The frames (file, line, function) of each thread in a dump, innermost first; the one that died first."""
    stacks: list[list[tuple[str, int, str]]] = []
    for line in dump.splitlines():
        frame = _FRAME.match(line)
        if line.startswith(("Thread ", "Current thread ")):
            stacks.append([])
        elif frame and stacks:
            stacks[-1].append((frame["file"], int(frame["line"]), frame["function"]))
    return stacks


def call_of(frames: list[tuple[str, int, str]]) -> str:
    """The operation that a thread is in, or "": the outermost function of that name, or the line that calls one."""
    for file, line, function in frames:
        if function in OPERATIONS:
            return function
        called = _CALL.search(linecache.getline(file, line))
        if called:
            return called[1]
    return ""


def call_in(dump: str) -> str:
    """The operation that the dump shows some thread in, or ""."""
    return next((call for call in map(call_of, threads(dump)) if call), "")
