"""The order that a history may trust."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable


def tickets() -> Callable[[], int]:
    """A dispenser of ascending numbers, for all threads of one history.

    A call takes one before it begins and one after it has ended. Clocks would do on most
    machines, but say nothing of what a thread can have seen: two readings of two cores are
    ordered by hardware, not by the language. A ticket is taken under the interpreter's lock,
    and handing that lock over is the threads' own synchronisation. So if one call's end has a
    lower ticket than another's begin, all that the first did *happens before* the second, in
    C11's sense, and the second must see it. Calls whose tickets overlap are ordered by nothing.

    The lock is what makes `next` of a counter one step and an ordering one. An interpreter
    that runs without it gets a counter behind a lock of its own; the argument is the same.
    """
    counter = itertools.count(1)
    if getattr(sys, "_is_gil_enabled", lambda: True)():
        return counter.__next__
    lock = threading.Lock()

    def locked() -> int:
        with lock:
            return next(counter)

    return locked
