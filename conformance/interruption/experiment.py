"""One interrupted call on the target, what is seen afterwards, and how that differs from what the model allows."""

from __future__ import annotations

import faulthandler
import gc
import queue
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any, NamedTuple

from conformance.differential.observe import Raised
from conformance.interruption.catalogue import BY_CALL, INTRUDERS, REFUSED, RESCUES, SIZE, Call, Intruder
from conformance.interruption.observing import Record, aftermath, compiled, opened, perform
from conformance.interruption.oracle import allowed, assign, settled_result
from conformance.interruption.points import Points, Waits
from conformance.process_memory import mapped
from conformance.targets.target import FREE_THREADED, Target
from conformance.threads import LIMIT, sleeps

BLOCKED_FOR = 8.0
"""Seconds that a blocked call waits on the target; it is woken long before."""

RESCUES_AT_MOST = 3
"""A call whose message somebody else got waits again."""

BUSY = 0.003
"""Seconds for a sleeper to wake, and to wait for the GIL, which the other thread holds meanwhile."""

LEAK = SIZE * 8
"""Bytes, half of a channel: by how much mapped memory may grow in a run."""


class Hangs(BaseException):
    """Something did not come back; `rule` is broken, and `stacks` show where."""

    def __init__(self, rule: str, seen: str) -> None:
        super().__init__(seen)
        self.rule, self.seen = rule, seen
        with tempfile.TemporaryFile("w+") as file:
            faulthandler.dump_traceback(file)
            file.seek(0)
            self.stacks = file.read()


class Scenario(NamedTuple):
    """What is interrupted, in which state, and by what; names of the catalogue."""

    call: str
    state: str
    kind: str
    intruder: str


@dataclass(frozen=True)
class Seen:
    """What was seen of one experiment: everything observable, and the point at which the intruder came."""

    record: Record
    rescues: int
    passed: int
    reached: bool
    where: str
    leaked: int


