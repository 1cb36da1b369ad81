"""The queues that Python programs use today: what a thread puts in, another gets out."""

from __future__ import annotations

import asyncio
import collections
import multiprocessing
import queue
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NamedTuple


class Peer(NamedTuple):
    """A queue of bytes: put and get wait, put_now and get_now do not. bound: messages it holds, 0 for any number."""

    name: str
    put: Callable[[bytes], Any]
    get: Callable[[], Any]
    put_now: Callable[[bytes], Any]
    get_now: Callable[[], Any]
    bound: int
    close: Callable[[], Any] = lambda: None


def simple_queue() -> Peer:
    """queue.SimpleQueue: C, without a bound."""
    q: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    return Peer("SimpleQueue", q.put, q.get, q.put, q.get_nowait, 0)


def bounded_queue() -> Peer:
    """queue.Queue(1024): a deque, a lock and two conditions."""
    q: queue.Queue[bytes] = queue.Queue(1024)
    return Peer("queue.Queue", q.put, q.get, q.put_nowait, q.get_nowait, 1024)


def deque() -> Peer:
    """collections.deque: nothing that waits."""
    q: collections.deque[bytes] = collections.deque()
    return Peer("deque", q.append, q.popleft, q.append, q.popleft, 0)


def culsans() -> Peer:
    """culsans.Queue(1024), its synchronous side."""
    q = import_module("culsans").Queue(1024).sync_q
    return Peer("culsans", q.put, q.get, q.put_nowait, q.get_nowait, 1024)


def janus() -> Peer:
    """janus.Queue(1024), its synchronous side; it must be made inside a running loop."""
    library = import_module("janus")

    async def made() -> Any:
        return library.Queue(1024)

    q = asyncio.run(made()).sync_q
    return Peer("janus", q.put, q.get, q.put_nowait, q.get_nowait, 1024)


def pyzmq() -> Peer:
    """Two PAIR sockets of pyzmq over inproc."""
    zmq = import_module("zmq")
    context = zmq.Context()
    to, from_ = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    to.bind("inproc://bench")
    from_.connect("inproc://bench")

    def close() -> None:
        to.close(linger=0)
        from_.close(linger=0)
        context.term()

    def put_now(data: bytes) -> None:
        to.send(data, zmq.NOBLOCK)

    def get_now() -> Any:
        return from_.recv(zmq.NOBLOCK)

    return Peer("pyzmq inproc", to.send, from_.recv, put_now, get_now, 2000, close)


def pipe() -> Peer:
    """multiprocessing.Pipe between two threads of one process."""
    from_, to = multiprocessing.Pipe(duplex=False)

    def close() -> None:
        to.close()
        from_.close()

    return Peer("mp.Pipe", to.send_bytes, from_.recv_bytes, to.send_bytes, from_.recv_bytes, 64, close)


def faster_fifo() -> Peer:
    """faster_fifo.Queue of a MiB: shared memory, for processes."""
    q = import_module("faster_fifo").Queue(2**20)
    return Peer("faster-fifo", q.put, q.get, q.put_nowait, q.get_nowait, 1024)


EVERYONE: tuple[Callable[[], Peer], ...] = (
    simple_queue, bounded_queue, deque, culsans, janus, pyzmq, pipe, faster_fifo,
)  # fmt: skip


def installed() -> Iterator[Callable[[], Peer]]:
    """Those that can be made here."""
    for make in EVERYONE:
        try:
            make().close()
        except ImportError:
            continue
        yield make
