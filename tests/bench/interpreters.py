"""Two interpreters of one process, each with a GIL of its own: the cost of a message from one to the other [CON-9]."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from importlib import import_module
from typing import Any

import fast_impl
from tests.bench.measuring import Contender
from tests.bench.workload import OURS, CannotRun, Threshold, Workload, check_messages, numbered, together

SIZE, BATCH = 64, 512
MANY, PEER = f"{OURS}: send_many, receive_many", "interpreters.Queue"

PRELUDE = """
from tests.bench.workload import numbered
from itertools import repeat

def stream(put, count):
    sent = numbered(SIZE, count)
    def run():
        for data in sent:
            put(data)
    return run

def stream_many(put, count):
    sent = numbered(SIZE, count)
    lists = [sent[at : at + BATCH] for at in range(0, count, BATCH)]
    def run():
        for messages in lists:
            put(messages)
    return run

def answer(get, put, count):
    def run():
        for _ in repeat(None, count):
            put(get())
    return run
"""
"""Of the other interpreter: each makes what it sends before the clock runs, and returns what then runs."""


@cache
def _other() -> Any:
    """The other interpreter, made once."""
    try:
        other = import_module("concurrent.interpreters").create()
    except ImportError:
        raise CannotRun("needs concurrent.interpreters, of Python 3.14 and later") from None
    if fast_impl.binding != "c":
        raise CannotRun("cffi loads in one interpreter only")
    atexit.register(other.close)
    other.exec(f"import sys; sys.path[:] = {sys.path!r}\nSIZE, BATCH = {SIZE}, {BATCH}\n{PRELUDE}")
    return other


@contextmanager
def _channel(inside: str, name: str) -> Iterator[Any]:
    """A channel of which the end that `inside` names, producer or consumer, is called `name` over there."""
    pair = fast_impl.open_channel(max_message_size=SIZE)
    moved, kept = (pair.producer, pair.consumer) if inside == "producer" else (pair.consumer, pair.producer)
    _other().exec(f"import fast_impl\n{name} = fast_impl.attach({moved.detach()})")
    try:
        with kept:
            yield kept
    finally:
        _other().exec(f"{name}.close()")


@contextmanager
def _queue(inside: str, name: str) -> Iterator[Any]:
    """The standard library's queue, bounded as the channel is; both sides have all of it."""
    queue = import_module("concurrent.interpreters").create_queue(1024)
    _other().prepare_main({name: queue})
    yield queue


def _receive(queue: Any, count: int) -> list[bytes]:
    get = queue.receive if isinstance(queue, fast_impl.ConsumerHandle) else queue.get
    return [get() for _ in range(count)]


def _receive_many(consumer: Any, count: int) -> list[bytes]:
    came: list[bytes] = []
    while len(came) < count:
        came += consumer.receive_many(BATCH)
    return came


def _stream(
    name: str, made: Callable[..., Any], prepared: str, receive: Callable[[Any, int], list[bytes]], count: int,
    check: bool,
) -> float:  # fmt: skip
    """All messages from the other interpreter into this one."""
    came: list[list[bytes]] = []
    with made("producer", "to") as queue:
        _other().exec(f"run = {prepared.format(count=count)}")
        ns = together(lambda: _other().exec("run()"), lambda: came.append(receive(queue, count)))
    if check:
        check_messages(name, numbered(SIZE, count), came[0])
    return ns


def _ping_pong(name: str, made: Callable[..., Any], put: str, get: str, count: int, check: bool) -> float:
    """Each message there and back."""
    sent, came = numbered(SIZE, count), []
    with made("consumer", "there") as to, made("producer", "back") as back:
        _other().exec(f"run = answer(there.{get}, back.{put}, {count})")
        send, receive = getattr(to, put), getattr(back, get)

        def ping() -> None:
            for data in sent:
                send(data)
                came.append(receive())

        ns = together(lambda: _other().exec("run()"), ping)
    if check:
        check_messages(name, sent, came)
    return ns


def _streams() -> Sequence[Contender]:
    _other()
    return [
        Contender(OURS, partial(_stream, OURS, _channel, "stream(to.send, {count})", _receive)),
        Contender(MANY, partial(_stream, MANY, _channel, "stream_many(to.send_many, {count})", _receive_many), BATCH),
        Contender(PEER, partial(_stream, PEER, _queue, "stream(to.put, {count})", _receive)),
    ]


def _round_trips() -> Sequence[Contender]:
    _other()
    return [
        Contender(OURS, partial(_ping_pong, OURS, _channel, "send", "receive")),
        Contender(PEER, partial(_ping_pong, PEER, _queue, "put", "get")),
    ]


WORKLOADS = (
    Workload(
        "interpreters-64",
        "two interpreters, 64 bytes: send, receive",
        _streams,
        (
            Threshold(
                "interpreters-64", "Python, two interpreters, send, receive: against interpreters.Queue(1024)",
                (PEER,), 100.0,
            ),
        ),
    ),
    Workload(
        "interpreters-ping-pong",
        "two interpreters, 64 bytes there and back",
        _round_trips,
        (
            Threshold(
                "interpreters-ping-pong", "Python, ping-pong of two interpreters: against interpreters.Queue(1024)",
                (PEER,), 1000.0,
            ),
        ),
    ),
)  # fmt: skip
