"""Every execution of a client of the core, with one of its accesses weakened or as it is, as a value for a page.

RC11 lets the steps of an execution be taken in any order in which each comes after those before it in its thread, and a
load after the store that it reads. So what may come after some steps is the next step of a thread in any execution that
has these. Kept are a trie of steps for each thread, and for each execution its last step in each of them; where one
fails, what depends on the failure is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from conformance.exploration.clients.client import Client
from conformance.exploration.result import Execution
from docs.book.switched import code_lines, place_names, said

KINDS = ("read", "write", "fetch", "update", "fence", "choose", "awake", "wake", "waits", "left out")
"""fetch, update: the halves of a read-modify-write. awake: a sleep is over. waits: a thread stays here for ever."""
ORDERS = ("relaxed", "acquire", "release", "acq_rel", "seq_cst", "light", "heavy", "nonatomic")


class Placed(NamedTuple):
    """A step; source: the thread of the one whose store it reads, and its number there; (-1, -1): the initial value."""

    kind: str
    order: str
    place: str
    value: int
    file: str
    line: int
    text: str
    source: tuple[int, int] | None

    @property
    def site(self) -> tuple[str, int, str, str]:
        """Where in the source it is, and which of the steps there."""
        return self.file, self.line, self.text, self.kind


Thread = tuple[int, ...]
"""The numbers of its steps."""


class Shape(NamedTuple):
    """An execution by thread; failed: how many steps of each led to the failure."""

    threads: tuple[Thread, ...]
    failure: str | None = None
    message: str = ""
    failed: tuple[int, ...] = ()


class Numbers:
    """Each value by a number, in the order in which they come."""

    def __init__(self) -> None:
        self.known: dict[Any, int] = {}

    def of(self, value: Any) -> int:
        """Its number, from 0."""
        return self.known.setdefault(value, len(self.known))


class Collector:
    """The executions of one client, as they come, with one weakening after the other: first without any."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.steps = Numbers()
        self.shapes: dict[Shape, bool] = {}
        """Each with whether it is, or is a part of, an execution without a weakening."""
        self._bare = Numbers()
        self._without_order: list[int] = []
        self._plain: set[tuple[Thread, ...]] | None = None

    def begin(self) -> None:
        """What comes from here on has the next weakening."""
        if self._plain is None:
            self._plain = {self._graph(shape.threads) for shape in self.shapes}
        self.shapes = {}

    def take(self, execution: Execution) -> None:
        """Another one."""
        found: list[list[int]] = [[] for _ in range(self.threads)]
        at: list[tuple[int, int]] = []
        for step, kind in zip(execution.steps, self._kinds(execution), strict=True):
            of = found[step.thread]
            source = None if step.source is None else (-1, -1) if step.source < 0 else at[step.source]
            at.append((step.thread, len(of)))
            of.append(self._number((kind, step.order, step.place, step.value, step.file, step.line, step.text, source)))
        graph = self._graph(found)
        shape = _until_it_fails(execution, found, at) if execution.failure else Shape(tuple(map(tuple, found)))
        self.shapes[shape] = self.shapes.get(shape, False) or self._plain is None or graph in self._plain

    def _kinds(self, execution: Execution) -> list[str]:
        """Of each step, one of KINDS."""
        following = [""] * self.threads
        found = []
        for step in reversed(execution.steps):
            left_out = step.kind == "fence" and step.order == "nonatomic"
            found.append("left out" if left_out else "fetch" if following[step.thread] == "update" else step.kind)
            following[step.thread] = step.kind
        return found[::-1]

    def _number(self, value: tuple[Any, ...]) -> int:
        number = self.steps.of(value)
        if number == len(self._without_order):
            self._without_order.append(self._bare.of((value[0], *value[2:])))
        return number

    def _graph(self, threads: Iterable[Iterable[int]]) -> tuple[Thread, ...]:
        """The execution but for its orders, which a weakening changes."""
        return tuple(tuple(map(self._without_order.__getitem__, of)) for of in threads)

    def placed(self) -> list[Placed]:
        """Every step by its number."""
        return [Placed(*value) for value in self.steps.known]


