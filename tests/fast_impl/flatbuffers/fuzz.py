"""Fuzzing the verifier and the schema loader under sanitizers: python -m tests.fast_impl.flatbuffers.fuzz"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from tests.fast_impl.flatbuffers.agree import requests
from tests.fast_impl.flatbuffers.buffers import Generator, mutated
from tests.fast_impl.flatbuffers.oracle import HERE, VERIFIER, Missing, run
from tests.fast_impl.flatbuffers.schemas import NAMES, model, path

COMPILERS = ("clang", "clang-19", "clang-18", "clang-17", "clang-16", "clang-15", "clang-14")
SEEDS = 400
"""Of each schema; as many again are schemas."""
LONGEST = 16_000
"""Bytes of an input."""
SANITIZERS = "-fsanitize=fuzzer,address,undefined"


def compiler(folder: Path) -> str:
    """A clang with libFuzzer; raises Missing without one."""
    empty = folder / "empty.c"
    empty.write_text("int LLVMFuzzerTestOneInput(const char *data, unsigned long size) { return !data && size; }\n")
    for name in COMPILERS:
        clang = shutil.which(name)
        if clang is None:
            continue
        probe = [clang, SANITIZERS, str(empty), "-o", str(folder / "empty")]
        if subprocess.run(probe, capture_output=True, timeout=120).returncode == 0:
            return clang
    raise Missing("there is no clang with a fuzzer on the PATH (Debian: apt-get install clang-16 libclang-rt-16-dev)")


def build(folder: Path) -> Path:
    """The compiled program; raises Missing without a compiler."""
    clang, program = compiler(folder), folder / "fuzz"
    sources = [str(source) for source in [*VERIFIER.glob("*.c"), HERE / "fuzz_target.c"]]
    flags = ["-std=gnu11", "-g", "-O1", SANITIZERS, "-fno-sanitize-recover=all", f"-I{VERIFIER}"]
    run([clang, *flags, *sources, "-o", str(program)], "clang")
    return program


def seeds(random: Random) -> Iterator[bytes]:
    """Well-formed buffers and schemas, and mutations of them."""
    for number, name in enumerate(NAMES):
        source = requests(name, random)
        for _ in range(SEEDS):
            request = next(source)
            yield bytes([number, request.size_prefixed]) + request.data
        schema = path(name).read_bytes()
        for one in (schema, *(mutated(schema, [schema], random) for _ in range(SEEDS))):
            buffer = Generator(model(name), random, 2).buffer(model(name).root or "")
            yield bytes([255]) + len(one).to_bytes(3, "little") + one + buffer


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if nothing was found, 1 if something was, 2 if this machine has no fuzzer."""
    parser = argparse.ArgumentParser(prog="python -m tests.fast_impl.flatbuffers.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            program = build(folder)
        except Missing as missing:
            print(f"skipped: {missing}")
            return 2
        corpus = folder / "corpus"
        corpus.mkdir()
        for number, one in enumerate(seeds(Random(options.seed))):
            if len(one) <= LONGEST:
                (corpus / str(number)).write_bytes(one)
        print(f"fuzzing for {options.seconds} s from {len(list(corpus.iterdir())):,} seeds", flush=True)
        return fuzz(program, corpus, options.seconds, options.seed)


def fuzz(program: Path, corpus: Path, seconds: int, seed: int) -> int:
    """Run it and print its progress. Its findings are kept in the folder that the last line names."""
    kept = Path(tempfile.mkdtemp(prefix="omnimailbox-fuzz-"))
    command = [
        str(program), str(corpus), f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={LONGEST}", "-timeout=10",
        "-rss_limit_mb=1500", "-print_final_stats=1", "-use_value_profile=1", f"-artifact_prefix={kept}/",
    ]  # fmt: skip
    schemas = ":".join(str(path(name)) for name in NAMES)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "FUZZ_SCHEMAS": schemas})
    executed, last = "?", []
    assert process.stderr is not None
    for line in process.stderr:
        if re.match(r"#\d+\s+(pulse|INITED|DONE)", line):
            print(f"   {line.strip()}", flush=True)
        elif "number_of_executed_units" in line:
            executed = f"{int(line.split()[-1]):,}"
        if not re.match(r"#\d+\s|stat::", line):
            last = [*last[-40:], line]
    if process.wait():
        print("".join(last) + f"the fuzzer exited with {process.returncode}; the input is in {kept}")
        return 1
    kept.rmdir()
    print(f"{executed} executions in {seconds} s, nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
