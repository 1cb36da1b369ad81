"""An exploration spread over processes and over a Dask cluster: nothing is lost, and what goes wrong is told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.exploration.clients import cluster
from conformance.exploration.clients.build import digest, library
from conformance.exploration.clients.catalogue import QUICK
from conformance.exploration.clients.cluster import Cluster, Unfit
from conformance.exploration.clients.estimate import Estimate
from conformance.exploration.clients.job import Job
from conformance.exploration.clients.processes import Processes
from conformance.exploration.clients.spread import Lost, spread
from conformance.exploration.explorer import Result
from tests.conformance.exploration.cores import changed, racing, sleepy

pytestmark = [
    pytest.mark.once,
    pytest.mark.timeout(180),
    pytest.mark.skipif(shutil.which("cc") is None and shutil.which("gcc") is None, reason="no C compiler on the PATH"),
]
BLOCKING, LIMITED = (Job(each) for name in ("blocking", "timed") for each in QUICK if each.name == name)


def in_small_parts(job: Job, crew: Any) -> Result:
    """Given back after a few dozen runs each, so that there are many parts, and parts of parts."""
    return spread(job, crew, first=0, seconds=0)


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    """Two workers."""
    with Processes(2) as crew:
        yield crew


@pytest.mark.parametrize("job", [BLOCKING, LIMITED], ids=lambda job: job.client.name)
def test_processes_find_what_one_does(job: Job, processes: Processes) -> None:
    """Every count and outcome is the same, whoever explored what."""
    assert in_small_parts(job, processes) == job.explore()


def test_each_process_explores_a_part() -> None:
    """Subtrees go to every worker, and more of them than there are workers."""
    given: list[tuple[int, ...]] = []

    class Counting(Processes):
        def give(self, job: Job, prefix: tuple[int, ...], seconds: float) -> None:
            given.append(prefix)
            super().give(job, prefix, seconds)

    with Counting(2) as crew:
        result = in_small_parts(BLOCKING, crew)
        assert len(crew._workers) == 2
    assert result.proved and len(given) > 20 and len(set(given)) == len(given)


def test_a_failure_is_found_in_whatever_part_it_is(processes: Processes, tmp_path: Path) -> None:
    """Its decisions replay it, here; and what was not looked at any more is no proof."""
    job = BLOCKING._replace(core=sleepy(tmp_path))
    result = in_small_parts(job, processes)
    assert result.failure == "lost wakeup" and not result.proved
    again = job.explore(result.path)
    assert (again.failure, again.trace) == ("lost wakeup", result.trace)


def test_a_worker_that_dies_is_told_with_its_subtree(tmp_path: Path) -> None:
    """Killed in the core's code, it is not taken for one that found nothing."""
    core = dying(tmp_path, "__builtin_trap();")
    with Processes(1) as crew:
        crew.give(BLOCKING._replace(core=core), (0,), 0)
        with pytest.raises(Lost, match=r"'blocking' below 0 died: SIG(ILL|TRAP|ABRT)"):
            crew.take()


def test_a_worker_that_hangs_is_told_with_its_subtree(tmp_path: Path) -> None:
    """Given up after a limit, although it has not died."""
    core = dying(tmp_path, "for (volatile int forever = 1; forever;) {}")
    with Processes(1, limit=0.5) as crew:
        crew.give(BLOCKING._replace(core=core), (1, 0), 0)
        with pytest.raises(Lost, match=r"'blocking' below 1\.0 hangs: no answer within 0.5 s"):
            crew.take()


def dying(folder: Path, how: str) -> Path:
    """A core whose try_pop and blocking_pop do this, compiled."""
    text = "int omni_blocking_pop("
    source = "consumer.c"
    core = changed(folder, source, text, f"static void ends_here(void) {{ {how} }}\n{text}")
    body = (core / source).read_text()
    at = body.index("{\n", body.index(text)) + 2
    (core / source).write_text(body[:at] + "  ends_here();\n" + body[at:])
    library(core=core)
    return core


