"""Exports: views of messages and regions that outlive pops and closes [MSG-3, RSV-7]."""

from __future__ import annotations

from conformance.exploration.clients.client import Client, client

PINS: tuple[Client, ...] = (
    client("a pin beside a pop", 1, "try_pop", "pin; view", setup="try_push 1; try_pop; try_push 2"),
    client(
        "a pin beside a pop, one pinned",
        2,
        "try_pop",
        "pin; view",
        setup="try_push 1; try_push 2; batch_pop 2; pin 1; try_push 3",
    ),
    client(
        "an unpin beside a pop", 1, "try_pop", "view; unpin", "try_push 3", setup="try_push 1; try_pop; pin; try_push 2"
    ),
    client(
        "an unpin beside pops",
        1,
        "try_pop; try_pop",
        "view; unpin",
        "try_push 3",
        setup="try_push 1; try_pop; pin; try_push 2",
    ),
    client(
        "an unpin beside a batch",
        2,
        "batch_pop 2; try_push 5",
        "view; unpin",
        setup="try_push 1; try_push 2; batch_pop 2; pin; try_push 3; try_push 4",
    ),
    client(
        "an unpin beside a pop, one pinned",
        2,
        "try_pop; try_push 4; try_push 5",
        "view; unpin",
        setup="try_push 1; try_push 2; batch_pop 2; pin 1; pin; try_push 3",
    ),
    client(
        "a view under pushes and pops",
        1,
        "try_push 2; try_push 3",
        "try_pop; try_pop",
        "view; unpin",
        setup="try_push 1; try_pop; pin",
    ),
    client("a view handed over", 1, "try_push 1; try_push 2", "blocking_pop; pin; hand; try_pop", "take; view; unpin"),
    client(
        "a view handed over, asleep",
        1,
        "blocking_push 1; blocking_push 2",
        "blocking_pop; pin; hand; timed_pop",
        "take; view; unpin",
    ),
    client("a pin beside the close", 1, "close_consumer", "pin; view", setup="try_push 1; try_pop; free_producer"),
    client(
        "a view under the last close",
        1,
        "free_consumer",
        "view; unpin",
        setup="try_push 1; try_pop; pin; free_producer",
    ),
    client(
        "a view under both closes", 1, "free_consumer", "view; unpin", "free_producer", setup="try_push 1; try_pop; pin"
    ),
    client(
        "a region under the last close",
        1,
        "free_producer",
        "write_region 1; producer_unpin",
        setup="reserve; producer_pin; free_consumer",
    ),
    client("a region's pin beside the close", 1, "close_producer", "producer_pin", setup="reserve; close_consumer"),
)
