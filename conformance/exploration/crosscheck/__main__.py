"""Run the litmus suite through the independent checkers on the PATH, and compare: herd7 and GenMC."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from conformance.exploration.crosscheck import Checker, CheckerError
from conformance.exploration.crosscheck.compare import (
    DIFFERS,
    MODEL,
    PASSED_OVER,
    SAME,
    Case,
    compared,
    random_cases,
    suite,
)
from conformance.exploration.crosscheck.genmc import GenMC
from conformance.exploration.crosscheck.herd import Herd
from conformance.exploration.explorer import CompilerError

CHECKERS: tuple[type[Herd] | type[GenMC], ...] = (Herd, GenMC)


def crosscheck(checker: Checker, cases: Iterable[Case], seconds: float) -> bool:
    """Print each case as it is compared, and all of them together; whether nothing differs that should not."""
    kinds: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    began = time.perf_counter()
    print(f"== {checker.version}", flush=True)
    for case in cases:
        verdict = compared(checker, case, seconds)
        kinds[verdict.kind] += 1
        if verdict.kind == PASSED_OVER:
            reasons[verdict.says] += 1
        counted = sum(case.explored.each.values()) if verdict.kind == SAME and not verdict.says else ""
        print(f"{verdict.kind:<8}{case.id:<34}{counted:>6}  {verdict.says}".rstrip(), flush=True)
    print(
        f"{checker.version}: {kinds.total()} programs, {kinds[SAME]} the same, {kinds[MODEL]} explained by its model, "
        f"{kinds[DIFFERS]} different, {kinds[PASSED_OVER]} not compared, in {time.perf_counter() - began:.0f} s"
    )
    for reason, count in reasons.most_common():
        print(f"  not compared: {count} ({reason})")
    if not kinds[SAME]:
        print("  nothing was the same: that is no comparison")
    return bool(kinds[SAME]) and not kinds[DIFFERS]


def main(arguments: Sequence[str] | None = None) -> int:
    """0: nothing differs, or there is no checker; 1: something does; 2: could not run."""
    parser = argparse.ArgumentParser(prog="python -m conformance.exploration.crosscheck", description=__doc__)
    parser.add_argument("--random", nargs=2, type=int, metavar=("FIRST", "LAST"), help="seeds of programs instead")
    parser.add_argument("--seconds", type=float, default=30.0, help="for one program (default: 30)")
    given = parser.parse_args(arguments)
    found = {each: path for each in CHECKERS if (path := shutil.which(each.name))}
    for each in CHECKERS:
        if each not in found:
            print(f"skipped: {each.name} is not on the PATH")
    agreed = True
    try:
        for each, path in found.items():
            agreed &= crosscheck(each(path), random_cases(*given.random) if given.random else suite(), given.seconds)
    except (CheckerError, CompilerError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
