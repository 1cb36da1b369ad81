"""Explore the core that ships: python -m conformance.exploration.clients [--full]"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from conformance.exploration.clients import failures, proved
from conformance.exploration.clients.catalogue import FULL, QUICK
from conformance.exploration.clients.client import Client
from conformance.exploration.clients.cluster import Cluster, Unfit
from conformance.exploration.clients.job import Job
from conformance.exploration.clients.processes import Processes
from conformance.exploration.clients.progress import Progress
from conformance.exploration.clients.spread import Crew, Lost
from conformance.exploration.clients.verdict import Verdict, explore
from conformance.exploration.compile import CompilerError
from conformance.exploration.trace import decisions
from conformance.failure import Failure

FENCES = (ASYMMETRIC, FULL_FENCES) = ("asymmetric", "full")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where every client is proved, 1 where one is not, 2 where they cannot be explored."""
    given = _parser().parse_args(arguments)
    try:
        clients = _chosen(given)
        if given.replay is not None:
            return _replay(Job(clients[0], given.fences == ASYMMETRIC, given.core, given.cxx20), given.replay)
        with Cluster(given.dask, given.core) if given.dask else Processes(given.workers) as crew:
            verdicts = _explore_all(clients, given, crew)
        if given.markdown is not None:
            proved.write(verdicts, given.markdown)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has seen enough
        return 0
    except (CompilerError, Lost, Unfit, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    unproved = len({verdict.client.name for verdict in verdicts if not verdict.proved})
    fences = given.fences or " and with ".join(FENCES)
    print(f"{len(clients) - unproved} of {len(clients)} clients proved, with {fences} fences")
    return min(1, unproved)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m conformance.exploration.clients", description=__doc__)
    add = parser.add_argument
    add("--full", action="store_true", help="with the clients that take minutes")
    add("--only", action="append", default=[], metavar="CLIENT", help="only the client of this name; repeatable")
    add("--cxx20", action="store_true", help="with C++20's release sequences, which are shorter than C11's")
    add("--fences", choices=FENCES, help="only with these fences (default: with either; for --replay: full)")
    add("--core", type=Path, metavar="FOLDER", help="sources of another core than the one that ships")
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N",
        help="processes that share what lasts (default: %(default)s)")  # fmt: skip
    add("--dask", metavar="ADDRESS", help="share it with the workers of the Dask scheduler there instead")
    add("--failures", type=Path, metavar="FOLDER", help="write each failure into a file, for `omni-conformance replay`")
    add("--markdown", type=Path, metavar="FILE", help="write what was proved into this page too, between its marks")
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


def _explore_all(clients: Sequence[Client], given: argparse.Namespace, crew: Crew) -> list[Verdict]:
    verdicts = []
    print(proved.HEADING, flush=True)
    jobs = [
        Job(client, fences == ASYMMETRIC, given.core, given.cxx20)
        for client in clients
        for fences in ((given.fences,) if given.fences else FENCES)
    ]
    for number, job in enumerate(jobs, 1):
        began, progress = time.monotonic(), Progress(f"{number} of {len(jobs)}, {job.client.name}")
        verdict = explore(*job[:3], cxx20=job.cxx20, crew=crew, watch=progress)
        progress.finish()
        verdicts.append(verdict)
        print(proved.line(verdict, time.monotonic() - began), flush=True)
        if verdict.result.failure:
            print(f"\n{failures.told(job, verdict.result)}\n", flush=True)
            if given.failures is not None and verdict.result.failure != "misuse":
                _write(failures.failure(job, verdict), given.failures)
    return verdicts


def _replay(job: Job, string: str) -> int:
    result = failures.again(job, decisions(string))
    if result.failure is None:
        print(f"nothing fails below {string}: {result.complete:,} complete executions, {result.blocked:,} blocked")
        return 0
    print(failures.told(job, result))
    return 1


def _write(failure: Failure, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{failure.check.replace('/', '.')}.json"
    failure.write(path)
    print(f"run it again: omni-conformance replay {path}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
