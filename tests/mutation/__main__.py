"""`make mutation`: runs the tools that must catch mutants on some of the list, or with --all on all of it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from conformance.cli.progress import Progress
from conformance.targets import Unusable
from tests.mutation import report, tools
from tests.mutation.mutant import Catch, Mutant
from tests.mutation.mutants import MUTANTS
from tests.mutation.report import Result
from tests.native.programs import Refused

QUICK = {
    "suite": 20, "explorer": 14, "native": 3, "hang": 2, "sanitizer": 3, "cbmc": 10, "verifier": 12, "crosshair": 4,
}  # fmt: skip
"""Of how many entries of a tool and a package the quick subset takes one."""

Trial = tuple[Mutant, Catch]
"""A mutant, and a tool that must catch it."""


def main(words: Sequence[str] | None = None) -> int:
    """0 if every mutant is caught, and with --all every rule is broken by one; 1 if not; 2 for any other mistake."""
    given = _parser().parse_args(words)
    if given.workers < 1:
        print("mutation: --workers must be at least 1", file=sys.stderr)
        return 2
    try:
        results = _run_all(_chosen(given.only, given.all), given.workers)
    except (Refused, Unusable, ValueError) as error:
        print(f"mutation: {error}", file=sys.stderr)
        return 2
    whole = given.all and not given.only
    print(report.text(results))
    print()
    print(report.summary(results, whole))
    if given.markdown is not None:
        given.markdown.write_text(report.markdown(results, whole), encoding="utf-8")
    return 1 if any(result.missed for result in results) or (whole and report.unbroken(results)) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    add = parser.add_argument
    add("--all", action="store_true", help="every mutant with every tool, instead of some of each tool's")
    add("--only", action="append", default=[], metavar="NAME",
        help="only this mutant, the mutants of this file or folder, or this tool; all of them; repeatable")  # fmt: skip
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="at a time (default: %(default)s)")
    add("--markdown", type=Path, metavar="FILE", help="write the table as a page too")
    return parser


def _chosen(only: Sequence[str], everything: bool) -> list[Trial]:
    """All trials of the list, those with one of the names in `only`, or the quick subset; ValueError for no name."""
    trials = [(mutant, catch) for mutant in MUTANTS for catch in mutant.caught_by]
    if only:
        unknown = [name for name in only if not any(_is(trial, name) for trial in trials)]
        if unknown:
            raise ValueError(f"no mutant, file or tool is called {', '.join(unknown)}")
        return [trial for trial in trials if any(_is(trial, name) for name in only)]
    return trials if everything else quick(trials)


def _is(trial: Trial, name: str) -> bool:
    mutant, catch = trial
    return name in (mutant.id, catch.tool) or f"/{name.strip('/')}/" in f"/{mutant.file}/"


def quick(trials: Sequence[Trial]) -> list[Trial]:
    """Some of each tool's, spread over the packages and over the list."""
    groups: dict[tuple[str, str], list[Trial]] = {}
    for mutant, catch in trials:
        folder = mutant.file.split("/")[:2] if mutant.file.startswith("fast_impl/") else ["spec_model"]
        groups.setdefault((catch.tool, "/".join(folder)), []).append((mutant, catch))
    chosen = []
    for (tool, _), group in groups.items():
        chosen += group[min(QUICK[tool], len(group)) // 2 :: QUICK[tool]]
    return chosen


def _run_all(trials: Sequence[Trial], workers: int) -> list[Result]:
    progress = Progress(unit="runs on mutants", found="not caught")
    progress.begin({f"{catch.tool} {mutant.id}": 1.0 for mutant, catch in trials})
    results: list[Result] = []
    pool = ThreadPoolExecutor(workers)
    try:
        for future in as_completed([pool.submit(_run, *trial) for trial in trials]):
            results.append(done := future.result())
            missed = sum(result.missed for result in results)
            progress.advance(f"{done.catch.tool} {done.mutant.id}", len(results), missed)
    finally:
        pool.shutdown(cancel_futures=True)
        progress.finish()
    return results


def _run(mutant: Mutant, catch: Catch) -> Result:
    try:
        return Result(mutant, catch, tools.run(mutant, catch))
    except tools.Missing as error:
        return Result(mutant, catch, None, str(error))


if __name__ == "__main__":
    sys.exit(main())
