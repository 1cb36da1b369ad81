"""The explorer, from Python: compiled with a client into a shared library; options in, a result value out."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shlex
import shutil
import struct
import subprocess
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from conformance.exploration.result import Execution, Result, Step

ENGINE = Path(__file__).parent / "engine"
FLAGS = ("-std=c11", "-D_GNU_SOURCE", "-O2", "-g", "-fPIC", "-fno-semantic-interposition", "-U_FORTIFY_SOURCE")
"""Without the fortified _longjmp, which takes a jump to another stack for a mistake."""
WATCHED = ("-fsanitize=thread", "-O1")


class CompilerError(Exception):
    """There is no C compiler, or it refused."""


def compiler() -> str:
    """The C compiler on the PATH: the one Python was built with, or `cc`."""
    configured = shlex.split(str(sysconfig.get_config_var("CC") or "cc"))[0]
    for name in ("cc", configured, "gcc", "clang"):
        if found := shutil.which(name):
            return found
    raise CompilerError("no C compiler on the PATH (searched for cc, gcc, clang): install one, such as Debian's gcc")


def shared_library(
    sources: Sequence[Path],
    flags: Sequence[str] = (),
    *,
    watched: Sequence[Path] = (),
    headers: Sequence[Path] = (),
    folder: Path | None = None,
) -> Path:
    """The engine and these sources as one library; each file is compiled once for each content of it.

    `watched` sources are instrumented, so that plain memory is watched and atomics are explored without a platform;
    these and `sources` get `flags`. `headers` are what else they depend on.
    """
    cc = compiler()
    folder = _folder(folder)
    interface = sorted(ENGINE.glob("*.h"))
    depends = [*interface, *headers]
    *others, last = sorted(ENGINE.glob("*.c"))
    included = [word for each in others for word in ("-include", str(each))]
    objects = [_object(cc, last, included, [*interface, *others], folder)]  # in one, for calls that are inlined
    objects += [_object(cc, each, flags, depends, folder) for each in sources]
    objects += [_object(cc, each, (*WATCHED, *flags), depends, folder) for each in watched]
    # Without the sanitizer: its calls are the engine's.
    return _made(objects, [cc, "-shared", *map(str, objects), "-ldl"], ".so", folder)


def extension(source: Path, flags: Sequence[str], folder: Path | None = None) -> Path:
    """One source as an extension module of this interpreter, compiled once for each content of it."""
    command = [compiler(), "-std=gnu11", "-O2", "-fPIC", "-shared", *flags, str(source)]
    return _made([source], command, str(sysconfig.get_config_var("EXT_SUFFIX")), _folder(folder))


def _folder(folder: Path | None) -> Path:
    """Where what is compiled is kept: the user's own, if not this one."""
    folder = folder or Path(tempfile.gettempdir()) / f"omnimailbox-exploration-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _object(cc: str, source: Path, flags: Sequence[str], headers: Sequence[Path], folder: Path) -> Path:
    """One file compiled; its content and the headers' decide whether it is again."""
    command = [cc, *FLAGS, *flags, "-c", str(source)]
    return _made([source, *headers], command, ".o", folder)


def _made(of: Sequence[Path], command: Sequence[str], suffix: str, folder: Path) -> Path:
    """What the command makes of these files, made once for each content."""
    digest = hashlib.sha256(repr(command).encode())
    for each in of:
        digest.update(each.read_bytes())
    made = folder / f"{digest.hexdigest()[:24]}{suffix}"
    if not made.exists():
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            unfinished = Path(fresh) / made.name
            _call([*command, "-o", str(unfinished)], of[0])
            unfinished.replace(made)
    return made


def _call(command: Sequence[str], what: Path) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise CompilerError(
            f"{command[0]} refused {what.name} (exit status {ended.returncode}):\n{ended.stderr.strip()}"
        )


THREADS, OUTCOME = 8, 32
FAILURES = ("none", "assertion", "data race", "lost wakeup", "freed memory", "misuse", "forbidden")

_Progress = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p)
_Allowed = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint64), ctypes.c_uint32)
_Ended = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


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
        ("ended", _Ended),
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
        ("led", ctypes.c_bool),
    )


class _Execution(ctypes.Structure):
    """wm_execution."""

    _fields_ = (
        ("failure", ctypes.c_int),
        ("message", ctypes.c_char_p),
        ("stopped", ctypes.c_int32),
        ("count", ctypes.c_uint32),
        ("steps", ctypes.c_void_p),
    )


