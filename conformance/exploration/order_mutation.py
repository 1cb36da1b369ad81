"""Memory-order mutation: is every atomic access, fence and wake of the core necessary, at the order it has?

Each is weakened, alone, and the clients are explored; what became of it stands in order_mutation.json, beside the core
so that the two can be compared, and in docs/necessity.md: python -m conformance.exploration.order_mutation
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from difflib import SequenceMatcher
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

from conformance.exploration.clients.allowed import outcomes
from conformance.exploration.clients.catalogue import QUICK
from conformance.exploration.clients.client import Client, library, run, sources
from conformance.exploration.clients.every import draft_of, drafts, generated
from conformance.exploration.clients.parallel import FURTHER, Task
from conformance.exploration.clients.state import Outcome
from conformance.exploration.clients.sweep import parts
from conformance.exploration.clients.verdict import Verdict, explore
from conformance.exploration.clients.weaken import SWITCH, Weakening, every_weakening, switched
from conformance.exploration.explorer import CompilerError
from conformance.exploration.result import Result, decisions, replay_string

FILE = Path(__file__).with_suffix(".json")
SMALL = 500
"""Executions of a client that is small."""
CALLS, MOST = 2, 2000
"""Calls of the generated clients that are tried first, and executions of each of them."""


@dataclass(frozen=True)
class Row:
    """An access and its weaker form; the client that fails, as what, and its replay string; or the id of a reason.

    client: its name in the catalogue, or as `every.generated` takes it. access: the source text. times: which of
    several alike in the function, from 1.
    """

    file: str
    function: str
    access: str
    times: int
    weaker: str
    client: str = ""
    failure: str = ""
    replay: str = ""
    reason: str = ""

    @property
    def key(self) -> str:
        """As `Weakening.key`."""
        again = f" ({self.times})" if self.times > 1 else ""
        return f"{self.file} {self.function}: {self.access}{again} -> {self.weaker}"

    @property
    def operation(self) -> str:
        """The function of the platform layer that it calls."""
        return self.access.partition("(")[0]


def row_of(weakening: Weakening) -> Row:
    """Without a result."""
    access = weakening.access
    return Row(access.file, access.function, access.text, access.times, weakening.weaker)


@dataclass(frozen=True)
class Table:
    """reasons: by id, why an access stays as it is though no client fails when it is weaker."""

    rows: tuple[Row, ...]
    reasons: Mapping[str, str]


def read(file: Path = FILE) -> Table:
    """The table as it was last written."""
    document = json.loads(file.read_text())
    return Table(tuple(Row(**each) for each in document["rows"]), document["reasons"])


def write(table: Table, file: Path = FILE) -> None:
    """A line for each reason and each row."""
    reasons = ",\n  ".join(f"{json.dumps(name)}: {json.dumps(said)}" for name, said in table.reasons.items())
    rows = ",\n  ".join(json.dumps({key: value for key, value in asdict(row).items() if value}) for row in table.rows)
    file.write_text(f'{{\n "reasons": {{\n  {reasons}\n }},\n "rows": [\n  {rows}\n ]\n}}\n')


def mismatches(table: Table, weakenings: Iterable[str]) -> list[str]:
    """Where the table and the core do not fit together, each in a line."""
    in_core = list(weakenings)
    by_key, wanted = {row.key: row for row in table.rows}, set(in_core)
    problems = [f"not in the table: {each}" for each in sorted(wanted - by_key.keys())]
    problems += [f"not in the core: {each}" for each in sorted(by_key.keys() - wanted)]
    both = [key for key in in_core if key in by_key], [row.key for row in table.rows if row.key in wanted]
    problems += [
        f"the core has this where the table has {other}: {key}"
        for key, other in zip(*both, strict=True)
        if key != other
    ]
    for key in sorted(wanted & by_key.keys()):
        row = by_key[key]
        if row.client and row.reason:
            problems.append(f"fails a client, and has a reason why nothing fails: {key}")
        if not row.client and row.reason not in table.reasons:
            problems.append(f"no client fails, and no reason says why it stays: {key}")
    unused = sorted(table.reasons.keys() - {row.reason for row in table.rows})
    return problems + [f"a reason without an access: {each}" for each in unused]


# ---- after a change of the core ----

_ALIKE: Sequence[Callable[[Row], tuple[object, ...]]] = (
    lambda row: (row.file, row.function, row.access, row.times, row.weaker),
    lambda row: (row.function, row.access, row.times, row.weaker),
    lambda row: (row.access, row.times, row.weaker),
)
"""What two rows may have in common, the most telling first."""
SIMILAR = 0.6
"""The least ratio (difflib) of the keys of two rows that count as one, renamed."""


def rematched(table: Table, weakenings: Iterable[Weakening]) -> Table:
    """The table for a core in which accesses were moved or renamed: each result goes to the access most like its own.

    What has no partner is left out, and must be explored.
    """
    order = [row_of(each) for each in weakenings]
    found: dict[Row, Row] = {}
    old, new = list(table.rows), list(order)
    for alike in _ALIKE:
        ours, theirs = Counter(map(alike, old)), Counter(map(alike, new))
        once = {alike(row): row for row in old if ours[alike(row)] == theirs[alike(row)] == 1}
        found |= {row: once[alike(row)] for row in new if alike(row) in once}
        old = [row for row in old if row not in found.values()]
        new = [row for row in new if row not in found]
    for ratio, one, other in sorted(_renamed(old, new), key=lambda pair: -pair[0]):
        if ratio >= SIMILAR and other not in found and one not in found.values():
            found[other] = one
    return replace(table, rows=tuple(_with_result(row, found[row]) for row in order if row in found))


def _renamed(old: Iterable[Row], new: Sequence[Row]) -> Iterator[tuple[float, Row, Row]]:
    """How similar each two are that call the same function of the platform layer and have the same weaker form."""
    for one in old:
        for other in new:
            if (one.operation, one.weaker) == (other.operation, other.weaker):
                yield SequenceMatcher(None, one.key, other.key).ratio(), one, other


def _with_result(row: Row, result: Row) -> Row:
    return replace(row, client=result.client, failure=result.failure, replay=result.replay, reason=result.reason)


def holding(rows: Iterable[Row]) -> Iterator[Row]:
    """Those with a reason, and those whose client fails as they say when it is replayed."""
    named = {client.name: client for client in QUICK}
    with tempfile.TemporaryDirectory() as folder:
        core = switched(sources(), Path(folder))
        for row in rows:
            if client := named.get(row.client) or _generated_of(row.client):
                _switch(core).value = _numbers()[row.key]
                result = Task(client, True, core).explore(decisions(row.replay))
                if (result.failure, replay_string(result.path)) != (row.failure, row.replay):
                    continue
            elif row.client:
                continue  # it is no client any more
            yield row


def _generated_of(name: str) -> Client | None:
    """None also where it has an operation that there is no more."""
    try:
        return generated(name)
    except ValueError:
        return None


# ---- docs/necessity.md ----

_HEAD = """\
# Is every memory order necessary?

