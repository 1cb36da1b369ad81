"""A client of the core as data, and its exploration."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any, NamedTuple

from conformance.weakmemory.core.build import library
from conformance.weakmemory.explorer import THREADS, Options, Report, Result, explore

OPERATIONS = 8
KINDS = (
    "try_push", "blocking_push", "timed_push", "batch_push", "reserve", "commit", "rollback",
    "try_pop", "blocking_pop", "timed_pop", "batch_pop", "held", "close_producer", "close_consumer", "shutdown",
    "statistics",
)  # fmt: skip


class Operation(NamedTuple):
    """kind: one of KINDS. argument: the message's token, from 1 to 7, or a count."""

    kind: str
    argument: int = 0


class Client(NamedTuple):
    """Threads that run operations on one channel of a capacity from 1 up."""

    name: str
    capacity: int
    threads: tuple[tuple[Operation, ...], ...]


def client(name: str, capacity: int, *threads: str) -> Client:
    """A client in short notation: "try_push 1; blocking_push 2; close_producer" for each thread."""
    return Client(name, capacity, tuple(tuple(map(_operation, thread.split(";"))) for thread in threads))


def _operation(text: str) -> Operation:
    kind, _, argument = text.strip().partition(" ")
    if kind not in KINDS:
        raise ValueError(f"no operation is called {kind!r}; there are {', '.join(KINDS)}")
    return Operation(kind, int(argument or 0))


def notation(thread: tuple[Operation, ...]) -> str:
    """A thread as `client` takes it."""
    return "; ".join(f"{kind} {argument}" if argument else kind for kind, argument in thread)


class _Operation(ctypes.Structure):
    _fields_ = (("kind", ctypes.c_int32), ("argument", ctypes.c_int32))


class _Script(ctypes.Structure):
    _fields_ = (
        ("threads", ctypes.c_int32),
        ("capacity", ctypes.c_int32),
        ("length", ctypes.c_int32 * THREADS),
        ("operations", _Operation * OPERATIONS * THREADS),
    )


def run(given: Client, *, asymmetric: bool = False, core: Path | None = None, **options: Any) -> Result:
    """Every execution of the client; an outcome is the results of each thread's operations, in order."""
    script = _Script(len(given.threads), given.capacity)
    for number, thread in enumerate(given.threads):
        script.length[number] = len(thread)
        for place, operation in enumerate(thread):
            script.operations[number][place] = _Operation(KINDS.index(operation.kind), operation.argument)
    loaded = library(asymmetric, core)

    def start(to: Options, report: Report) -> None:
        loaded.script_explore(ctypes.byref(script), ctypes.byref(to), ctypes.byref(report))

    return explore(loaded, start, **options)
