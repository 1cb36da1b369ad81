"""One exploration over several processes: its tree is partitioned into subtrees, each named by its prefix.

Explored for a while, a tree leaves the subtrees that were not reached. Each goes to a worker, which does the same: so
a large subtree is partitioned again, and nothing has to be known beforehand about where the work is.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import lru_cache
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from conformance.exploration.clients.allowed import Allowed
from conformance.exploration.clients.client import Client, run
from conformance.exploration.explorer import Report
from conformance.exploration.result import Result, merged, replay_string

Prefix = tuple[int, ...]
FURTHER = 2000
"""Runs after the first failure, in search of a shorter one."""
FIRST = 0.5
"""Seconds that are explored in this process first; most clients are done by then."""
BETWEEN = 1.0
"""Seconds between two calls of `progress`."""
Progress = Callable[[Result, float], None]
"""Called with what was found so far, and an estimate of how many runs are left."""


class Task(NamedTuple):
    """A client and what it runs on, see `verdict.explore`: explored here or in any worker, whole or below a prefix."""

    client: Client
    asymmetric: bool = False
    core: Path | None = None
    cxx20: bool = False

    @property
    def allowed(self) -> Allowed:
        """The outcomes that some order of the operations explains."""
        return _allowed(self.client)

    def explore(self, prefix: Prefix = (), seconds: float | None = None, executions: int = 0) -> Result:
        """Everything below the prefix; what is not done after so many seconds is left in `open`."""
        end = None if seconds is None else time.monotonic() + seconds

        def go_on(_: Report) -> bool:
            return end is None or time.monotonic() < end

        return run(
            self.client,
            asymmetric=self.asymmetric,
            core=self.core,
            cxx20=self.cxx20,
            prefix=prefix,
            executions=executions,
            further=FURTHER,
            progress=go_on,
            allowed=self.allowed,
        )

    def probe(self, seed: int) -> Result:
        """One run, by chance."""
        return run(self.client, asymmetric=self.asymmetric, core=self.core, cxx20=self.cxx20, seed=seed)

    def below(self, prefix: Prefix) -> str:
        """The subtree in words, for a message."""
        return f"{self.client.name!r} below {replay_string(prefix)}"


@lru_cache(maxsize=64)  # the same client is explored with either kind of fences
def _allowed(client: Client) -> Allowed:
    return Allowed(client)


class JobLost(Exception):
    """What was given to a worker did not come back."""


class Pool(Protocol):
    """A pool of workers. seconds: how long a worker explores before it gives back what is left."""

    seconds: float

    def has_room(self) -> bool:
        """Whether a worker is free."""

    def put(self, job: Any, text: str, function: Callable[..., Any], *arguments: Any, seconds: float = 0.0) -> None:
        """A call to a worker that is free. job, text: what it explores, for `take` and in words; seconds: how long."""

    def take(self) -> tuple[Any, Any]:
        """A job that is done, and what its call returned; raises JobLost, which names it, where that failed."""


def partition(
    task: Task, pool: Pool, progress: Progress | None = None, first: float = FIRST, seconds: float | None = None
) -> Result:
    """What `task.explore()` finds, to the last count. After a failure, only running workers are still waited for.

    first, seconds: how long is explored in this process, and by a worker at a time.
    """
    begun = task.explore(seconds=first)
    total, waiting = begun.alone(), list(begun.open)
    running: set[Prefix] = set()
    estimate, reported = Estimate(task), 0.0
    while running or (waiting and total.failure is None):
        # The newest first, as in one process: so that not too many wait.
        while waiting and total.failure is None and pool.has_room():
            running.add(waiting[-1])
            prefix, limit = waiting.pop(), pool.seconds if seconds is None else seconds
            pool.put(prefix, task.below(prefix), Task.explore, task, prefix, limit, seconds=limit)
        if progress is not None and time.monotonic() - reported > BETWEEN:
            estimate.improve()
            progress(total, estimate.left({*waiting, *running}))
            reported = time.monotonic()
        prefix, part = pool.take()
        running.remove(prefix)
        waiting += part.open
        total = merged(total, part.alone())
    if total.failure is not None:
        again = task.explore(total.path)  # in this process, whose addresses addr2line can resolve here
        total = replace(total, message=again.message, trace=again.trace)
    return replace(total, open=tuple(waiting))


class Estimate:
    """How many runs are left: Knuth's estimate (1975), from runs that decide by chance.

    Each probe says how many runs there would be if all were like it; on average that is right.
    """

    LEAST, MOST, SHARE = 300, 2000, 0.02
    """Probes at first, probes at most, and the share of the time between the two that may go into them."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._count = 0
        self._ahead: list[tuple[Prefix, float]] = []
        self._begun, self._spent = time.monotonic(), 0.0

    def improve(self) -> None:
        """Some more probes."""
        began = time.monotonic()
        while self._count < self.MOST and (
            self._count < self.LEAST or self._spent + time.monotonic() - began < self.SHARE * (began - self._begun)
        ):
            self._count += 1
            one = self._task.probe(seed=self._count)
            self._ahead.append((one.path, one.estimate))
        self._spent += time.monotonic() - began

    def left(self, subtrees: Collection[Prefix]) -> float:
        """Runs in these subtrees, about; later calls must be for less of the tree."""
        lengths = {len(each) for each in subtrees}
        self._ahead = [
            (path, runs) for path, runs in self._ahead if any(path[:length] in subtrees for length in lengths)
        ]
        return max(len(subtrees), sum(runs for _, runs in self._ahead) / max(1, self._count))


