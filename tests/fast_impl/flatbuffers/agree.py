"""The verifier compared with C++'s, on well-formed buffers and mutations: python -m tests.fast_impl.flatbuffers.agree

With --bomb instead: the time that each verifier takes for a small buffer with very many references.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from spec_model.flatbuffers.region import Malformed, Region
from spec_model.flatbuffers.verifier import Limits, Verification
from tests.fast_impl.flatbuffers.buffers import Generator, bomb, mutated
from tests.fast_impl.flatbuffers.generic import DEVIATIONS, explanation
from tests.fast_impl.flatbuffers.oracle import Missing, Oracle, Request
from tests.fast_impl.flatbuffers.schemas import NAMES, fast, model

BATCH = 10_000
WELL_FORMED = 300
LARGEST = 2000
"""Bytes. Larger buffers take longer and find nothing more."""

LIMITS = "limits"
LIMITS_DO = "the limits include nested buffers, where C++ counts from 0 again, up to 64 and 1,000,000"


class Agreement:
    """The results of a comparison. verify: the verifier that is compared with C++'s."""

    def __init__(self, verify: Callable[[Request], bool]) -> None:
        self.verify = verify
        self.buffers: Counter[tuple[str, bool]] = Counter()
        """By schema and verdict."""
        self.generated: Counter[str] = Counter()
        self.generic: Counter[tuple[str, int]] = Counter()
        """Disagreements by explanation; those of flatbuffers::Verify by its verdict as well."""
        self.unexplained: list[tuple[str, Request]] = []

    def compare(self, oracle: Oracle, requests: Sequence[Request]) -> None:
        """Compare the verdicts on these."""
        for request, theirs in zip(requests, oracle.verify(requests), strict=True):
            ours = self.verify(request)
            self.buffers[request.schema, ours] += 1
            if ours != theirs.generated:
                if ours == model_verdict(Verification, request) and theirs.generated == model_verdict(
                    LimitsPerBuffer, request
                ):
                    self.generated[LIMITS] += 1
                else:
                    self.unexplained.append((f"{ours}, and {theirs.generated} of what flatc generates", request))
            if ours != theirs.generic:
                reason = explanation(request.schema, model(request.schema), request, ours, theirs.generic)
                if reason is not None:
                    self.generic[reason, theirs.generic] += 1
                else:
                    self.unexplained.append((f"{ours}, and {theirs.generic} of flatbuffers::Verify", request))


class LimitsPerBuffer(Verification):
    """The model with C++'s limits, which start again in every nested buffer."""

    def root(self, region: Region, start: int, table: str, depth: int) -> None:
        if depth == 1:
            super().root(region, start, table, depth)
        else:
            LimitsPerBuffer(self.schema, region, Limits()).buffer(table, False, None)


def model_verdict(verification: type[Verification], request: Request) -> bool:
    """The verdict of the model, or of a variant."""
    schema = model(request.schema)
    assert schema.root is not None
    limits = Limits(request.max_depth, request.max_tables)
    try:
        verification(schema, Region(memoryview(request.data)), limits).buffer(schema.root, request.size_prefixed, None)
    except Malformed:
        return False
    return True


def requests(name: str, random: Random) -> Iterator[Request]:
    """An endless stream of buffers of a schema: one in twenty as it was built, the others mutated."""
    whole: dict[bool, list[bytes]] = {False: [], True: []}
    for size_prefixed, buffers in whole.items():
        while len(buffers) < WELL_FORMED:
            generator = Generator(model(name), random, random.randrange(1, 6))
            buffer = generator.buffer(model(name).root or "", size_prefixed)
            if len(buffer) <= LARGEST:
                buffers.append(buffer)
    while True:
        size_prefixed = random.random() < 0.2
        data = random.choice(whole[size_prefixed])
        if random.random() < 0.95:
            data = mutated(data, whole[size_prefixed], random)
            if size_prefixed and random.random() < 0.9:
                data = max(0, len(data) - 4).to_bytes(4, "little") + data[4:]
        depth = random.randrange(1, 7) if random.random() < 0.02 else 64
        tables = random.randrange(1, 30) if random.random() < 0.02 else 1_000_000
        yield Request(name, data, size_prefixed, depth, tables)


def shipped(request: Request) -> bool:
    """The verdict of the installed verifier."""
    return fast(request.schema).verify(
        request.data,
        size_prefixed=request.size_prefixed,
        max_depth=request.max_depth,
        max_tables=request.max_tables,
    )


def compare(
    oracle: Oracle, count: int, seed: int, verify: Callable[[Request], bool] = shipped, progress: Any = None
) -> Agreement:
    """`count` buffers, equally many of each schema; `progress` is called with the number done."""
    agreement = Agreement(verify)
    sources = [requests(name, Random(f"{seed} {name}")) for name in NAMES]
    done = 0
    while done < count:
        size = min(BATCH, count - done)
        agreement.compare(oracle, [next(sources[number % len(sources)]) for number in range(done, done + size)])
        done += size
        if progress:
            progress(done)
    return agreement


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if every difference is explained, 1 if one is not, 2 if C++'s library is not on this machine."""
    parser = argparse.ArgumentParser(prog="python -m tests.fast_impl.flatbuffers.agree", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="buffers (default: 100,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bomb", action="store_true", help="time one buffer with very many references instead")
    options = parser.parse_args(arguments)
    began = time.monotonic()

    def progress(done: int) -> None:
        print(f"   {done:,} of {options.count:,} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        try:
            oracle = Oracle(Path(folder))
        except Missing as missing:
            print(f"skipped: {missing}")
            return 2
        with oracle:
            if options.bomb:
                return time_bomb(oracle)
            agreement = compare(oracle, options.count, options.seed, progress=progress)
    report(agreement)
    return 1 if agreement.unexplained else 0


def time_bomb(oracle: Oracle) -> int:
    """Print how long each verifier takes for the bomb; 0."""
    data = bomb(20_000, 100_000)
    began = time.monotonic()
    verdict = fast("creature").verify(data)
    print(f"{len(data):,} bytes: {verdict} after {1000 * (time.monotonic() - began):.1f} ms", flush=True)
    print("running C++'s verifiers; this takes some minutes", file=sys.stderr, flush=True)
    began = time.monotonic()
    theirs = oracle.verify([Request("creature", data)])[0]
    print(f"C++'s two verifiers: {theirs} after {time.monotonic() - began:.0f} s")
    return 0


def report(agreement: Agreement) -> None:
    """Print the results."""
    for name in NAMES:
        good, bad = agreement.buffers[name, True], agreement.buffers[name, False]
        print(f"{name:10} {good + bad:>9,} buffers: {good:>8,} well-formed, {bad:>8,} not")
    print(f"compared with the verifiers that flatc generates: {sum(agreement.generated.values()):,} differ, explained")
    for reason, count in agreement.generated.items():
        print(f"{count:>9,}  {reason}: {LIMITS_DO}")
    print(f"compared with flatbuffers::Verify: {sum(agreement.generic.values()):,} differ, explained")
    deviations: Counter[str] = Counter()
    for (reason, theirs), count in agreement.generic.items():
        what = f"{reason}: {DEVIATIONS[reason]}" if reason in DEVIATIONS else "several of these together"
        deviations[f"it {('says False', 'says True', 'crashes')[theirs]}; {what}"] += count
    for what, count in deviations.most_common():
        print(f"{count:>9,}  {what}")
    print(f"{len(agreement.unexplained)} differences unexplained")
    for what, request in agreement.unexplained[:10]:
        print(f"   {what}: {request}")


if __name__ == "__main__":
    sys.exit(main())
