"""The exploration of every client: in pieces that any worker explores, and that a file keeps, so that it can go on.

Each is explored once, with asymmetric fences and C++20's release sequences. Full fences order all that asymmetric ones
do, and C11's release sequences are longer than C++20's: of the same core, either only takes executions away, and what
is clean without them is clean with them.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from conformance.exploration.clients.client import digest
from conformance.exploration.clients.every import CAPACITIES, Draft, drafts, starts
from conformance.exploration.clients.parallel import Pool
from conformance.exploration.clients.verdict import explore

MOST = 100_000
"""Executions that a client may have, unless another number is given."""
PIECE, SECONDS = 100, 30.0
"""Clients that a worker is given at a time, and for how long: those that it has not explored then, it gives back. Few,
for a worker that gets others than the next ones lists all from the first."""
SLOWEST = 1_000
"""Executions a second of a worker that others leave little of the machine: a slower one counts as hung."""
FORMAT = 2


class Part(NamedTuple):
    """Clients with as many calls, of the same capacity, that start from the same state."""

    calls: int
    capacity: int
    start: str

    def __str__(self) -> str:
        return f"{self.calls} calls, capacity {self.capacity}, {self.start}"

    @property
    def size(self) -> int:
        """How many clients there are."""
        return sum(_sizes(self))

    @property
    def of_two_threads(self) -> int:
        """How many of them have no third thread beside both sides': the first ones."""
        return _sizes(self)[0]

    def drafts(self, numbers: Iterable[int]) -> Iterator[tuple[int, Draft]]:
        """Those with these numbers, which ascend."""
        for number in numbers:
            at, every = _open.pop(self, (0, None))
            if every is None or number < at:
                at, every = 0, drafts(*self)
            draft = next(islice(every, number - at, None))
            _open[self] = number + 1, every
            yield number, draft


_open: dict[Part, tuple[int, Iterator[Draft]]] = {}
"""How far each part was listed, so that the next clients of it need not be listed from the first."""


@cache
def _sizes(part: Part) -> tuple[int, int]:
    counts = Counter(draft.of_two for draft in drafts(*part))
    return counts[True], counts[False]


Wanted = Sequence[tuple[Part, Sequence[int]]]
"""Clients to explore: of a part, which may come more than once, by their numbers."""


def parts(calls: int) -> list[Part]:
    """Those of so many calls from an empty channel, and of one call less from each other state."""
    if calls < 1:
        raise ValueError(f"--calls must be at least 1, not {calls}")
    others = [start for start in starts(1) if start != "empty"] if calls > 1 else []
    return [
        *(Part(calls, capacity, "empty") for capacity in CAPACITIES),
        *(Part(calls - 1, capacity, start) for start in others for capacity in CAPACITIES),
    ]


class Found(NamedTuple):
    """A client that is not clean: why, and the decisions that lead to what it shows.

    left: how many executions it might have, if it has more of them and none of those that were explored fails; else 0.
    """

    number: int
    name: str
    why: str
    path: Sequence[int] = ()
    left: int = 0


class Piece(NamedTuple):
    """Clients of a part, by their numbers, and what came of them.

    executions: of those that are clean. seconds: of all.
    """

    part: Part
    numbers: Sequence[int]
    executions: int
    seconds: float
    found: Sequence[Found]


def explore_piece(part: Part, numbers: Sequence[int], seconds: float, most: int, core: Path | None) -> Piece:
    """The first of these clients, as many as the time allows, but one at least."""
    began = time.monotonic()
    done = executions = 0
    found: list[Found] = []
    for number, draft in part.drafts(numbers):
        verdict = explore(draft.client, True, core, most, cxx20=True)
        result = verdict.result
        if verdict.clean:
            executions += result.complete + result.blocked
        else:
            left = most if result.failure is None and result.cut else 0
            found.append(Found(number, draft.client.name, verdict.why, result.path, left))
        done += 1
        if time.monotonic() - began > seconds:
            break
    return Piece(part, numbers[:done], executions, time.monotonic() - began, found)


@dataclass
class Tally:
    """What came of the clients of a part so far. numbers: those that were explored."""

    part: Part
    numbers: set[int] = field(default_factory=set)
    executions: int = 0
    seconds: float = 0.0
    found: dict[int, Found] = field(default_factory=dict)

    def add(self, piece: Piece) -> None:
        """Of clients that were not explored yet, or were left over."""
        for again in self.numbers.intersection(piece.numbers):
            self.found.pop(again, None)
        self.numbers.update(piece.numbers)
        self.executions += piece.executions
        self.seconds += piece.seconds
        self.found |= {each.number: each for each in piece.found}

    @property
    def failing(self) -> list[Found]:
        """What is not clean."""
        return [each for each in self.found.values() if not each.left]

    @property
    def left_over(self) -> list[Found]:
        """What has more executions than it may."""
        return [each for each in self.found.values() if each.left]


