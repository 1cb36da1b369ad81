"""A thread that hangs is named with the operation that it is in, whatever the target is made of."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance import threads
from conformance.threads import Hung, Task


@pytest.fixture
def held() -> Iterator[Any]:
    """A lock that is taken, so that a thread that wants it is blocked until the test is over."""
    lock = threading.Lock()
    lock.acquire()
    yield lock
    lock.release()


def test_a_target_of_python_shows_its_frame(held: Any) -> None:
    """The innermost function with an operation's name is it, whatever it calls."""

    def inner() -> None:
        with held:
            pass

    def blocking_pop() -> None:
        inner()

    task = Task(lambda: blocking_pop())
    assert task.asleep()
    with pytest.raises(Hung, match=r"^hung in blocking_pop.*: it did not end within 0\.01 s$"):
        task.finish(0.01)


def test_a_target_of_c_is_named_by_the_line_that_calls_it(held: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no frame has an operation's name, the line of the check has."""
    monkeypatch.setattr(threads, "_SUITE", str(Path(__file__).parent))
    producer = SimpleNamespace(blocking_push=held.acquire)
    task = Task(lambda: producer.blocking_push())
    assert task.asleep()
    with pytest.raises(Hung, match=r"^hung in blocking_push, called by: .*producer\.blocking_push\(\)"):
        task.finish(0.01)


def test_a_thread_outside_every_operation_is_in_none(held: Any) -> None:
    """What is no operation is not taken for one."""
    with pytest.raises(Hung, match=r"^hung in no operation"):
        Task(held.acquire).finish(0.01)


def test_a_thread_that_ends_is_not_asleep() -> None:
    """asleep() is False for a call that returned, and finish() gives what it returned or raises what it raised."""

    def close() -> int:
        return 7

    task = Task(close)
    assert not task.asleep()
    assert task.finish() == 7
    with pytest.raises(ZeroDivisionError):
        Task(lambda: 1 // 0).finish()
