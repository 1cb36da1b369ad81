"""A progress bar on standard error."""

from __future__ import annotations

import sys
import time
from typing import TextIO

WIDTH = 30


class Progress:
    """How far a run is: a bar, time, operations and failures; nothing where nobody reads it."""

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self.total = max(1, total)
        self.done = 0
        self.operations = 0
        self.failures = 0
        self._stream = stream or sys.stderr
        self._begun = time.monotonic()
        self._drawn = 0.0

    def advance(self, operations: int, failures: int) -> None:
        """One more unit of work is done."""
        self.done = min(self.total, self.done + 1)
        self.operations, self.failures = operations, failures
        if time.monotonic() - self._drawn > 0.1:
            self.draw()

    def draw(self) -> None:
        """Show it as it is: in place on a terminal, now and then a line elsewhere."""
        now = time.monotonic()
        terminal = self._stream.isatty()
        if not terminal and now - self._drawn < 10 and self.done < self.total:
            return
        self._drawn = now
        filled = WIDTH * self.done // self.total
        bar = "#" * filled + "." * (WIDTH - filled)
        text = f"[{bar}] {now - self._begun:5.0f} s  {self.operations:,} operations  {self.failures} failures"
        self._stream.write(f"\r{text}" if terminal else f"{text}\n")
        self._stream.flush()

    def finish(self) -> None:
        """Leave the line."""
        self.done = self.total
        self.draw()
        if self._stream.isatty():
            self._stream.write("\n")
