"""`omni-conformance explore`: the core that ships, on every memory order that C11 allows, for small clients."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from conformance.exploration.clients import report
from conformance.exploration.clients.catalogue import FULL, QUICK
from conformance.exploration.clients.client import Client, sources
from conformance.exploration.clients.dask import DaskPool
from conformance.exploration.clients.every import generated
from conformance.exploration.clients.parallel import Pool, ProcessPool, Task
from conformance.exploration.clients.sweep import MOST, Part, Record, Tally, parts, sample, sweep
from conformance.exploration.clients.verdict import Verdict, explore
from conformance.exploration.clients.weaken import every_weakening, weakened
from conformance.exploration.result import decisions
from conformance.failure import Failure
from conformance.page import write_between

ASYMMETRIC, FULL_FENCES = FENCES = ("asymmetric", "full")


class Explored(NamedTuple):
    """One client of the catalogue, or all of a part.

    outcome: as of a check: "skipped" where all that speaks against it is that some are left over. why: what does.
    """

    name: str
    executions: int
    seconds: float
    outcome: str
    why: str
    failures: tuple[Failure, ...] = ()


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add = parser.add_argument
    add("--calls", type=int, metavar="N", help="every client of up to N calls, and of up to N - 1 from a state that "
        "is set, in place of those of the catalogue")  # fmt: skip
    add("--threads", type=int, choices=(2, 3), default=3, help="with --calls: clients of two threads, or of three too "
        "(default: %(default)s)")  # fmt: skip
    add("--resume", type=Path, metavar="FILE", help="with --calls: what was explored is kept there, and is not "
        "explored again")  # fmt: skip
    add("--executions", type=int, default=MOST, metavar="N", help="with --calls: how many a client may have; "
        "one that has more is listed (default: %(default)s)")  # fmt: skip
    add("--sample", type=int, metavar="N", help="with --calls: only N clients, chosen by --seed")
    add("--seed", default="", help="of the sample, any text: the same clients for the same text")
    add("--full", action="store_true", help="with the clients that take minutes")
    add("--only", action="append", default=[], metavar="CLIENT", help="only the client of this name; repeatable")
    add("--cxx20", action="store_true", help="only with C++20's release sequences, which are shorter than C11's")
    add("--fences", choices=FENCES, help="only with these fences (default: with either, and quick clients with "
        "full fences and C++20's release sequences too; for --replay: asymmetric)")  # fmt: skip
    add("--core", type=Path, metavar="FOLDER", help="sources of another core than the one that ships")
    add("--weaken", type=int, metavar="NUMBER", help="weaken the access of this row of docs/necessity.md")
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N",
        help="processes that share the exploration (default: %(default)s)")  # fmt: skip
    add("--dask", metavar="ADDRESS", help="share it with the workers of the Dask scheduler there instead")
    add("--failures", type=Path, metavar="FOLDER", help="write each failure into a file, for `replay`")
    add("--page", type=Path, metavar="FILE", help="also write the table into this page, at its marks")
    add("--replay", metavar="STRING", help="only what is below these decisions of the one client that --only names")


def explore_clients(given: argparse.Namespace) -> tuple[int, list[Explored]]:
    """0 where no client fails, 1 where one does; and what was explored. A client of --calls may be left over.

    Raises ValueError for a mistake in the command, CompilerError, JobLost and ClusterError.
    """
    with ExitStack() as stack:
        of_calls = {"resume": None, "sample": None, "threads": 3, "executions": MOST}
        others = [f"--{name}" for name, default in of_calls.items() if getattr(given, name) != default]
        if given.calls is None and others:
            raise ValueError(f"{others[0]} is for --calls")
        if given.calls is not None and (given.only or given.full or given.cxx20 or given.fences or given.replay):
            raise ValueError("--calls explores every client, for all fences: no --only, --full, --fences, ...")
        clients = () if given.calls is not None else _chosen(given)
        if given.weaken is not None:
            given.core = _weakened(given, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        if given.replay is not None:
            return _replay(Task(clients[0], given.fences != FULL_FENCES, given.core, given.cxx20), given.replay), []
        pool = DaskPool(given.dask, given.core) if given.dask else ProcessPool(given.workers)
        stack.push(pool)
        return _sweep(given, pool) if given.calls is not None else _explore_all(clients, given, pool)


def _chosen(given: argparse.Namespace) -> Sequence[Client]:
    by_name = {client.name: client for client in FULL}
    if given.replay is not None and len(given.only) != 1:
        raise ValueError("--replay needs the client whose decisions these are: --only NAME")
    named = []
    for name in given.only:
        if (client := by_name.get(name) or generated(name)) is None:
            raise ValueError(f"no client is called {name!r}; there are: {', '.join(by_name)}")
        named.append(client)
    return named or (FULL if given.full else QUICK)


def _mode(asymmetric: bool, cxx20: bool) -> str:
    return f"{ASYMMETRIC if asymmetric else FULL_FENCES} fences{' in C++20' if cxx20 else ''}"


def _weakened(given: argparse.Namespace, folder: Path) -> Path:
    core = given.core or sources()
    every = every_weakening(core)
    if not 1 <= given.weaken <= len(every):
        raise ValueError(f"--weaken takes a number from 1 to {len(every)}, not {given.weaken}")
    print(f"weakened: {every[given.weaken - 1].key}\n")
    return weakened(core, every[given.weaken - 1], folder)


# ---- clients of the catalogue, or by their names ----


def _explore_all(clients: Sequence[Client], given: argparse.Namespace, pool: Pool) -> tuple[int, list[Explored]]:
    verdicts, found = [], []
    print(report.HEADING, flush=True)
    modes = [(fences == ASYMMETRIC, given.cxx20) for fences in ((given.fences,) if given.fences else FENCES)]
    if not (given.fences or given.cxx20 or given.full):
        modes.append((False, True))
    tasks = [Task(client, asymmetric, given.core, cxx20) for client in clients for asymmetric, cxx20 in modes]
    for number, task in enumerate(tasks, 1):
        began, line = time.monotonic(), report.ProgressLine(f"{number} of {len(tasks)}, {task.client.name}")
        verdict = explore(*task[:3], cxx20=task.cxx20, pool=pool, progress=line.of_one)
        line.finish()
        seconds, result = time.monotonic() - began, verdict.result
        verdicts.append(verdict)
        print(report.table_row(verdict, seconds), flush=True)
        failures = _failures(task, verdict, given) if result.failure else ()
        name = f"{task.client.name}, {_mode(task.asymmetric, task.cxx20)}"
        outcome = "failed" if failures else "error" if verdict.why else "passed"
        found.append(Explored(name, result.complete + result.blocked, seconds, outcome, verdict.why, failures))
    if given.page is not None:
        write_between(report.BEGIN, report.markdown(verdicts), given.page)
    unclean = len({verdict.client.name for verdict in verdicts if not verdict.clean})
    how = " and ".join(dict.fromkeys(_mode(verdict.asymmetric, verdict.cxx20) for verdict in verdicts))
    print(f"{len(clients) - unclean} of {len(clients)} clients exhaustively explored and clean, with {how}")
    return min(1, unclean), found


def _failures(task: Task, verdict: Verdict, given: argparse.Namespace) -> tuple[Failure, ...]:
    """Printed, and written into a file where that is asked for."""
    print(f"\n{report.execution_text(task, verdict.result)}\n", flush=True)
    if verdict.result.failure == "misuse":
        return ()
    failure = report.failure(task, verdict)
    if given.failures is not None:
        given.failures.mkdir(parents=True, exist_ok=True)
        path = given.failures / f"{failure.check.replace('/', '.')}.json"
        failure.write(path)
        print(f"run it again: omni-conformance replay {path}\n", flush=True)
    return (failure,)


def _replay(task: Task, string: str) -> int:
    result = report.replay(task, decisions(string))
    if result.failure is None:
        print(f"nothing fails below {string}: {result.complete:,} complete executions, {result.blocked:,} blocked")
        return 0
    print(report.execution_text(task, result))
    return 1


# ---- every client ----


def _sweep(given: argparse.Namespace, pool: Pool) -> tuple[int, list[Explored]]:
    if given.executions < 1:
        raise ValueError(f"--executions must be at least 1, not {given.executions}")
    if given.sample is not None and (given.resume or given.sample < 1):
        raise ValueError("--sample takes a number from 1 up, and goes without --resume")
    every = parts(given.calls)
    wanted: list[tuple[Part, Sequence[int]]] = [(part, range(part.of_two_threads)) for part in every]
    if given.threads == 3:  # later, and those with most calls last, for they have most executions
        wanted += [(part, range(part.of_two_threads, part.size)) for part in reversed(every)]
    if given.sample is not None:
        wanted = list(sample(wanted, given.sample, given.seed))
    line = report.ProgressLine(f"{sum(len(numbers) for _, numbers in wanted):,} clients")
    record = Record(given.resume, given.core) if given.resume else None
    tallies = sweep(wanted, pool, given.executions, given.core, record, line.of_many)
    line.finish()
    print(report.sweep_text(tallies))
    found = [_explored(tally, given) for tally in tallies]
    if given.page is not None:
        write_between(report.SWEEP, report.sweep_markdown(tallies), given.page)
    total = sum(len(tally.numbers) for tally in tallies)
    unclean = sum(len(tally.found) for tally in tallies)
    failing = sum(len(tally.failing) for tally in tallies)
    print(f"{total - unclean:,} of {total:,} clients exhaustively explored and clean, for all fences; "
          f"{failing} fail, {unclean - failing} have more than {given.executions:,} executions")  # fmt: skip
    return min(1, failing), found


def _explored(tally: Tally, given: argparse.Namespace) -> Explored:
    """A part as a result; its failures are run again here, for their traces."""
    failures: list[Failure] = []
    for each in tally.failing:
        _, draft = next(tally.part.drafts([each.number]))
        task = Task(draft.client, True, given.core, cxx20=True)
        result = task.explore(tuple(each.path))
        failures += _failures(task, Verdict(task.client, result, task.allowed.unexplained(result.outcomes)), given)
    outcome = "failed" if failures else "error" if tally.failing else "skipped" if tally.left_over else "passed"
    why = "; ".join(f"{each.name}: {each.why}" for each in tally.found.values())
    name = f"{len(tally.numbers):,} clients of {tally.part}"
    return Explored(name, tally.executions, tally.seconds, outcome, why, tuple(failures))
