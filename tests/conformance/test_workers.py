"""A target that crashes or hangs takes down only its own check, and the report says where."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance import threads
from conformance.checks import CHECKS, Check
from conformance.execution import result_of
from conformance.exploration.clients.dask import ClusterError
from conformance.exploration.clients.parallel import JobLost
from conformance.results import Report
from conformance.runner import Selection, run_suite
from conformance.targets import Unusable
from conformance.threads import Hung, Task
from conformance.workers import cluster
from conformance.workers.postmortem import call_in
from conformance.workers.process import Jobs, Outcome, Worker, run_all
from tests.conformance.test_command import ONE_SHORT

HEAD = """
import ctypes, os, threading
from fast_impl import *
from fast_impl import ProducerHandle
"""

CRASHES = HEAD + "def rollback(self): ctypes.string_at(0)\nProducerHandle.rollback = rollback\n"
EXITS = HEAD + "def rollback(self): os._exit(7)\nProducerHandle.rollback = rollback\n"
HANGS = HEAD + "def rollback(self): threading.Event().wait()\nProducerHandle.rollback = rollback\n"
QUERY_CRASHES = (
    HEAD
    + "close = ProducerHandle.close\n"
    + "def crashing(self):\n    close(self)\n"
    + "    type(self).available_slots = lambda self: ctypes.string_at(0)\n"
    + "ProducerHandle.close = crashing\n"
)


def _check(identity: str, **changes: object) -> Check:
    return next(dataclasses.replace(check, **changes) for check in CHECKS if check.id == identity)  # type: ignore[arg-type]


ROLLBACK = "RSV-5/rollback"
FITS = "PSH-2/exactly-capacity-fit"


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handles_in_python: None) -> Path:
    """Where a target of the test's own is written: the module `of_the_test`."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path / "of_the_test.py"


def _run(*checks: Check) -> dict[str, Outcome]:
    return {outcome.result.id: outcome for outcome in run_all(Jobs(checks), "of_the_test", workers=1)}


@pytest.mark.parametrize(
    ("source", "manner"), [(CRASHES, "killed by signal 11 (SIGSEGV)"), (EXITS, "exited with code 7")]
)
def test_a_crash_is_the_failure_of_one_check(target: Path, source: str, manner: str) -> None:
    """The check that crashed says how and in which call, with the program; the next check passes."""
    target.write_text(source)
    outcomes = _run(_check(ROLLBACK), _check(FITS))
    crashed = outcomes[ROLLBACK]
    assert crashed.result.outcome == "crashed"
    assert crashed.failure is not None
    assert (crashed.failure.rule, crashed.failure.seen) == ("RSV-5", f"{manner} in p.rollback()")
    assert crashed.failure.program[-1] == "p.rollback()"
    assert "import of_the_test as omni" in crashed.failure.python
    assert outcomes[FITS].result.outcome == "passed"


def test_a_crash_in_a_query_is_distinguished_from_one_in_the_operation(target: Path) -> None:
    """What can be observed is asked for after each operation; dying there names the query, in a short program."""
    target.write_text(QUERY_CRASHES)
    check = _check("LIF-4/closed-handles-are-safe")
    failure = _run(check)[check.id].failure
    assert failure is not None
    assert failure.seen == "killed by signal 11 (SIGSEGV) in p.available_slots() of a handle that is closed"
    assert failure.rule == "LIF-4"
    assert len(failure.program) <= 5
    assert failure.program[-1] == "p.available_slots()"


def test_a_hang_is_the_failure_of_one_check(target: Path) -> None:
    """The check that hung is ended at its limit, and says in which call it was."""
    target.write_text(HANGS)
    worker = Worker("of_the_test")
    assert worker.run(_check(FITS)).result.outcome == "passed"
    outcome = worker.run(_check(ROLLBACK), limit=2.0)
    worker.stop()
    assert outcome.result.outcome == "hung"
    assert outcome.failure is not None
    assert outcome.failure.seen == "hung in p.rollback()"
    assert "threading" in outcome.failure.details["stacks"]


def test_a_target_that_cannot_be_loaded_is_unusable(target: Path) -> None:
    """A missing module, a missing name, a feature that is none, and a crash while loading each say so."""
    with pytest.raises(Unusable, match="cannot import 'no_such_module'"):
        Worker("no_such_module")
    for source, says in (
        ("MailboxBroker = int\n", "has no ChannelPair"),
        (HEAD + "OMNI_NOT_PROVIDED = ['wings']\n", "names no feature: wings"),
        ("import os; os._exit(3)\n", "exited with code 3"),
        ("raise RuntimeError('half built')\n", "half built"),
    ):
        target.write_text(source)
        with pytest.raises(Unusable, match=says):
            Worker("of_the_test")


