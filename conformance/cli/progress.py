"""A progress bar on standard error, with the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TextIO

WIDTH = 30


class Progress:
    """How far a run is, in place on a terminal, and elsewhere in a line now and then."""

    def __init__(self, unit: str = "operations", found: str = "failures", stream: TextIO | None = None) -> None:
        self._unit, self._found = unit, found
        self._stream = stream or sys.stderr
        self._weights: Mapping[str, float] = {}
        self._done = 0.0
        self._begun = self._drawn = 0.0
        self._text = ""

    def begin(self, weights: Mapping[str, float]) -> None:
        """The work ahead: how heavy each part is, in any unit."""
        self._weights, self._begun = weights, time.monotonic()
        self._draw(0, 0)

    def advance(self, part: str, count: int, found: int) -> None:
        """One part is done."""
        self._done += self._weights[part]
        now = time.monotonic()
        if now - self._drawn > (0.1 if self._stream.isatty() else 10.0):
            self._draw(count, found)

    def _draw(self, count: int, found: int) -> None:
        self._drawn = now = time.monotonic()
        part = min(1.0, self._done / (sum(self._weights.values()) or 1.0))
        spent = now - self._begun
        left = f"about {spent / part - spent:3.0f} s left" if part > 0.02 else "starting"
        bar = ("#" * int(WIDTH * part)).ljust(WIDTH, ".")
        text = f"[{bar}] {spent:4.0f} s, {left}  {count:,} {self._unit}  {found} {self._found}"
        self._stream.write(f"\r{text:<100}" if self._stream.isatty() else f"{text}\n")
        self._stream.flush()

    def finish(self) -> None:
        """Leave the line."""
        if self._stream.isatty():
            self._stream.write("\r" + " " * 100 + "\r")
            self._stream.flush()
