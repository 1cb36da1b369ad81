"""The verifier's time compared with C++'s, on the same buffers: python -m tests.fast_impl.flatbuffers.ratio"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

from tests.fast_impl.flatbuffers.buffers import Generator
from tests.fast_impl.flatbuffers.generic import ALL, verdict
from tests.fast_impl.flatbuffers.oracle import HERE, VERIFIER, Missing, Request, cpp, run, tool
from tests.fast_impl.flatbuffers.schemas import NAMES, model, path

BUFFERS = 100


class Ratio(NamedTuple):
    """Medians over rounds: our time over theirs; nanoseconds per buffer; bytes of a buffer on average."""

    generic: float
    generated: float
    ours: float
    size: float


def buffers(name: str, random: Random) -> list[bytes]:
    """Well-formed buffers that flatbuffers::Verify accepts as well, so that all verifiers read all of each."""
    found: list[bytes] = []
    while len(found) < BUFFERS:
        one = Generator(model(name), random, random.randrange(1, 5)).buffer(model(name).root or "")
        if verdict(name, model(name), Request(name, one), ALL) == 1:
            found.append(one)
    return found


def build(folder: Path) -> Path:
    """The compiled program; raises Missing without a compiler or the library."""
    compiler = tool("gcc", "gcc")
    objects = []
    for source in sorted(VERIFIER.glob("*.c")):
        objects.append(str(folder / f"{source.stem}.o"))
        run([compiler, "-std=gnu11", "-O2", "-c", str(source), "-o", objects[-1]], "the C compiler")
    return cpp(folder, HERE / "ratio.cpp", f"-I{VERIFIER}", *objects)


def measure(program: Path, name: str, rounds: int) -> Ratio:
    """The ratios for one schema's buffers."""
    random = Random(name)
    some = buffers(name, random)
    given = b"".join(len(one).to_bytes(4, "little") + one for one in some)
    command = [str(program), str(NAMES.index(name)), str(path(name)), str(rounds)]
    done = subprocess.run(command, input=given, capture_output=True, check=True, timeout=600)
    times = [tuple(map(float, line.split())) for line in done.stdout.splitlines()]
    return Ratio(
        median(ours / generic for ours, generic, _ in times),
        median(ours / generated for ours, _, generated in times),
        median(ours for ours, _, _ in times),
        sum(map(len, some)) / len(some),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if all take at most three times as long as flatbuffers::Verify, 1 if not, 2 if that is not on this machine."""
    parser = argparse.ArgumentParser(prog="python -m tests.fast_impl.flatbuffers.ratio", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1001)
    options = parser.parse_args(arguments)
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        try:
            program = build(Path(folder))
        except Missing as missing:
            print(f"skipped: {missing}")
            return 2
        for name in NAMES:
            ratio = measure(program, name, options.rounds)
            print(
                f"{name:10} {ratio.size:6.0f} bytes, {ratio.ours:6.0f} ns: {ratio.generic:.2f} of flatbuffers::Verify, "
                f"{ratio.generated:.2f} of the verifier that flatc generates",
                flush=True,
            )
            worst = max(worst, ratio.generic)
    return 0 if worst <= 3 else 1


if __name__ == "__main__":
    sys.exit(main())
