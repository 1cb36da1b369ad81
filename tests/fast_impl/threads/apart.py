"""A target whose two ends live in two interpreters: consumers in this one, each producer in another one [CON-9].

For the checks with real threads: `omni-conformance run --target tests.fast_impl.threads.apart --only linearizability`.
A call of a producer is sent over a pipe to a thread of the other interpreter, one for each thread here, and waits for
its answer; so calls overlap there as they do here, and each interpreter has a GIL of its own.
"""

from __future__ import annotations

import atexit
import os
import pickle
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from itertools import count
from typing import Any, NamedTuple

import fast_impl
from fast_impl import ConsumerHandle, Message

__all__ = ["ChannelPair", "ConsumerHandle", "MailboxBroker", "Message", "ProducerHandle", "Reservation"]

OMNI_NOT_PROVIDED = dict.fromkeys(
    ("conveniences", "coroutines", "detaching", "concurrent-use", "interruption", "signals", "fork", "flatbuffers"),
    "only what the histories of threads need",
)

# ---- in the other interpreter

_handles: dict[int, Any] = {}
_regions: dict[int, Any] = {}


def serve(reading: int, writing: int) -> None:
    """Answer the calls of one thread of the first interpreter, until it closes its pipe."""
    with open(reading, "rb") as calls, open(writing, "wb") as answers:
        while True:
            try:
                handle, name, arguments = pickle.load(calls)
            except EOFError:
                return
            try:
                answer = None, _do(handle, name, *arguments)
            except BaseException as error:
                answer = error, None
            pickle.dump(answer, answers)
            answers.flush()


def _do(handle: int, name: str, *arguments: Any) -> Any:
    if name == "attach":
        _handles[handle] = fast_impl.attach(*arguments)
    elif name == "reserve":
        _regions[handle] = _handles[handle].reserve(*arguments)
        return _regions[handle] is not None
    elif name == "write":
        with suppress(KeyError, ValueError):  # another thread has ended it: the commit says so
            _regions.pop(handle).data[: len(arguments[0])] = arguments[0]
    else:
        if name in ("rollback", "close"):
            _regions.pop(handle, None)
        return getattr(_handles[handle], name)(*arguments)
    return None


# ---- in this one


class _Line:
    """The pipes of a thread here to one of the other interpreter."""

    _interpreter: int | None = None
    _lock = threading.Lock()

    def __init__(self) -> None:
        (reading, calls), (answers, writing) = os.pipe(), os.pipe()
        self._calls, self._answers = open(calls, "wb"), open(answers, "rb")  # noqa: SIM115 (closed with the thread)
        interpreters = import_module("_interpreters")
        with _Line._lock:
            if _Line._interpreter is None:
                _Line._interpreter = interpreters.create("isolated")
                atexit.register(_end, interpreters.destroy, _Line._interpreter)
            program = (
                f"import sys, threading\nsys.path[:] = {sys.path!r}\nfrom {__name__} import serve\n"
                f"threading.Thread(target=serve, args=({reading}, {writing})).start()"
            )
            failed = interpreters.exec(_Line._interpreter, program)
        if failed is not None:
            raise RuntimeError(failed.formatted)

    def ask(self, *call: Any) -> Any:
        """What a call gives there; raises what it raises."""
        pickle.dump(call, self._calls)
        self._calls.flush()
        error, value = pickle.load(self._answers)
        if error is not None:
            raise error
        return value


_of_thread = threading.local()


def _end(destroy: Callable[[int], None], interpreter: int) -> None:
    """The threads there end when theirs here have let go of the pipes; then the interpreter can."""
    _of_thread.__dict__.clear()
    destroy(interpreter)


_numbers = count()


def _ask(*call: Any) -> Any:
    if not hasattr(_of_thread, "line"):
        _of_thread.line = _Line()
    return _of_thread.line.ask(*call)


class Reservation:
    """A region here, whose bytes are written there by the commit."""

    def __init__(self, size: int) -> None:
        self.data = memoryview(bytearray(size))


class ProducerHandle:
    """The producer of which `token` is, in the other interpreter: every call is made there."""

    def __init__(self, token: int) -> None:
        self._number = next(_numbers)
        self._reservation: Reservation | None = None
        _ask(self._number, "attach", (token,))

    def __getattr__(self, name: str) -> Any:
        return partial(self._ask, name)

    def _ask(self, name: str, *arguments: Any) -> Any:
        return _ask(self._number, name, arguments)

    def reserve(self, size: int) -> Reservation | None:
        """The region is there; what is written here goes there with the commit."""
        self._reservation = Reservation(size) if self._ask("reserve", size) else None
        return self._reservation

    def commit(self, size: int) -> Any:
        """Write the bytes there, and commit them."""
        if self._reservation is not None:
            self._ask("write", bytes(self._reservation.data[:size]))
        self._reservation = None
        return self._ask("commit", size)


class ChannelPair(NamedTuple):
    """The proxy of a producer, and a consumer."""

    producer: ProducerHandle
    consumer: ConsumerHandle

    def close(self) -> None:
        """Close both."""
        self.producer.close()
        self.consumer.close()


class MailboxBroker(fast_impl.MailboxBroker):
    """A broker of this interpreter, whose new producers go to the other one."""

    def request_channel(self, *arguments: Any) -> Any:  # type: ignore[override]
        """A channel, its producer there and its consumer here."""
        error, pair = super().request_channel(*arguments)
        if pair is None:
            return error, None
        return error, ChannelPair(ProducerHandle(pair.producer.detach()), pair.consumer)
