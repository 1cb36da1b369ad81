"""Where an interruption can come: the points of a call, counted, and something done at one of them."""

from __future__ import annotations

import gc
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dis import get_instructions
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from conformance.interruption import memory
from conformance.targets.target import TYPES, Target

Action = Callable[[], None]


class Points(ABC):
    """One way in which an interruption comes; a context in which a call is made.

    at: the number, from 1, of the point where `action` is done; 0 for none. passed: how many points came, up to that
    one. where: what the point is, once it has come.
    """

    name: str

    def __init__(self, at: int, action: Action) -> None:
        self.at, self.action = at, action
        self.passed = 0
        self.where = ""
        self._thread = threading.get_ident()

    @property
    def reached(self) -> bool:
        """Whether the action was begun."""
        return self.at > 0 and self.passed >= self.at

    def point(self, where: Callable[[], str]) -> None:
        """One has come: count it, and act if it is the one; an exception of the action passes."""
        if threading.get_ident() != self._thread or 0 < self.at <= self.passed:
            return
        self.passed += 1
        if self.passed == self.at:
            self.where = where()
            self.action()

    @abstractmethod
    def call(self, body: Callable[[], Any]) -> Any:
        """What `body` gives, with the points counted."""


def files_of(target: Target) -> tuple[str, ...]:
    """The folders of the packages that a target's types are defined in, or their files, as prefixes."""
    found = set()
    for name in TYPES:
        module = sys.modules.get(getattr(target.omni, name).__module__)
        package = sys.modules.get(getattr(module, "__name__", "").partition(".")[0])
        for each in (package, module):
            if file := getattr(each, "__file__", None):
                found.add(str(Path(file).parent) + "/" if each is package and hasattr(each, "__path__") else file)
                break
    return tuple(sorted(found))


class Bytecodes(Points):
    """Every bytecode of the target's own files: the way of `sys.settrace`, of 3.11 and of PyPy."""

    name = "bytecode"
    files: tuple[str, ...] = ()

    def call(self, body: Callable[[], Any]) -> Any:
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            return body()
        finally:
            sys.settrace(before)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(self.files):
            return None
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return self._trace

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "opcode" and frame.f_lasti not in _impossible(frame.f_code):
            self.point(lambda: _place(frame.f_code, frame.f_lasti))
        return self._trace


class MonitoredBytecodes(Bytecodes):
    """The same by `sys.monitoring`, from 3.12 on, where `settrace` misses the first bytecodes of a function."""

    def call(self, body: Callable[[], Any]) -> Any:
        monitoring: Any = vars(sys)["monitoring"]
        tool, event = monitoring.DEBUGGER_ID, monitoring.events.INSTRUCTION
        monitoring.use_tool_id(tool, "interruption")
        monitoring.register_callback(tool, event, self._instruction)
        self._disable = monitoring.DISABLE
        monitoring.set_events(tool, event)
        try:
            return body()
        finally:
            monitoring.set_events(tool, 0)
            monitoring.register_callback(tool, event, None)
            monitoring.free_tool_id(tool)

    def _instruction(self, code: CodeType, offset: int) -> Any:
        if not code.co_filename.startswith(self.files):
            return self._disable
        if offset in _impossible(code):
            return None
        self.point(lambda: _place(code, offset))
        return None


@lru_cache(maxsize=1024)
def _impossible(code: CodeType) -> frozenset[int]:
    """Where nothing can come: between an exception and its handler. One there would not be handled as one."""
    return frozenset(each.offset for each in get_instructions(code) if each.opname == "PUSH_EXC_INFO")


def bytecodes() -> type[Bytecodes]:
    """The one that works here."""
    return MonitoredBytecodes if sys.implementation.name == "cpython" and sys.version_info >= (3, 12) else Bytecodes


def _place(code: CodeType, offset: int) -> str:
    lines = [line for start, end, line in code.co_lines() if start <= offset < end]
    return f"{Path(code.co_filename).name}, line {lines[0] if lines else None}, {code.co_name}, bytecode {offset}"


class Waits(Points):
    """The two points that a blocked call has on any target: while it sleeps, and, kept by a GIL, when it is awake."""

    name = "wait"

    def call(self, body: Callable[[], Any]) -> Any:
        return body()


class Hooks(Points):
    """Every point that a test build of a face in C tells of: checks for signals, or releases of the GIL."""

    names: tuple[str, ...]
    install: Callable[[Callable[[str], None] | None], None]

    def call(self, body: Callable[[], Any]) -> Any:
        self.install(self._come)
        try:
            return body()
        finally:
            self.install(None)

    def _come(self, name: str) -> None:
        if name in self.names:
            self.point(lambda: name)


class SignalChecks(Hooks):
    """Where a handler can run in C."""

    name = "signals"
    names = ("signals",)


class Releases(Hooks):
    """Where another thread can run in C: around a call without the GIL."""

    name = "gil"
    names = ("release", "retake")


class Collections(Points):
    """Every allocation at which the collector runs: of objects that it tracks, by their net number."""

    name = "collection"

    def call(self, body: Callable[[], Any]) -> Any:
        if not self.at:
            return body()
        threshold, enabled = gc.get_threshold(), gc.isenabled()
        gc.collect()
        _Finalised(self._collected)
        self._inside = False
        gc.set_threshold(self.at, 1_000_000, 1_000_000)
        gc.enable()
        try:
            self._inside = True
            return body()
        finally:
            self._inside = False
            gc.disable()
            gc.set_threshold(*threshold)
            if enabled:
                gc.enable()

    def _collected(self) -> None:
        gc.disable()
        if self._inside and threading.get_ident() == self._thread:
            self.passed, self.where = self.at, "in the call"
            self.action()


class _Finalised:
    """Garbage in a cycle."""

    def __init__(self, action: Action) -> None:
        self.action = action
        self.me = self

    def __del__(self) -> None:
        self.action()


class Allocations(Points):
    """Every allocation of memory, in any of the interpreter's domains; the one is refused."""

    name = "allocation"

    def call(self, body: Callable[[], Any]) -> Any:
        hooks = memory.hooks()
        try:
            return hooks.refusing(body, self.at)
        finally:
            self.passed = hooks.counted()
            if self.reached:
                self.where = f"allocation {self.at}"
