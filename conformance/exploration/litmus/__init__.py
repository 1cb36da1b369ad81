"""Litmus programs: as values, in a short notation, and explored. `python -m conformance.exploration.litmus` runs them.

A thread is written as operations with semicolons between them:

    x = 1 rel           store               r0 = x acq           load
    r0 = xchg x 1 ar    exchange            r0 = add x 1 rlx     fetch and add
    r0 = cas x 0 1 sc   compare and swap    fence sc             fence: acq rel ar sc light heavy
    plain x = 1         plain store         r0 = plain x         plain load
    r0 = await x 0 acq  loads until x != 0  sleep x 0            sleeps while x == 0: see wm_sleep
    wake x              wakes who sleeps on x
    r0 = choose 2       0 or 1              if r0 == 1: ...      done only if

All locations (x y z w) start as 0. An order is rlx, acq, rel, ar or sc.
"""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from conformance.exploration.explorer import THREADS, Options, Report, explore, shared_library
from conformance.exploration.result import Result

ORDERS = {"rlx": 0, "acq": 1, "rel": 2, "ar": 3, "sc": 4, "light": 5, "heavy": 6}
READ_HALF = {"ar": "acq", "rel": "rlx"}
"""The order of what a read-modify-write reads, where it is not its own."""
LOCATIONS = "xyzw"


@dataclass(frozen=True)
class Operation:
    """`kind`: a key of _FORMS."""

    kind: str
    location: str = ""
    order: str = "rlx"
    target: int | None = None
    value: int = 0
    expected: int = 0
    guard: tuple[int, int] | None = None
    """Register and value: otherwise it is passed over."""


Program = tuple[tuple[Operation, ...], ...]

_O = r"(?P<order>rlx|acq|rel|ar|sc|light|heavy)"
_X, _R = r"(?P<location>[xyzw])", r"(?:r(?P<target>\d) = )"
_FORMS = {
    "load": rf"{_R}{_X} {_O}",
    "store": rf"{_X} = (?P<value>\d+) {_O}",
    "xchg": rf"{_R}?xchg {_X} (?P<value>\d+) {_O}",
    "add": rf"{_R}?add {_X} (?P<value>\d+) {_O}",
    "cas": rf"{_R}?cas {_X} (?P<expected>\d+) (?P<value>\d+) {_O}",
    "fence": rf"fence {_O}",
    "await": rf"{_R}?await {_X} (?P<expected>\d+) {_O}",
    "plain_load": rf"{_R}plain {_X}",
    "plain_store": rf"plain {_X} = (?P<value>\d+)",
    "sleep": rf"sleep {_X} (?P<expected>\d+)",
    "wake": rf"wake {_X}",
    "choose": rf"{_R}choose (?P<value>\d+)",
}
_GUARD = re.compile(r"if r(\d) == (\d+): (.*)")


def operation(text: str) -> Operation:
    """One operation in the notation above."""
    guard = None
    if guarded := _GUARD.fullmatch(text):
        guard = int(guarded[1]), int(guarded[2])
        text = guarded[3]
    for kind, form in _FORMS.items():
        if found := re.fullmatch(form, text):
            g = found.groupdict()
            target = g.get("target")
            return Operation(
                kind,
                g.get("location") or "",
                g.get("order") or "rlx",
                None if target is None else int(target),
                int(g.get("value") or 0),
                int(g.get("expected") or 0),
                guard,
            )
    raise ValueError(f"not an operation: {text!r} (such as 'x = 1 rel' or 'r0 = y acq')")


def program(*threads: str) -> Program:
    """A thread from each text."""
    return tuple(tuple(operation(each.strip()) for each in thread.split(";") if each.strip()) for thread in threads)


def locations(threads: Program) -> str:
    """Those it uses, in alphabetical order of x, y, z, w."""
    used = {each.location for thread in threads for each in thread}
    return "".join(each for each in LOCATIONS if each in used)


def targets(thread: tuple[Operation, ...]) -> tuple[int, ...]:
    """Its registers, in order."""
    return tuple(sorted({each.target for each in thread if each.target is not None}))


OPERATIONS = 16
KINDS = (
    *("load", "store", "xchg", "add", "cas", "fence", "await"),
    *("plain_load", "plain_store", "sleep", "wake", "choose"),
)


class _Operation(ctypes.Structure):
    _fields_ = (
        *(
            (name, ctypes.c_int32)
            for name in ("kind", "location", "order", "failure", "target", "guard", "guard_value")
        ),
        ("value", ctypes.c_int64),
        ("expected", ctypes.c_int64),
    )


class _Program(ctypes.Structure):
    _fields_ = (
        ("threads", ctypes.c_int32),
        ("locations", ctypes.c_int32),
        ("length", ctypes.c_int32 * THREADS),
        ("operations", _Operation * OPERATIONS * THREADS),
    )


@cache
def library() -> ctypes.CDLL:
    """The engine with the interpreter, compiled on first use."""
    return ctypes.CDLL(str(shared_library([Path(__file__).with_name("interpreter.c")])))


def run(threads: Program, *, failing_as_success: bool = False, **options: Any) -> Result:
    """Every execution of the program; outcomes are each thread's registers, then each location's last value.

    A compare-and-swap that fails reads relaxed, or with `failing_as_success` in the order that it would have had.
    """
    used = locations(threads)
    if used != LOCATIONS[: len(used)]:
        raise ValueError(f"locations must be taken in the order {LOCATIONS}, without gaps: {used}")
    p = _Program(len(threads), len(used))
    for t, thread in enumerate(threads):
        if len(thread) > OPERATIONS:
            raise ValueError(f"thread {t} has {len(thread)} operations: at most {OPERATIONS}")
        p.length[t] = len(thread)
        for i, each in enumerate(thread):
            guard, guard_value = (-1, 0) if each.guard is None else each.guard
            p.operations[t][i] = _Operation(
                KINDS.index(each.kind),
                max(0, used.find(each.location)) if each.location else 0,
                ORDERS[each.order],
                ORDERS[READ_HALF.get(each.order, each.order) if failing_as_success else "rlx"],
                -1 if each.target is None else each.target,
                guard,
                guard_value,
                each.value,
                each.expected,
            )

    def start(given: Options, report: Report) -> None:
        library().litmus_explore(ctypes.byref(p), ctypes.byref(given), ctypes.byref(report))

    return explore(library(), start, **options)
