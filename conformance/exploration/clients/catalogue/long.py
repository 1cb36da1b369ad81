"""Clients that take minutes: more messages, or more threads at once."""

from __future__ import annotations

from conformance.exploration.clients.client import Client, client

LONG: tuple[Client, ...] = (
    client(
        "blocking, three messages",
        1,
        "blocking_push 1; blocking_push 2; blocking_push 3",
        "blocking_pop; held; blocking_pop; held; blocking_pop; held",
    ),
    client(
        "blocking, three messages, two slots",
        2,
        "blocking_push 1; blocking_push 2; blocking_push 3",
        "blocking_pop; held; blocking_pop; held; blocking_pop; held",
    ),
    client(
        "blocking, four messages, two slots",
        2,
        "blocking_push 3; blocking_push 4",
        "blocking_pop; held; blocking_pop; held; blocking_pop; held; blocking_pop; held",
        setup="try_push 1; try_push 2",
    ),
    client(
        "four messages in batches",
        2,
        "blocking_push 1; blocking_push 2; blocking_push 3; blocking_push 4",
        "blocking_batch_pop 2; held; blocking_batch_pop 2; held",
    ),
    client(
        "reserved, three messages",
        1,
        "reserve; commit 1; blocking_push 2; reserve; commit 3",
        "blocking_pop; held; blocking_pop; held; timed_pop",
    ),
    client("batches to the end", 2, "batch_push 3; close_producer", "blocking_batch_pop 2; blocking_batch_pop 2"),
    client(
        "the consumer quits", 1, "blocking_push 1; blocking_push 2; blocking_push 3", "blocking_pop; close_consumer"
    ),
    client(
        "shut down and closed, the producer asleep",
        1,
        "blocking_push 2",
        "shutdown",
        "close_producer",
        setup="try_push 1",
    ),
    client("the handles are waited for", 1, "shutdown; shutdown_wait", "close_consumer", "close_producer"),
    client(
        "counted while both sides end",
        1,
        "try_push 1; free_producer",
        "try_pop; free_consumer",
        "broker_statistics; broker_statistics",
    ),
    client(
        "memory is refused to one of two",
        1,
        "request 0; has 0",
        "request 0; has 0",
        bare=True,
        channels=1,
        refusals=1,
    ),
)
