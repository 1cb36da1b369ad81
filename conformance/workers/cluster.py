"""The checks of a run on the workers of a Dask cluster: the same jobs, on other machines, with the same report."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from conformance.checks import CHECKS
from conformance.exploration.clients.dask import Cluster, ClusterError
from conformance.learned import Fact, Learned
from conformance.targets import is_library
from conformance.workers.process import Job, Jobs, Outcome, Worker, complete

LOST = 900.0
"""Seconds without any outcome after which the cluster is taken to have lost a job: more than any check may take."""


def fingerprint(target: str, folder: str) -> str:
    """Of the suite, the model and the target as they are on this machine."""
    found = hashlib.sha256()
    for name in ("conformance", "spec_model"):
        package = Path((find_spec(name).submodule_search_locations or [""])[0])  # type: ignore[union-attr]
        for file in sorted(each for each in package.rglob("*") if each.suffix in (".py", ".toml", ".c", ".h")):
            found.update(str(file.relative_to(package)).encode() + file.read_bytes())
    place = Path(folder, target) if is_library(target) else Path(folder, *target.split(".")).with_suffix(".py")
    if is_library(target) or place.exists():
        found.update(place.read_bytes())
    return found.hexdigest()


def run_on_cluster(
    address: str,
    jobs: Jobs,
    target: str,
    without: tuple[str, ...] = (),
    profile: str = "quick",
    known: Learned | None = None,
) -> Iterator[Outcome]:
    """The outcome of every check, as they come. Raises ClusterError for no cluster, and where it loses a job.

    The target must be on the workers' machines, under the same name or path. known: of the target; what is found is
    added to it, and goes with each job that is begun after that.
    """
    folder, learned = os.getcwd(), known or Learned()
    with Cluster(address, "suite, model and target", fingerprint, target, folder, limit=LOST) as cluster:
        yield from jobs.none
        waiting = list(reversed(jobs.all))
        running = 0
        while waiting or running:
            while waiting and cluster.has_room():
                job = waiting.pop()
                knowing = (sorted(learned.facts), sorted(learned.assumed))
                given = (cluster.sources, job.check.id, job.seed, target, without, profile, folder, knowing)
                cluster.put(job, f"the check {job.check.id}", _run, *given)
                running += 1
            done: tuple[Job, Outcome] = cluster.take()
            running -= 1
            learned.learn(fact for failure in done[1].failures for fact in failure.facts)
            if (whole := jobs.done(*done)) is not None:
                yield whole


@cache
def _fingerprint(target: str, folder: str) -> str:
    return fingerprint(target, folder)


def _run(
    sources: str,
    id: str,
    seed: int | None,
    target: str,
    without: tuple[str, ...],
    profile: str,
    folder: str,
    knowing: tuple[list[Fact], list[str]],
) -> Outcome:
    """On a worker of the cluster, which may have joined later: the job, in processes that may die or hang."""
    if _fingerprint(target, folder) != sources:
        raise ClusterError("this worker has another suite, model or target: install the same version of omnimailbox")
    workers: list[Worker] = []

    def ready() -> Worker:
        if not workers:
            workers.append(Worker(target, without, profile, folder=folder))
        return workers[0]

    def stop() -> None:
        while workers:
            workers.pop().stop()

    try:
        return complete(Job(next(check for check in CHECKS if check.id == id), seed), ready, stop, Learned(*knowing))
    finally:
        stop()
