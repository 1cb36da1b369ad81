"""Worker processes, from the outside: one that runs checks and may die or hang, and several side by side."""

from __future__ import annotations

import json
import os
import queue
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from conformance.checks import CHECKS, Check
from conformance.differential.program import journal
from conformance.execution import again, result_of
from conformance.failure import Failure
from conformance.learned import Learned
from conformance.results import CheckResult
from conformance.targets import Unusable
from conformance.workers.postmortem import Death, examine, of_program

STARTUP = 60.0
"""Seconds that a target may take to be imported."""

SUITE = str(Path(__file__).resolve().parents[2])
"""The folder in which this suite's package is."""

DEATHS = 8
"""How often a check is run again behind a call that ended its process."""

GRACE = 30.0
"""Seconds past a check's limit: its own alarm comes first, and it may be shrinking a program."""


@dataclass
class Outcome:
    """What came of one check.

    again: whether it can go on behind what ended its process. clean: whether that process can run another check.
    """

    result: CheckResult
    failures: list[Failure] = field(default_factory=list)
    coverage: Counter[tuple[str, str]] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    again: bool = False
    clean: bool = True

    @property
    def failure(self) -> Failure | None:
        """The first failure, if there is one."""
        return next(iter(self.failures), None)


_QUERYING = "in a query after"
"""In what was seen, where it was not in the last operation."""

HARMLESS = ("difference", "claim")
"""Kinds of failures after which a process goes on, if its threads have all ended: an answer was wrong, no more."""


