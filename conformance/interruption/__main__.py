"""Interrupt a target's calls, in this process: python -m conformance.interruption [--full]"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from conformance.failure import Broken, NotProvided
from conformance.interruption import memory, report
from conformance.interruption.catalogue import BY_CALL, CALLS, KINDS
from conformance.interruption.series import Result, Series, in_python, parse, replay
from conformance.page import write_between
from conformance.targets import DEFAULT, Target, Unusable, load


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where every outcome is allowed, 1 where one is not, 2 where nothing can be said."""
    given = _parser().parse_args(arguments)
    try:
        target = load(given.target)
        if given.replay is not None:
            return _replay(target, given.replay)
        unknown = [name for name in given.only if name not in BY_CALL]
        if unknown:
            raise ValueError(f"no call is named {unknown[0]!r}; there are: {', '.join(BY_CALL)}")
        if "concurrent-use" not in target.provides:
            raise ValueError(f"{target.name} does not provide concurrent-use: {target.lacks['concurrent-use']}")
        results = _run(target, given)
        if given.markdown is not None:
            table = report.markdown(results, target.name, _experiments(results))
            write_between(report.place(target), table, given.markdown)
    except (Unusable, Broken, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(report.text(results))
    failed = sum(len(each.found) for each in results.values() if isinstance(each, Result))
    print(f"{_experiments(results):,} interruptions, {failed:,} of which no order explains")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m conformance.interruption", description=__doc__)
    add = parser.add_argument
    add("--target", default=DEFAULT, help="a module, or the path of a shared library (default: %(default)s)")
    add("--full", action="store_true", help="every intruder at every point, in every state")
    add("--only", action="append", default=[], metavar="CALL", help="only this call; repeatable")
    add("--kind", action="append", default=[], choices=KINDS, help="only this kind of interruption; repeatable")
    add("--replay", metavar="STRING", help="only the interruption that this string of a failure names")
    add("--markdown", type=Path, metavar="FILE", help="also write the table into this page, at its marks")
    return parser


def _run(target: Target, given: argparse.Namespace) -> dict[tuple[str, str], Result | str]:
    results: dict[tuple[str, str], Result | str] = {}
    for call in CALLS:
        for kind in KINDS:
            if (given.only and call.name not in given.only) or (given.kind and kind not in given.kind):
                continue
            began = time.monotonic()
            obstacle = memory.obstacle() if kind == "memory" else ""
            if kind == "memory" and kind not in given.kind:  # asked for by name, it is tried all the same
                obstacle = obstacle or memory.danger(in_python(target))
            try:
                found: Result | str = obstacle or Series(target, call, kind, given.full).run()
            except NotProvided as lacks:
                found = str(lacks)
            results[call.name, kind] = found
            if isinstance(found, Result):
                says = f"{found.points:,} points, {found.experiments:,} interruptions, {len(found.found):,} failed"
                print(f"{call.name}, {kind}: {says}, {time.monotonic() - began:.1f} s", flush=True)
                for rule in dict.fromkeys(each.rule for each in found.found):
                    first = next(each for each in found.found if each.rule == rule)
                    print(f"\n{report.failure_text(first)}\n", flush=True)
            else:
                print(f"{call.name}, {kind}: not provided: {found}", flush=True)
    return results


def _experiments(results: dict[tuple[str, str], Result | str]) -> int:
    return sum(each.experiments for each in results.values() if isinstance(each, Result))


def _replay(target: Target, string: str) -> int:
    found = replay(target, parse(string))
    if found is None:
        print(f"{target.name}: {string} comes out as some order explains")
        return 0
    print(report.failure_text(found))
    return 1


if __name__ == "__main__":
    sys.exit(main())
