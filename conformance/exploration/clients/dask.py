"""A pool of workers that are a Dask cluster's: the same subtrees, on other machines."""

from __future__ import annotations

import queue
import time
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from conformance.exploration.clients.client import digest
from conformance.exploration.clients.parallel import Prefix, SubtreeLost, Task
from conformance.exploration.result import Result


class ClusterError(Exception):
    """There is no such cluster, or its workers would not explore the same core."""


class DaskPool:
    """All workers of the cluster whose scheduler is at `address`; raises ClusterError.

    core: as for `verdict.explore`; its folder must be on the workers too. limit: seconds beyond its time after which
    a subtree counts as lost.
    """

    seconds = 5.0

    def __init__(self, address: str, core: Path | None = None, limit: float = 300.0) -> None:
        try:
            dask: Any = import_module("distributed")
        except ImportError:
            raise ClusterError('--dask needs the package distributed: pip install "omnimailbox[dask]"') from None
        try:
            self._client = dask.Client(address, timeout=10, set_as_default=False)
        except (OSError, ValueError) as error:
            says = f"no Dask scheduler answers at {address!r} (such as tcp://10.0.0.1:8786): {error}"
            raise ClusterError(says) from None
        self._limit = limit
        self._sources = digest(core)
        self._given: dict[Any, tuple[Task, Prefix, float]] = {}
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        try:
            self._most = 2 * self._fit(address, core)  # so that no worker waits for its next
        except ClusterError:
            self._client.close()
            raise

    def __enter__(self) -> DaskPool:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.cancel(list(self._given))
        self._client.close()

    def _fit(self, address: str, core: Path | None) -> int:
        """How many workers there are; ClusterError where one has other sources, or none."""
        there = self._client.run(digest, core, on_error="return")
        others = {worker: answer for worker, answer in there.items() if answer != self._sources}
        for worker, answer in others.items():
            if isinstance(answer, Exception):
                error = f"{type(answer).__name__}: {answer}"
                raise ClusterError(f"the Dask worker {worker} has no core to explore: {error}")
        if others:
            raise ClusterError(
                f"other sources on {len(others)} of {len(there)} Dask workers ({', '.join(sorted(others))}): engine, "
                "core and model must be the same as here; install the same version of omnimailbox there"
            )
        if not there:
            raise ClusterError(f"the Dask cluster at {address!r} has no workers")
        return len(there)

    def has_room(self) -> bool:
        """Whether a worker would be idle."""
        return len(self._given) < self._most

    def submit(self, task: Task, prefix: Prefix, seconds: float) -> None:
        """A subtree to the worker that the scheduler chooses; to another where that worker is lost."""
        future = self._client.submit(_explore, self._sources, task, prefix, seconds, pure=False)
        self._given[future] = task, prefix, time.monotonic() + self._most * seconds + self._limit
        future.add_done_callback(self._done.put)

    def collect(self) -> tuple[Prefix, Result]:
        """A subtree that is done; raises SubtreeLost where that failed, or takes far too long."""
        task, prefix, deadline = min(self._given.values(), key=lambda given: given[2])
        try:
            future = self._done.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise SubtreeLost(f"no Dask worker has explored {task.below(prefix)} in time") from None
        task, prefix, _ = self._given.pop(future)
        try:
            result: Result = future.result()
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            raise SubtreeLost(f"a Dask worker did not explore {task.below(prefix)}: {what}") from None
        return prefix, result


def _explore(sources: str, task: Task, prefix: Prefix, seconds: float) -> Result:
    """On a worker, which may have joined later."""
    if _digest(task.core) != sources:
        raise ClusterError("this worker has another engine, core or model: install the same version of omnimailbox")
    return task.explore(prefix, seconds)


@cache
def _digest(core: Path | None) -> str:
    return digest(core)
