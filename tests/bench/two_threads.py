"""A producer and a consumer, each a thread: what a message costs on its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import fast_impl
from tests.bench.peers import Peer, installed
from tests.bench.rounds import Contender
from tests.bench.threads import together
from tests.bench.workload import OURS, Threshold, Workload

WAITING = ("deque",)
"""Peers that have no call that waits."""


def _peer(make: Callable[[], Peer], data: bytes, count: int) -> float:
    peer = make()

    def produce() -> None:
        put = peer.put
        for _ in range(count):
            put(data)

    def consume() -> None:
        get = peer.get
        for _ in range(count):
            get()

    try:
        return together(produce, consume) / count
    finally:
        peer.close()


def _ours(data: bytes, count: int) -> float:
    with fast_impl.open_channel(capacity=1024, max_message_size=max(64, len(data))) as (producer, consumer):

        def produce() -> None:
            send = producer.send
            for _ in range(count):
                send(data)

        def consume() -> None:
            receive = consumer.receive
            for _ in range(count):
                receive()

        return together(produce, consume) / count


def _batched(data: bytes, batch: int, count: int) -> float:
    with fast_impl.open_channel(capacity=4 * batch, max_message_size=max(64, len(data))) as (producer, consumer):

        def produce() -> None:
            messages = [data] * batch
            push, wait = producer.batch_push, producer.send
            for _ in range(count // batch):
                done = push(messages)
                while done < batch:
                    wait(data)  # full: sleep until there is room again
                    done += 1
                    done += push(messages[done:])

        def consume() -> None:
            pop, left = consumer.batch_pop, count // batch * batch
            while left:
                left -= len(pop(batch, None)[1])

        return together(produce, consume) / count


def _ping_pong(make: Callable[[], Peer], count: int) -> float:
    there, back = make(), make()

    def ping() -> None:
        for _ in range(count):
            there.put(b"ping")
            back.get()

    def pong() -> None:
        for _ in range(count):
            there.get()
            back.put(b"pong")

    try:
        return together(ping, pong) / count
    finally:
        there.close()
        back.close()


def _our_ping_pong(count: int) -> float:
    with fast_impl.open_channel(capacity=8) as (ping, pinged), fast_impl.open_channel(capacity=8) as (pong, ponged):

        def first() -> None:
            for _ in range(count):
                ping.send(b"ping")
                ponged.receive()

        def second() -> None:
            for _ in range(count):
                pinged.receive()
                pong.send(b"pong")

        return together(first, second) / count


def _beside_a_busy_thread(round_of: Callable[[], float]) -> float:
    """The same while a third thread computes and holds the GIL whenever it can."""
    ended = False
    measured: list[float] = []

    def compute() -> None:
        while not ended:
            sum(range(1000))

    def measure() -> None:
        nonlocal ended
        try:
            measured.append(round_of())
        finally:
            ended = True

    together(compute, measure)
    return measured[0]


def single(size: int, bounded: bool) -> Workload:
    """One message after the other, each side waiting where it must."""

    def contenders(scale: float) -> Mapping[str, Contender]:
        data, count = bytes(size), max(500, int(20_000 * scale))
        peers: dict[str, Any] = {
            make().name: partial(_peer, make, data, count) for make in installed() if make.__name__ not in WAITING
        }
        return {OURS: partial(_ours, data, count), **peers}

    threshold = Threshold(("queue.Queue",), 10.0) if bounded else None
    return Workload(f"threads-{size}", f"two threads, {size} bytes: send, receive", contenders, threshold)


def batched(size: int, batch: int) -> Workload:
    """Batches, against the loop over an unbounded queue."""

    def contenders(scale: float) -> Mapping[str, Contender]:
        data, count = bytes(size), max(8, int(100 * scale)) * 512
        peers: dict[str, Any] = {
            make().name: partial(_peer, make, data, count) for make in installed() if make.__name__ == "simple_queue"
        }
        return {OURS: partial(_batched, data, batch, count), **peers}

    threshold = Threshold(("SimpleQueue",), 1.0) if batch == 512 else None
    return Workload(
        f"threads-batch-{batch}-{size}", f"two threads, {size} bytes in batches of {batch}", contenders, threshold
    )


def _ping_pong_contenders(scale: float) -> Mapping[str, Contender]:
    count = max(200, int(2000 * scale))
    peers: dict[str, Any] = {
        make().name: partial(_ping_pong, make, count)
        for make in installed()
        if make.__name__ in ("simple_queue", "bounded_queue", "culsans", "pipe")
    }
    return {OURS: partial(_our_ping_pong, count), **peers}


def _busy_contenders(scale: float) -> Mapping[str, Contender]:
    data, count = bytes(64), max(100, int(500 * scale))
    peers: dict[str, Any] = {
        make().name: partial(_beside_a_busy_thread, partial(_peer, make, data, count))
        for make in installed()
        if make.__name__ in ("simple_queue", "bounded_queue")
    }
    return {OURS: partial(_beside_a_busy_thread, partial(_ours, data, count)), **peers}


WORKLOADS = (
    single(64, bounded=True),
    single(4096, bounded=False),
    batched(64, 32),
    batched(64, 512),
    Workload("ping-pong", "two threads, there and back, asleep in between", _ping_pong_contenders,
             Threshold(("SimpleQueue",), 2.0)),
    Workload("busy", "two threads, 64 bytes, beside one that computes", _busy_contenders),
)  # fmt: skip