class Worker:
    """A process that has loaded the target and runs one check at a time; Unusable where it cannot be loaded.

    path: folders to search for the target, before this process's own. folder: one that is searched last; by default
    the current one.
    """

    def __init__(
        self,
        target: str,
        without: tuple[str, ...] = (),
        profile: str = "quick",
        path: tuple[str, ...] = (),
        folder: str | None = None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="omni-conformance-")
        own = Path(self._folder.name)
        self._journal, self._stacks, self._output = own / "journal", own / "stacks", own / "output"
        self.target = target
        journal.create(self._journal)
        self._stacks.touch()
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "conformance.workers.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                # This suite first: a project may have a package of the same name.
                env={**os.environ, "PYTHONPATH": os.pathsep.join([SUITE, *filter(None, sys.path)])},
            )
        self._unread = b""
        self._send(
            {
                "path": [*path, *sys.path], "folder": folder or os.getcwd(), "target": target, "without": without,
                "profile": profile, "journal": str(self._journal), "stacks": str(self._stacks),
            }
        )  # fmt: skip
        hello = self._receive(time.monotonic() + STARTUP)
        if hello is None or "unusable" in hello:
            why = hello["unusable"] if hello else f"loading {target!r}: {self._manner()}; {self._said()}"
            self.stop()
            raise Unusable(why)
        self.provides = frozenset(hello["provides"])
        self.lacks: dict[str, str] = hello["lacks"]
        self.preamble: str = hello["preamble"]
        self.used = False
        """Whether some check has failed in it: what then ends it may come from that one."""

    def run(
        self, check: Check, limit: float | None = None, known: Learned | None = None, seed: int | None = None
    ) -> Outcome:
        """Run a check, for at most its limit or `limit` seconds; known: of the target; seed: of its random programs.

        Where the outcome is not clean, the worker should be stopped.
        """
        known = known or Learned()
        asked = {"check": check.id, "limit": limit or check.limit, "seed": seed}
        return self._run(
            check, {**asked, "facts": [list(fact) for fact in known.facts], "assumed": sorted(known.assumed)}
        )

    def _shorter(self, failure: Failure) -> tuple[str, ...]:
        self._send({"shrink": list(failure.program), "querying": _QUERYING in failure.seen})
        answer = self._receive(time.monotonic() + 2 * GRACE)
        return failure.program if answer is None else tuple(answer["program"])

    def replay(self, failure: Failure, known: Learned | None = None) -> Outcome:
        """Run again what showed a failure, with what is known of the target; ValueError where it cannot be."""
        facts = [list(fact) for fact in known.facts] if known is not None else []
        asked = {"replay": failure.document(), "limit": again(failure).limit, "facts": facts}
        return self._run(again(failure), asked)

    def _run(self, check: Check, asked: dict[str, Any]) -> Outcome:
        begun = time.monotonic()
        self._send(asked)
        found: list[Failure] = []
        while answer := self._receive(begun + asked["limit"] + GRACE):
            if "result" in answer:
                failures = [Failure.of(failure) for failure in answer["failures"]]
                coverage = Counter({(operation, result): count for operation, result, count in answer["coverage"]})
                result, figures = CheckResult(**answer["result"]), Counter[str](answer["figures"])
                harmless = all(each.kind in HARMLESS for each in failures)
                clean = not failures or (harmless and not answer["threads"])
                self.used |= bool(failures)
                return Outcome(result, failures, coverage, figures, clean=clean)
            found.append(Failure.of(answer["found"]))
        return self._died(check, time.monotonic() - begun, found)

    def kill(self) -> None:
        """End the process, whatever it is doing; for another thread than the one that runs checks on it."""
        self._process.kill()

    def stop(self) -> None:
        """End the process and remove its files."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._folder.cleanup()

    def _died(self, check: Check, seconds: float, found: list[Failure]) -> Outcome:
        """The process ended, or would not answer, during a check; `found`: what it had found before."""
        manner = self._manner()
        self.kill()
        self._process.wait()
        death = Death(manner, self._stacks.read_text(errors="replace"), *journal.read(self._journal))
        failure = examine(death, check, self.target, self.preamble)
        outcome = "crashed" if failure.kind == "crash" else "hung"
        done = max(0, len(death.operations) - 1)
        result = replace(result_of(check, outcome, failure.seen, done, seconds), decided=False)
        return Outcome(result, [*found, failure], again=bool(failure.program), clean=False)

    def shown(self, failure: Failure) -> Failure:
        """A crash or hang by the shortest program that leads to it; for a worker that has run nothing yet."""
        shorter = self._shorter(failure)
        querying = _QUERYING in failure.seen and shorter[-1] == failure.program[-1]
        return of_program(failure, shorter, self.preamble, querying)

    def _ended(self) -> bool:
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _manner(self) -> str:
        """How the process ended, in words."""
        code = self._process.wait() if self._ended() else None
        if code is None or "Timeout (" in self._stacks.read_text(errors="replace"):
            return "hung"
        if code < 0:
            return f"killed by signal {-code} ({signal.Signals(-code).name})"
        return f"exited with code {code}"

    def _said(self) -> str:
        """The last line of what the process printed."""
        lines = self._output.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it printed nothing"

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has died, which the missing answer shows

    def _receive(self, until: float) -> dict[str, Any] | None:
        """The next answer; None when the process has ended or the time is up."""
        assert self._process.stdout is not None
        stream = self._process.stdout.fileno()
        while b"\n" not in self._unread:
            if not select.select([stream], [], [], max(0.0, until - time.monotonic()))[0]:
                return None
            more = os.read(stream, 1 << 16)
            if not more:
                return None
            self._unread += more
        line, _, self._unread = self._unread.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer


class Job(NamedTuple):
    """A check, or a part of one: its random programs of a seed."""

    check: Check
    seed: int | None = None


class Jobs:
    """The jobs of several checks, and the outcomes of those that have parts, put together.

    seeds: how many of random programs, each a part of one of the checks that run such programs; 0 for no parts.
    """

    def __init__(self, checks: Sequence[Check], seeds: int = 0) -> None:
        random = [check for check in CHECKS if check.layer == "differential-random"]
        places = {check.id: place for place, check in enumerate(random)}
        self.all: list[Job] = []
        self.none: list[Outcome] = []
        """Of checks that have no part."""
        self._parts: dict[str, dict[int | None, Outcome | None]] = {}
        for check in checks:
            parts: Sequence[int | None] = [None]
            if seeds and check.id in places:
                parts = range(places[check.id], seeds, len(random))
            if not parts:
                self.none.append(Outcome(result_of(check, "skipped", f"none of {seeds} seeds is for it")))
            self._parts[check.id] = dict.fromkeys(parts)
            self.all += [Job(check, seed) for seed in parts]

    def done(self, job: Job, outcome: Outcome) -> Outcome | None:
        """The outcome of the job's check, once all its parts are done: whatever order they came in, the same."""
        parts = self._parts[job.check.id]
        parts[job.seed] = outcome
        there = [part for part in parts.values() if part is not None]
        return _merged(there) if len(there) == len(parts) else None


