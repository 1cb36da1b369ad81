"""Interrupt a target's calls, in this process: python -m conformance.interruption [--full]"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from conformance.failure import Broken, NotProvided
from conformance.interruption import memory
from conformance.interruption.catalogue import BY_CALL, CALLS, KINDS
from conformance.interruption.series import Found, Result, Series, in_python, parse, replay
from conformance.page import write_between
from conformance.targets import DEFAULT, Target, Unusable, load

Results = Mapping[tuple[str, str], Result | str]
"""By call and kind: what a series found, or why it had no point."""


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
            table = _markdown(results, target.name, _experiments(results))
            write_between(place(target), table, given.markdown)
    except (Unusable, Broken, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(_text(results))
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


def _run(target: Target, given: argparse.Namespace) -> Results:
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
                    print(f"\n{_failure(first)}\n", flush=True)
            else:
                print(f"{call.name}, {kind}: not provided: {found}", flush=True)
    return results


def _experiments(results: Results) -> int:
    return sum(each.experiments for each in results.values() if isinstance(each, Result))


def _replay(target: Target, string: str) -> int:
    found = replay(target, parse(string))
    if found is None:
        print(f"{target.name}: {string} comes out as some order explains")
        return 0
    print(_failure(found))
    return 1


def place(target: Target) -> str:
    """The line of a page above the table of this target: one for each binding, where it has several."""
    binding = getattr(target.omni, "binding", "")
    name = f"{target.name}, binding {binding}" if binding else target.name
    return f"<!-- what was interrupted of {name}: by `python -m conformance.interruption` -->"


def _cell(found: Result | str | None) -> str:
    if not isinstance(found, Result):
        return "-" if found else ""
    failed = ", ".join(f"{rule} {count:,}" for rule, count in Counter(each.rule for each in found.found).items())
    return f"{found.points:,}" + (f" ({failed})" if failed else "")


def rows(results: Results) -> list[list[str]]:
    """A row for each call, a cell for each kind, and the sums."""
    calls = [call.name for call in CALLS if any((call.name, kind) in results for kind in KINDS)]
    body = [[call, *(_cell(results.get((call, kind))) for kind in KINDS)] for call in calls]
    whole = [[each for (_, kind), each in results.items() if kind == one and isinstance(each, Result)] for one in KINDS]
    return [*body, ["all", *(f"{sum(each.points for each in some):,}" for some in whole)]]


def _text(results: Results) -> str:
    """For the terminal."""
    table = [["call", *KINDS], *rows(results)]
    width = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(size) for cell, size in zip(row, width, strict=True)) for row in table]
    return "\n".join(map(str.rstrip, lines))


def _markdown(results: Results, target: str, experiments: int) -> str:
    """For a page."""
    heads = "| call | " + " | ".join(KINDS) + " |\n|---|" + "--:|" * len(KINDS) + "\n"
    body = "".join(f"| {' | '.join(row)} |\n" for row in rows(results))
    return f"`{target}`: {experiments:,} interruptions at these points.\n\n{heads}{body}"


def _failure(found: Found) -> str:
    """One failure, with the string that replays it."""
    stacks = f"\n{found.stacks.rstrip()}" if found.stacks else ""
    return f"{found.rule}: --replay '{found.experiment.replay}'\n{found.seen}{stacks}"


if __name__ == "__main__":
    sys.exit(main())
