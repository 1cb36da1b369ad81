"""An exploration partitioned over processes and over a Dask cluster: no count is lost, and failures are reported."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.exploration.clients import dask as dask_pool
from conformance.exploration.clients.catalogue import QUICK
from conformance.exploration.clients.client import digest, library
from conformance.exploration.clients.dask import ClusterError, DaskPool
from conformance.exploration.clients.parallel import Estimate, JobLost, ProcessPool, Task, partition
from conformance.exploration.clients.sweep import Part, sweep
from conformance.exploration.result import Result
from tests.mutation.workspace import changed, racing, sleepy

pytestmark = [
    pytest.mark.once,
    pytest.mark.timeout(180),
    pytest.mark.skipif(shutil.which("cc") is None and shutil.which("gcc") is None, reason="no C compiler on the PATH"),
]
BLOCKING, LIMITED = (Task(each) for name in ("blocking", "timed") for each in QUICK if each.name == name)


def in_small_parts(task: Task, pool: Any) -> Result:
    """Given back after a few dozen runs each, so that there are many parts, and parts of parts."""
    return partition(task, pool, first=0, seconds=0)


def put(pool: Any, task: Task, prefix: tuple[int, ...]) -> None:
    """The subtree to a worker."""
    pool.put(prefix, task.below(prefix), Task.explore, task, prefix, 0.0)


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPool]:
    """Two workers."""
    with ProcessPool(2) as pool:
        yield pool


@pytest.mark.parametrize("task", [pytest.param(BLOCKING, marks=pytest.mark.slow), LIMITED])
def test_processes_find_what_one_does(task: Task, processes: ProcessPool) -> None:
    """Every count and outcome is the same, whatever was explored where."""
    assert in_small_parts(task, processes) == task.explore()


def test_each_process_explores_a_part() -> None:
    """Subtrees go to every worker, and more of them than there are workers."""
    given: list[tuple[int, ...]] = []

    class Counting(ProcessPool):
        def put(self, job: tuple[int, ...], *arguments: Any, **options: Any) -> None:
            given.append(job)
            super().put(job, *arguments, **options)

    with Counting(2) as pool:
        result = in_small_parts(BLOCKING, pool)
        assert len(pool._workers) == 2
    assert result.clean and len(given) > 10 and len(set(given)) == len(given)


def test_a_failure_is_found_in_whatever_part_it_is(processes: ProcessPool, tmp_path: Path) -> None:
    """Its decisions replay it, here; and what was not explored any more is not clean."""
    task = BLOCKING._replace(core=sleepy(tmp_path))
    result = in_small_parts(task, processes)
    assert result.failure == "lost wakeup" and not result.clean
    again = task.explore(result.path)
    assert (again.failure, again.trace) == ("lost wakeup", result.trace)


def test_a_worker_that_dies_is_reported_with_its_subtree(tmp_path: Path) -> None:
    """Killed in the core's code, it is not taken for one that found nothing."""
    core = dying(tmp_path, "__builtin_trap();")
    with ProcessPool(1) as pool:
        put(pool, BLOCKING._replace(core=core), (0,))
        with pytest.raises(JobLost, match=r"'blocking' below 0 died: SIG(ILL|TRAP|ABRT)"):
            pool.take()


def test_a_worker_that_hangs_is_reported_with_its_subtree(tmp_path: Path) -> None:
    """Given up after a limit, although it has not died."""
    core = dying(tmp_path, "for (volatile int forever = 1; forever;) {}")
    with ProcessPool(1, limit=0.5) as pool:
        put(pool, BLOCKING._replace(core=core), (1, 0))
        with pytest.raises(JobLost, match=r"'blocking' below 1\.0 hangs: no answer within 0.5 s"):
            pool.take()


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
    with ProcessPool(1) as pool:
        put(pool, BLOCKING._replace(core=core), ())
        with pytest.raises(JobLost, match=r"'blocking' below - failed: CompilerError: (?s:.*)nonsense"):
            pool.take()


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