def test_the_call_is_read_from_a_stack() -> None:
    """The outermost is no help: the innermost frame of an operation's name, or a line that calls one, counts."""
    dump = (
        "Timeout (0:00:02)!\n"
        "Thread 0x01 (most recent call first):\n"
        '  File "/nowhere/threading.py", line 1 in wait\n'
        '  File "/nowhere/channel.py", line 2 in blocking_pop\n'
        '  File "/nowhere/check.py", line 3 in a_check\n'
    )
    assert call_in(dump) == "blocking_pop"
    assert call_in("") == ""


FOUR_MISTAKES = """
import ctypes
import threading
from typing import Any

import fast_impl
from fast_impl import *
from fast_impl import ConsumerHandle, PopResult, ProducerHandle, PushResult

_try_push, _blocking_push, _blocking_pop = (
    ProducerHandle.try_push,
    ProducerHandle.blocking_push,
    ConsumerHandle.blocking_pop,
)

def one_slot_too_few(self: ProducerHandle, data: Any) -> PushResult:
    # The last free slot is never used.
    return PushResult.QUEUE_FULL if self.available_slots() == 1 else _try_push(self, data)

def null_when_moved_from(self: ProducerHandle) -> bool:
    # Reads what a moved-from handle no longer has.
    if self.capacity() == 0:
        ctypes.string_at(0)
    return bool(fast_impl.ProducerHandle.get_config(self).capacity) and _is_connected(self)

def hangs_on_close(self: ConsumerHandle, timeout: Any = None) -> Any:
    # Sleeps on when its producer is closed under it.
    waits = self.is_connected() and not self.available_messages()
    result, message = _blocking_pop(self, timeout)
    if waits and result is PopResult.CHANNEL_CLOSED:
        threading.Event().wait()
    return result, message

def does_not_wait(self: ProducerHandle, data: Any, timeout: Any = None) -> PushResult:
    # An infinite wait is over at once.
    return _blocking_push(self, data, 0 if timeout is None else timeout)

_is_connected = ProducerHandle.is_connected
ProducerHandle.try_push = one_slot_too_few
ProducerHandle.is_connected = null_when_moved_from
ConsumerHandle.blocking_pop = hangs_on_close
ProducerHandle.blocking_push = does_not_wait
"""
"""A target with one slot too few, a null pointer, a hang, and a wait that does not wait."""

MISTAKES = {
    "PSH-2/exactly-capacity-fit": ("PSH-2", "failed", "QUEUE_FULL"),
    "LIF-4/moved-handles-are-safe": ("LIF-4", "crashed", "killed by signal 11 (SIGSEGV)"),
    "LIF-2/the-end-of-one-side-wakes-the-other": ("LIF-2", "hung", "hung in blocking_pop"),
    "CON-5/data-and-space-wake-blocked-calls": ("PSH-4", "failed", "is TIMEOUT; the model waits for ever"),
}
"""What that target breaks. By check: the rule that the report names, how it ended, what was seen."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one run on the target with the four mistakes found."""
    folder = tmp_path_factory.mktemp("run")
    file = folder / "report.json"
    (folder / "four_mistakes.py").write_text(FOUR_MISTAKES)
    command = [sys.executable, "-m", "conformance", "run", "--target", "four_mistakes", "--json", str(file)]
    for check in MISTAKES:
        command += ["--only", check]
    environment = {**os.environ, "OMNI_BINDING": "cffi"}  # the types in C have their methods for good
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    document: dict[str, Any] = json.loads(file.read_text())
    return document


@pytest.mark.slow
@pytest.mark.timeout(150)
@pytest.mark.parametrize("identity", MISTAKES)
def test_each_is_reported_by_rule(report: dict[str, Any], identity: str) -> None:
    """The rule is broken by the verdict; the check says how it ended and what was seen."""
    rule, outcome, seen = MISTAKES[identity]
    check = next(check for check in report["checks"] if check["id"] == identity)
    assert check["outcome"] == outcome, check
    assert seen in check["reason"]
    verdicts = {each["id"]: each["verdict"] for each in report["rules"]}
    assert verdicts[rule] == "broken"


RANDOM = [check for check in CHECKS if check.layer == "differential-random"]


def _outcome(check: Check, outcome: str, operations: int) -> Outcome:
    return Outcome(result_of(check, outcome, "", operations), coverage=Counter({("try_pop", "EMPTY"): operations}))


