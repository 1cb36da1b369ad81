"""Every execution of a client of the core, with one of its accesses weakened or as it is, as a value for a page.

RC11 lets the steps of an execution be taken in any order in which each comes after those before it in its thread, and a
load after the store that it reads. So what may come after some steps is the next step of a thread in any execution that
has these. Kept are a trie of steps for each thread, and for each execution its last step in each of them; where one
fails, what depends on the failure is left out.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from conformance.exploration.clients.allowed import outcomes
from conformance.exploration.clients.client import Client, Operation, library, run, sources
from conformance.exploration.clients.weaken import SWITCH, switched
from conformance.exploration.result import Execution, Step, source_lines, worded
from spec_model.vocabulary import PopResult, PushResult

BOUND = 100_000
"""Executions of a client with one weakening: more than any has."""

KINDS = ("read", "write", "fetch", "update", "fence", "choose", "queue", "sleep", "wake", "woken", "left out")
ORDERS = ("relaxed", "acquire", "release", "acq_rel", "seq_cst", "light", "heavy", "nonatomic")
BLOCKED = "waits"
"""The kind of a step that is none: where a thread stays for ever."""
FETCH = "fetch"
"""The kind of the first half of a read-modify-write."""

_OF_GUARD = ("state", "bias", "entries", "owner[0]", "owner[1]", "inside[0]", "inside[1]", "left.value")
_OF_BOTH = ("ended", *(f"guard.{name}" for name in _OF_GUARD))
_OF_RING = ("write_index", "read_index", "released_index", "bytes_sent", "bytes_received", "failed_pushes",
    "failed_pops", "producer_alive", "consumer_alive", "pool.returned")  # fmt: skip
PLACES = (
    *(f"ring.{name}" for name in _OF_RING),
    *(f"ring.{side}_waiter.{name}" for side in ("producer", "consumer") for name in ("flags.value", "signalling")),
    *(f"producer.{name}" for name in (*_OF_BOTH, "region", "region_pins")),
    *(f"consumer.{name}" for name in (*_OF_BOTH, "exports", "open", "opened_by")),
    "mapping_users",
    "references",
)
"""Members of a channel, to name what a step accesses."""

_MEMBER = re.compile(r"&(?:\w+->)?(ring|producer|consumer)(?:->|\.)(\w+)")


def core_with_all(folder: Path) -> Path:
    """The core with every weakening in it, and where the members of a channel are."""
    copy = switched(sources(), folder)
    offsets = ", ".join(f"offsetof(omni_channel, {name})" for name in PLACES)
    (copy / "places.c").write_text(
        f'#include <stddef.h>\n#include "channel.h"\nconst size_t core_places[] = {{{offsets}}};\n'
    )
    return copy


def every_execution(client: Client, core: Path, take: Callable[[Execution], None], weakening: int = 0) -> None:
    """Give all that there are with that weakening of `core_with_all`, from 1, or without one."""
    ctypes.c_int.in_dll(library(True, core), SWITCH).value = weakening
    result = run(
        client, asymmetric=True, core=core, allowed=outcomes(client), every_failure=True, executions=BOUND,
        ended=take,
    )  # fmt: skip
    if result.cut or "misuse" in result.failures:
        raise ValueError(f"weakening {weakening} with {client.name!r}: {result.cut} cut, {result.says or 'no failure'}")


# ---- what a step accesses, and what a failure says ----


def place_names(steps: Iterable[Placed], core: Path) -> dict[str, str]:
    """What to call each place that these access: a member of a channel, or else what the source calls it."""
    loaded = library(True, core)
    offsets = dict(zip(PLACES, (ctypes.c_size_t * len(PLACES)).in_dll(loaded, "core_places"), strict=True))
    called: dict[int, str] = {}
    for step in steps:
        if step.place:
            called.setdefault(int(step.place, 16), step.text)
    channels = set()
    for place, text in called.items():
        member = _MEMBER.fullmatch(text)
        if member and f"{member[1]}.{member[2]}" in offsets:
            channels.add(place - offsets[f"{member[1]}.{member[2]}"])
    known: dict[int, str] = {}
    for number, channel in enumerate(sorted(channels), 1):
        which = "" if number == 1 else f" of channel {number}"
        for name, offset in offsets.items():
            short = name.removesuffix(".value")
            known[channel + offset] = f"{short}{which}"
            known[channel + offset + 1] = f"sleepers on {short}{which}"  # as the engine has it: behind the word
    names = {place: known[place] for place in called if place in known}
    alike: dict[str, list[int]] = {}
    for place in sorted(called.keys() - names.keys()):
        alike.setdefault(re.sub(r"^&|\.value$", "", called[place]), []).append(place)
    for text, places in alike.items():
        for number, place in enumerate(places, 1):
            names[place] = text if len(places) == 1 else f"{text} #{number}"
    return {hex(place): name for place, name in names.items()}


_SILENT = (
    "write_region", "unpin_region", "unclaim_producer", "unclaim_consumer", "close_producer", "close_consumer",
    "free_producer", "free_consumer", "release_producer", "release_consumer", "watch_producer", "watch_consumer",
    "abandon", "reread", "unpin", "shutdown", "free_broker", "hand", "take",
)  # fmt: skip
"""Operations that answer nothing."""
_MAY_BE_SILENT = ("held", "readable", "pin", "view")
"""Those that answer nothing where there is no message."""
_REFUSED = {255: "CONCURRENT_USE", 254: "PINNED", 252: "EXPIRED", 251: "RESERVED"}


def answers(client: Client, values: Sequence[int]) -> str:
    """An outcome in words, as far as it is plain which operation has answered what."""
    asked = [
        [(number, each) for each in thread if each.kind not in _SILENT] for number, thread in enumerate(client.threads)
    ]
    every = [each for thread in asked for each in thread]
    if len(every) != len(values) - 1:  # the last is how much memory is left
        every = [each for each in every if each[1].kind not in _MAY_BE_SILENT]
    if len(every) != len(values) - 1:
        return "the calls answer " + ", ".join(map(str, values[:-1]))
    return "; ".join(
        f"thread {number}'s {operation.kind} answers {_answer(operation, value)}"
        for (number, operation), value in zip(every, values, strict=False)
    )


def _answer(operation: Operation, value: int) -> str:
    code, messages = value & 255, [value >> shift & 255 for shift in range(8, 64, 8) if value >> shift & 255]
    if operation.kind.endswith(("_push", "commit")) or operation.kind == "reserve":
        return _REFUSED.get(code) or PushResult(code).name
    if operation.kind.endswith("_pop") and operation.kind != "end_pop":
        answer = _REFUSED.get(code) or PopResult(code).name
        return f"{answer} with {' and '.join(f'message {each}' for each in messages)}" if messages else answer
    return _REFUSED.get(value, str(value))


def said(client: Client, failure: str, message: str, lines: dict[str, str]) -> str:
    """A failure's message in words."""
    if failure == "forbidden":
        values = [int(each) for each in message.partition(":")[2].split()]
        return f"no order of the calls explains this outcome: {answers(client, values)}"
    return worded(message, lines)


