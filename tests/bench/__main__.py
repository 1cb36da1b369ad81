"""Measure it side by side with its peers: make bench, make bench-check, or python -m tests.bench"""

from __future__ import annotations

import argparse
import faulthandler
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.page import write_between
from tests.bench import coroutines, interpreters, large, native, one_thread, streaming, two_threads
from tests.bench.measuring import InvalidMeasurement, Progress, interleave
from tests.bench.report import BEGIN, draw, header, line, markdown, terminal, worst_first
from tests.bench.results import Measured, compare, document, environment, read
from tests.bench.workload import CannotRun, Workload, WrongMessages

WORKLOADS: tuple[Workload, ...] = (
    *native.WORKLOADS,
    *one_thread.WORKLOADS,
    *two_threads.WORKLOADS,
    *coroutines.WORKLOADS,
    *interpreters.WORKLOADS,
    *streaming.WORKLOADS,
    *large.IN_PLACE,
    *large.RESIDENT,
)
ROUNDS, TURN = 21, 0.02
"""Rounds, and seconds of each contender in a round."""
QUICK_ROUNDS, QUICK_TURN = 5, 0.004
LIMIT = 300
"""Seconds for one workload: then it counts as hung, and the run ends with the stack of every thread."""


def main(arguments: Sequence[str] | None = None, workloads: Sequence[Workload] = WORKLOADS) -> int:
    """0; 1 where --check finds a threshold missed or not measured; 2 for a bad measurement, or where nothing ran."""
    given = _arguments(arguments, [workload.name for workload in workloads])
    rounds = given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS)
    turn = given.turn or (QUICK_TURN if given.quick else TURN)
    wanted = [each for each in workloads if each.name in given.only or not given.only]
    wanted = [each for each in wanted if each.rows or not given.check]
    try:
        before = read(given.compare) if given.compare else None
        if not wanted:
            raise ValueError(f"no threshold is asked of {', '.join(given.only)}")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    facts = {**environment(), "rounds": f"{rounds}, each contender for about {turn * 1e3:g} ms in each"}
    print(header(facts), flush=True)
    progress = Progress(len(wanted))
    try:
        measured = [_measure(each, rounds, turn, progress, given.check) for each in wanted]
    except (InvalidMeasurement, WrongMessages, TimeoutError) as error:
        progress.end()
        print(f"error: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return _report(measured, facts, before, given, progress.seconds)


def _arguments(arguments: Sequence[str] | None, names: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, epilog=f"workloads: {', '.join(names)}"
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="fewer and shorter rounds: under a minute")
    add("--check", action="store_true", help="only workloads with a threshold; exit code 1 where one is missed")
    add("--only", action="append", default=[], metavar="NAME", choices=names, help="one workload; may be repeated")
    add("--rounds", type=_positive(int), metavar="N", help=f"how often each runs: {ROUNDS}, quick {QUICK_ROUNDS}")
    add("--turn", type=_positive(float), metavar="S", help=f"for how many seconds: {TURN}, quick {QUICK_TURN}")
    add("--json", type=Path, metavar="FILE", help="write everything that was measured")
    add("--compare", type=Path, metavar="FILE", help="compare with what another run wrote")
    add("--docs", type=Path, metavar="FOLDER", help="table into performance.md and plots; a full run: docs")
    given = parser.parse_args(arguments)
    if not (given.quick or given.check or given.only or given.docs):
        given.docs = Path("docs")
    return given


def _positive(kind: type[int] | type[float]):  # type: ignore[no-untyped-def]
    def number(text: str) -> float:
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        return value

    return number


def _measure(workload: Workload, rounds: int, turn: float, progress: Progress, check: bool) -> Measured:
    progress.begin(workload.name)
    faulthandler.dump_traceback_later(LIMIT, exit=True, file=sys.__stderr__)
    try:
        if workload.interleave:
            series = workload.interleave(workload.name, rounds, turn * workload.turn, progress)
        else:
            needed = {name for row in workload.rows for name in (row.ours, *row.rivals)}
            contenders = [each for each in workload.contenders() if each.name in needed or not check]
            series = interleave(contenders, rounds, turn * workload.turn, progress)
        measured = Measured(workload, tuple(series))
    except CannotRun as why:
        measured = Measured(workload, why_not=str(why))
    finally:
        faulthandler.cancel_dump_traceback_later()
    progress.end()
    if not check:
        print(f"\n{terminal(measured)}", flush=True)
    return measured


def _report(
    measured: Sequence[Measured], facts: dict[str, str], before: dict[str, object] | None, given: argparse.Namespace,
    seconds: float,
) -> int:  # fmt: skip
    after = document(measured, facts)
    if given.json:
        given.json.write_text(json.dumps(after, indent=1) + "\n")
    if before:
        print(f"\n{compare(before, json.loads(json.dumps(after)))}")
    if given.docs:
        try:
            write_between(BEGIN, markdown(measured, facts, "make bench"), given.docs / "performance.md")
            print(f"\nwritten: performance.md, {', '.join(path.name for path in draw(measured, given.docs))}")
        except (CannotRun, OSError, ValueError) as error:
            print(f"error: the page in {given.docs} was not written, or not its plots: {error}", file=sys.stderr)
            return 2
    if not any(each.series for each in measured):
        print("error: nothing could be measured", file=sys.stderr)
        return 2
    rows = worst_first(measured)
    if given.check:
        print(*map(line, rows), sep="\n")
    asked = [row for row in rows if row.verdict != "reported"]
    missed = [row.asked.name for row in asked if row.verdict == "missed"]
    silent = [row.asked.name for row in asked if row.verdict == "not measured"]
    print(f"\n{len(asked) - len(missed) - len(silent)} of {len(asked)} thresholds met, in {seconds:.0f} s", end="")
    print(f"; missed: {', '.join(missed)}" if missed else "", end="")
    print(f"; not measured: {', '.join(silent)}" if silent else "")
    return int(given.check and bool(missed or silent))


if __name__ == "__main__":
    sys.exit(main())
