"""The workers of a Dask cluster, for whatever can be done anywhere; and as a pool that explores subtrees."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from conformance.exploration.clients.client import digest
from conformance.exploration.clients.parallel import JobLost


class ClusterError(Exception):
    """There is no such cluster, or its workers would not explore the same core."""


class Cluster:
    """All workers of the cluster whose scheduler is at `address`; raises ClusterError.

    what: of which `digest(*given)` must answer the same on every worker as here. limit: seconds without any answer
    after which what is waited for counts as lost.
    """

    def __init__(self, address: str, what: str, digest: Callable[..., str], *given: Any, limit: float = 300.0) -> None:
        try:
            dask: Any = import_module("distributed")
        except ImportError:
            raise ClusterError('--dask needs the package distributed: pip install "omnimailbox[dask]"') from None
        try:
            self._client = dask.Client(address, timeout=10, set_as_default=False)
        except (OSError, ValueError) as error:
            says = f"no Dask scheduler answers at {address!r} (such as tcp://10.0.0.1:8786): {error}"
            raise ClusterError(says) from None
        self._limit, self._what = limit, what
        self._given: dict[Any, tuple[Any, str, float]] = {}
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        try:
            self._most = 2 * self._fit(address, digest, given)  # so that no worker waits for its next
        except ClusterError:
            self._client.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.cancel(list(self._given))
        self._client.close()

    @property
    def sources(self) -> str:
        """The digest of what workers must have."""
        return self._sources

    def _fit(self, address: str, digest: Callable[..., str], given: tuple[Any, ...]) -> int:
        """How many workers there are; ClusterError where one has other sources, or none."""
        self._sources = digest(*given)
        there = self._client.run(digest, *given, on_error="return")
        others = {worker: answer for worker, answer in there.items() if answer != self._sources}
        for worker, answer in others.items():
            if isinstance(answer, Exception):
                error = f"{type(answer).__name__}: {answer}"
                raise ClusterError(f"the Dask worker {worker} has not {self._what}: {error}")
        if others:
            raise ClusterError(
                f"other sources on {len(others)} of {len(there)} Dask workers ({', '.join(sorted(others))}): "
                f"{self._what} must be the same as here; install the same version of omnimailbox there"
            )
        if not there:
            raise ClusterError(f"the Dask cluster at {address!r} has no workers")
        return len(there)

    def has_room(self) -> bool:
        """Whether a worker would be idle."""
        return len(self._given) < self._most

    def put(self, job: Any, text: str, function: Callable[..., Any], *arguments: Any, seconds: float = 0.0) -> None:
        """A call to the worker that the scheduler chooses; to another where that worker is lost.

        job, text: what it is, for `take` and for a message. seconds: how long it takes.
        """
        future = self._client.submit(function, *arguments, pure=False)
        self._given[future] = job, text, time.monotonic() + self._most * seconds + self._limit
        future.add_done_callback(self._done.put)

    def take(self) -> tuple[Any, Any]:
        """A job that is done, and what its call returned; JobLost where that failed, or takes far too long."""
        _, text, deadline = min(self._given.values(), key=lambda given: given[2])
        try:
            future = self._done.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise JobLost(f"no Dask worker has done {text} in time") from None
        job, text, _ = self._given.pop(future)
        try:
            return job, future.result()
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            raise JobLost(f"a Dask worker did not do {text}: {what}") from None


class DaskPool(Cluster):
    """The cluster as a pool of workers that explore.

    core: as for `verdict.explore`; its folder must be on the workers too. limit: seconds beyond its time after which
    a job counts as lost.
    """

    seconds = 5.0

    def __init__(self, address: str, core: Path | None = None, limit: float = 300.0) -> None:
        super().__init__(address, "engine, core and model", digest, core, limit=limit)
        self._core = core

    def put(self, job: Any, text: str, function: Callable[..., Any], *arguments: Any, seconds: float = 0.0) -> None:
        """A call to a worker that has the same sources as this process."""
        given = (self._sources, self._core, function, *arguments)
        super().put(job, text, _with_the_same_sources, *given, seconds=seconds)


def _with_the_same_sources(sources: str, core: Path | None, function: Callable[..., Any], *arguments: Any) -> Any:
    """On a worker, which may have joined later."""
    if _digest(core) != sources:
        raise ClusterError("this worker has another engine, core or model: install the same version of omnimailbox")
    return function(*arguments)


@cache
def _digest(core: Path | None) -> str:
    return digest(core)
