"""Measure it side by side with its peers: python -m tests.bench [--quick] [--check] [--only NAME]"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench import large, native, one_thread, streaming, two_threads
from tests.bench.environment import environment
from tests.bench.report import Measured, compare, document, read, table
from tests.bench.rounds import interleave
from tests.bench.workload import OURS, Workload

PYTHON: tuple[Workload, ...] = (
    *one_thread.WORKLOADS,
    *two_threads.WORKLOADS,
    *streaming.WORKLOADS,
    *large.WORKLOADS,
)
NAMES = (*native.WORKLOADS, *(workload.name for workload in PYTHON))
QUICK = (
    "c-64", "c-batch-64", "c-4096", "c-waking", "single-64", "send-64", "batch-512-64", "threads-64",
    "threads-batch-512-64", "ping-pong", "streaming", "large",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """0; 1 where --check finds a threshold missed; 2 where nothing could be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="fewer workloads, fewer and shorter rounds: under a minute")
    add("--only", action="append", default=[], metavar="NAME", choices=NAMES, help="one workload; repeatable")
    add("--rounds", type=int, help="how often each contender runs (default: 15, quick: 5)")
    add("--check", action="store_true", help="end with 1 where ours is slower than is asked")
    add("--json", type=Path, metavar="FILE", help="write everything that was measured")
    add("--before", type=Path, metavar="FILE", help="compare with what another run wrote")
    add("--plots", type=Path, metavar="FOLDER", help="draw it, as PNG and SVG")
    given = parser.parse_args(arguments)
    wanted = tuple(given.only) or (QUICK if given.quick else NAMES)
    rounds, scale = given.rounds or (5 if given.quick else 15), 0.25 if given.quick else 1.0
    began = time.monotonic()
    facts = environment()
    measured = list(_measure(wanted, rounds, scale))
    if not measured:
        print("error: nothing could be measured", file=sys.stderr)
        return 2
    print(table(measured, facts))
    if given.json:
        given.json.write_text(json.dumps(document(measured, facts), indent=1) + "\n")
    if given.before:
        print("\n" + compare(read(given.before), measured))
    if given.plots:
        from tests.bench.plots import draw

        given.plots.mkdir(parents=True, exist_ok=True)
        print("\ndrawn: " + ", ".join(path.name for path in draw(measured, given.plots)))
    asked = [each for each in measured if each.met is not None]
    missed = [each.name for each in asked if not each.met]
    print(f"\n{len(asked) - len(missed)} of {len(asked)} thresholds met, in {time.monotonic() - began:.0f} s", end="")
    print(f"; missed: {', '.join(missed)}" if missed else "")
    return int(given.check and bool(missed))


def _measure(wanted: Sequence[str], rounds: int, scale: float) -> Iterator[Measured]:
    yield from _measure_native([name for name in wanted if name in native.WORKLOADS], rounds, scale)
    for workload in PYTHON:
        if workload.name in wanted:
            series = interleave(workload.contenders(scale), rounds, workload.name)
            yield Measured(workload.name, workload.title, OURS, tuple(series), workload.threshold)


def _measure_native(wanted: Sequence[str], rounds: int, scale: float) -> Iterator[Measured]:
    if not wanted:
        return
    try:
        with native.program() as made:
            for name in wanted:
                title, ours, threshold = native.WORKLOADS[name]
                yield Measured(name, title, ours, tuple(native.run(made, name, rounds, scale)), threshold)
    except native.NoCompiler as error:
        print(f"skipped: the C side: {error}", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"failed: the C side: {error.stderr.strip()}", file=sys.stderr)
        raise


if __name__ == "__main__":
    sys.exit(main())
