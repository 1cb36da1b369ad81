"""Run the litmus suite, or one program: python -m conformance.exploration.litmus [THREAD ...]"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from conformance.exploration.explorer import CompilerError
from conformance.exploration.litmus import locations, program, run, targets
from conformance.exploration.litmus.differential import compare
from conformance.exploration.litmus.suite import SUITE, explored, mistake
from conformance.exploration.result import decisions, table


def suite() -> int:
    """Every litmus test; how many the explorer got wrong."""
    wrong = executions = 0
    began = time.perf_counter()
    for test in SUITE:
        result = explored(test)
        executions += result.complete
        verdict = "allowed" if test.allowed else "forbidden"
        error = mistake(test, result)
        wrong += error is not None
        print(f"{'wrong' if error else 'ok':<6}{test.id:<34}{verdict:<10}{result.complete:>5}  {error or test.source}")
    print(
        f"{len(SUITE)} tests, {wrong} wrong, {executions} executions in {time.perf_counter() - began:.1f} s",
        flush=True,
    )
    return wrong


def one(threads: Sequence[str], prefix: str) -> int:
    """One program in the short notation: its outcomes, or how it fails."""
    parsed = program(*threads)
    result = run(parsed, prefix=decisions(prefix))
    names = [f"{t}:r{r}" for t, thread in enumerate(parsed) for r in targets(thread)] + list(locations(parsed))
    for outcome, count in sorted(result.outcomes.items()):
        print(f"{count:>8}  " + "  ".join(f"{name}={value}" for name, value in zip(names, outcome, strict=True)))
    print(f"{result.complete} executions, {result.blocked} blocked, {result.cut} cut")
    if result.failure:
        print(table(result))
    return result.failure is not None


def random_ones(first: int, last: int) -> int:
    """Random programs against brute force; how many differ."""
    total = compare(range(first, last))
    print("\n".join([*total.wrong, str(total)]))
    return len(total.wrong)


def main(arguments: Sequence[str] | None = None) -> int:
    """0: all as it should be; 1: not; 2: could not run."""
    parser = argparse.ArgumentParser(prog="python -m conformance.exploration.litmus", description=__doc__)
    parser.add_argument("threads", nargs="*", metavar="THREAD", help="such as 'x = 1 rel; r0 = y acq'")
    parser.add_argument("--replay", default="-", metavar="STRING", help="explore only below these decisions")
    parser.add_argument("--random", nargs=2, type=int, metavar=("FIRST", "LAST"), help="seeds to compare instead")
    given = parser.parse_args(arguments)
    try:
        if given.random:
            return min(1, random_ones(*given.random))
        return min(1, one(given.threads, given.replay) if given.threads else suite())
    except (CompilerError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
