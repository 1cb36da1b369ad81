"""The clients that are explored: small, and between them every way in which the two sides and a third thread meet."""

from __future__ import annotations

from conformance.weakmemory.core.client import Client, client

QUICK: tuple[Client, ...] = (
    client("try", 1, "try_push 1; try_push 2; try_push 3", "try_pop; try_pop; try_pop"),
    client("try, two slots", 2, "try_push 1; try_push 2; try_push 3", "try_pop; try_pop"),
    client("views held", 1, "try_push 1; try_push 2; try_push 3", "blocking_pop; held; try_pop; held"),
    client("blocking", 1, "blocking_push 1; blocking_push 2", "blocking_pop; blocking_pop"),
    client("blocking, two slots", 2, "blocking_push 1; blocking_push 2", "blocking_pop; blocking_pop"),
    client("with a time limit", 1, "timed_push 1; timed_push 2", "timed_pop"),
    client("batches", 2, "batch_push 3", "batch_pop 2; batch_pop 2"),
    client("reserved", 1, "reserve; commit 3; reserve; rollback", "try_pop; try_pop"),
    client("the producer ends", 1, "try_push 1; close_producer", "try_pop; try_pop"),
    client("the producer ends, asleep", 1, "blocking_push 1; close_producer", "blocking_pop; blocking_pop"),
    client("the consumer ends", 1, "try_push 1; try_push 2", "try_pop; close_consumer"),
    client("the consumer ends, asleep", 1, "blocking_push 1; blocking_push 2", "blocking_pop; close_consumer"),
    client("the consumer is closed from the side", 1, "blocking_pop", "close_consumer"),
    client("the producer is closed from the side", 1, "try_push 1; blocking_push 2", "close_producer"),
    client("the consumer ends with nothing popped", 1, "try_push 1; blocking_push 2", "close_consumer"),
    client("both end", 1, "try_push 1; close_producer", "try_pop; close_consumer"),
    client("shut down, asleep", 1, "blocking_pop", "shutdown", "try_push 1"),
    client("two in the producer", 1, "try_push 1", "try_push 2"),
    client("two in the consumer", 1, "try_pop", "try_pop"),
    client("statistics from the side", 1, "try_push 1; try_push 2", "try_pop", "producer_statistics; producer_statistics"),
)
"""All of them in well under a minute."""

FULL: tuple[Client, ...] = (
    *QUICK,
    client(
        "blocking, three messages", 1,
        "blocking_push 1; blocking_push 2; blocking_push 3", "blocking_pop; blocking_pop; blocking_pop",
    ),
    client(
        "blocking, three messages, two slots", 2,
        "blocking_push 1; blocking_push 2; blocking_push 3", "blocking_pop; blocking_pop; blocking_pop",
    ),
    client(
        "the consumer quits", 1, "blocking_push 1; blocking_push 2; blocking_push 3", "blocking_pop; close_consumer",
    ),
)  # fmt: skip
"""With those that take minutes."""
