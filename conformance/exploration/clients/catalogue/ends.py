"""Handles that are closed and freed: by who uses them, from the side, and asleep [LIF]."""

from __future__ import annotations

from conformance.exploration.clients.client import Client, client

ENDS: tuple[Client, ...] = (
    client("the producer ends", 1, "try_push 1; close_producer", "try_pop; try_pop"),
    client("the producer ends, asleep", 1, "blocking_push 1; close_producer", "blocking_pop; blocking_pop"),
    client("the consumer ends", 1, "try_push 1; try_push 2", "try_pop; close_consumer"),
    client("the consumer ends, asleep", 1, "blocking_push 1; blocking_push 2", "blocking_pop; close_consumer"),
    client("the consumer ends with nothing popped", 1, "try_push 1; blocking_push 2", "close_consumer"),
    client("the consumer ends, reserved", 1, "commit 1; reserve", "close_consumer", setup="reserve"),
    client("the consumer is closed from the side", 1, "blocking_pop; consumer_statistics", "close_consumer"),
    client("the consumer is closed beside a push", 1, "blocking_pop", "close_consumer", "try_push 1"),
    client(
        "the consumer is closed in a pop",
        1,
        "unread_pop; pin; view",
        "close_consumer",
        setup="try_push 1; close_producer",
    ),
    client("the consumer is closed in a batch", 1, "blocking_batch_pop 1", "close_consumer; consumer_statistics"),
    client("the producer is closed from the side", 1, "try_push 1; blocking_push 2", "close_producer"),
    client(
        "the producer is closed asleep", 1, "blocking_push 2", "close_producer; producer_statistics", setup="try_push 1"
    ),
    client("the producer is closed, reserved", 1, "commit 1; reserve; rollback", "close_producer", setup="reserve"),
    client("the producer is closed beside a pop", 1, "try_push 1", "close_producer", "blocking_pop"),
    client("two close one side", 1, "close_producer", "close_producer", "blocking_pop"),
    client("both end", 1, "try_push 1; close_producer", "try_pop; close_consumer"),
    client("both are freed", 1, "try_push 1; free_producer", "try_pop; free_consumer"),
    client(
        "both are freed after the close",
        1,
        "close_producer; producer_statistics; free_producer",
        "close_consumer; consumer_statistics; free_consumer",
    ),
    client("the broker is freed", 1, "free_broker", "free_producer", "free_consumer"),
)
