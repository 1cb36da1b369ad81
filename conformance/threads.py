"""Threads for checks: started, waited for with a limit, and observed to be blocked in an operation or hanging."""

from __future__ import annotations

import linecache
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from conformance.failure import Broken
from conformance.learned import CAPACITY, HANGS, Fact, here
from spec_model.config import ChannelConfig

LIMIT = 10.0
"""Seconds after which a thread is taken to hang."""

SHORT_LIMIT = 3.0
"""The same for a target of which it is known that some call hangs."""

SLACK = 2.0
"""Seconds that a call may be late, after its time is up, on a machine that is busy."""

QUIET = 20
"""How many polls in a row, half a millisecond apart, must find a thread asleep."""

POLLING = 1.0
"""Seconds in an operation after which a thread that never sleeps is taken to wait by polling."""

OPERATIONS = frozenset({
    "instance", "request_channel", "has_channel", "remove_channel", "shutdown", "open_channel",
    "try_push", "blocking_push", "batch_push", "send", "send_many", "reserve", "commit", "rollback",
    "try_pop", "blocking_pop", "batch_pop", "receive", "receive_many", "wait", "wait_any", "move", "close", "__del__",
    "is_connected", "capacity", "max_message_size", "available_slots", "available_messages", "get_config", "get_stats",
    "channels",
})  # fmt: skip
"""Everything of a target's that can be called by name."""

_SUITE = str(Path(__file__).parent)
_ADAPTERS = str(Path(__file__).parent / "targets")


class Hung(AssertionError):
    """A thread did not end in time; the message names the operation that it is in, which is `call`.

    python: a program that shows it, without what makes `omni`; "" for none.
    """

    def __init__(self, seen: str, call: str = "", python: str = "") -> None:
        super().__init__(seen)
        self.call, self.python = call, python


class Answered(AssertionError):
    """A call answered what it should not have; python: a program that shows it, without what makes `omni`."""

    def __init__(self, seen: str, python: str = "") -> None:
        super().__init__(seen)
        self.python = python


class Task:
    """A daemon thread that runs a function and keeps what it returned or raised."""

    def __init__(self, body: Callable[..., Any], *arguments: Any) -> None:
        self._body, self._arguments = body, arguments
        self.value: Any = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.value = self._body(*self._arguments)
        except BaseException as error:
            self.error = error

    @property
    def ended(self) -> bool:
        """Whether the function has returned or raised."""
        return not self._thread.is_alive()

    @property
    def _runs(self) -> str:
        return getattr(self._body, "__name__", "")

    def asleep(self) -> bool:
        """Wait until the thread is blocked inside an operation; False where it ended instead."""
        wait_until_blocked(self._thread, lambda: self.ended, self._runs)
        return not self.ended

    def slept(self) -> str:
        """How often it went to sleep, as `sleeps` says."""
        return sleeps(self._thread.native_id)

    def ends(self, within: float) -> bool:
        """Wait up to `within` seconds for the thread's end; whether it came."""
        self._thread.join(within)
        return self.ended

    def finish(self, limit: float = LIMIT) -> Any:
        """What the function returned; raises what it raised, or Hung, which says in which operation."""
        if any(fact.answer == HANGS for fact in here.facts):
            limit = min(limit, SHORT_LIMIT)
        self._thread.join(limit)
        if not self.ended:
            assert self._thread.ident is not None
            call = operation_of(self._thread.ident, self._runs)
            raise Hung(f"{_hung_in(self._thread.ident, self._runs)}: it did not end within {limit:g} s", call or "")
        if self.error is not None:
            raise self.error
        return self.value


def promptly(call: Callable[..., Any], *arguments: Any) -> Any:
    """What a call returns that must not block; raises Hung if it does."""
    return Task(call, *arguments).finish()


def try_until(attempt: Callable[[], bool], why: str) -> None:
    """Repeat `attempt` until it is true; an AssertionError after the limit."""
    deadline = time.monotonic() + LIMIT
    while not attempt():
        assert time.monotonic() < deadline, why
        time.sleep(0)