def _addresses(core: Path, texts: Iterable[str]) -> dict[str, str]:
    """file:line of each address of code in these."""
    return source_lines(Path(library(True, core)._name), re.findall("0x[0-9a-f]+", " ".join(set(texts))))


# ---- executions as a value ----


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
        updates = self._updates(execution)
        for step, updated in zip(execution.steps, updates, strict=True):
            of = found[step.thread]
            source = None if step.source is None else (-1, -1) if step.source < 0 else at[step.source]
            at.append((step.thread, len(of)))
            kind = FETCH if updated else step.kind
            if step.kind == "fence" and step.order == "nonatomic":
                kind = "left out"
            of.append(self._number((kind, step.order, step.place, step.value, step.file, step.line, step.text, source)))
        graph = self._graph(found)
        for thread, (of, last) in enumerate(zip(found, self._last(execution), strict=True)):
            if last is not None and last.kind == BLOCKED:
                found[thread] = of[:-1]
        shape = _until_it_fails(execution, found, at) if execution.failure else Shape(tuple(map(tuple, found)))
        self.shapes[shape] = self.shapes.get(shape, False) or self._plain is None or graph in self._plain

    def _updates(self, execution: Execution) -> list[bool]:
        """Of each step, whether it is the first half of a read-modify-write."""
        next_kind = [""] * self.threads
        found = []
        for step in reversed(execution.steps):
            found.append(next_kind[step.thread] == "update")
            next_kind[step.thread] = step.kind
        return found[::-1]

    def _last(self, execution: Execution) -> list[Step | None]:
        last: list[Step | None] = [None] * self.threads
        for step in execution.steps:
            last[step.thread] = step
        return last

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
    lines = _addresses(core, [each.file for each in every] + [shape.message for shape in collected.shapes])
    names = place_names(every, core)
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