class _Hooks:
    """Python called from C: what it raises stops the exploration, and is raised when that has ended."""

    now: ClassVar[_Hooks]
    """Of the one exploration that runs."""

    def __init__(
        self,
        progress: Callable[[Report], bool] | None,
        allowed: Container[tuple[int, ...]] | None,
        ended: Callable[[Execution], None] | None,
    ) -> None:
        self.progress, self.allowed = progress, None if allowed is None else allowed.__contains__
        self.ended, self.texts = ended, dict[int, str]()
        self.raised: BaseException | None = None

    def answer(self, hook: Callable[[Any], bool] | None, about: object) -> bool:
        """What the hook says; yes without one."""
        try:
            return self.raised is None and (hook is None or hook(about))
        except BaseException as error:  # an interrupt too
            self.raised = error
            return False

    def give(self, at: int) -> None:
        """The execution that is there, to the hook that wants each."""
        if self.raised is not None or self.ended is None:
            return
        try:
            self.ended(_execution(_Execution.from_address(at), self.texts))
        except BaseException as error:
            self.raised = error


_ask = _Progress(lambda _context, report: _Hooks.now.answer(_Hooks.now.progress, Report.from_address(report)))
_is_allowed = _Allowed(lambda _context, values, length: _Hooks.now.answer(_Hooks.now.allowed, tuple(values[:length])))
_anything = _Allowed()
_give = _Ended(lambda _context, at: _Hooks.now.give(at))
_nobody = _Ended()

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
    ended: Callable[[Execution], None] | None = None,
) -> Result:
    """Run `start`, which calls wm_explore with these options, and fetch all that it found.

    progress: called every few dozen runs; where it answers False, the rest is left in `open`. allowed: outcomes;
    any other is a failure. ended: called with each execution, for which one that fails goes on as far as it can; for
    every_failure. seed: not 0 for one run, by chance. A second thread waits until the first is done, for the engine has
    one state.
    """
    decisions = (ctypes.c_uint16 * len(prefix))(*prefix) if prefix else None
    hooks, report = _Hooks(progress, allowed, ended), Report()
    options = Options(
        cxx20, blocking_allowed, check_repetition, every_failure, steps, executions, decisions, len(prefix), split,
        seed, further, _ask, _is_allowed if allowed is not None else _anything, _give if ended is not None else _nobody,
    )  # fmt: skip
    with _one_at_a_time:
        _Hooks.now = hooks
        start(options, report)
        if hooks.raised is not None:
            raise hooks.raised
        return _result(library, report)


def _result(library: ctypes.CDLL, report: Report) -> Result:
    failed = report.failures > 0
    return Result(
        complete=report.complete,
        blocked=report.blocked,
        cut=report.cut,
        dropped=report.dropped,
        repeated=report.repeated,
        failures={kind: count for kind, count in zip(FAILURES, report.kinds, strict=True) if count} if failed else {},
        checks=report.checks,
        longest=report.longest,
        failure=FAILURES[report.failure] if failed else None,
        message=report.message.decode() if failed else "",
        outcomes=_outcomes(library, report.outcomes),
        trace=tuple(_steps(library)) if failed else (),
        path=_decisions(library.wm_path) if report.path_length else (),
        open=tuple(_decisions(library.wm_open, ctypes.c_uint32(number)) for number in range(report.open)),
        estimate=report.estimate,
    )


def _decisions(fetch: Any, *which: Any) -> tuple[int, ...]:
    room = (ctypes.c_uint16 * 1024)()
    return tuple(room[: fetch(*which, room, ctypes.c_uint32(1024))])


def _outcomes(library: ctypes.CDLL, count: int) -> dict[tuple[int, ...], int]:
    fetch = library.wm_outcomes
    fetch.restype = ctypes.POINTER(_Outcome)
    return {tuple(seen.values[: seen.length]): seen.count for seen in (fetch()[:count] if count else ())}


_RAW = struct.Struct("@4P48sQ3i?0Q")
"""Of _Step, whose strings come as addresses."""


def _execution(raw: _Execution, texts: dict[int, str]) -> Execution:
    """texts: strings of the library by their addresses, as far as they are known."""

    def text(at: int) -> str:
        if (known := texts.get(at)) is None:
            known = texts[at] = ctypes.string_at(at).decode() if at else ""
        return known

    steps, led = [], []
    for kind, order, file, called, place, value, thread, line, source, leads in _RAW.iter_unpack(
        ctypes.string_at(raw.steps, raw.count * _RAW.size)
    ):
        name = place.partition(b"\0")[0].decode()
        read = None if source == -2 else source
        steps.append(Step(thread, text(kind), text(order), name, value, read, text(file), line, text(called)))
        led.append(leads)
    failure = FAILURES[raw.failure] if raw.failure else None
    return Execution(tuple(steps), tuple(led), failure, (raw.message or b"").decode(), raw.stopped)


def _steps(library: ctypes.CDLL) -> Iterator[Step]:
    s, number = _Step(), 0
    library.wm_trace_at.restype = ctypes.c_bool
    while library.wm_trace_at(ctypes.c_uint32(number), ctypes.byref(s)):
        source = None if s.source == -2 else s.source
        file, text = (s.file or b"").decode(), (s.text or b"").decode()
        yield Step(s.thread, s.kind.decode(), s.order.decode(), s.place.decode(), s.value, source, file, s.line, text)
        number += 1
