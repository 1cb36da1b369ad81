"""A channel in use: what a benchmark measures is not the first touch of its memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import fast_impl


@contextmanager
def opened(size: int, capacity: int | None = None) -> Iterator[tuple[Any, Any]]:
    """Producer and consumer of a channel, each slot of which has had a message; by default 1024, of a MiB eight."""
    capacity = capacity or (8 if size >= 2**20 else 1024)
    with fast_impl.open_channel(capacity=capacity, max_message_size=max(64, size)) as (producer, consumer):
        touched = bytes(size)
        for _ in range(2 * capacity):  # it has as many slots
            producer.send(touched)
            consumer.receive()
        yield producer, consumer