Progress = Callable[[Sequence[Tally], int], None]
"""Called with what was found so far, and how many clients are still to be explored."""


def sweep(
    wanted: Wanted,
    pool: Pool,
    most: int = MOST,
    core: Path | None = None,
    record: Record | None = None,
    progress: Progress | None = None,
) -> list[Tally]:
    """Explore these clients of each part, in this order.

    record: the file that knows what was explored already, and is told of each piece.
    """
    tallies = {part: record.tally(part) if record else Tally(part) for part, _ in wanted}
    waiting = [job for part, numbers in reversed(wanted) for job in _jobs(numbers, tallies[part], most)]
    left, running = sum(len(numbers) for _, numbers in waiting), 0
    while waiting or running:
        while waiting and pool.has_room():
            part, numbers = waiting.pop()
            text = f"{len(numbers)} clients of {part} from {numbers[0]} on"
            longest = SECONDS + most / SLOWEST
            pool.put((part, numbers), text, explore_piece, part, numbers, SECONDS, most, core, seconds=longest)
            running += 1
        (part, numbers), piece = pool.take()
        running -= 1
        if rest := numbers[len(piece.numbers) :]:
            waiting.append((part, rest))
        tallies[part].add(piece)
        left -= len(piece.numbers)
        if record:
            record.keep(piece)
        if progress:
            progress(list(tallies.values()), left)
    return list(tallies.values())


def _jobs(numbers: Sequence[int], tally: Tally, most: int) -> list[tuple[Part, Sequence[int]]]:
    """What is still to be explored of a part, the first piece last: what was left over too, if it may have more."""
    again = {each.number for each in tally.found.values() if 0 < each.left < most}
    done = tally.numbers - again
    rest = [number for number in numbers if number not in done] if done else numbers
    return [(tally.part, rest[at : at + PIECE]) for at in range(0, len(rest), PIECE)][::-1]


def sample(wanted: Wanted, count: int, seed: str) -> Wanted:
    """So many of these clients, by chance, the same ones for the same seed."""
    every = range(sum(len(numbers) for _, numbers in wanted))
    chosen = sorted(random.Random(seed).sample(every, min(count, len(every))))
    found: list[tuple[Part, Sequence[int]]] = []
    first = 0
    for part, numbers in wanted:
        found.append((part, tuple(numbers[each - first] for each in chosen if first <= each < first + len(numbers))))
        first += len(numbers)
    return [(part, numbers) for part, numbers in found if numbers]


class Record:
    """The file of a sweep: a line for what it was made from, then one for each piece.

    Raises ValueError where it is of another core, engine or model, or no such file.
    """

    def __init__(self, path: Path, core: Path | None = None) -> None:
        self._path = path
        self._tallies: dict[Part, Tally] = {}
        head = {"format": FORMAT, "sources": digest(core)}
        if not path.exists() or not path.stat().st_size:
            path.write_text(json.dumps(head) + "\n", encoding="utf-8")
            return
        first, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        try:
            if json.loads(first) != head:
                raise ValueError("it is of another core, engine or model")
            for line in lines:
                if line.endswith("\n"):  # the last one may have been broken off
                    self._add(_piece(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} cannot be resumed: {error}; give another file, or remove it") from None
        if lines and not lines[-1].endswith("\n"):
            path.write_text("".join([first, *lines[:-1]]), encoding="utf-8")

    def tally(self, part: Part) -> Tally:
        """What is known of a part."""
        return self._tallies.setdefault(part, Tally(part))

    def _add(self, piece: Piece) -> None:
        self.tally(piece.part).add(piece)

    def keep(self, piece: Piece) -> None:
        """Write it down."""
        numbers = piece.numbers
        run = isinstance(numbers, range) or len(numbers) == numbers[-1] - numbers[0] + 1
        short = {"first": numbers[0], "count": len(numbers)} if run else {"numbers": list(numbers)}
        line = json.dumps({**piece._asdict(), "numbers": short})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def _piece(line: dict[str, Any]) -> Piece:
    short = line["numbers"]
    numbers = short.get("numbers") or range(short["first"], short["first"] + short["count"])
    found = [Found(*each) for each in line["found"]]
    return Piece(Part(*line["part"]), numbers, line["executions"], line["seconds"], found)
