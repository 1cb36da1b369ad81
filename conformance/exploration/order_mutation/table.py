"""What became of each weakened access, kept beside the core so that the two can be compared; and the page of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path

from conformance.exploration.clients.weaken import Weakening

FILE = Path(__file__).with_name("table.json")


@dataclass(frozen=True)
class Row:
    """An access and its weaker form; the client that fails, as what, and its replay string; or the id of a reason.

    access: the source text. times: which of several alike in the function, from 1.
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
    by_key, wanted = {row.key: row for row in table.rows}, set(weakenings)
    problems = [f"not in the table: {each}" for each in sorted(wanted - by_key.keys())]
    problems += [f"not in the core: {each}" for each in sorted(by_key.keys() - wanted)]
    for key in sorted(wanted & by_key.keys()):
        row = by_key[key]
        if row.client and row.reason:
            problems.append(f"fails a client, and has a reason why nothing fails: {key}")
        if not row.client and row.reason not in table.reasons:
            problems.append(f"no client fails, and no reason says why it stays: {key}")
    unused = sorted(table.reasons.keys() - {row.reason for row in table.rows})
    return problems + [f"a reason without an access: {each}" for each in unused]


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


_HEAD = """\
# Is every memory order necessary?

Sufficient: with the orders that the core has, every client of [verification.md](verification.md) is exhaustively
explored and clean. Necessary: here each atomic access, fence and wake of the core is weakened by one step or left out,
alone, and all clients are explored again (memory-order mutation). Either a client fails, or a reason says why the
access stays as it is. "Nonatomic" asks whether the access must be atomic at all: a relaxed access that may be part of
a data race.

Each row shows the arguments that print its failing execution, a column per thread: `make explore ARGS="..."`. Without
`--weaken` the same client is clean.

Made by `make necessity`, and by `make necessity ARGS=--rematch` where accesses were only moved or renamed;
`tests/conformance/exploration/test_order_mutation.py` fails while this page, its table and the core do not match.

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
        access = row.access.replace("|", "&#124;")
        lines.append(f"| {number} | {row.function} | `{access}` | {row.weaker} | {what} |")
    return _HEAD + "\n".join(lines) + "\n"
