"""`make mutation`: would the suite notice? Runs it on every deliberate mistake."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from conformance.cli.run import Progress
from conformance.targets import Unusable
from tests.mutation import results
from tests.mutation.core_copy import CannotBuild
from tests.mutation.core_mutants import CORE_MUTANTS
from tests.mutation.face_mutants import FACE_MUTANTS
from tests.mutation.hunt import Hunt, Place, hunt, in_core, in_face, in_model
from tests.mutation.model_mutants import MODEL_MUTANTS
from tests.mutation.mutant import Mutant

BANKS: dict[str, tuple[tuple[Mutant, ...], Place]] = {
    "model": (MODEL_MUTANTS, in_model),
    "core": (CORE_MUTANTS, in_core),
    "face": (FACE_MUTANTS, in_face),
}
QUICK = 12
"""Of how many mutants the quick subset takes one."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add = parser.add_argument
    add("--quick", action="store_true", help=f"every {QUICK}th mutant only")
    add(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="only this mutant or bank (model, core, face); repeatable",
    )
    add(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="mutants at a time (default: %(default)s)"
    )
    add("--markdown", type=Path, metavar="FILE", help="write the table as a page too")


def main(words: Sequence[str] | None = None) -> int:
    """0 if every mutant is caught, and every rule is broken by one; 1 if not; 2 for a mistake in the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description="Run the suite on deliberate mistakes.")
    _arguments(parser)
    given = parser.parse_args(words)
    chosen = [(bank, mutant) for bank, (mutants, _) in BANKS.items() for mutant in mutants]
    unknown = set(given.only) - {name for bank, mutant in chosen for name in (bank, mutant.id)}
    if unknown or given.workers < 1:
        why = f"no mutant or bank is called {', '.join(sorted(unknown))}" if unknown else "--workers must be at least 1"
        print(f"mutation: {why}", file=sys.stderr)
        return 2
    whole = not (given.only or given.quick)
    if given.only:
        chosen = [(bank, mutant) for bank, mutant in chosen if {bank, mutant.id} & set(given.only)]
    if given.quick:
        chosen = chosen[::QUICK]
    try:
        hunts = _hunt_all(chosen, given.workers)
    except (CannotBuild, Unusable, ValueError) as error:
        print(f"mutation: {error}", file=sys.stderr)
        return 2
    print(results.text(hunts))
    print()
    print(results.summary(hunts, whole))
    if given.markdown is not None:
        given.markdown.write_text(results.markdown(hunts, whole), encoding="utf-8")
    return 1 if results.missed(hunts) or (whole and results.unbroken(hunts)) else 0


def _hunt_all(chosen: list[tuple[str, Mutant]], workers: int) -> list[Hunt]:
    progress = Progress(unit="mutants hunted", found="not caught")
    progress.begin({f"{bank} {mutant.id}": 1.0 for bank, mutant in chosen})
    hunts: list[Hunt] = []
    pool = ThreadPoolExecutor(workers)
    try:
        for future in as_completed([pool.submit(hunt, mutant, bank, BANKS[bank][1]) for bank, mutant in chosen]):
            done = future.result()
            hunts.append(done)
            progress.advance(f"{done.bank} {done.mutant.id}", len(hunts), len(results.missed(hunts)))
    finally:
        pool.shutdown(cancel_futures=True)
        progress.finish()
    return hunts


if __name__ == "__main__":
    sys.exit(main())
