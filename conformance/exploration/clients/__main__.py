"""Explore the core that ships: python -m conformance.exploration.clients [--full]"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from conformance.exploration.clients import report
from conformance.exploration.clients.catalogue import FULL, QUICK
from conformance.exploration.clients.client import Client, sources
from conformance.exploration.clients.dask import ClusterError, DaskPool
from conformance.exploration.clients.parallel import JobLost, Pool, ProcessPool, Task
from conformance.exploration.clients.verdict import Verdict, explore
from conformance.exploration.clients.weaken import every_weakening, weakened
from conformance.exploration.explorer import CompilerError
from conformance.exploration.result import decisions
from conformance.failure import Failure
from conformance.page import write_between

FENCES = (ASYMMETRIC, FULL_FENCES) = ("asymmetric", "full")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where every client is clean, 1 where one is not, 2 where they cannot be explored."""
    given = _parser().parse_args(arguments)
    try:
        with ExitStack() as stack:
            clients = _chosen(given)
            if given.weaken is not None:
                given.core = _weakened(given, Path(stack.enter_context(tempfile.TemporaryDirectory())))
            if given.replay is not None:
                return _replay(Task(clients[0], given.fences != FULL_FENCES, given.core, given.cxx20), given.replay)
            pool = DaskPool(given.dask, given.core) if given.dask else ProcessPool(given.workers)
            stack.push(pool)
            verdicts = _explore_all(clients, given, pool)
            if given.markdown is not None:
                write_between(report.BEGIN, report.markdown(verdicts), given.markdown)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has seen enough
        return 0
    except (CompilerError, JobLost, ClusterError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    unclean = len({verdict.client.name for verdict in verdicts if not verdict.clean})
    how = " and ".join(dict.fromkeys(_mode(verdict.asymmetric, verdict.cxx20) for verdict in verdicts))
    print(f"{len(clients) - unclean} of {len(clients)} clients exhaustively explored and clean, with {how}")
    return min(1, unclean)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m conformance.exploration.clients", description=__doc__)
    add = parser.add_argument
    add("--full", action="store_true", help="with the clients that take minutes")
    add("--only", action="append", default=[], metavar="CLIENT", help="only the client of this name; repeatable")
    add("--cxx20", action="store_true", help="only with C++20's release sequences, which are shorter than C11's")
    add("--fences", choices=FENCES, help="only with these fences (default: with either, and quick clients with "
        "full fences and C++20's release sequences too; for --replay: asymmetric)")  # fmt: skip
    add("--core", type=Path, metavar="FOLDER", help="sources of another core than the one that ships")
    add("--weaken", type=int, metavar="NUMBER", help="weaken the access of this row of docs/necessity.md")
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N",
        help="processes that share a long exploration (default: %(default)s)")  # fmt: skip
    add("--dask", metavar="ADDRESS", help="share it with the workers of the Dask scheduler there instead")
    add("--failures", type=Path, metavar="FOLDER", help="write each failure into a file, for `omni-conformance replay`")
    add("--markdown", type=Path, metavar="FILE", help="also write the table of clients into this page, at its marks")
    add("--replay", metavar="STRING", help="only what is below these decisions of the one client that --only names")
    return parser


def _chosen(given: argparse.Namespace) -> Sequence[Client]:
    unknown = [name for name in given.only if all(client.name != name for client in FULL)]
    if unknown:
        raise ValueError(f"no client is called {unknown[0]!r}; there are: {', '.join(each.name for each in FULL)}")
    if given.replay is not None and len(given.only) != 1:
        raise ValueError("--replay needs the client whose decisions these are: --only NAME")
    if given.only:
        return [client for client in FULL if client.name in given.only]
    return FULL if given.full else QUICK


def _mode(asymmetric: bool, cxx20: bool) -> str:
    return f"{ASYMMETRIC if asymmetric else FULL_FENCES} fences{' in C++20' if cxx20 else ''}"


def _weakened(given: argparse.Namespace, folder: Path) -> Path:
    core = given.core or sources()
    every = every_weakening(core)
    if not 1 <= given.weaken <= len(every):
        raise ValueError(f"--weaken takes a number from 1 to {len(every)}, not {given.weaken}")
    print(f"weakened: {every[given.weaken - 1].key}\n")
    return weakened(core, every[given.weaken - 1], folder)


def _explore_all(clients: Sequence[Client], given: argparse.Namespace, pool: Pool) -> list[Verdict]:
    verdicts = []
    print(report.HEADING, flush=True)
    modes = [(fences == ASYMMETRIC, given.cxx20) for fences in ((given.fences,) if given.fences else FENCES)]
    if not (given.fences or given.cxx20 or given.full):
        modes.append((False, True))
    tasks = [Task(client, asymmetric, given.core, cxx20) for client in clients for asymmetric, cxx20 in modes]
    for number, task in enumerate(tasks, 1):
        began, line = time.monotonic(), report.ProgressLine(f"{number} of {len(tasks)}, {task.client.name}")
        verdict = explore(*task[:3], cxx20=task.cxx20, pool=pool, progress=line)
        line.finish()
        verdicts.append(verdict)
        print(report.table_row(verdict, time.monotonic() - began), flush=True)
        if verdict.result.failure:
            print(f"\n{report.execution_text(task, verdict.result)}\n", flush=True)
            if given.failures is not None and verdict.result.failure != "misuse":
                _write(report.failure(task, verdict), given.failures)
    return verdicts


def _replay(task: Task, string: str) -> int:
    result = report.replay(task, decisions(string))
    if result.failure is None:
        print(f"nothing fails below {string}: {result.complete:,} complete executions, {result.blocked:,} blocked")
        return 0
    print(report.execution_text(task, result))
    return 1


def _write(failure: Failure, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{failure.check.replace('/', '.')}.json"
    failure.write(path)
    print(f"run it again: omni-conformance replay {path}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