def test_a_worker_that_cannot_explore_says_why(tmp_path: Path) -> None:
    """A core that does not compile there is an error with the compiler's words."""
    core = changed(tmp_path, "consumer.c", "int omni_blocking_pop(", "nonsense omni_blocking_pop(")
    with Processes(1) as crew:
        crew.give(BLOCKING._replace(core=core), (), 0)
        with pytest.raises(Lost, match=r"'blocking' below - failed: CompilerError: (?s:.*)nonsense"):
            crew.take()


def test_what_is_left_is_estimated() -> None:
    """Of the whole tree the estimate is near; of less of it there is less, and at least a run for each subtree."""
    runs, begun = BLOCKING.explore().runs, BLOCKING.explore(seconds=0)
    estimate = Estimate(BLOCKING)
    estimate.improve()
    assert runs / 3 < estimate.left({()}) < runs * 3
    half = estimate.left(set(begun.open))
    assert len(begun.open) <= half < runs * 3
    last = begun.open[-1]
    assert estimate.left({last}) <= half and estimate.left({(*last, 99)}) == 1


def test_progress_is_told_while_it_is_spread(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was found so far, which grows, and what is left."""
    monkeypatch.setattr("conformance.exploration.clients.spread.BETWEEN", 0.0)
    told: list[tuple[int, float]] = []
    spread(BLOCKING, processes, lambda found, left: told.append((found.complete, left)), first=0, seconds=0)
    assert len(told) > 5 and [met for met, _ in told] == sorted(met for met, _ in told)
    assert told[0][1] > told[-1][1] > 0


@pytest.fixture(scope="module")
def dask() -> Iterator[Any]:
    """A cluster of two processes with two threads each: the engine in a process has only one state."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None) as local:
        yield local


@pytest.mark.parametrize("job", [BLOCKING, LIMITED], ids=lambda job: job.client.name)
def test_a_dask_cluster_finds_what_one_process_does(job: Job, dask: Any) -> None:
    """Every count and outcome is the same, over two workers of a cluster."""
    with Cluster(dask.scheduler_address) as crew:
        assert in_small_parts(job, crew) == job.explore()


def test_a_dask_cluster_with_other_sources_is_refused(dask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose digest of engine, core and model is not the one here explores something else."""
    monkeypatch.setattr(cluster, "digest", lambda core: f"process {os.getpid()}")
    with pytest.raises(Unfit, match=r"other sources on 2 of 2 Dask workers .*install the same version"):
        Cluster(dask.scheduler_address)


def test_a_dask_worker_that_joined_later_is_held_to_it_too(dask: Any) -> None:
    """Each subtree comes with the digest; a worker that has another refuses it, and that is told with the subtree."""
    with Cluster(dask.scheduler_address) as crew:
        crew._sources = "of another core"
        crew.give(BLOCKING, (0, 1), 0)
        with pytest.raises(Lost, match=r"'blocking' below 0.1: Unfit: this worker has another engine, core or model"):
            crew.take()


def test_a_dask_worker_that_dies_is_told_with_its_subtree(dask: Any, tmp_path: Path) -> None:
    """Once the scheduler has given up giving it to others."""
    core = dying(tmp_path, "__builtin_trap();")
    with Cluster(dask.scheduler_address, core) as crew:
        crew.give(BLOCKING._replace(core=core), (0,), 0)
        with pytest.raises(Lost, match=r"'blocking' below 0: KilledWorker"):
            crew.take()


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nobody has to find out what `distributed` is."""
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(Unfit, match=r'pip install "omnimailbox\[dask\]"'):
        Cluster("tcp://127.0.0.1:1")


def test_the_digest_follows_the_core(tmp_path: Path) -> None:
    """It is that of the same content anywhere, and another where one order is."""
    (tmp_path / "same").mkdir()
    same = changed(tmp_path / "same", "ring.h", "platform_fence_light", "platform_fence_light")
    assert digest(same) == digest()
    assert digest(racing(tmp_path)) != digest()
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        digest(tmp_path / "nowhere")
