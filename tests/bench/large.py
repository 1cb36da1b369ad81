"""A MiB filled in place and read as a view, against a fresh bytearray through a queue."""

from __future__ import annotations

import queue
import time
from collections.abc import Mapping
from functools import partial

import numpy as np

import fast_impl
from tests.bench.rounds import Contender
from tests.bench.workload import OURS, Threshold, Workload

SIZE = 2**20


def _ours(count: int) -> float:
    with fast_impl.open_channel(capacity=8, max_message_size=SIZE) as (producer, consumer):
        began = time.perf_counter_ns()
        total = 0
        for number in range(count):
            region = producer.reserve(SIZE)
            np.frombuffer(region.data, np.uint8).fill(number & 255)
            producer.commit(SIZE)
            _, message = consumer.try_pop()
            total += int(np.frombuffer(message.data, np.uint64).max() & np.uint64(255))
        return (time.perf_counter_ns() - began) / count


def _simple_queue(count: int) -> float:
    q: queue.SimpleQueue[bytearray] = queue.SimpleQueue()
    began = time.perf_counter_ns()
    total = 0
    for number in range(count):
        fresh = bytearray(SIZE)
        np.frombuffer(fresh, np.uint8).fill(number & 255)
        q.put(fresh)
        del fresh
        total += int(np.frombuffer(q.get(), np.uint64).max() & np.uint64(255))
    return (time.perf_counter_ns() - began) / count


def _contenders(scale: float) -> Mapping[str, Contender]:
    count = max(16, int(100 * scale))
    return {OURS: partial(_ours, count), "bytearray through SimpleQueue": partial(_simple_queue, count)}


WORKLOADS = (
    Workload("large", "1 MiB filled by NumPy in place, read as a view", _contenders,
             Threshold(("bytearray through SimpleQueue",), 1.5)),
)  # fmt: skip
