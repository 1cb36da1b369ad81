"""The calls of the core that the bindings' sequences make, as the model has them.

A sequence is a generator: it yields a call, and is sent what that answers. Its calls are the operations that there are
anyway, and the four below. The GIL is left out: it only keeps orders away. So a client is allowed the same with it and
without, and what a sequence does to others comes from its calls alone. Two things are simpler than in sequences.h: an
export is pinned at once, where the binding in C may leave that to the next pop or close, and all of an offer is copied
in one step. Without a handler, a sequence is allowed what the one call in its place is (test_clients.py).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import cache, partial
from typing import NamedTuple

from conformance.exploration.clients.client import Operation
from conformance.exploration.clients.state import Code
from spec_model.vocabulary import PopResult, PushResult

Calls = Generator[Operation, int, int]
"""Sends the answer of each call, -1 where it has none; ends with the sequence's, likewise."""
Answers = tuple[int, ...]
INNER = frozenset({"signal", "copy", "keep_view", "release_view"})
"""`signal` answers 1 where Python code runs in between, as it does where a signal has ended a wait. `copy` answers 1
where what the thread's open pop offers can be read. `keep_view` makes the pin of the region that of a view, which
`release_view` drops, if there is one."""


class Python(NamedTuple):
    """What runs in the middle of a sequence, and what that has answered."""

    handler: tuple[Operation, ...]
    answers: list[int]

    def runs(self, waited: int = 0) -> Calls:
        """Whether it has raised [CON-6]; `waited`: what the wait before has answered."""
        if not (yield Operation("signal", int(waited == Code.INTERRUPTED))):
            return False
        for operation in self.handler:
            answer = yield from calls(operation, self)
            if answer >= 0:
                self.answers.append(answer)
        if not self.handler:
            self.answers.append(Code.INTERRUPTED)
        return not self.handler


def calls(operation: Operation, python: Python) -> Calls:
    """The calls of an operation: one, or those of a sequence."""
    make = SEQUENCES.get(operation.kind)
    return (yield operation) if make is None else (yield from make(python, operation.argument))


@cache
def following(operation: Operation, handler: tuple[Operation, ...], answers: Answers) -> Operation | Answers:
    """The call that comes after those which have answered so, or what the sequence answers."""
    python = Python(handler, [])
    sequence = calls(operation, python)
    try:
        call = next(sequence)
        for answer in answers:
            call = sequence.send(answer)
    except StopIteration as end:
        return (*python.answers, end.value) if end.value >= 0 else tuple(python.answers)
    return call


def _code(answer: int) -> int:
    """Without the payload ids of messages."""
    return answer & 255


def _wait(python: Python, wait: str) -> Calls:
    """Again for as long as signals end it, of which none raises."""
    waited: int = Code.INTERRUPTED
    while waited == Code.INTERRUPTED:
        waited = yield Operation(wait)
        if (yield from python.runs(waited)):
            return Code.INTERRUPTED
    return waited


# ---- the types in C ----


def _c_pop(python: Python, wanted: int, wait: str = "") -> Calls:
    wanted = wanted or 1
    answer = yield Operation("begin_pop", wanted)
    while wait and answer == PopResult.EMPTY.value:
        waited = yield Operation(wait)
        if (yield from python.runs(waited)):
            return Code.INTERRUPTED
        if waited == Code.CONCURRENT_USE:
            return waited
        late = waited == PopResult.TIMEOUT.value
        answer = yield Operation("late_begin_pop" if late else "begin_pop", wanted)
    if _code(answer) == PopResult.SUCCESS.value:
        yield Operation("end_pop", wanted)
    return answer


def _c_export(_: Python, place: int) -> Calls:
    pinned = yield Operation("pin", place)
    if pinned < 0:
        return -1
    if pinned == 0 and (yield Operation("readable", place)):
        return 0
    yield Operation("unpin", place)
    return Code.EXPIRED


def _c_push(python: Python, payload_id: int, wait: str = "wait_space") -> Calls:
    answer = yield Operation("try_push", payload_id)
    while answer == PushResult.QUEUE_FULL.value:
        answer = yield from _wait(python, wait)
        if answer == PushResult.TIMEOUT.value:
            return (yield Operation("timed_push", payload_id))  # the last look
        if answer in REFUSED:
            return answer
        answer = yield Operation("try_push", payload_id)
    return answer