def _until_it_fails(execution: Execution, found: list[list[int]], at: list[tuple[int, int]]) -> Shape:
    """Without what depends on the failure, and without what the thread did after it that may not be as it would."""
    threads = len(found)
    failed = [0] * threads
    for (thread, index), led in zip(at, execution.led, strict=True):
        failed[thread] += led and index < len(found[thread])
    kept = [len(of) for of in found]
    last = [[0] * threads for _ in range(threads)]
    before: list[list[int]] = []  # of each step: how many steps of each thread it depends on, itself included
    for (thread, index), step in zip(at, execution.steps, strict=True):
        depends = list(last[thread])
        if step.source is not None and step.source >= 0:
            depends = list(map(max, depends, before[step.source]))
        depends[thread] = index + 1
        before.append(depends)
        last[thread] = depends
        beyond = [have - need for have, need in zip(depends, failed, strict=True)]
        stopped = execution.stopped >= 0 and beyond[execution.stopped] > 0
        if stopped or (min(beyond) >= 0 and max(beyond) > 0):
            kept[thread] = min(kept[thread], index)
    threads_of = tuple(tuple(of[:count]) for of, count in zip(found, kept, strict=True))
    return Shape(threads_of, execution.failure, execution.message, tuple(failed))


def _trie(paths: Iterable[tuple[int, ...]]) -> tuple[list[list[int]], dict[tuple[int, ...], int]]:
    """The steps of one thread, in runs that each go on from a node, and the last node of each path.

    The nodes are numbered as they stand there, from 1; what is below one comes directly behind it.
    """
    runs: list[list[int]] = []
    ends: dict[tuple[int, ...], int] = {(): 0}
    path: list[int] = []
    count, nodes = 0, [0]
    for each in sorted(set(paths)):
        common = 0
        while common < min(len(path), len(each)) and path[common] == each[common]:
            common += 1
        path, nodes = list(each), nodes[: common + 1]
        if common < len(each):
            if not (runs and nodes[-1] == count):
                runs.append([nodes[-1]])
            for step in each[common:]:
                count += 1
                nodes.append(count)
                runs[-1].append(step)
        ends[each] = nodes[-1]
    return runs, ends


def as_value(
    client: Client, collected: Collector, core: Path, orders: Mapping[tuple[str, int, str, str], str]
) -> dict[str, Any]:
    """What the page plays. orders: those of the core, at the sites where a weakening has changed them.

    steps: kind, order, place, value, site; of a load the thread and number of its source, or else -2 twice if the
    core's order follows. ends: kind, message, and how many steps of each thread led there. executions, one behind the
    other: the last node in each thread, the end, and whether the core has it.
    """
    every = collected.placed()
    lines = code_lines(core, [each.file for each in every] + [shape.message for shape in collected.shapes])
    names = place_names(((each.place, each.text) for each in every), core)
    places, sites, steps, ends = Numbers(), Numbers(), Numbers(), Numbers()
    ends.of((None, "", ()))
    paths = {shape: [tuple(map(steps.of, thread)) for thread in shape.threads] for shape in collected.shapes}
    tries = [_trie(each[thread] for each in paths.values()) for thread in range(collected.threads)]
    flat = sorted(
        (
            *(nodes[path] for (_, nodes), path in zip(tries, paths[shape], strict=True)),
            ends.of((shape.failure, shape.message, shape.failed)),
            int(of_core),
        )
        for shape, of_core in collected.shapes.items()
    )

    def step(of: Placed) -> Iterator[Any]:
        yield KINDS.index(of.kind)
        yield ORDERS.index(of.order)
        yield places.of(names[of.place]) if of.place else -1
        yield of.value if of.value < 1 << 53 else str(of.value)
        file, _, line = lines.get(of.file, f"{of.file}:{of.line}").rpartition(":")
        yield sites.of((Path(file).name, int(line)))
        if of.source is not None or of.site in orders:
            yield from of.source or (-2, -2)
        if of.site in orders:
            yield ORDERS.index(orders[of.site])

    rows = [list(step(every[number])) for number in steps.known]
    texts = [
        [failure, said(client, failure, message, lines) if failure else "", *failed]
        for failure, message, failed in ends.known
    ]
    return {
        "kinds": KINDS, "orders": ORDERS, "places": list(places.known), "sites": list(sites.known), "steps": rows,
        "tries": [runs for runs, _ in tries], "ends": texts, "executions": [each for row in flat for each in row],
    }  # fmt: skip