def test_seeds_are_parts_of_the_checks_that_run_random_programs() -> None:
    """Each seed is of one check, and what came of them is put together whatever order they come in."""
    checks = [_check(FITS), *RANDOM]
    jobs = Jobs(checks, 12)
    assert [(job.check.id, job.seed) for job in jobs.all if job.check.id in (FITS, RANDOM[0].id, RANDOM[9].id)] == [
        (FITS, None), (RANDOM[0].id, 0), (RANDOM[0].id, 10), (RANDOM[9].id, 9),
    ]  # fmt: skip
    assert sorted(job.seed for job in jobs.all if job.seed is not None) == list(range(12))
    first, later = (job for job in jobs.all if job.check is RANDOM[0])
    assert jobs.done(later, _outcome(RANDOM[0], "failed", 3)) is None
    whole = jobs.done(first, _outcome(RANDOM[0], "passed", 4))
    assert whole is not None
    assert (whole.result.outcome, whole.result.operations, whole.coverage["try_pop", "EMPTY"]) == ("failed", 7, 7)
    assert [outcome.result.id for outcome in Jobs(RANDOM, 2).none] == [check.id for check in RANDOM[2:]]


def _comparable(report: Report) -> dict[str, Any]:
    """A report without what the clock says."""
    document = report.document()
    return {**document, "seconds": 0, "checks": [{**check, "seconds": 0} for check in document["checks"]]}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_dask_cluster_gives_the_report_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handles_in_python: None
) -> None:
    """Two workers: checks and seeds of one target, its failures with their programs, and another target refused."""
    distributed = pytest.importorskip("distributed")
    (tmp_path / "one_short.py").write_text(ONE_SHORT)
    monkeypatch.chdir(tmp_path)
    random = Selection(("PSH-2", "BRK-11", RANDOM[0].id, RANDOM[1].id, RANDOM[2].id))
    with distributed.LocalCluster(n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None) as local:
        address = local.scheduler_address
        for target, selection, seeds in (
            ("spec_model", random, 2),
            ("one_short", Selection(("PSH-2/exactly-capacity-fit",)), 0),
        ):
            there = run_suite(target, selection=selection, seeds=seeds, dask=address)
            here = run_suite(target, selection=selection, seeds=seeds)
            assert _comparable(there) == _comparable(here)
            assert there.holds is (target == "spec_model")
            assert there.operations > (1000 if seeds else 0)
        with pytest.raises(JobLost, match=r"the check PSH-2/exactly-capacity-fit: Unusable: cannot import 'nowhere'"):
            list(cluster.run_on_cluster(address, Jobs([_check(FITS)]), "nowhere"))
        monkeypatch.setattr(cluster, "fingerprint", lambda target, folder: f"process {os.getpid()}")
        with pytest.raises(
            ClusterError, match=r"other sources on 2 of 2 Dask workers .*suite, model and target must be"
        ):
            list(cluster.run_on_cluster(address, Jobs([_check(FITS)]), "spec_model"))


def test_without_a_cluster_the_error_names_the_address() -> None:
    """A scheduler that does not answer is named."""
    pytest.importorskip("distributed")
    with pytest.raises(ClusterError, match=r"no Dask scheduler answers at 'nonsense://nowhere'"):
        list(cluster.run_on_cluster("nonsense://nowhere", Jobs([_check(FITS)]), "spec_model"))


# ---- a thread that hangs is named with the operation that it is in, whatever the target is made of ----


@pytest.fixture
def held() -> Iterator[Any]:
    """A lock that is taken, so that a thread that wants it is blocked until the test is over."""
    lock = threading.Lock()
    lock.acquire()
    yield lock
    lock.release()


def test_a_target_of_python_shows_its_frame(held: Any) -> None:
    """The innermost function with an operation's name is it, whatever it calls."""

    def inner() -> None:
        with held:
            pass

    def blocking_pop() -> None:
        inner()

    task = Task(lambda: blocking_pop())
    assert task.asleep()
    with pytest.raises(Hung, match=r"^hung in blocking_pop.*: it did not end within 0\.01 s$"):
        task.finish(0.01)


def test_a_target_of_c_is_named_by_the_line_that_calls_it(held: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no frame has an operation's name, the line of the check has."""
    monkeypatch.setattr(threads, "_SUITE", str(Path(__file__).parent))
    producer = SimpleNamespace(blocking_push=held.acquire)
    task = Task(lambda: producer.blocking_push())
    assert task.asleep()
    with pytest.raises(Hung, match=r"^hung in blocking_push, called by: .*producer\.blocking_push\(\)"):
        task.finish(0.01)


def test_a_thread_outside_every_operation_is_in_none(held: Any) -> None:
    """What is no operation is not taken for one."""
    with pytest.raises(Hung, match=r"^hung in no operation"):
        Task(held.acquire).finish(0.01)


def test_a_thread_that_ends_is_not_asleep() -> None:
    """asleep() is False for a call that returned, and finish() gives what it returned or raises what it raised."""

    def close() -> int:
        return 7

    task = Task(close)
    assert not task.asleep()
    assert task.finish() == 7
    with pytest.raises(ZeroDivisionError):
        Task(lambda: 1 // 0).finish()
