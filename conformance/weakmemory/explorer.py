"""The explorer, from Python: options in, a result value out."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

THREADS, OUTCOME = 8, 32
FAILURES = ("none", "assertion", "data race", "lost wakeup", "freed memory", "unexplained outcome", "misuse")


class _Outcome(ctypes.Structure):
    _fields_ = (("values", ctypes.c_uint64 * OUTCOME), ("length", ctypes.c_uint32), ("count", ctypes.c_uint64))


class Options(ctypes.Structure):
    """wm_options."""

    _fields_ = (
        ("cxx20", ctypes.c_bool),
        ("blocking_allowed", ctypes.c_bool),
        ("check_repetition", ctypes.c_bool),
        ("all", ctypes.c_bool),
        ("steps", ctypes.c_uint32),
        ("executions", ctypes.c_uint64),
        ("prefix", ctypes.POINTER(ctypes.c_uint16)),
        ("prefix_length", ctypes.c_uint32),
        ("split", ctypes.c_uint32),
        ("allowed", ctypes.POINTER(_Outcome)),
        ("allowed_length", ctypes.c_uint32),
    )


COUNTS = ("complete", "blocked", "cut", "dropped", "repeated", "failures")


class Report(ctypes.Structure):
    """wm_report."""

    _fields_ = (
        *((name, ctypes.c_uint64) for name in COUNTS),
        ("kinds", ctypes.c_uint64 * len(FAILURES)),
        ("checks", ctypes.c_uint64),
        ("outcomes", ctypes.c_uint64),
        ("open", ctypes.c_uint32),
        ("longest", ctypes.c_uint32),
        ("failure", ctypes.c_int),
        ("message", ctypes.c_char * 512),
        ("trace_length", ctypes.c_uint32),
        ("path_length", ctypes.c_uint32),
    )


class _Step(ctypes.Structure):
    _fields_ = (
        ("kind", ctypes.c_char_p),
        ("order", ctypes.c_char_p),
        ("file", ctypes.c_char_p),
        ("text", ctypes.c_char_p),
        ("place", ctypes.c_char * 48),
        ("value", ctypes.c_uint64),
        ("thread", ctypes.c_int32),
        ("line", ctypes.c_int32),
        ("source", ctypes.c_int32),
    )


@dataclass(frozen=True)
class Step:
    """One step of a failing execution; `source` is the number of the step it read from, -1 for the initial value."""

    thread: int
    kind: str
    order: str
    place: str
    value: int
    source: int | None
    file: str
    line: int


@dataclass(frozen=True)
class Result:
    """What an exploration met."""

    complete: int
    blocked: int
    cut: int
    dropped: int
    repeated: int
    failures: Mapping[str, int]
    """How often each kind was met; at most one in all unless every failure was asked for."""
    checks: int
    longest: int
    failure: str | None
    message: str
    outcomes: Mapping[tuple[int, ...], int] = field(repr=False)
    trace: tuple[Step, ...] = field(repr=False)
    path: tuple[int, ...]
    """Decisions that lead to the failure: give them back as `prefix`."""
    open: tuple[tuple[int, ...], ...] = field(repr=False)
    """Subtrees that `split` left, each a prefix."""

    @property
    def proved(self) -> bool:
        """Everything there is was explored, and nothing failed."""
        return self.failure is None and not self.cut and not self.open and self.complete > 0


def explore(
    library: ctypes.CDLL,
    start: Callable[[Options, Report], None],
    *,
    cxx20: bool = False,
    blocking_allowed: bool = False,
    check_repetition: bool = False,
    every_failure: bool = False,
    steps: int = 0,
    executions: int = 0,
    prefix: tuple[int, ...] = (),
    split: int = 0,
    allowed: Collection[tuple[int, ...]] | None = None,
) -> Result:
    """Run `start`, which calls wm_explore with these options, and fetch all that it found.

    allowed: an outcome that is not among them is a failure; None allows all.
    """
    decisions = (ctypes.c_uint16 * len(prefix))(*prefix)
    options = Options(
        cxx20, blocking_allowed, check_repetition, every_failure, steps, executions, decisions, len(prefix), split
    )
    if allowed is not None:
        options.allowed = (_Outcome * (len(allowed) + 1))(
            *(_Outcome((ctypes.c_uint64 * OUTCOME)(*each), len(each)) for each in allowed)
        )
        options.allowed_length = len(allowed)
    report = Report()
    start(options, report)
    return Result(
        complete=report.complete,
        blocked=report.blocked,
        cut=report.cut,
        dropped=report.dropped,
        repeated=report.repeated,
        failures={kind: count for kind, count in zip(FAILURES, report.kinds, strict=True) if count},
        checks=report.checks,
        longest=report.longest,
        failure=FAILURES[report.failure] if report.failure else None,
        message=report.message.decode(),
        outcomes=dict(_outcomes(library)),
        trace=tuple(_steps(library)),
        path=_decisions(library.wm_path),
        open=tuple(_decisions(library.wm_open, ctypes.c_uint32(number)) for number in range(report.open)),
    )


def _decisions(fetch: Any, *which: Any) -> tuple[int, ...]:
    room = (ctypes.c_uint16 * 1024)()
    return tuple(room[: fetch(*which, room, ctypes.c_uint32(1024))])


def _outcomes(library: ctypes.CDLL) -> Iterator[tuple[tuple[int, ...], int]]:
    seen, number = _Outcome(), 0
    library.wm_outcome_at.restype = ctypes.c_bool
    while library.wm_outcome_at(ctypes.c_uint64(number), ctypes.byref(seen)):
        yield tuple(seen.values[: seen.length]), seen.count
        number += 1


def _steps(library: ctypes.CDLL) -> Iterator[Step]:
    s, number = _Step(), 0
    library.wm_trace_at.restype = ctypes.c_bool
    while library.wm_trace_at(ctypes.c_uint32(number), ctypes.byref(s)):
        source = None if s.source == -2 else s.source
        file = (s.file or b"").decode()
        yield Step(s.thread, s.kind.decode(), s.order.decode(), s.place.decode(), s.value, source, file, s.line)
        number += 1
