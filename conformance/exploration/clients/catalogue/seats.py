"""Who has the seat of a handle, who takes it, and what is left when there are no more [CON-1, CON-2].

There are two seats where the core is explored: the setup takes one, as do `rollback` and `batch_pop 0`.
"""

from __future__ import annotations

from conformance.exploration.clients.client import Client, client

SEATS: tuple[Client, ...] = (
    client("two in the producer, one with the seat", 2, "rollback; try_push 1", "try_push 2", "try_pop; try_pop"),
    client("two in the consumer, one with the seat", 1, "batch_pop 0; try_pop", "try_pop", setup="try_push 1"),
    client("three in the producer", 1, "try_push 1", "try_push 2", "try_push 3"),
    client("no seat is left, the producer", 2, "rollback; try_push 1", "try_push 2", setup="rollback"),
    client(
        "no seat is left, the consumer", 1, "batch_pop 0; unread_pop", "unread_pop", setup="try_push 1; batch_pop 0"
    ),
    client("no seat is left, and it is closed", 1, "rollback", "try_push 1", "close_producer", setup="rollback"),
    client(
        "a pin of who has the seat, beside a pop",
        1,
        "batch_pop 0; pin; view",
        "try_pop; try_push 3",
        setup="try_push 1; try_pop; try_push 2",
    ),
)
