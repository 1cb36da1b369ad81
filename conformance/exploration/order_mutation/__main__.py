"""Weaken every access, fence and wake of the core, one at a time: python -m conformance.exploration.order_mutation"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from conformance.exploration.clients.catalogue import QUICK
from conformance.exploration.clients.client import Client, sources
from conformance.exploration.clients.verdict import Verdict, explore
from conformance.exploration.clients.weaken import Weakening, every_weakening, weakened
from conformance.exploration.compile import CompilerError
from conformance.exploration.order_mutation.table import Row, Table, mismatches, page, read, rematched, row_of, write
from conformance.exploration.result import replay_string

SMALL = 500
"""Executions of a client that is small."""


def by_size(core: Path, clients: Sequence[Client]) -> list[tuple[Client, int]]:
    """The clients with how many executions each has, smallest first; ValueError where one fails already."""
    sizes = []
    for client in clients:
        verdict = explore(client, True, core)
        if not verdict.clean:
            raise ValueError(f"{client.name!r} fails on the core as it is: {verdict.why}")
        sizes.append((client, verdict.result.complete))
    return sorted(sizes, key=lambda each: each[1])


def mutated(core: Path, clients: Sequence[tuple[Client, int]], weakening: Weakening) -> Row:
    """The shortest failure with that access weakened: of all small clients, or else of the first that fails.

    clients: smallest first. A row without a client where none fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = weakened(core, weakening, Path(folder))
        failing: list[Verdict] = []
        for client, executions in clients:
            if failing and executions > SMALL:
                break
            verdict = explore(client, True, copy)
            if verdict.result.failure:
                failing.append(verdict)
    if not failing:
        return row_of(weakening)
    name, result = min(failing, key=lambda verdict: len(verdict.result.trace))[:2]
    row = row_of(weakening)
    return replace(row, client=name.name, failure=result.failure or "", replay=replay_string(result.path))


def _mutation_run(wanted: Sequence[Weakening], workers: int) -> Iterator[Row]:
    print("the core as it is ...", file=sys.stderr, flush=True)
    mutate = partial(mutated, sources(), by_size(sources(), QUICK))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for number, row in enumerate(pool.map(mutate, wanted), 1):
            what = f"{row.failure} in {row.client!r}, --replay {row.replay}" if row.client else "no client fails"
            print(f"{number:>3} of {len(wanted)}: {row.key}\n    {what}", flush=True)
            yield row


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where every row fails a client or has a reason; 1 where one has neither, or both; 2: could not explore."""
    parser = argparse.ArgumentParser(prog="python -m conformance.exploration.order_mutation", description=__doc__)
    add = parser.add_argument
    add("--only", default="", metavar="TEXT", help="only rows with this in their name; writes nothing")
    add("--rematch", action="store_true", help="explore nothing: keep each result where its access is now")
    add("--docs", type=Path, metavar="FOLDER", help="write the table, and necessity.md there")
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (default: %(default)s)")
    given = parser.parse_args(arguments)
    known, every = read(), every_weakening(sources())
    wanted = [weakening for weakening in every if given.only in weakening.key]
    kept = rematched(known, every)
    try:
        if given.rematch:
            table = kept
        else:
            reasons = {row.key: row.reason for row in kept.rows}
            rows = (replace(row, reason=reasons.get(row.key, "")) for row in _mutation_run(wanted, given.workers))
            table = Table(tuple(rows), known.reasons)
    except (CompilerError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    problems = mismatches(table, [weakening.key for weakening in wanted])
    if given.only:
        problems = [each for each in problems if not each.startswith("a reason without")]
    failing = sum(bool(row.client) for row in table.rows)
    print("\n".join([*problems, f"{len(table.rows)} weakenings: {failing} fail a client"]))
    if given.docs and not given.only and not problems:
        write(table)
        (given.docs / "necessity.md").write_text(page(table))
    return min(1, len(problems))


if __name__ == "__main__":
    sys.exit(main())