class Laboratory:
    """Makes experiments on one target; the calling thread makes the interrupted calls, another one the rest."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._other, self._rescuer, self._checker = Other(), Other(), Other()
        self._mapped = 0
        gc.collect()
        gc.freeze()  # a collection looks at what an experiment makes, and is quick

    def close(self) -> None:
        """End the threads."""
        for thread in (self._other, self._rescuer, self._checker):
            thread.stop()

    def run(self, scenario: Scenario, points: type[Points], at: int) -> Seen:
        """The call of `scenario`, with its intruder at point number `at`, or with none; Hangs where one does."""
        return _Run(self, scenario, points, at).seen()

    def _freed(self) -> None:
        """For the checker: what other threads made, and it has let go of, is freed.

        With a GIL it has been, at once; without, the thread that made it does that, when it runs.
        """
        if FREE_THREADED:
            for thread in (self._other, self._rescuer):
                thread.start(lambda: None)
                thread.ends()
            self._checker.waits_for_its_caller()

    def judge(self, scenario: Scenario, seen: Seen) -> Difference | None:
        """How what was seen differs from everything that is allowed; None where it does not."""
        intruder = scenario.intruder if seen.reached else ""
        records = allowed(scenario.call, scenario.state, intruder, scenario.kind, seen.rescues)
        if seen.record in records:
            return None if seen.leaked < LEAK else Difference({}, seen.leaked)
        nearest = min((_difference(seen.record, record) for record in records), key=_weight)
        return Difference(nearest, 0)


class Difference(NamedTuple):
    """By label, what was seen and what the nearest allowed order gives; and how many bytes stayed mapped."""

    labels: dict[str, tuple[str, str]]
    leaked: int


def _difference(record: Record, other: Record) -> dict[str, tuple[str, str]]:
    return {label: (seen, other[label]) for label, seen in record.items() if seen != other[label]}


def _weight(difference: dict[str, tuple[str, str]]) -> tuple[int, int]:
    return len(difference), sum(label in ("call", "intruder") for label in difference)


class _Run:
    """One experiment."""

    def __init__(self, laboratory: Laboratory, scenario: Scenario, points: type[Points], at: int) -> None:
        self._lab, self._scenario = laboratory, scenario
        self._call: Call = BY_CALL[scenario.call]
        self._intruder: Intruder = REFUSED if scenario.kind == "memory" else INTRUDERS[scenario.intruder]
        self._omni = laboratory._target.omni
        self._answer: Any = None
        self._by_thread = False
        self._swallowed: list[str] = []
        self._rescued: list[Any] = []
        self._rescuing = threading.Lock()  # held for each call that ends a wait, so that nothing comes in its middle
        self._busy = self._over = False
        self._points = points(at, self._come)
        self._on_signal: Any = None

    def seen(self) -> Seen:
        lab, call = self._lab, self._call
        blocked = self._scenario.state.startswith("blocked")
        names = self._names = opened(self._omni, self._scenario.state, BLOCKED_FOR)
        hook, sys.unraisablehook = sys.unraisablehook, self._unraisable
        body = eval(compiled(f"lambda: {call.text}"), names)
        if blocked:
            self._begin_rescue()
        result: Any
        before = self._arm_alarm()
        try:
            try:
                result = self._points.call(body)
                assign(names, call, result)
            except SystemError as error:
                # What CPython 3.11 raises where it has no memory for the frame of a function.
                result = MemoryError() if self._scenario.kind == "memory" else error.with_traceback(None)
            except Exception as error:
                result = error.with_traceback(None)
            except KeyboardInterrupt as error:
                result = Raised(type(error).__name__)
        finally:
            self._over = True
            self._disarm_alarm(before)
            sys.unraisablehook = hook
        if blocked and not lab._rescuer.ends():
            raise Hangs("CON-5", "the thread that ends the wait did not come back")
        if self._by_thread and not lab._other.ends():
            rule = "LIF-8" if "close" in self._intruder.name else "CON-2"
            raise Hangs(rule, f"{self._intruder.text} of another thread did not come back after the call had ended")
        if self._by_thread:
            self._answer = lab._other.value()
        record: Record = {"call": repr(settled_result(self._omni, result)), "intruder": repr(self._answer)}
        record |= {"rescued": repr(self._rescued), "swallowed": repr(self._swallowed)}
        del result
        lab._checker.start(lambda: aftermath(names, record, lab._freed))
        if not lab._checker.ends():
            raise Hangs("LIF-8", "afterwards, another thread that used the handle and closed it did not come back")
        lab._checker.value()
        names.clear()
        self._names = {}
        before, lab._mapped = lab._mapped, mapped()
        points = self._points
        grown = max(0, lab._mapped - before) if before else 0
        return Seen(record, len(self._rescued), points.passed, points.reached, points.where, grown)

    # ---- a call that does not come back: the stacks, in time for the other experiments to be reported ----

    def _arm_alarm(self) -> Any:
        if threading.current_thread() is not threading.main_thread():
            return None
        before = signal.signal(signal.SIGALRM, self._late)
        signal.setitimer(signal.ITIMER_REAL, LIMIT)
        return before

    def _disarm_alarm(self, before: Any) -> None:
        if before is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def _late(self, number: int, frame: FrameType | None) -> None:
        rule = "LIF-8" if "close" in self._scenario.call + self._scenario.intruder else "CON-5"
        raise Hangs(rule, f"{self._call.text}, interrupted by {self._scenario.intruder}, did not come back")

    def _unraisable(self, unraisable: Any) -> None:
        if self._scenario.kind != "memory":  # the interpreter's own caches do without the memory, and say so
            self._swallowed.append(unraisable.exc_type.__name__)

    def _come(self) -> None:
        """What the intruder does, at its point."""
        self._busy = True
        with self._rescuing:
            pass
        try:
            if self._scenario.kind == "thread":
                self._by_thread = True
                self._lab._other.start(self._intrude)
                self._lab._other.wait_until_quiet()
            else:
                self._answer = self._intrude()
                if self._intruder.raises is not None:
                    raise self._intruder.raises
        finally:
            self._busy = False

    def _intrude(self) -> Any:
        return perform(self._names, self._intruder.text, self._intruder.then) if self._intruder.text else None

    # ---- calls that wait ----

    def _begin_rescue(self) -> None:
        thread = threading.current_thread()
        if thread is threading.main_thread():
            signal.signal(signal.SIGUSR1, self._signalled)
        self._lab._rescuer.start(lambda: self._rescue(thread))

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        """The intruder, once: a signal that was sent while it was on its way is none more."""
        action, self._on_signal = self._on_signal, None
        if action is not None and not (self._over or self._points.reached):
            self._points.passed = self._points.at
            action()

    def _rescue(self, caller: threading.Thread) -> None:
        """Whenever the caller sleeps in the call: first a signal, then what it waits for."""
        asleep, deadline = Asleep(caller.native_id), time.monotonic() + LIMIT
        by_wait = isinstance(self._points, Waits) and self._points.at > 0
        signalled = False
        while not self._over and time.monotonic() < deadline and len(self._rescued) < RESCUES_AT_MOST:
            time.sleep(POLL)
            if self._busy or not asleep.look():
                continue
            asleep.restart()
            if not signalled:
                signalled = True
                if by_wait and self._points.at == 1:
                    self._arrive(caller)
                else:
                    self._send(caller)
                continue
            if by_wait and self._points.at == 2 and not self._points.reached:
                interval = sys.getswitchinterval()
                sys.setswitchinterval(10)
                try:
                    self._free_way()
                    until = time.perf_counter() + BUSY
                    while time.perf_counter() < until:
                        pass
                    self._arrive(caller)
                finally:
                    sys.setswitchinterval(interval)
            else:
                self._free_way()

    def _free_way(self) -> None:
        with self._rescuing:
            self._rescued.append(perform(self._names, RESCUES[self._call.on]))

    def _send(self, caller: threading.Thread) -> None:
        if caller is threading.main_thread() and caller.ident is not None:
            signal.pthread_kill(caller.ident, signal.SIGUSR1)

    def _arrive(self, caller: threading.Thread) -> None:
        """The intruder comes while the caller is in its wait."""
        self._points.where = ("asleep", "woken")[self._points.at - 1]
        if self._scenario.kind == "thread":
            self._points.passed = self._points.at
            self._answer = self._intrude()
        else:
            self._on_signal = self._come
            self._send(caller)


POLL = 0.0003
"""Seconds between two looks at a thread."""

QUIET = 4
"""How many looks in a row must find it asleep. One that is merely slow is judged by the orders that are allowed."""


class Asleep:
    """Whether a thread sleeps, by looks at it."""

    def __init__(self, native: int | None) -> None:
        self._native = native
        self.restart()

    def restart(self) -> None:
        """Forget what was seen."""
        self._before, self._quiet = "", 0

    def look(self) -> bool:
        """Look once; whether the last QUIET looks found one sleep."""
        now = sleeps(self._native)
        self._quiet = self._quiet + 1 if now and now == self._before else 0
        self._before = now
        return self._quiet >= QUIET


class Other:
    """A daemon thread that runs functions, one at a time."""

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._over = threading.Event()
        self._over.set()
        self._looks = 0
        self._value: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            body = self._orders.get()
            if body is None:
                return
            try:
                self._value, self._error = body(), None
            except BaseException as error:
                self._value, self._error = None, error
            del body
            self._over.set()

    def start(self, body: Callable[[], Any]) -> None:
        """Have it run `body`."""
        self._over.clear()
        self._orders.put(body)

    def stop(self) -> None:
        """End the thread, unless it hangs in what it runs."""
        self._orders.put(None)

    def wait_until_quiet(self) -> None:
        """Wait until it has ended, or sleeps inside, or the limit is reached."""
        asleep, deadline = Asleep(self._thread.native_id), time.monotonic() + LIMIT
        while not self._over.wait(POLL) and time.monotonic() < deadline:
            if asleep.look():
                return

    def ends(self, within: float = LIMIT) -> bool:
        """Wait for the end; whether it came."""
        if not FREE_THREADED:
            return self._over.wait(within)
        deadline = time.monotonic() + within
        while not self._over.wait(POLL) and time.monotonic() < deadline:
            self._looks += 1
        return self._over.is_set()

    def waits_for_its_caller(self) -> None:
        """For what runs in it: until the thread in `ends` has run; without a GIL, where that looks again and again."""
        until, deadline = self._looks + 2, time.monotonic() + LIMIT
        while self._looks < until and time.monotonic() < deadline:
            time.sleep(POLL)

    def value(self) -> Any:
        """What it returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._value
