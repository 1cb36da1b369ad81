"""A producer and a consumer, each a thread: the cost of a message from one to the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from time import perf_counter_ns

import fast_impl
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

TRIPS = 1500
"""Round trips through two new queues."""
POPPED, MANY = f"{OURS}: bytes(blocking_pop()[1])", f"{OURS}: send_many, receive_many"


def _channel(size: int) -> Open:
    stack = ExitStack()
    producer, consumer = stack.enter_context(warm_channel(size))
    return Open(producer.send, consumer.receive, producer.try_push, consumer.try_pop, stack.close)


def _ours(size: int) -> Peer:
    return Peer(OURS, partial(_channel, size))


def _stream(peer: Peer, size: int, count: int, check: bool, new: bool = False) -> float:
    """All messages in one direction; new: the creation of the queue counts."""
    sent, came = numbered(size, count), []
    began = perf_counter_ns()
    made = peer.make()
    created = perf_counter_ns() - began if new else 0

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
    return created + ns


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


def _many(size: int, batch: int, count: int, check: bool) -> float:
    """send_many of lists; receive_many, waiting for the first."""
    sent, came = numbered(size, count), []
    lists = [sent[at : at + batch] for at in range(0, count, batch)]

    def produce() -> None:
        send = producer.send_many
        for messages in lists:
            send(messages)

    def consume() -> None:
        receive, left = consumer.receive_many, count
        while left:
            received = receive(batch)
            left -= len(received)
            if check:
                came.extend(received)

    with warm_channel(size, 4096) as (producer, consumer):
        ns = together(produce, consume)
    if check:
        check_messages(OURS, sent, came)
    return ns


def _new() -> Open:
    """As a program opens it: of the default sizes, and no message has gone through."""
    producer, consumer = fast_impl.open_channel()

    def close() -> None:
        producer.close()
        consumer.close()

    return Open(producer.send, consumer.receive, producer.try_push, consumer.try_pop, close)


def _popped_of_new(size: int, count: int, check: bool) -> float:
    """blocking_push, and bytes of the message of blocking_pop, through a channel that is new; its creation counts."""
    sent, came = numbered(size, count), []
    began = perf_counter_ns()
    producer, consumer = fast_impl.open_channel()
    created = perf_counter_ns() - began

    def produce() -> None:
        push = producer.blocking_push
        for data in sent:
            push(data)

    def consume() -> None:
        pop = consumer.blocking_pop
        if check:
            came.extend(bytes(pop()[1]) for _ in range(count))
            return
        for _ in range(count):
            bytes(pop()[1])

    with producer, consumer:
        ns = together(produce, consume)
    if check:
        check_messages(OURS, sent, came)
    return created + ns


def _ping_pong(peer: Peer, size: int, count: int, check: bool, new: bool = False) -> float:
    """Each message there and back; new: the creation of the queues counts."""
    sent, came = numbered(size, count), []
    began = perf_counter_ns()
    there, back = peer.make(), peer.make()
    created = perf_counter_ns() - began if new else 0

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
    return created + ns


def _round_trips_of_new(peer: Peer, size: int, count: int, check: bool) -> float:
    """TRIPS round trips through each pair of queues."""
    return sum(_ping_pong(peer, size, TRIPS, check, new=True) for _ in range(count // TRIPS))


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


def single(size: int, *rows: Threshold) -> Workload:
    """Single messages, each side waiting where it must."""

    def contenders() -> Sequence[Contender]:
        peers = [peer for peer in _those() if size < 2**20 or peer.name != "faster-fifo"]
        return [Contender(peer.name, partial(_stream, peer, size)) for peer in (_ours(size), *peers)]

    return Workload(f"threads-{short(size)}", f"two threads, {long(size)}: send, receive", contenders, rows)


def batched(size: int, batch: int, *rows: Threshold) -> Workload:
    """Batches, against the loop over an unbounded queue."""

    def contenders() -> Sequence[Contender]:
        peers = _those("SimpleQueue", "queue.Queue")
        return [
            Contender(OURS, partial(_batches, size, batch), batch),
            Contender(MANY, partial(_many, size, batch), batch),
            *(Contender(peer.name, partial(_stream, peer, size), batch) for peer in peers),
        ]

    title = f"two threads, {size} bytes in batches of {batch}"
    return Workload(f"threads-batch-{batch}-{size}", title, contenders, rows)


def _new_contenders() -> Sequence[Contender]:
    peers = (Peer(OURS, _new), *_those("SimpleQueue", "queue.Queue"))
    return [
        *(Contender(peer.name, partial(_stream, peer, 64, new=True)) for peer in peers),
        Contender(POPPED, partial(_popped_of_new, 64)),
    ]


def _ping_pong_contenders() -> Sequence[Contender]:
    return [Contender(peer.name, partial(_ping_pong, peer, 64)) for peer in (_ours(64), *_those())]


def _new_pair_contenders() -> Sequence[Contender]:
    peers = (Peer(OURS, _new), *_those("SimpleQueue", "queue.Queue"))
    return [Contender(peer.name, partial(_round_trips_of_new, peer, 64), TRIPS) for peer in peers]


def _busy_contenders() -> Sequence[Contender]:
    peers = (_ours(64), *_those("SimpleQueue", "queue.Queue"))
    return [Contender(peer.name, partial(_beside, partial(_stream, peer, 64))) for peer in peers]


WORKLOADS = (
    single(8),
    single(
        64,
        Threshold(
            "threads-64", "Python, two threads, send, receive, bounded 1024: against queue.Queue(1024)",
            ("queue.Queue",), 10.0,
        ),
    ),
    single(256),
    single(4096),
    single(2**20),
    Workload(
        "threads-new-64",
        "two threads, 64 bytes, through a new queue: send, receive",
        _new_contenders,
        (
            Threshold(
                "threads-new-64",
                "Python, two threads, blocking_push, bytes(blocking_pop()[1]), a new channel: against a new "
                "queue.Queue(1024)",
                ("queue.Queue",), 8.0, ours=POPPED,
            ),
        ),
    ),
    batched(64, 32),
    batched(
        64,
        512,
        Threshold(
            "threads-batch-512-64",
            "Python, two threads, batch_push, batch_pop of 512: against unbounded SimpleQueue",
            ("SimpleQueue",), 1.0,
        ),
        Threshold(
            "threads-many-512-64",
            "Python, two threads, send_many, receive_many of 512: against unbounded SimpleQueue",
            ("SimpleQueue",), 2.0, ours=MANY,
        ),
    ),
    Workload(
        "ping-pong",
        "two threads, 64 bytes there and back",
        _ping_pong_contenders,
        (
            Threshold(
                "ping-pong", "Python, ping-pong of two waiting threads: against SimpleQueue", ("SimpleQueue",),
                at_most=0.5,
            ),
        ),
    ),
    Workload(
        "new-ping-pong",
        f"two threads, 64 bytes, {TRIPS:,} times there and back through two new queues",
        _new_pair_contenders,
        (
            Threshold(
                "new-ping-pong",
                f"Python, two new channels, {TRIPS:,} round trips of two threads: against two new SimpleQueues",
                ("SimpleQueue",), at_most=0.35,
            ),
        ),
    ),
    Workload("busy", "two threads, 64 bytes, beside one that computes in Python", _busy_contenders, turn=2.0),
)  # fmt: skip