def wait_until_blocked(thread: threading.Thread, over: Callable[[], bool], body: str = "") -> None:
    """Return when a thread sleeps inside an operation, or something is over, or the limit is reached.

    Linux reports whether a thread sleeps, and how often it went to sleep: a thread that waits for Python's lock
    wakes every few milliseconds to ask again. A thread that polls is never seen asleep; it is taken to wait when
    it has been in the operation for a second.
    """
    deadline = time.monotonic() + LIMIT
    entered: float | None = None
    quiet, before = 0, ""
    assert thread.ident is not None, "the thread has not started"
    while quiet < QUIET and not over() and time.monotonic() < deadline:
        if operation_of(thread.ident, body) is None:
            entered, quiet = None, 0
        else:
            entered = entered or time.monotonic()
            if time.monotonic() - entered > POLLING:
                return
            now = sleeps(thread.native_id)
            quiet = quiet + 1 if now and now == before else 0
            before = now
        time.sleep(0.0005)


def sleeps(native: int | None) -> str:
    """How often a sleeping thread went to sleep; "" while it runs, "unknown" where the system does not report it."""
    try:
        status = Path(f"/proc/self/task/{native}/status").read_text()
    except OSError:
        return "unknown"
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return fields["voluntary_ctxt_switches"] if fields["State"].split()[0] == "S" else ""


def operation_of(thread: int, body: str = "") -> str | None:
    """The operation that a thread is in, by its `ident`; None where it is in none, or has ended.

    A target made of Python shows a frame of that name. One made of C shows none: there the line of the check that
    calls it names the operation, or `body`, the name of the function that the thread runs.
    """
    frame, outermost = sys._current_frames().get(thread), ""
    while frame is not None and not _is_check(frame):
        if frame.f_code.co_name in OPERATIONS and Path(frame.f_code.co_filename).name != "threading.py":
            outermost = frame.f_code.co_name
        frame = frame.f_back
    if outermost:
        return outermost
    called = [] if frame is None else [each for each in re.findall(r"\.(\w+)\(", _line(frame)) if each in OPERATIONS]
    return called[-1] if called else body if frame is not None and body in OPERATIONS else None


def _hung_in(thread: int, body: str = "") -> str:
    """'hung in blocking_pop, called by: task = ...': for the message of a failure."""
    frame = sys._current_frames().get(thread)
    while frame is not None and not _is_check(frame):
        frame = frame.f_back
    line = _line(frame) if frame else ""
    inside = operation_of(thread, body) and ".run(" not in line and "_body(" not in line
    where = f", called by: {line}" if inside else ""
    return f"hung in {operation_of(thread, body) or 'no operation'}{where}"


def _is_check(frame: FrameType) -> bool:
    """Whether it is the suite's own code, but for its adapters for targets."""
    file = frame.f_code.co_filename
    return file.startswith(_SUITE) and not file.startswith(_ADAPTERS)


def _line(frame: FrameType) -> str:
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()


def open_pair(omni: Any, capacity: int = 8, size: int = 64) -> Any:
    """A broker and a pair on it."""
    broker = omni.MailboxBroker()
    error, pair = broker.request_channel("a", omni.ChannelConfig(capacity, size))
    opening = f"b = omni.MailboxBroker()\n_, k = b.request_channel('a', omni.ChannelConfig({capacity}, {size}))\n"
    if pair is None:
        seen = f"a request of {capacity} messages of {size} bytes answered {name_of(error)}"
        raise Broken("BRK-2", seen, program=opening)
    granted = pair.producer.max_message_size()
    if granted != ChannelConfig(capacity, size).normalize().max_message_size:
        raise Broken(
            "BRK-2", f"a channel of messages of {size} bytes was requested, and it reports {granted} bytes",
            program=opening + "p, c = k\n",
        )  # fmt: skip
    return broker, pair


def open_full(omni: Any) -> Any:
    """A broker and a pair with a full queue of capacity 8: the target's own, where it makes one."""
    if hasattr(omni, "make_full_channel"):
        return omni.make_full_channel()
    broker, pair = open_pair(omni)
    _fill(pair)
    return broker, pair


OPENING = "b = omni.MailboxBroker()\n_, k = b.request_channel('a', omni.ChannelConfig(8, 64))\np, c = k\n"
FILLING = "p.batch_push([b'x'] * 8)\n"


def room(capacity: int = 8) -> int:
    """How many messages fit into a channel, for checks of something else: known shortfalls are counted."""
    return capacity - here.shortfall


def _fill(pair: Any) -> None:
    """Push eight messages into an empty channel of capacity 8; raises Broken if they do not fit, and should."""
    pushed = pair.producer.batch_push([b"x"] * 8)
    if pushed not in (8, room()):
        facts = [Fact("PSH-2", CAPACITY, "1")] if pushed == 7 else []
        raise Broken(
            "PSH-2", f"batch_push of 8 messages into an empty channel of capacity 8 answered {pushed}",
            program=OPENING + FILLING, facts=facts,
        )  # fmt: skip