def test_progress_is_reported(processes: ProcessPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was found so far, which grows, and what is left."""
    monkeypatch.setattr("conformance.exploration.clients.parallel.BETWEEN", 0.0)
    seen: list[tuple[int, float]] = []
    partition(BLOCKING, processes, lambda found, left: seen.append((found.complete, left)), first=0, seconds=0)
    assert len(seen) > 5 and [met for met, _ in seen] == sorted(met for met, _ in seen)
    assert seen[0][1] > seen[-1][1] > 0


@pytest.fixture(scope="module")
def dask() -> Iterator[Any]:
    """A cluster of two processes with two threads each: the engine in a process has only one state."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None) as local:
        yield local


@pytest.mark.slow
@pytest.mark.parametrize("task", [BLOCKING, LIMITED])
def test_a_dask_cluster_finds_what_one_process_does(task: Task, dask: Any) -> None:
    """Every count and outcome is the same, over two workers of a cluster."""
    with DaskPool(dask.scheduler_address) as pool:
        assert in_small_parts(task, pool) == task.explore()


@pytest.mark.slow
def test_a_dask_cluster_with_other_sources_is_refused(dask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose digest of engine, core and model is not the one here explores something else."""
    monkeypatch.setattr(dask_pool, "digest", lambda core: f"process {os.getpid()}")
    with pytest.raises(ClusterError, match=r"other sources on 2 of 2 Dask workers .*install the same version"):
        DaskPool(dask.scheduler_address)


@pytest.mark.slow
def test_a_dask_worker_that_joined_later_is_held_to_it_too(dask: Any) -> None:
    """Each subtree comes with the digest; a worker that has another refuses it, and names the subtree."""
    with DaskPool(dask.scheduler_address) as pool:
        pool._sources = "of another core"
        put(pool, BLOCKING, (0, 1))
        says = r"'blocking' below 0.1: ClusterError: this worker has another engine, core or model"
        with pytest.raises(JobLost, match=says):
            pool.take()


@pytest.mark.slow
def test_a_dask_worker_that_dies_is_reported_with_its_subtree(dask: Any, tmp_path: Path) -> None:
    """Once the scheduler has given up giving it to others."""
    core = dying(tmp_path, "__builtin_trap();")
    with DaskPool(dask.scheduler_address, core) as pool:
        put(pool, BLOCKING._replace(core=core), (0,))
        with pytest.raises(JobLost, match=r"'blocking' below 0: KilledWorker"):
            pool.take()


class Alone:
    """A Dask client whose only worker is this process."""

    def __init__(self, address: str, **_: object) -> None:
        assert address == "tcp://here"

    def run(self, function: Any, core: object, on_error: str) -> dict[str, Any]:
        """On every worker."""
        return {"here": function(core)}

    def submit(self, function: Any, *arguments: Any, pure: bool) -> Future[Result]:
        """At once."""
        future: Future[Result] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def cancel(self, futures: list[Any]) -> None:
        """Nothing is left."""

    def close(self) -> None:
        """Nothing is open."""


def test_dask_futures_find_what_one_process_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a real cluster (see the slow tests), all counts are the same; a future that fails names its subtree."""
    monkeypatch.setattr(dask_pool, "import_module", lambda _: SimpleNamespace(Client=Alone))
    with DaskPool("tcp://here") as pool:
        assert in_small_parts(LIMITED, pool) == LIMITED.explore()
        pool._sources = "of another core"
        put(pool, LIMITED, (0, 1))
        with pytest.raises(JobLost, match=r"'timed' below 0\.1: ClusterError: this worker has another engine"):
            pool.take()


def test_a_cluster_explores_every_client_as_processes_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same clients, executions and failures: none."""
    monkeypatch.setattr(dask_pool, "import_module", lambda _: SimpleNamespace(Client=Alone))
    wanted = [(Part(1, 1, "full"), range(30)), (Part(2, 2, "pinned"), range(400))]
    with DaskPool("tcp://here") as cluster, ProcessPool(2) as pool:
        here, there = sweep(wanted, cluster), sweep(wanted, pool)
    assert [(each.numbers, each.executions, each.found) for each in here] == [
        (each.numbers, each.executions, each.found) for each in there
    ]


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nobody has to find out what `distributed` is."""
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(ClusterError, match=r'pip install "omnimailbox\[dask\]"'):
        DaskPool("tcp://127.0.0.1:1")


def test_the_digest_follows_the_core(tmp_path: Path) -> None:
    """It is the same for the same content anywhere, and differs where one order differs."""
    (tmp_path / "same").mkdir()
    same = changed(tmp_path / "same", "ring.h", "#define OMNI_RING_H", "#define OMNI_RING_H")
    assert digest(same) == digest()
    assert digest(racing(tmp_path)) != digest()
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        digest(tmp_path / "nowhere")
