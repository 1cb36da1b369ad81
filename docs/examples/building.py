"""The time to send messages of growing size, built in the slot, and built outside it and copied in.

python docs/examples/building.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import flatbuffers

import fast_impl as omni

SIZES = (64, 1024, 16 * 1024, 256 * 1024, 1024 * 1024)
SECONDS = 0.2
"""How long each is measured, five times; the best time is reported."""


def finish(builder: flatbuffers.Builder, data: bytes) -> None:
    """A table with one vector of bytes."""
    vector = builder.CreateByteVector(data)
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(0, vector, 0)
    builder.Finish(builder.EndObject())


def in_place(producer: omni.ProducerHandle, data: bytes) -> None:
    """Built in the slot."""
    with producer.build() as builder:
        finish(builder, data)


def copied(producer: omni.ProducerHandle, data: bytes) -> None:
    """Built beside the queue."""
    builder = flatbuffers.Builder(len(data) + 64)
    finish(builder, data)
    producer.send(builder.Output())


def microseconds(send: Callable[[omni.ProducerHandle, bytes], None], data: bytes) -> float:
    """For one message, sent and taken out again."""
    best = float("inf")
    with omni.open_channel(capacity=8, max_message_size=len(data) + 64) as channel:
        for _ in range(5):
            begun, count = time.perf_counter(), 0
            while time.perf_counter() - begun < SECONDS:
                send(channel.producer, data)
                channel.consumer.try_pop()
                count += 1
            best = min(best, (time.perf_counter() - begun) / count)
    return best * 1e6


def main() -> int:
    """Print a table."""
    print("| bytes | in place, µs | copied, µs |\n|---|---|---|")
    for size in SIZES:
        print(
            f"| {size} | {microseconds(in_place, bytes(size)):.1f} | {microseconds(copied, bytes(size)):.1f} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
