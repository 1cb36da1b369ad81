"""How far an exploration is, on standard error: nothing for a quick one, and for another what is left of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from conformance.exploration.result import Result

QUICK = 1.0
"""Seconds of an exploration of which nothing is said."""


class Progress:
    """Of one exploration, as its `watch`: in place on a terminal, elsewhere in a line every ten seconds."""

    def __init__(self, what: str, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._what, self._clock = what, clock
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._begun = clock()
        self._next = self._begun + QUICK
        self._width = 0

    def __call__(self, found: Result, left: float) -> None:
        """What was found so far, and how many runs are left."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + (0.2 if self._terminal else 10.0)
        spent, runs = now - self._begun, found.runs
        text = (
            f"{self._what}: {found.complete + found.blocked:,} executions in {_duration(spent)}, "
            f"about {runs / (runs + left):.0%}, {_duration(spent * left / max(1, runs))} left"
        )
        if self._terminal:
            self._stream.write("\r" + text.ljust(self._width))
        else:
            self._stream.write(text + "\n")
        self._width = max(self._width, len(text))
        self._stream.flush()

    def finish(self) -> None:
        """Leave the line."""
        if self._terminal and self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
