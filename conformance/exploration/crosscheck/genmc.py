"""GenMC (Kokologiannakis, Vafeiadis and others): litmus programs as C with pthreads, every execution printed.

Up to 0.9 it compiles into one file in /tmp: run one at a time on a machine, or they answer for each other.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from conformance.exploration.crosscheck import (
    ORDERS,
    Answer,
    CheckerError,
    Outcome,
    call,
    guarded,
    in_c,
    names,
    receiver,
    unknown,
)
from conformance.exploration.litmus import Operation, Program, locations, targets
from conformance.exploration.litmus.rc11 import Rules

_VERSION = re.compile(r"GenMC v(\d+)\.(\d+)(?:\.(\d+))?")
_COUNT = re.compile(r"^Number of complete executions explored: (\d+)$", re.MULTILINE)
_RACE = re.compile(r"^Error(?: detected)?: Non-atomic race", re.MULTILINE | re.IGNORECASE)
_GRAPH = re.compile(r"(?<!in graph:\n)^<-1, 0> main:$", re.MULTILINE)
_RESULT = re.compile(r"W\w+ \(out(\d+), (-?\d+)\)")
FAILED, HEADER = 42, "#include <genmc.h>\n#include <pthread.h>\n#include <stdatomic.h>\n\n"

PLAIN, MODIFYING = ("plain_load", "plain_store"), ("xchg", "add", "cas")

_SWAPS = "a compare-and-swap that fails reads with the order of one that succeeds"
_SEQUENCES = "release sequences end where their own thread stores again (C++20)"
_LOCATIONS = "the seq_cst axiom follows sb;hb;sb within one location too"


@dataclass(frozen=True)
class GenMC:
    """The genmc at `path`."""

    path: str
    name: ClassVar[str] = "genmc"

    @cached_property
    def _numbers(self) -> tuple[int, int, int]:
        status, said, errors = call([self.path, "--version"], 60)
        if status or not (found := _VERSION.search(said)):
            raise CheckerError(f"{self.path} --version: no version (exit status {status}): {(errors or said).strip()}")
        return int(found[1]), int(found[2]), int(found[3] or 0)

    @property
    def version(self) -> str:
        """As GenMC says it."""
        return "GenMC " + ".".join(map(str, self._numbers)) + ", --rc11"

    @property
    def _generated(self) -> bool:
        """From 0.10 on, the code that decides RC11 is generated from a description, not written by hand."""
        return self._numbers >= (0, 10, 0)

    @property
    def deviations(self) -> Mapping[str, Rules]:
        """What its own tests Z6.U, WWmerge1 and relseq count otherwise from 0.10 on; and failing swaps, always."""
        swaps = {_SWAPS: Rules(failing_as_success=True)}
        if not self._generated:
            return swaps
        return {_SEQUENCES: Rules(cxx20=True), _LOCATIONS: Rules(any_location=True), **swaps}

    def cannot(self, threads: Program, cxx20: bool) -> str | None:
        """What has no form in C, or no option."""
        if (why := unknown(threads)) or self._generated:
            return why
        operations = [each for thread in threads for each in thread]
        plain, modified = ({o.location for o in operations if o.kind in kinds} for kinds in (PLAIN, MODIFYING))
        if plain & modified:
            return "plain memory under a read-modify-write: 0.9 overlooks some races"
        return "release sequences of C++20" if cxx20 else None

    def ask(self, threads: Program, question: str | None, seconds: float) -> Answer:
        """Every execution that --rc11 allows."""
        exact = [f"--disable-{each}" for each in ("estimation", "sr", "ipr", "mm-detector")]
        if not self._generated:
            exact = ["--mo", "--check-consistency-type=full", "--check-consistency-point=step"]
        with tempfile.TemporaryDirectory(prefix="omnimailbox-genmc-") as folder:
            file = Path(folder) / "test.c"
            file.write_text(text(threads))
            status, said, errors = call([self.path, "--rc11", *exact, "--print-exec-graphs", str(file)], seconds)
        if status == FAILED and _RACE.search(said + errors):
            return Answer(frozenset(), 0, True)
        if status or not (count := _COUNT.search(said + errors)):
            raise CheckerError(f"GenMC refused a program (exit status {status}):\n{(said + errors).strip()}")
        return answer(said + errors, len(names(threads)), int(count[1]))


def answer(said: str, wide: int, count: int) -> Answer:
    """Its output, read: a graph for each execution, with what was written to out0, out1 ..."""
    each: Counter[Outcome] = Counter()
    for graph in _GRAPH.split(said)[1:]:
        held = {int(at): int(value) for at, value in _RESULT.findall(graph)}
        if len(held) != wide:
            raise CheckerError(f"GenMC printed an execution with {len(held)} results instead of {wide}:\n{graph}")
        each[tuple(held[at] for at in range(wide))] += 1
    if each.total() != count:
        raise CheckerError(f"GenMC counts {count} executions and prints {each.total()}")
    return Answer(frozenset(each), count, False, each=each)


def text(threads: Program) -> str:
    """The program in C: each thread leaves its registers in out0, out1 ..., and main what the locations end with."""
    used = locations(threads)
    plain = {o.location for thread in threads for o in thread if o.kind in PLAIN}
    atomic = {o.location for thread in threads for o in thread if o.location and o.kind not in PLAIN}
    written, out = [HEADER], 0
    for each in used:
        written.append(f"static {'atomic_int' if each in atomic else 'int'} {each};\n")
    written.append("".join(f"static int out{at};\n" for at in range(len(names(threads)))) + "\n")
    for t, thread in enumerate(threads):
        body = [f"int r{each} = 0;" for each in targets(thread)]
        body += [guarded(o, _statement(o, o.location in plain & atomic)) for o in thread]
        for register in targets(thread):
            body.append(f"out{out} = r{register};")
            out += 1
        body.append("return NULL;")
        written.append(f"static void *thread{t}(void *unused) {{\n" + "".join(f"  {each}\n" for each in body) + "}\n\n")
    every = range(len(threads))
    main = [f"pthread_t {', '.join(f't{t}' for t in every)};"]
    main += [f"pthread_create(&t{t}, NULL, thread{t}, NULL);" for t in every]
    main += [f"pthread_join(t{t}, NULL);" for t in every]
    for at, each in enumerate(used, out):
        main.append(
            f"out{at} = " + (f"atomic_load_explicit(&{each}, memory_order_relaxed);" if each in atomic else f"{each};")
        )
    main.append("return 0;")
    written.append("int main(void) {\n" + "".join(f"  {each}\n" for each in main) + "}\n")
    return "".join(written)


def _statement(o: Operation, both: bool) -> str:
    """`both`: the location is used plainly too."""
    into, at, order = receiver(o), f"&{o.location}", f"memory_order_{ORDERS[o.order]}"
    place = f"*(int *){at}" if both else o.location
    match o.kind:
        case "await":
            read = f"int seen = atomic_load_explicit({at}, {order}); __VERIFIER_assume(seen != {o.expected});"
            return f"{{ {read} {into}seen; }}" if into else f"{{ {read} }}"
        case "cas":
            swap = f"atomic_compare_exchange_strong_explicit({at}, &seen, {o.value}, {order}, memory_order_relaxed);"
            return f"{{ int seen = {o.expected}; {swap} " + (f"{into}seen; }}" if into else "}")
        case "plain_load":
            return f"{into}{place};"
        case "plain_store":
            return f"{place} = {o.value};"
        case _:
            return in_c(o, at)