def _c_reserve(python: Python, _: int) -> Calls:
    answer = yield Operation("reserve")
    while answer == PushResult.QUEUE_FULL.value:
        answer = yield from _wait(python, "wait_space")
        if answer in REFUSED:
            return answer
        answer = yield Operation("reserve")
    return answer


def _c_data(python: Python, _: int) -> Calls:
    if (yield Operation("writable")):
        yield from python.runs()
        answer = yield Operation("pin_region")
        if answer:
            return answer
        yield from python.runs()
        yield Operation("keep_view")
    if (yield Operation("writable")):
        return 0
    yield Operation("release_view")
    return Code.EXPIRED


def _c_commit(python: Python, _: int) -> Calls:
    answer = yield Operation("commit_written")
    if answer == Code.PINNED:
        yield Operation("release_view")
        yield from python.runs()
        answer = yield Operation("commit_written")
    return answer


def _c_close_producer(_: Python, __: int) -> Calls:
    yield Operation("close_producer")
    return (yield Operation("release_view"))


# ---- the binding over cffi ----


def _cffi_pop(python: Python, wanted: int, wait: str = "") -> Calls:
    wanted = wanted or 1
    while True:
        answer = yield Operation("begin_pop", wanted)
        raised = yield from python.runs()
        if _code(answer) == PopResult.SUCCESS.value and not raised:
            made = yield Operation("copy")
            raised = yield from python.runs()
            if not raised:
                ended = yield Operation("end_pop", wanted if made else 0)
                if made and ended == 0:
                    return answer
                continue
        if raised:
            yield Operation("abandon")
            return Code.INTERRUPTED
        if not wait or answer != PopResult.EMPTY.value:
            return answer
        waited = yield from _wait(python, wait)
        if waited in REFUSED:
            return waited


def _cffi_push(python: Python, payload_id: int) -> Calls:
    answer = yield Operation("try_push", payload_id)
    while answer == PushResult.QUEUE_FULL.value:
        waited = yield from _wait(python, "wait_space")
        if waited in REFUSED:
            return waited
        answer = yield Operation("try_push", payload_id)
    return answer


def _one(kind: str) -> Callable[[Python, int], Calls]:
    def make(_: Python, argument: int) -> Calls:
        return (yield Operation(kind, argument))

    return make


def _none(_: Python, __: int) -> Calls:
    yield from ()
    return -1


ENTERING = {
    "producer": frozenset({"c_send", "c_timed_send", "c_reserve", "c_data", "c_commit", "cffi_send"}),
    "consumer": frozenset(
        {"c_try_pop", "c_receive", "c_timed_receive", "c_receive_large", "cffi_try_pop", "cffi_receive"}
    ),
}
"""Those with calls that only one thread at a time may be inside, by side [CON-1]."""
REFUSED = (Code.INTERRUPTED, Code.CONCURRENT_USE)
"""What a wait answers where the sequence ends with it."""
SEQUENCES: dict[str, Callable[[Python, int], Calls]] = {
    "take_gil": _none,
    "leave_gil": _none,
    "c_try_pop": _c_pop,
    "c_receive": partial(_c_pop, wait="wait_message"),
    "c_timed_receive": partial(_c_pop, wait="timed_wait_message"),
    "c_receive_large": partial(_c_pop, wait="wait_message"),
    "c_export": _c_export,
    "c_view": _one("view"),
    "c_release": _one("unpin"),
    "c_close_consumer": _one("close_consumer"),
    "c_send": _c_push,
    "c_timed_send": partial(_c_push, wait="timed_wait_space"),
    "c_reserve": _c_reserve,
    "c_data": _c_data,
    "c_write": _one("write_region"),
    "c_commit": _c_commit,
    "c_close_producer": _c_close_producer,
    "cffi_try_pop": _cffi_pop,
    "cffi_receive": partial(_cffi_pop, wait="wait_message"),
    "cffi_send": _cffi_push,
    "cffi_close_consumer": _one("close_consumer"),
    "cffi_close_producer": _one("close_producer"),
}
