"""Where a run is: one line written over on a terminal, elsewhere a line for each workload."""

from __future__ import annotations

import sys
import time
from typing import TextIO


class Progress:
    """Of so many workloads."""

    def __init__(self, workloads: int, stream: TextIO | None = None) -> None:
        self._all, self._at, self._what = workloads, 0, ""
        self._stream = stream or sys.stderr
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._began

    def begin(self, what: str) -> None:
        """The next workload."""
        self._at += 1
        self._what = f"[{self._at}/{self._all}] {self.seconds:4.0f} s  {what}"
        if not self._stream.isatty():
            print(self._what, file=self._stream, flush=True)

    def show(self, detail: str) -> None:
        """How far the workload is."""
        if self._stream.isatty():
            print(f"\r{f'{self._what}: {detail}'[:110]:<110}", end="", file=self._stream, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._stream.isatty():
            print("\r" + " " * 110, end="\r", file=self._stream, flush=True)