class Call(NamedTuple):
    """A call that waits. name: as a program would write it. rule: which says that it waits. pushes: its side."""

    name: str
    rule: str
    pushes: bool
    run: Callable[[Any], Any]


_ALL_CALLS = (
    Call("blocking_pop()", "POP-4", False, lambda pair: pair.consumer.blocking_pop()[0]),
    Call("blocking_pop(60)", "POP-4", False, lambda pair: pair.consumer.blocking_pop(60)[0]),
    Call("batch_pop(4, None)", "POP-5", False, lambda pair: pair.consumer.batch_pop(4, None)[0]),
    Call("batch_pop(4, 60)", "POP-5", False, lambda pair: pair.consumer.batch_pop(4, 60)[0]),
    Call("blocking_push(b'late')", "PSH-4", True, lambda pair: pair.producer.blocking_push(b"late")),
    Call("blocking_push(b'late', 60)", "PSH-4", True, lambda pair: pair.producer.blocking_push(b"late", 60)),
)


class Calls(Sequence[Call]):
    """The calls that wait; those that are known not to are left out of a loop, but for the last."""

    def __getitem__(self, index: Any) -> Any:
        return _ALL_CALLS[index]

    def __len__(self) -> int:
        return len(_ALL_CALLS)

    def __iter__(self) -> Iterator[Call]:
        return (call for call in _ALL_CALLS if not any(fact.state == call.name for fact in here.facts))


CALLS = Calls()


class Blocked:
    """A thread that is asleep in a call: on a full queue for a push, on an empty one for a pop."""

    def __init__(self, omni: Any, call: Call, broker: Any = None) -> None:
        """On a channel of its own; raises Broken if the call does not wait."""
        self.call = call
        if broker is None:
            self.broker, self.pair = open_full(omni) if call.pushes else open_pair(omni)
        else:
            self.broker, self.pair = broker, _another_pair(omni, broker)
            if call.pushes:
                _fill(self.pair)
        self.own, self.peer = self.pair.producer, self.pair.consumer
        if not call.pushes:
            self.own, self.peer = self.peer, self.own
        self.task = Task(lambda: call.run(self.pair))
        self.still("nothing had come for it")

    def still(self, why: str) -> None:
        """Raises Broken, by the rule that says that the call waits, unless it is blocked now."""
        if not self.task.asleep():
            answer = name_of(self.task.finish())
            fact = Fact(self.call.rule, self.call.name.partition("(")[0], answer, state=self.call.name)
            raise Broken(
                self.call.rule, f"{self.call.name} answered {answer}, though {why}",
                program=f"{OPENING}{FILLING * self.call.pushes}{self._text}", facts=[fact],
            )  # fmt: skip

    @property
    def _text(self) -> str:
        return f"{'p' if self.call.pushes else 'c'}.{self.call.name}"

    def answers(self, result: str, event: str, then: str = "") -> None:
        """The call ends with this result after what has just been done; raises Hung or Answered.

        then: that, as a line of a program in which the two ends are `p` and `c`, or `{own}` and `{peer}`.
        """
        own, peer = "pc" if self.call.pushes else "cp"
        python = self._script(then.format(own=own, peer=peer), result) if then else ""
        try:
            got = name_of(self.task.finish())
        except Hung as hung:
            raise Hung(f"hung in {self.call.name}, though {event}", self.call.name.partition("(")[0], python) from hung
        if got != result:
            raise Answered(f"{self.call.name} answered {got} when {event}, not {result}", python)

    def _script(self, then: str, result: str) -> str:
        """A program of two threads that does the same."""
        lines = [
            "import threading, time\n",
            f"{OPENING}{FILLING * self.call.pushes}answers = []",
            f"thread = threading.Thread(target=lambda: answers.append({self._text}), daemon=True)",
            "thread.start()",
            "time.sleep(0.5)  # the call waits",
            then,
            "thread.join(10)",
            f"assert not thread.is_alive(), '{self.call.name} hangs'".replace("b'late'", 'b"late"'),
            f"assert '{result}' in str(answers), answers",
        ]
        return "\n".join(lines)


def _another_pair(omni: Any, broker: Any) -> Any:
    name = f"blocked {next(_count)}"
    error, pair = broker.request_channel(name, omni.ChannelConfig(8, 64))
    assert not error, f"a request of the name {name!r}, which is not registered, answered {name_of(error)}"
    return pair


_count = count()


def name_of(result: Any) -> str:
    """A result code by its name, anything else as text."""
    return str(getattr(result, "name", result))