Sufficient: with the orders that the core has, every client of [verification.md](verification.md) is exhaustively
explored and clean. Necessary: here each atomic access, fence and wake of the core is weakened by one step or left out,
alone, and all clients are explored again (memory-order mutation). Either a client fails, or a reason says why the
access stays as it is. "Nonatomic" asks whether the access must be atomic at all: a relaxed access that may be part of
a data race.

Each row shows the arguments that print its failing execution, a column per thread: `make explore ARGS="..."`. Without
`--weaken` the same client is clean. The client is the first that fails of every client of up to two calls, those with
the fewest calls first; it is named by the state and the capacity that it starts from, and by what the producer's
thread, the consumer's, a third one and a fourth one call. Where none of them fails, it is the first of the small
generated clients that the catalogue has a name for; where none of those does either, one of the catalogue. In the book
each row that fails a client can be [played](memory.md): as the scheduler, and as the memory.

`make necessity` writes this page; `make necessity ARGS=--missing` explores only the rows that a change of the core has
left without a failure, `ARGS="--missing --calls 3"` also those that fail no generated client yet, and `ARGS=--rematch`
none, where accesses were only moved or renamed;
`tests/conformance/exploration/test_order_mutation.py` fails while the page, its table and the core do not match.

"""

_NO_PLAIN_LOAD = """\
A load could be a plain one where no store of another thread races with it; but C has no plain load of an atomic
object, and a relaxed load is the same instruction. For such a load the reason says why no store races with it."""


def page(table: Table) -> str:
    """docs/necessity.md."""
    failing = sum(bool(row.client) for row in table.rows)
    numbers = {name: number for number, name in enumerate(table.reasons, 1)}
    lines = [f"{len(table.rows)} weakenings: {failing} fail a client, {len(table.rows) - failing} have a reason.", ""]
    lines += ["## Reasons", "", _NO_PLAIN_LOAD, ""]
    lines += [f'{number}. <a id="reason-{number}"></a>{table.reasons[name]}' for name, number in numbers.items()]
    file = None
    for number, row in enumerate(table.rows, 1):
        if row.file != file:
            file = row.file
            lines += ["", f"## {file}", "", "| | in | access | weakened to | what happens |", "|--:|---|---|---|---|"]
        if row.client:
            command = f"--weaken {number} --only '{row.client}' --replay {row.replay}"
            what = f"{row.failure}: `{command}`"
        else:
            what = f"nothing: [reason {numbers[row.reason]}](#reason-{numbers[row.reason]})"
        access, what = (text.replace("|", "\\|") for text in (row.access, what))  # else they end their cell
        lines.append(f"| {number} | {row.function} | `{access}` | {row.weaker} | {what} |")
    return _HEAD + "\n".join(lines) + "\n"


# ---- the mutation run ----


def by_size(core: Path, clients: Sequence[Client]) -> list[tuple[Client, int]]:
    """The clients with how many executions each has, smallest first; ValueError where one fails already."""
    sizes = []
    for client in clients:
        verdict = explore(client, True, core)
        if not verdict.clean:
            raise ValueError(f"{client.name!r} fails on the core as it is: {verdict.why}")
        sizes.append((client, verdict.result.complete))
    return sorted(sizes, key=lambda each: each[1])


def fewest_calls(calls: int) -> Iterator[Client]:
    """Every client of up to so many calls, and of up to one less from each other state: those with the fewest first."""
    for count in range(1, calls + 1):
        yield from (draft.client for part in parts(count) for draft in drafts(*part))


def with_a_name() -> Iterator[Client]:
    """The small generated clients with the calls of one of the catalogue, those with the fewest calls first."""
    of_catalogue = {draft.client.name: draft for client in QUICK if (draft := draft_of(client))}
    for draft in sorted(of_catalogue.values(), key=lambda draft: sum(map(len, draft.threads))):
        result = Task(draft.client, True).explore(executions=SMALL)
        if result.failure:
            raise ValueError(f"{draft.client.name!r} fails on the core as it is: {result.says}")
        if not result.cut:
            yield draft.client


@cache
def _generated(calls: int) -> list[tuple[Client, frozenset[Outcome]]]:
    """With their outcomes, which do not depend on what is weakened; once in each process."""
    return [(client, outcomes(client)) for client in (*fewest_calls(calls), *with_a_name())]


def mutated(
    core: Path, clients: Sequence[tuple[Client, int]], calls: int, known: Mapping[str, Row], weakening: Weakening
) -> Row:
    """The failure with that access weakened of the generated client with the fewest calls.

    core: with every weakening. Of the clients of up to `calls` calls, and of those that the catalogue has a name for.
    Or else the failure that is known, if there is one still; or the shortest one of `clients`, smallest first: of all
    small ones, or of the first that fails. A row without a client where none fails.
    """
    _switch(core).value = _numbers()[weakening.key]
    for client, allowed in _generated(calls):
        result = run(client, asymmetric=True, core=core, executions=MOST, further=FURTHER, allowed=allowed)
        if result.failure:
            return _row(weakening, client, result)
    failing: list[Verdict] = []
    row, by_name = known.get(weakening.key), {client.name: client for client, _ in clients}
    if row and row.client in by_name:
        result = Task(by_name[row.client], True, core).explore(decisions(row.replay))
        if result.failure == row.failure:
            return _row(weakening, by_name[row.client], result)
    for client, executions in clients:
        if failing and executions > SMALL:
            break
        verdict = explore(client, True, core)
        if verdict.result.failure:
            failing.append(verdict)
    if not failing:
        return row_of(weakening)
    return _row(weakening, *min(failing, key=lambda verdict: len(verdict.result.trace))[:2])


def _switch(core: Path) -> ctypes.c_int:
    """The variable that chooses the weakening of a core that has every one."""
    return ctypes.c_int.in_dll(library(True, core), SWITCH)


@cache
def _numbers() -> dict[str, int]:
    return {each.key: number for number, each in enumerate(every_weakening(sources()), 1)}


def _row(weakening: Weakening, client: Client, result: Result) -> Row:
    row = row_of(weakening)
    return replace(row, client=client.name, failure=result.failure or "", replay=replay_string(result.path))


def _mutation_run(wanted: Sequence[Weakening], workers: int, calls: int, kept: Table) -> Iterator[Row]:
    print("the core as it is ...", file=sys.stderr, flush=True)
    known = {row.key: row for row in kept.rows}
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        core = switched(sources(), Path(folder))
        mutate = partial(mutated, core, by_size(sources(), QUICK), calls, known)
        for number, row in enumerate(pool.map(mutate, wanted), 1):
            what = f"{row.failure} in {row.client!r}, --replay {row.replay}" if row.client else "no client fails"
            print(f"{number:>3} of {len(wanted)}: {row.key}\n    {what}", flush=True)
            yield row


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where every row fails a client or has a reason; 1 where one has neither, or both; 2: could not explore."""
    said = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m conformance.exploration.order_mutation", description=said)
    add = parser.add_argument
    add("--only", default="", metavar="TEXT", help="only rows with this in their name; writes nothing")
    add("--rematch", action="store_true", help="explore nothing: keep each result where its access is now")
    add("--missing", action="store_true", help="keep those that hold, and explore only the others")
    add("--calls", type=int, default=CALLS, metavar="N", help="clients of up to N calls are tried before those of the "
        "catalogue (default: %(default)s)")  # fmt: skip
    add("--docs", type=Path, metavar="FOLDER", help="write the table, and necessity.md there")
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (default: %(default)s)")
    given = parser.parse_args(arguments)
    known, every = read(), every_weakening(sources())
    wanted = [weakening for weakening in every if given.only in weakening.key]
    kept = rematched(known, every)
    try:
        if given.rematch:
            table = kept
        else:
            reasons = {row.key: row.reason for row in kept.rows}
            held = list(holding(kept.rows)) if given.missing else []
            there = {row.key: row for row in held if given.calls == CALLS or _generated_of(row.client)}
            rows = _mutation_run([each for each in wanted if each.key not in there], given.workers, given.calls, kept)
            there |= {row.key: row if row.client else replace(row, reason=reasons.get(row.key, "")) for row in rows}
            table = Table(tuple(there[each.key] for each in wanted if each.key in there), known.reasons)
            used = {row.reason for row in table.rows}
            table = replace(table, reasons={name: said for name, said in known.reasons.items() if name in used})
    except (CompilerError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    problems = mismatches(table, [weakening.key for weakening in wanted])
    failing = sum(bool(row.client) for row in table.rows)
    print("\n".join([*problems, f"{len(table.rows)} weakenings: {failing} fail a client"]))
    if given.docs and not given.only and not problems:
        write(table)
        (given.docs / "necessity.md").write_text(page(table))
    return min(1, len(problems))


if __name__ == "__main__":
    sys.exit(main())
