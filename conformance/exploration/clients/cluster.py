"""Workers that are a Dask cluster's: the same subtrees, on other machines."""

from __future__ import annotations

import queue
import time
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from conformance.exploration.clients.build import digest
from conformance.exploration.clients.job import Job
from conformance.exploration.clients.spread import Lost, Prefix
from conformance.exploration.explorer import Result
from conformance.exploration.trace import replay_string


class Unfit(Exception):
    """There is no such cluster, or its workers would not explore the same core."""


class Cluster:
    """All workers of the cluster whose scheduler is at `address`; raises Unfit.

    core: as for `verdict.explore`; its folder must be on the workers too. limit: seconds beyond its time after which
    a subtree counts as lost.
    """

    seconds = 5.0

    def __init__(self, address: str, core: Path | None = None, limit: float = 300.0) -> None:
        try:
            dask: Any = import_module("distributed")
        except ImportError:
            raise Unfit('--dask needs the package distributed: pip install "omnimailbox[dask]"') from None
        try:
            self._client = dask.Client(address, timeout=10, set_as_default=False)
        except (OSError, ValueError) as error:
            raise Unfit(f"no Dask scheduler answers at {address!r} (such as tcp://10.0.0.1:8786): {error}") from None
        self._limit = limit
        self._sources = digest(core)
        self._given: dict[Any, tuple[Job, Prefix, float]] = {}
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        try:
            self._most = 2 * self._fit(address, core)  # so that none has to wait for its next
        except Unfit:
            self._client.close()
            raise

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.cancel(list(self._given))
        self._client.close()

    def _fit(self, address: str, core: Path | None) -> int:
        """How many workers there are; Unfit where one has other sources, or none."""
        there = self._client.run(digest, core, on_error="return")
        others = {worker: answer for worker, answer in there.items() if answer != self._sources}
        for worker, answer in others.items():
            if isinstance(answer, Exception):
                raise Unfit(f"the Dask worker {worker} has no core to explore: {type(answer).__name__}: {answer}")
        if others:
            raise Unfit(
                f"other sources on {len(others)} of {len(there)} Dask workers ({', '.join(sorted(others))}): engine, "
                "core and model must be the same as here; install the same version of omnimailbox there"
            )
        if not there:
            raise Unfit(f"the Dask cluster at {address!r} has no workers")
        return len(there)

    def has_room(self) -> bool:
        """Whether a worker would have nothing to do."""
        return len(self._given) < self._most

    def give(self, job: Job, prefix: Prefix, seconds: float) -> None:
        """A subtree to whom the scheduler chooses, once more where that worker is lost."""
        future = self._client.submit(_explore, self._sources, job, prefix, seconds, pure=False)
        self._given[future] = job, prefix, time.monotonic() + self._most * seconds + self._limit
        future.add_done_callback(self._done.put)

    def take(self) -> tuple[Prefix, Result]:
        """A subtree that is done; raises Lost where that failed, or takes far too long."""
        job, prefix, deadline = min(self._given.values(), key=lambda given: given[2])
        try:
            future = self._done.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise Lost(
                f"no Dask worker has explored {job.client.name!r} below {replay_string(prefix)} in time"
            ) from None
        job, prefix, _ = self._given.pop(future)
        try:
            result: Result = future.result()
        except Exception as error:
            what = f"{job.client.name!r} below {replay_string(prefix)}"
            raise Lost(f"a Dask worker did not explore {what}: {type(error).__name__}: {error}") from None
        return prefix, result


def _explore(sources: str, job: Job, prefix: Prefix, seconds: float) -> Result:
    """On a worker, one that joined later perhaps."""
    if _digest(job.core) != sources:
        raise Unfit("this worker has another engine, core or model; install the same version of omnimailbox there")
    return job.explore(prefix, seconds)


@cache
def _digest(core: Path | None) -> str:
    return digest(core)
