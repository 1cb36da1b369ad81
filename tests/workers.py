"""Threads and processes of tests: they end within a limit, and how they ended is seen in the test."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import pytest

from tests.asleep import wait_until_asleep

T = TypeVar("T")

PATIENCE = float(os.environ.get("OMNI_PATIENCE", "1"))
"""How many times as long as otherwise everything may take: under a sanitizer."""

LIMIT = 45.0 * PATIENCE
"""Seconds within which every thread of a test must end; less than the limit of the test itself."""


class Worker(Generic[T]):
    """A thread that runs `work` at once; `result()` gives what it returned or raises what it raised."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._returned: list[T] = []
        self._raised: BaseException | None = None
        # daemon: a thread that hangs fails its test, and must not keep the process alive after it
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self._returned.append(self._work())
        except BaseException as error:  # handed to the test by `result`
            self._raised = error

    def result(self, limit: float = LIMIT) -> T:
        """Wait for the end of the thread, `limit` seconds at most."""
        self.thread.join(limit)
        if self.thread.is_alive():
            raise AssertionError(f"{self._work!r} did not end within {limit} s")
        if self._raised is not None:
            raise self._raised
        return self._returned[0]


def run_together(*parts: Callable[[], object]) -> None:
    """Run every part in a thread of its own, and wait for all."""
    workers = [Worker(part) for part in parts]
    for worker in workers:
        worker.result()


# ---- threads that are blocked inside a call, by evidence instead of sleeping and hoping ----

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="needs /proc to see that a thread is asleep"
)


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


# ---- programs in processes of their own, which end without a word; one that hangs prints its threads' stacks ----


PROGRAM_LIMIT = int(60 * PATIENCE)
"""Seconds for a program and for each child of it: generous, for a machine under load."""

PRELUDE = f"""
import faulthandler, gc, os, signal, sys, threading, time, traceback, warnings
faulthandler.register(signal.SIGALRM, chain=True)  # the stacks, and then what the signal does by default: the end
signal.alarm({PROGRAM_LIMIT})
warnings.filterwarnings("ignore", category=DeprecationWarning)  # of a fork beside threads
import fast_impl as omni
from tests.asleep import wait_until_asleep

def fork(body, *arguments):
    "Start `body` in a child, which ends with 0 unless that raises or hangs."
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        signal.alarm({PROGRAM_LIMIT})
        body(*arguments)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)

def ends(child):
    assert os.waitpid(child, 0)[1] == 0, "the child failed, or hung"

def blocked(call, *arguments):
    "A daemon thread that sleeps in the call, and what it returned or raised, in a list, once it has."
    answers, entered = [], threading.Event()
    def body():
        entered.set()
        try:
            answers.append(call(*arguments))
        except BaseException as error:
            answers.append(error)
    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    entered.wait()
    wait_until_asleep("self", thread.native_id)
    return thread, answers

def raises(error, call, *arguments):
    try:
        call(*arguments)
    except error as caught:
        return str(caught)
    raise AssertionError(f"{{call}} did not raise {{error}}")
"""


def run_program(
    program: str, folder: Path, *, seconds: float = PROGRAM_LIMIT + 20, status: int = 0, out: str = ""
) -> None:
    """The program after the prelude, as the main module of a process; it ends with `status`, printing only `out`."""
    file = folder / "program.py"
    file.write_text(PRELUDE + program)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(file)]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        printed = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:  # a child of it has its pipes, or the alarm came too early to be known
        os.killpg(process.pid, 9)
        raise AssertionError(f"hung for {seconds} s; it printed: {process.communicate()}") from None
    ended = (process.returncode, *printed)
    assert ended == (status, out, ""), "ended with status {}, printed {!r} and on stderr:\n{}".format(*ended)
