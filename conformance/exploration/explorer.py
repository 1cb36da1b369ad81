"""The explorer, from Python: options in, a result value out."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Container, Iterator
from typing import Any

from conformance.exploration.result import Result, Step

THREADS, OUTCOME = 8, 32
FAILURES = ("none", "assertion", "data race", "lost wakeup", "freed memory", "misuse", "forbidden")

_Progress = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p)
_Allowed = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint64), ctypes.c_uint32)


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
        ("seed", ctypes.c_uint64),
        ("further", ctypes.c_uint32),
        ("progress", _Progress),
        ("allowed", _Allowed),
    )


COUNTS = ("complete", "blocked", "cut", "dropped", "repeated", "failures")


class Report(ctypes.Structure):
    """wm_report."""

    _fields_ = (
        *((name, ctypes.c_uint64) for name in COUNTS),
        ("kinds", ctypes.c_uint64 * len(FAILURES)),
        ("checks", ctypes.c_uint64),
        ("outcomes", ctypes.c_uint64),
        ("estimate", ctypes.c_double),
        ("open", ctypes.c_uint32),
        ("longest", ctypes.c_uint32),
        ("failure", ctypes.c_int),
        ("message", ctypes.c_char * 512),
        ("trace_length", ctypes.c_uint32),
        ("path_length", ctypes.c_uint32),
    )


class _Outcome(ctypes.Structure):
    _fields_ = (
        ("values", ctypes.c_uint64 * OUTCOME),
        ("length", ctypes.c_uint32),
        ("allowed", ctypes.c_bool),
        ("count", ctypes.c_uint64),
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


class _Hooks:
    """Python called from C: what it raises stops the exploration, and is raised when that has ended."""

    def __init__(self, progress: Callable[[Report], bool] | None, allowed: Container[tuple[int, ...]] | None) -> None:
        self.raised: BaseException | None = None

        def guarded(hook: Callable[[], bool]) -> bool:
            try:
                return self.raised is None and hook()
            except BaseException as error:  # an interrupt too
                self.raised = error
                return False

        def ask(_context: int, report: int) -> bool:
            return guarded(lambda: progress is None or progress(Report.from_address(report)))

        def is_allowed(_context: int, values: Any, length: int) -> bool:
            return guarded(lambda: allowed is None or tuple(values[:length]) in allowed)

        self.progress = _Progress(ask)
        self.allowed = _Allowed(is_allowed) if allowed is not None else _Allowed()


_one_at_a_time = threading.Lock()


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
    seed: int = 0,
    further: int = 0,
    progress: Callable[[Report], bool] | None = None,
    allowed: Container[tuple[int, ...]] | None = None,
) -> Result:
    """Run `start`, which calls wm_explore with these options, and fetch all that it found.

    progress: called every few dozen runs; where it answers False, the rest is left in `open`. allowed: outcomes;
    any other is a failure. seed: not 0 for one run, by chance. A second thread waits until the first is done, for
    the engine has one state.
    """
    decisions = (ctypes.c_uint16 * len(prefix))(*prefix)
    hooks, report = _Hooks(progress, allowed), Report()
    options = Options(
        cxx20, blocking_allowed, check_repetition, every_failure, steps, executions, decisions, len(prefix), split,
        seed, further, hooks.progress, hooks.allowed,
    )  # fmt: skip
    with _one_at_a_time:
        start(options, report)
        if hooks.raised is not None:
            raise hooks.raised
        return _result(library, report)


def _result(library: ctypes.CDLL, report: Report) -> Result:
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
        estimate=report.estimate,
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
        file, text = (s.file or b"").decode(), (s.text or b"").decode()
        yield Step(s.thread, s.kind.decode(), s.order.decode(), s.place.decode(), s.value, source, file, s.line, text)
        number += 1
