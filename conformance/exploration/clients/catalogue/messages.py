"""Pushing, popping and reserving by two threads, and by two in one handle [PSH, POP, RSV, CON]."""

from __future__ import annotations

from conformance.exploration.clients.client import Client, client

MESSAGES: tuple[Client, ...] = (
    client("try", 1, "try_push 1; try_push 2; try_push 3", "try_pop; try_pop; try_pop"),
    client("try, two slots", 2, "try_push 1; try_push 2; try_push 3", "try_pop; try_pop"),
    client("views held", 1, "try_push 1; try_push 2; try_push 3", "blocking_pop; held; try_pop; held"),
    client(
        "views held, two slots",
        2,
        "try_push 1; try_push 2; try_push 3; try_push 4",
        "batch_pop 2; held; held 1; try_pop; held",
    ),
    client("blocking", 1, "blocking_push 1; blocking_push 2", "blocking_pop; blocking_pop"),
    client("blocking, two slots", 2, "blocking_push 1; blocking_push 2", "blocking_pop; blocking_pop"),
    client("with a time limit", 1, "timed_push 1; timed_push 2", "timed_pop"),
    client("batches", 2, "batch_push 3", "batch_pop 2; batch_pop 2"),
    client("batches, asleep", 2, "batch_push 3", "blocking_batch_pop 2; held"),
    client("batches, with a time limit", 2, "batch_push 2", "timed_batch_pop 2"),
    client("reserved", 1, "reserve; commit 3; reserve; rollback", "try_pop; try_pop"),
    client("reserved, the consumer asleep", 1, "reserve; commit 3", "blocking_pop; held"),
    client("reserved, two slots", 2, "reserve; commit 3; reserve; commit 4", "blocking_pop; held"),
    client("two in the producer", 1, "try_push 1", "try_push 2"),
    client("two in the producer, one asleep", 1, "timed_push 2", "try_push 3", "try_pop", setup="try_push 1"),
    client("two in the consumer", 1, "try_pop", "try_pop"),
    client("two in the consumer, in turn", 1, "try_pop", "try_pop", setup="try_push 1"),
    client("two in the producer, in turn", 2, "try_push 1", "try_push 2", "try_pop; try_pop"),
)
