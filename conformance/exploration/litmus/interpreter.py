"""Explore a litmus program with the engine."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

from conformance.exploration.explorer import THREADS, Options, Report, explore, shared_library
from conformance.exploration.litmus import LOCATIONS, ORDERS, READ_HALF, Program, locations
from conformance.exploration.result import Result

OPERATIONS = 16
KINDS = (
    *("load", "store", "xchg", "add", "cas", "fence", "await"),
    *("plain_load", "plain_store", "sleep", "timed_sleep", "wake", "choose"),
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
