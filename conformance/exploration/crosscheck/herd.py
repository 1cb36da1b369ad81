"""herd7 (Alglave, Maranget): litmus programs in its C, judged by the rc11.cat that it ships."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from conformance.exploration.crosscheck import (
    ORDERS,
    Answer,
    CheckerError,
    call,
    guarded,
    in_c,
    names,
    receiver,
    unknown,
)
from conformance.exploration.litmus import Operation, Program, locations, targets
from conformance.exploration.litmus.brute_force import candidates
from conformance.exploration.litmus.rc11 import Rules

_COUNTS = re.compile(r"^Positive: (\d+) Negative: (\d+)$", re.MULTILINE)
_STATES = re.compile(r"^States (\d+)\n((?:.*\n)*?)(?:Ok|No|Undef)$", re.MULTILINE)
CANDIDATES = 20_000_000
"""herd7 enumerates: a program with more of them takes it minutes to hours."""
_VALUE = re.compile(r"\[?([\w:]+)\]?=(-?\d+);")


@dataclass(frozen=True)
class Herd:
    """The herd7 at `path`."""

    path: str
    name: ClassVar[str] = "herd7"

    @cached_property
    def version(self) -> str:
        """As herd7 says it."""
        status, said, errors = call([self.path, "-version"], 60)
        if status:
            raise CheckerError(f"{self.path} -version: exit status {status}: {errors.strip()}")
        return f"herd7 {said.strip().partition(',')[0]}, rc11.cat"

    @property
    def deviations(self) -> Mapping[str, Rules]:
        """None are known."""
        return {}

    def cannot(self, threads: Program, cxx20: bool) -> str | None:
        """What its C or its model does not have, or would take too long."""
        if why := unknown(threads):
            return why
        if cxx20:
            return "release sequences of C++20"
        kinds = {o.kind for thread in threads for o in thread}
        if "await" in kinds and {"plain_load", "plain_store"} & kinds:
            return "plain memory and await: the filter drops executions that wait for ever, races and all"
        return "too many candidate executions" if candidates(threads) > CANDIDATES else None

    def ask(self, threads: Program, question: str | None, seconds: float) -> Answer:
        """Every execution that rc11.cat allows."""
        with tempfile.TemporaryDirectory(prefix="omnimailbox-herd-") as folder:
            file = Path(folder) / "test.litmus"
            file.write_text(text(threads, question))
            status, said, errors = call([self.path, "-model", "rc11.cat", str(file)], seconds)
        if status or not (counts := _COUNTS.search(said)):
            raise CheckerError(f"herd7 refused a program (exit status {status}):\n{errors.strip() or said.strip()}")
        return answer(threads, said, int(counts[1]), int(counts[2]))


def answer(threads: Program, said: str, positive: int, negative: int) -> Answer:
    """Its output, read."""
    states = _STATES.search(said)
    if states is None:
        raise CheckerError(f"herd7 says no states:\n{said.strip()}")
    wanted, seen = names(threads), set()
    for line in states[2].splitlines():
        held = {name: int(value) for name, value in _VALUE.findall(line)}
        if missing := [each for each in wanted if each not in held]:
            raise CheckerError(f"herd7 says nothing of {missing[0]}: {line!r}")
        seen.add(tuple(held[each] for each in wanted))
    if len(seen) != int(states[1]):
        raise CheckerError(f"herd7 counts {states[1]} states and says {len(seen)}")
    return Answer(frozenset(seen), positive + negative, "Flag *undef*" in said, positive)


def text(threads: Program, question: str | None) -> str:
    """The program in herd7's C.

    An await is a load and a filter on what it read. A compare-and-swap finds what it expects in memory of its own:
    two accesses more that no other thread sees, and that could count only between two seq_cst accesses.
    """
    begins, filters, written = [], [], []
    used = locations(threads)
    for t, thread in enumerate(threads):
        registers = [f"r{each}" for each in targets(thread)]
        own, body = [], []
        for at, o in enumerate(thread):
            if o.kind == "cas":
                own.append(f"e{t}_{at}")
                begins.append(f"{own[-1]} = {o.expected};")
            if o.kind == "await":
                registers.append(f"a{at}")
                filters.append(f"not ({t}:a{at}={o.expected})")
            body.append(guarded(o, _statement(o, f"e{t}_{at}", f"a{at}")))
        first = [f"int {each} = 0;" for each in registers if each[0] == "r"]
        first += [f"int {each} = -1;" for each in registers if each[0] == "a"]
        parameters = ", ".join([f"atomic_int* {each}" for each in used] + [f"int* {each}" for each in own])
        written.append(f"P{t}({parameters}) {{\n" + "".join(f"  {each}\n" for each in first + body) + "}\n")
    lines = ["C test", "{" + " ".join(begins) + "}", "", "\n".join(written)]
    if named := names(threads):
        lines.append(f"locations [{' '.join(f'{each};' for each in named)}]")
    if filters:
        lines.append("filter (" + " /\\ ".join(filters) + ")")
    lines.append(f"exists ({question.replace(' & ', ' /' + chr(92) + ' ') if question else 'true'})")
    return "\n".join(lines) + "\n"


def _statement(o: Operation, own: str, waited: str) -> str:
    into, order = receiver(o), f"memory_order_{ORDERS[o.order]}"
    match o.kind:
        case "await":
            read = f"{waited} = atomic_load_explicit({o.location}, {order});"
            return f"{read} {into}{waited};" if into else read
        case "cas":
            words = f"{o.location}, {own}, {o.value}, {order}, memory_order_relaxed"
            return f"atomic_compare_exchange_strong_explicit({words});" + (f" {into}*{own};" if into else "")
        case "plain_load":
            return f"{into}*{o.location};"
        case "plain_store":
            return f"*{o.location} = {o.value};"
        case _:
            return in_c(o, o.location)
