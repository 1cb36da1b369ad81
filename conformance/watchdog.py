"""Ends a run in which a call of the target does not come back, and lets it say so."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

LIMIT = 60.0
"""Seconds that one check, or one random program, may take."""


class Watchdog:
    """A thread that ends the process unless it is fed at least every `limit` seconds.

    A call that hangs inside the target cannot be stopped from within the process: all that
    is left is to report what is known, through `last_words`, and to leave with code 1.
    """

    def __init__(self, last_words: Callable[[], None], limit: float = LIMIT) -> None:
        self._last_words = last_words
        self._limit = limit
        self._fed = threading.Event()
        self._over = False
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def feed(self) -> None:
        """Work goes on."""
        self._fed.set()

    def stop(self) -> None:
        """The run is over."""
        self._over = True
        self._fed.set()

    def _watch(self) -> None:
        while not self._over:
            if not self._fed.wait(self._limit):
                self._last_words()
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(1)
            self._fed.clear()
