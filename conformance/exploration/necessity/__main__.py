"""Make every access, fence and wake of the core weaker, one at a time: python -m conformance.exploration.necessity"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from conformance.exploration.clients.build import sources
from conformance.exploration.clients.catalogue import QUICK
from conformance.exploration.compile import CompilerError
from conformance.exploration.necessity.accesses import accesses
from conformance.exploration.necessity.document import page, trace_name
from conformance.exploration.necessity.reasons import REASONS
from conformance.exploration.necessity.search import Witness, by_size, witness
from conformance.exploration.necessity.table import Row, mismatches, write
from conformance.exploration.necessity.weaker import Change, changes


def _search(wanted: Sequence[Change], workers: int) -> Iterator[tuple[Change, Witness | None]]:
    print("the core as it is ...", file=sys.stderr, flush=True)
    look = partial(witness, sources(), True, by_size(sources(), True, QUICK))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for number, (change, found) in enumerate(zip(wanted, pool.map(look, wanted), strict=True), 1):
            print(f"{number:>3} of {len(wanted)}: {change.key}\n    {_line(found)}", flush=True)
            yield change, found


def _line(found: Witness | None) -> str:
    return f"{found.failure} in {found.client!r}, {found.steps} steps" if found else "no client fails"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where every change fails a client or has a reason; 1 where one has neither, or both; 2: no compiler."""
    parser = argparse.ArgumentParser(prog="python -m conformance.exploration.necessity", description=__doc__)
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="only changes with that in their name; writes nothing"
    )
    parser.add_argument("--docs", type=Path, metavar="FOLDER", help="write necessity.md and the traces there")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes to use")
    given = parser.parse_args(arguments)
    every = [change for access in accesses(sources()) for change in changes(access)]
    wanted = [change for change in every if given.only in change.key]
    try:
        found = list(_search(wanted, given.workers))
    except (CompilerError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    rows = [_row(change, witness) for change, witness in found]
    chosen = {change.key for change in wanted}
    problems = mismatches(rows, chosen, REASONS.keys() & chosen if given.only else REASONS)
    print("\n".join([*problems, f"{len(rows)} changes: {sum(bool(row.client) for row in rows)} found by a client"]))
    if given.docs and not given.only and not problems:
        write(rows)
        _document(rows, [witness for _, witness in found], given.docs)
    return min(1, len(problems))


def _row(change: Change, found: Witness | None) -> Row:
    if not found:
        return Row(change.key)
    return Row(change.key, found.client, found.failure, found.steps)


def _document(rows: Sequence[Row], found: Sequence[Witness | None], docs: Path) -> None:
    (docs / "necessity").mkdir(exist_ok=True)
    for old in (docs / "necessity").glob("*.txt"):
        old.unlink()
    for number, each in enumerate(found, 1):
        if each:
            (docs / trace_name(number)).write_text(f"{rows[number - 1].change}\nin {each.client!r}\n\n{each.trace}\n")
    (docs / "necessity.md").write_text(page(rows, REASONS))


if __name__ == "__main__":
    sys.exit(main())