class _Worker:
    """A process, and the job that it has: none while it is free."""

    def __init__(self) -> None:
        # Not forked: a copy of this process would inherit its threads' locks in whatever state they are.
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other,), daemon=True)
        self.process.start()
        other.close()
        self.job: Any = None
        self.busy, self.text, self.deadline = False, "", 0.0


class ProcessPool:
    """At most so many processes of this machine, started when they are needed.

    limit: seconds beyond its time after which a worker counts as hung.
    """

    seconds = 1.0

    def __init__(self, workers: int, limit: float = 120.0) -> None:
        if workers < 1:
            raise ValueError(f"--workers must be at least 1, not {workers}")
        self._most, self._limit = workers, limit
        self._workers: list[_Worker] = []

    def __enter__(self) -> ProcessPool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.process.kill()
            worker.process.join()
            worker.pipe.close()
        self._workers.clear()

    def has_room(self) -> bool:
        """Whether a worker is free, or may still be started."""
        return len(self._workers) < self._most or any(not worker.busy for worker in self._workers)

    def put(self, job: Any, text: str, function: Callable[..., Any], *arguments: Any, seconds: float = 0.0) -> None:
        """See `Pool`."""
        worker = next((each for each in self._workers if not each.busy), None)
        if worker is None:
            worker = _Worker()
            self._workers.append(worker)
        worker.job, worker.text, worker.busy = job, text, True
        worker.deadline = time.monotonic() + seconds + self._limit
        try:
            worker.pipe.send((function, arguments))
        except BrokenPipeError:
            raise self._died(worker) from None

    def take(self) -> tuple[Any, Any]:
        """See `Pool`; a worker may have died or hung."""
        busy = {worker.pipe: worker for worker in self._workers if worker.busy}
        first = min(busy.values(), key=lambda worker: worker.deadline)
        ready = wait(list(busy), max(0.0, first.deadline - time.monotonic()))
        if not ready:
            raise JobLost(
                f"the worker that explores {first.text} hangs: no answer within {self._limit:g} s of its time"
            )
        worker = busy[ready[0]]  # type: ignore[index]
        try:
            answer = worker.pipe.recv()
        except (EOFError, ConnectionResetError):
            raise self._died(worker) from None
        if isinstance(answer, str):
            raise JobLost(f"the worker that explores {worker.text} failed: {answer}")
        worker.busy = False
        return worker.job, answer

    def _died(self, worker: _Worker) -> JobLost:
        worker.process.join(10)
        code = worker.process.exitcode
        how = signal.Signals(-code).name if code is not None and code < 0 else f"exit status {code}"
        return JobLost(f"the worker that explored {worker.text} died: {how}")


def _serve(pipe: Connection[Any, Any]) -> None:
    """In the worker: explore what comes, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started it stops it
    while True:
        try:
            function, arguments = pipe.recv()
        except EOFError:
            return
        try:
            answer = function(*arguments)
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
        try:
            pipe.send(answer)
        except BrokenPipeError:
            return  # who has asked is gone
