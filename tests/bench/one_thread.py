"""Put and get in one thread: what a call costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import fast_impl
from tests.bench.peers import Peer, installed
from tests.bench.rounds import Contender
from tests.bench.workload import OURS, Threshold, Workload

SIZES = (8, 64, 256, 4096)
BATCHES = (32, 512)


def _timed(body: Callable[[int], Any], count: int) -> float:
    """Nanoseconds for each of `count`."""
    began = time.perf_counter_ns()
    body(count)
    return (time.perf_counter_ns() - began) / count


def _peer(make: Callable[[], Peer], data: bytes, count: int) -> float:
    peer = make()
    put, get = peer.put_now, peer.get_now

    def body(count: int) -> None:
        for _ in range(count):
            put(data)
            get()

    try:
        return _timed(body, count)
    finally:
        peer.close()


def _channel(data: bytes, capacity: int = 1024) -> Any:
    return fast_impl.open_channel(capacity=capacity, max_message_size=max(64, len(data)))


def _ours(data: bytes, count: int) -> float:
    """try_push, and a pop to bytes that does not wait."""
    with _channel(data) as (producer, consumer):
        push, pop = producer.try_push, consumer.receive

        def body(count: int) -> None:
            for _ in range(count):
                push(data)
                pop(0)

        return _timed(body, count)


def _viewed(data: bytes, count: int) -> float:
    """try_push and try_pop: a message that is a view of the ring."""
    with _channel(data) as (producer, consumer):
        push, pop = producer.try_push, consumer.try_pop

        def body(count: int) -> None:
            for _ in range(count):
                push(data)
                pop()

        return _timed(body, count)


def _sent(data: bytes, count: int) -> float:
    """send and receive, as queue.Queue's put and get."""
    with _channel(data) as (producer, consumer):
        send, receive = producer.send, consumer.receive

        def body(count: int) -> None:
            for _ in range(count):
                send(data)
                receive()

        return _timed(body, count)


def _waited(make: Callable[[], Peer], data: bytes, count: int) -> float:
    peer = make()
    put, get = peer.put, peer.get

    def body(count: int) -> None:
        for _ in range(count):
            put(data)
            get()

    try:
        return _timed(body, count)
    finally:
        peer.close()


def _batched(data: bytes, batch: int, count: int) -> float:
    """batch_push of a list, batch_pop to messages."""
    with _channel(data) as (producer, consumer):
        messages = [data] * batch
        push, pop = producer.batch_push, consumer.batch_pop

        def body(count: int) -> None:
            for _ in range(count // batch):
                push(messages)
                pop(batch)

        return _timed(body, count)


def _looped(make: Callable[[], Peer], data: bytes, batch: int, count: int) -> float:
    """The same batches through a queue that has only single calls."""
    peer = make()
    put, get = peer.put_now, peer.get_now
    messages = [data] * batch

    def body(count: int) -> None:
        for _ in range(count // batch):
            for message in messages:
                put(message)
            for _ in range(batch):
                get()

    try:
        return _timed(body, count)
    finally:
        peer.close()


def _count(scale: float) -> int:
    return max(1024, int(40_000 * scale) // 512 * 512)


def single(size: int) -> Workload:
    """One message after the other."""

    def contenders(scale: float) -> Mapping[str, Contender]:
        data, count = bytes(size), _count(scale)
        peers = {make().name: partial(_peer, make, data, count) for make in installed()}
        return {OURS: partial(_ours, data, count), f"{OURS}, a view": partial(_viewed, data, count), **peers}

    threshold = Threshold(("SimpleQueue",), 1.0) if size == 64 else None
    return Workload(f"single-{size}", f"one thread, {size} bytes: try_push, pop to bytes", contenders, threshold)


def waiting(size: int) -> Workload:
    """send and receive: the calls that would wait."""

    def contenders(scale: float) -> Mapping[str, Contender]:
        data, count = bytes(size), _count(scale)
        peers = {make().name: partial(_waited, make, data, count) for make in installed() if make.__name__ != "deque"}
        return {OURS: partial(_sent, data, count), **peers}

    return Workload(
        f"send-{size}", f"one thread, {size} bytes: send, receive", contenders, Threshold(("queue.Queue",), 15.0)
    )


def batched(size: int, batch: int) -> Workload:
    """Batches, against loops."""

    def contenders(scale: float) -> Mapping[str, Contender]:
        data, count = bytes(size), _count(scale)
        peers = {make().name: partial(_looped, make, data, batch, count) for make in installed()}
        peers.pop("mp.Pipe", None)  # its buffer does not hold a batch
        return {OURS: partial(_batched, data, batch, count), **peers}

    threshold = Threshold(("SimpleQueue",), 3.0) if (size, batch) == (64, 512) else None
    return Workload(f"batch-{batch}-{size}", f"one thread, {size} bytes in batches of {batch}", contenders, threshold)


WORKLOADS = (
    *(single(size) for size in SIZES),
    waiting(64),
    *(batched(64, batch) for batch in BATCHES),
)
