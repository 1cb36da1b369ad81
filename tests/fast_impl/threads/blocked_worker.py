"""A thread that is known to be blocked inside a call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from tests.fast_impl.threads.evidence import wait_until_asleep
from tests.workers import Worker

T = TypeVar("T")


def blocked_in(call: Callable[[], T]) -> Worker[T]:
    """Run `call` in a thread, and return when it sleeps inside it."""
    entering = threading.Event()
    native_id: list[int] = []

    def work() -> T:
        native_id.append(threading.get_native_id())
        entering.set()
        return call()

    worker = Worker(work)
    assert entering.wait(20)
    wait_until_asleep("self", native_id[0])
    assert worker.thread.is_alive(), "the call returned instead of blocking"
    return worker