def _merged(parts: list[Outcome]) -> Outcome:
    """One outcome of a check's parts: the result of the first that did not pass, with what all have counted."""
    chosen = next((part for part in parts if part.result.outcome != "passed"), parts[0])
    operations = sum(part.result.operations for part in parts)
    seconds = round(sum(part.result.seconds for part in parts), 3)
    decided = all(part.result.decided for part in parts)
    coverage: Counter[tuple[str, str]] = Counter()
    figures: Counter[str] = Counter()
    for part in parts:
        coverage.update(part.coverage)
        figures.update(part.figures)
    failures = _once_each(failure for part in parts for failure in part.failures)
    result = replace(chosen.result, operations=operations, seconds=seconds, decided=decided)
    return Outcome(result, failures, coverage, figures)


def _once_each(failures: Iterable[Failure]) -> list[Failure]:
    """The first of each rule and kind."""
    first: dict[tuple[str, str], Failure] = {}
    for failure in failures:
        first.setdefault((failure.rule, failure.kind), failure)
    return list(first.values())


def complete(
    job: Job,
    ready: Callable[[], Worker],
    stop: Callable[[], None],
    learned: Learned,
    lock: AbstractContextManager[object] | None = None,
    over: Callable[[], bool] = lambda: False,
) -> Outcome:
    """The outcome of a job, which goes on behind each call that ended its process.

    ready: gives the worker, a new one where there is none. stop: ends it. learned: of the target, under `lock`; what
    is found is added. over: whether nobody wants the outcome any more.
    """
    lock = lock or nullcontext()
    earlier: list[Failure] = []
    while True:
        with lock:
            known = Learned(learned.facts, learned.assumed)
        worker = ready()
        suspect = worker.used
        outcome = worker.run(job.check, known=known, seed=job.seed)
        if not outcome.clean:
            stop()
        if outcome.result.outcome in ("crashed", "hung") and suspect and not over():
            continue  # it may be what an earlier check has left: once more, in a new process
        if outcome.again and not over():
            outcome.failures[-1] = ready().shown(outcome.failures[-1])
        with lock:
            new = learned.learn(fact for failure in outcome.failures for fact in failure.facts)
        if not (outcome.again and new and len(earlier) < DEATHS) or over():
            return _behind(outcome, earlier)
        earlier += outcome.failures


def _behind(outcome: Outcome, earlier: list[Failure]) -> Outcome:
    """The outcome of a check that went on behind failures that had ended its process."""
    if earlier:
        first = earlier[-1]
        ended = "crashed" if first.kind == "crash" else "hung" if first.kind == "hang" else "failed"
        outcome.result = replace(outcome.result, outcome=ended, reason=first.seen)
        outcome.failures = _once_each([*earlier, *outcome.failures])
    return outcome


def run_all(
    jobs: Jobs,
    target: str,
    without: tuple[str, ...] = (),
    profile: str = "quick",
    workers: int = 2,
    first: Worker | None = None,
    known: Learned | None = None,
) -> Iterator[Outcome]:
    """The outcome of every check, as they come, each job run by the next free worker; one that dies is replaced.

    first: a worker that is there already. known: of the target; what is found is added to it.
    Leaving early, or an exception thrown in, stops every worker.
    """
    yield from jobs.none
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    for job in jobs.all:
        waiting.put(job)
    outcomes: queue.SimpleQueue[tuple[Job, Outcome] | Exception] = queue.SimpleQueue()
    over = threading.Event()
    alive: set[Worker] = set()
    lock = threading.Lock()
    learned = Learned() if known is None else known

    def serve(worker: Worker | None) -> None:
        def ready() -> Worker:
            nonlocal worker
            worker = worker or Worker(target, without, profile)
            with lock:
                alive.add(worker)
            return worker

        def stop() -> None:
            nonlocal worker
            if worker is not None:
                with lock:
                    alive.discard(worker)
                worker.stop()
            worker = None

        try:
            while not over.is_set():
                job = waiting.get_nowait()
                outcomes.put((job, complete(job, ready, stop, learned, lock, over.is_set)))
        except queue.Empty:
            pass
        except Exception as error:
            outcomes.put(error)
        finally:
            stop()

    threads = [threading.Thread(target=serve, args=(first if each == 0 else None,)) for each in range(workers)]
    for thread in threads:
        thread.start()
    try:
        for _ in jobs.all:
            done = outcomes.get()
            if isinstance(done, Unusable):
                raise done
            if isinstance(done, Exception):
                raise RuntimeError("a worker could not be run") from done
            if (whole := jobs.done(*done)) is not None:
                yield whole
    finally:
        over.set()
        with lock:
            for worker in alive:
                worker.kill()
        for thread in threads:
            thread.join()
