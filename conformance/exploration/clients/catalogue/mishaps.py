"""Signals during a sleep [CON-6], and memory that cannot be had [BRK-5]."""

from __future__ import annotations

from conformance.exploration.clients.client import Client, client

MISHAPS: tuple[Client, ...] = (
    client("a pop is interrupted", 1, "blocking_pop; try_pop", "try_push 1", signals=1),
    client("a pop is interrupted, and another", 1, "blocking_pop; timed_pop", "try_push 1; timed_push 2", signals=1),
    client(
        "a push is interrupted", 1, "blocking_push 2; try_push 3", "try_pop; try_pop", setup="try_push 1", signals=1
    ),
    client(
        "a push is interrupted, and another",
        1,
        "blocking_push 2; timed_push 3",
        "blocking_pop; timed_pop",
        setup="try_push 1",
        signals=1,
    ),
    client(
        "a push is interrupted, and does not count",
        1,
        "blocking_push 2; producer_statistics",
        "try_pop",
        setup="try_push 1",
        signals=1,
    ),
    client("a batch is interrupted", 2, "blocking_batch_pop 2; batch_pop 2", "try_push 1; try_push 2", signals=1),
    client("a pop is interrupted, or late", 1, "timed_pop; try_pop; consumer_statistics", "try_push 1", signals=1),
    client("a close is interrupted", 1, "blocking_pop", "close_consumer", signals=1),
    client(
        "a shutdown is interrupted",
        1,
        "shutdown; shutdown_wait; shutdown_wait",
        "close_consumer",
        setup="close_producer",
        signals=1,
    ),
    client("memory is refused", 1, "request 1; request 1; has 1; broker_statistics", channels=2, refusals=1),
    client(
        "memory is refused to two",
        1,
        "request 1; free_producer; free_consumer",
        "request 1; free_producer; free_consumer",
        bare=True,
        channels=1,
        refusals=1,
    ),
    client("no memory for a broker", 1, "new_broker; new_broker", bare=True, refusals=1),
)
