"""Explore the core: python -m conformance.weakmemory.core [--full] [--cxx20] [--asymmetric] [--core FOLDER]"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from conformance.weakmemory.compile import CompilerError
from conformance.weakmemory.core.build import library
from conformance.weakmemory.core.clients import FULL, QUICK
from conformance.weakmemory.core.verdict import explore
from conformance.weakmemory.explorer import Result
from conformance.weakmemory.trace import source_lines, table


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where every client is proved, 1 where one is not, 2 where the core cannot be compiled."""
    parser = argparse.ArgumentParser(prog="python -m conformance.weakmemory.core", description=__doc__)
    parser.add_argument("--full", action="store_true", help="with the clients that take minutes")
    parser.add_argument(
        "--cxx20", action="store_true", help="with C++20's release sequences, which are shorter than C11's"
    )
    parser.add_argument("--asymmetric", action="store_true", help="with asymmetric fences instead of full ones")
    parser.add_argument("--core", type=Path, metavar="FOLDER", help="sources of another core than the one that ships")
    given = parser.parse_args(arguments)
    clients, unproved = FULL if given.full else QUICK, 0
    print(f"{'client':<50}{'capacity':>9}{'complete':>10}{'blocked':>9}{'outcomes':>10}{'s':>7}  verdict")
    for number, client in enumerate(clients, 1):
        print(f"\r{number} of {len(clients)}: {client.name} ...", end="", file=sys.stderr, flush=True)
        began = time.monotonic()
        try:
            verdict = explore(client, given.asymmetric, given.core, cxx20=given.cxx20)
        except CompilerError as error:
            print(f"\n{error}", file=sys.stderr)
            return 2
        result = verdict.result
        unproved += not verdict.proved
        print("\r" + " " * 70 + "\r", end="", file=sys.stderr, flush=True)
        print(
            f"{client.name:<50}{client.capacity:>9}{result.complete:>10,}{result.blocked:>9,}{len(result.outcomes):>10}"
            f"{time.monotonic() - began:>7.1f}  {'proved' if verdict.proved else verdict.why}",
            flush=True,
        )
        if result.failure:
            print(f"\n{_trace(result, given.asymmetric, given.core)}\n", flush=True)
    print(f"{len(clients) - unproved} of {len(clients)} clients proved")
    return min(1, unproved)


def _trace(result: Result, asymmetric: bool, core: Path | None) -> str:
    """The failing execution, a column per thread, by source lines where they can be found out."""
    addresses = re.findall(r"0x[0-9a-f]+", " ".join([result.message, *(step.file for step in result.trace)]))
    return table(result, source_lines(Path(library(asymmetric, core)._name), addresses))


if __name__ == "__main__":
    sys.exit(main())
