"""Workers that are processes of this machine."""

from __future__ import annotations

import multiprocessing
import signal
import time
from multiprocessing.connection import Connection, wait
from typing import Any

from conformance.exploration.clients.job import Job
from conformance.exploration.clients.spread import Lost, Prefix
from conformance.exploration.explorer import Result
from conformance.exploration.trace import replay_string


class _Worker:
    """A process, and what it was given: nothing while it is free."""

    def __init__(self) -> None:
        # Not forked: a copy of this process would take its threads' locks along as they happen to be.
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other,), daemon=True)
        self.process.start()
        other.close()
        self.given: tuple[Job, Prefix] | None = None
        self.deadline = 0.0

    @property
    def what(self) -> str:
        """The subtree that it has."""
        assert self.given is not None
        job, prefix = self.given
        return f"{job.client.name!r} below {replay_string(prefix)}"


class Processes:
    """So many of them, started when they are needed. limit: seconds beyond its time after which one counts as hung."""

    seconds = 1.0

    def __init__(self, workers: int, limit: float = 120.0) -> None:
        if workers < 1:
            raise ValueError(f"--workers must be at least 1, not {workers}")
        self._most, self._limit = workers, limit
        self._workers: list[_Worker] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.process.kill()
            worker.process.join()
            worker.pipe.close()
        self._workers.clear()

    def has_room(self) -> bool:
        """Whether one is free, or may still be started."""
        return len(self._workers) < self._most or any(worker.given is None for worker in self._workers)

    def give(self, job: Job, prefix: Prefix, seconds: float) -> None:
        """A subtree to one that is free."""
        worker = next((each for each in self._workers if each.given is None), None)
        if worker is None:
            worker = _Worker()
            self._workers.append(worker)
        worker.given, worker.deadline = (job, prefix), time.monotonic() + seconds + self._limit
        try:
            worker.pipe.send((job, prefix, seconds))
        except BrokenPipeError:
            raise self._died(worker) from None

    def take(self) -> tuple[Prefix, Result]:
        """A subtree that is done; raises Lost where a worker died, hung or could not explore."""
        busy = {worker.pipe: worker for worker in self._workers if worker.given is not None}
        first = min(busy.values(), key=lambda worker: worker.deadline)
        ready = wait(list(busy), max(0.0, first.deadline - time.monotonic()))
        if not ready:
            raise Lost(f"the worker that explores {first.what} hangs: no answer within {self._limit:g} s of its time")
        worker = busy[ready[0]]  # type: ignore[index]
        try:
            answer = worker.pipe.recv()
        except (EOFError, ConnectionResetError):
            raise self._died(worker) from None
        if isinstance(answer, str):
            raise Lost(f"the worker that explores {worker.what} failed: {answer}")
        assert worker.given is not None
        (_, prefix), worker.given = worker.given, None
        return prefix, answer

    def _died(self, worker: _Worker) -> Lost:
        worker.process.join(10)
        code = worker.process.exitcode
        how = signal.Signals(-code).name if code is not None and code < 0 else f"exit status {code}"
        return Lost(f"the worker that explored {worker.what} died: {how}")


def _serve(pipe: Connection[Any, Any]) -> None:
    """In the worker: explore what comes, until nothing does any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it stops it
    while True:
        try:
            job, prefix, seconds = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(job.explore(prefix, seconds))
        except Exception as error:
            pipe.send(f"{type(error).__name__}: {error}")
