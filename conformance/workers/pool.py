"""Several workers side by side, each taking the next check; one that dies is replaced."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence

from conformance.checks.registry import Check
from conformance.targets import Unusable
from conformance.workers.process import Outcome, Worker


def run_all(
    checks: Sequence[Check],
    target: str,
    without: tuple[str, ...] = (),
    profile: str = "quick",
    workers: int = 2,
    first: Worker | None = None,
) -> Iterator[Outcome]:
    """The outcome of every check, as they come; `first` is a worker that is there already.

    Leaving early, or an exception thrown in, stops every worker.
    """
    waiting: queue.SimpleQueue[Check] = queue.SimpleQueue()
    for check in checks:
        waiting.put(check)
    outcomes: queue.SimpleQueue[Outcome | Exception] = queue.SimpleQueue()
    over = threading.Event()
    alive: set[Worker] = set()
    lock = threading.Lock()

    def serve(worker: Worker | None) -> None:
        try:
            while not over.is_set():
                check = waiting.get_nowait()
                if worker is None:
                    worker = Worker(target, without, profile)
                with lock:
                    alive.add(worker)
                outcome = worker.run(check)
                if outcome.result.outcome != "passed":
                    with lock:
                        alive.discard(worker)
                    worker.stop()
                    worker = None
                outcomes.put(outcome)
        except queue.Empty:
            pass
        except Exception as error:
            outcomes.put(error)
        finally:
            if worker is not None:
                worker.stop()

    crew = [threading.Thread(target=serve, args=(first if each == 0 else None,)) for each in range(workers)]
    for thread in crew:
        thread.start()
    try:
        for _ in checks:
            outcome = outcomes.get()
            if isinstance(outcome, Unusable):
                raise outcome
            if isinstance(outcome, Exception):
                raise RuntimeError("a worker could not be run") from outcome
            yield outcome
    finally:
        over.set()
        with lock:
            for worker in alive:
                worker.kill()
        for thread in crew:
            thread.join()
