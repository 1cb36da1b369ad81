"""A producer and a consumer, each a thread: the cost of a message from one to the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from tests.bench.measuring import Contender
from tests.bench.peers import Open, Peer, installed
from tests.bench.workload import (
    OURS,
    Threshold,
    Workload,
    check_messages,
    long,
    numbered,
    short,
    together,
    warm_channel,
)


def _channel(size: int) -> Open:
    stack = ExitStack()
    producer, consumer = stack.enter_context(warm_channel(size))
    return Open(producer.send, consumer.receive, producer.try_push, consumer.try_pop, stack.close)


def _ours(size: int) -> Peer:
    return Peer(OURS, partial(_channel, size))


def _stream(peer: Peer, size: int, count: int, check: bool) -> float:
    """All messages in one direction."""
    made, sent = peer.make(), numbered(size, count)
    came: list[Any] = []

    def produce() -> None:
        put = made.put
        for data in sent:
            put(data)

    def consume() -> None:
        get = made.get
        if check:
            came.extend(get() for _ in range(count))
            return
        for _ in range(count):
            get()

    try:
        ns = together(produce, consume)
    finally:
        made.close()
    if check:
        check_messages(peer.name, sent, came)
    return ns


def _batches(size: int, batch: int, count: int, check: bool) -> float:
    """batch_push, and send for the next message where the queue is full; batch_pop, waiting for the first."""
    sent, came = numbered(size, count), []
    lists = [sent[at : at + batch] for at in range(0, count, batch)]

    def produce() -> None:
        push, send = producer.batch_push, producer.send
        for messages in lists:
            done = push(messages)
            while done < batch:
                send(messages[done])
                done += 1 + push(messages[done + 1 :])

    def consume() -> None:
        pop, left = consumer.batch_pop, count
        while left:
            _, messages = pop(batch, None)
            left -= len(messages)
            if check:
                came.extend(map(bytes, messages))

    with warm_channel(size, 4096) as (producer, consumer):
        ns = together(produce, consume)
    if check:
        check_messages(OURS, sent, came)
    return ns


def _ping_pong(peer: Peer, size: int, count: int, check: bool) -> float:
    """Each message there and back."""
    there, back, sent = peer.make(), peer.make(), numbered(size, count)
    came: list[Any] = []

    def ping() -> None:
        put, get = there.put, back.get
        for data in sent:
            put(data)
            last = get()
            if check:
                came.append(last)

    def pong() -> None:
        put, get = back.put, there.get
        for _ in range(count):
            put(get())

    try:
        ns = together(ping, pong)
    finally:
        there.close()
        back.close()
    if check:
        check_messages(peer.name, sent, came)
    return ns


def _beside(carry: Callable[[int, bool], float], count: int, check: bool) -> float:
    """The same beside a third thread that computes, and holds the GIL whenever it can."""
    ended = False
    taken: list[float] = []

    def compute() -> None:
        number = 0
        while not ended:
            number += 1

    def measure() -> None:
        nonlocal ended
        try:
            taken.append(carry(count, check))
        finally:
            ended = True

    together(compute, measure)
    return taken[0]


def _those(*names: str) -> Sequence[Peer]:
    return [peer for peer in installed() if peer.waits and (not names or peer.name in names)]


def single(size: int, threshold: Threshold | None = None) -> Workload:
    """Single messages, each side waiting where it must."""

    def contenders() -> Sequence[Contender]:
        peers = [peer for peer in _those() if size < 2**20 or peer.name != "faster-fifo"]
        return [Contender(peer.name, partial(_stream, peer, size)) for peer in (_ours(size), *peers)]

    return Workload(f"threads-{short(size)}", f"two threads, {long(size)}: send, receive", contenders, threshold)


def batched(size: int, batch: int, threshold: Threshold | None = None) -> Workload:
    """Batches, against the loop over an unbounded queue."""

    def contenders() -> Sequence[Contender]:
        peers = _those("SimpleQueue", "queue.Queue")
        return [
            Contender(OURS, partial(_batches, size, batch), batch),
            *(Contender(peer.name, partial(_stream, peer, size), batch) for peer in peers),
        ]

    title = f"two threads, {size} bytes in batches of {batch}"
    return Workload(f"threads-batch-{batch}-{size}", title, contenders, threshold)


def _ping_pong_contenders() -> Sequence[Contender]:
    return [Contender(peer.name, partial(_ping_pong, peer, 64)) for peer in (_ours(64), *_those())]


def _busy_contenders() -> Sequence[Contender]:
    peers = (_ours(64), *_those("SimpleQueue", "queue.Queue"))
    return [Contender(peer.name, partial(_beside, partial(_stream, peer, 64))) for peer in peers]


WORKLOADS = (
    single(8),
    single(
        64,
        Threshold(
            "Python, two threads, blocking, bounded 1024: against queue.Queue(1024)", ("queue.Queue",), at_least=10.0
        ),
    ),
    single(256),
    single(4096),
    single(2**20),
    batched(64, 32),
    batched(
        64,
        512,
        Threshold("Python, two threads, batches of 512: against unbounded SimpleQueue", ("SimpleQueue",), at_least=1.0),
    ),
    Workload(
        "ping-pong",
        "two threads, 64 bytes there and back",
        _ping_pong_contenders,
        Threshold("Python ping-pong of two blocking threads: against SimpleQueue", ("SimpleQueue",), at_most=0.5),
    ),
    Workload("busy", "two threads, 64 bytes, beside one that computes in Python", _busy_contenders, turn=2.0),
)
