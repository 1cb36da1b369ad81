"""The queues that Python programs use to pass objects between threads."""

from __future__ import annotations

import asyncio
import collections
import multiprocessing
import queue
from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib import import_module
from typing import Any, NamedTuple


class Open(NamedTuple):
    """A queue in use: put and get wait, put_now and get_now do not."""

    put: Callable[[bytes], Any]
    get: Callable[[], Any]
    put_now: Callable[[bytes], Any]
    get_now: Callable[[], Any]
    close: Callable[[], Any] = lambda: None


class Peer(NamedTuple):
    """A kind of queue. room: bytes that fit before a put waits; waits: whether put and get can."""

    name: str
    make: Callable[[], Open]
    room: float = float("inf")
    waits: bool = True


def _simple_queue() -> Open:
    q: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    return Open(q.put, q.get, q.put, q.get_nowait)


def _bounded_queue() -> Open:
    q: queue.Queue[bytes] = queue.Queue(1024)
    return Open(q.put, q.get, q.put_nowait, q.get_nowait)


def _deque() -> Open:
    q: collections.deque[bytes] = collections.deque()
    return Open(q.append, q.popleft, q.append, q.popleft)


def _culsans() -> Open:
    q = import_module("culsans").Queue(1024).sync_q
    return Open(q.put, q.get, q.put_nowait, q.get_nowait)


def _janus() -> Open:
    library = import_module("janus")

    async def made() -> Any:
        return library.Queue(1024)  # only inside a running loop

    q = asyncio.run(made()).sync_q
    return Open(q.put, q.get, q.put_nowait, q.get_nowait, q._parent.close if hasattr(q, "_parent") else lambda: None)


def _pyzmq() -> Open:
    zmq = import_module("zmq")
    context = zmq.Context()
    to, from_ = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    to.bind("inproc://bench")
    from_.connect("inproc://bench")

    def close() -> None:
        to.close(linger=0)
        from_.close(linger=0)
        context.term()

    # `send` even for put_now: with NOBLOCK it fails now and then although everything has been received.
    return Open(to.send, from_.recv, to.send, partial(from_.recv, flags=zmq.NOBLOCK), close)


def _pipe() -> Open:
    from_, to = multiprocessing.Pipe(duplex=False)

    def close() -> None:
        to.close()
        from_.close()

    return Open(to.send_bytes, from_.recv_bytes, to.send_bytes, from_.recv_bytes, close)


def _faster_fifo() -> Open:
    q = import_module("faster_fifo").Queue(2**20)
    return Open(q.put, q.get, q.put_nowait, q.get_nowait, q.close)


ALL_PEERS = (
    Peer("SimpleQueue", _simple_queue),
    Peer("queue.Queue", _bounded_queue),
    Peer("deque", _deque, waits=False),
    Peer("culsans", _culsans),
    Peer("janus", _janus),
    Peer("pyzmq inproc", _pyzmq),
    Peer("mp.Pipe", _pipe, room=2**15),
    Peer("faster-fifo", _faster_fifo, room=2**19),
)
"""Bounded queues hold 1024 messages, faster-fifo a MiB, a pipe what the system provides."""


@cache
def installed() -> Sequence[Peer]:
    """The peers that can be made here."""
    return tuple(peer for peer in ALL_PEERS if _made(peer))


def missing() -> Sequence[str]:
    """The names of the others."""
    return tuple(peer.name for peer in ALL_PEERS if peer not in installed())


def _made(peer: Peer) -> bool:
    try:
        peer.make().close()
    except ImportError:
        return False
    return True
