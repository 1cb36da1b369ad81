"""The registry and its shutdown [BRK, SHD]."""

from __future__ import annotations

from conformance.exploration.clients.client import Client, client

BROKER: tuple[Client, ...] = (
    client(
        "two ask for a name",
        1,
        "request 1; try_push 1; free_producer",
        "request 1; try_push 1; free_producer",
        bare=True,
    ),
    client("a name is freed", 1, "close_consumer; has 0", "request 0; has 0", setup="close_producer"),
    client("memory is freed", 1, "free_consumer", "request 1", setup="free_producer", channels=1),
    client(
        "two ask, and give back",
        1,
        "request 1; free_producer; free_consumer",
        "request 1; free_producer; free_consumer",
        bare=True,
        channels=1,
    ),
    client("the table grows", 1, "request 1; has 0; has 1", "has 1"),
    client("who asks while it ends", 1, "close_producer", "close_consumer", "has 0; remove 0; has 0"),
    client("the closer counts", 1, "try_push 1", "close_producer; close_consumer; broker_statistics"),
    client(
        "counted while it ends", 1, "try_push 1; free_producer; free_consumer", "broker_statistics; broker_statistics"
    ),
    client("shut down, asleep", 1, "blocking_pop", "shutdown", "try_push 1"),
    client("shut down, the producer asleep", 1, "blocking_push 2", "shutdown", setup="try_push 1"),
    client("shut down beside pushes and pops", 1, "try_push 1", "shutdown", "try_pop; try_pop"),
    client("shut down under who has both", 1, "try_push 1; try_pop; try_pop", "shutdown"),
    client("shut down, reserved", 1, "commit 1", "shutdown", "try_pop", setup="reserve"),
    client("shut down and closed", 1, "try_push 1", "shutdown", "close_producer"),
    client("shut down and closed, the consumer asleep", 1, "blocking_pop", "shutdown", "close_consumer"),
    client(
        "the handles are waited for, the consumer asleep",
        1,
        "shutdown; shutdown_wait",
        "blocking_pop; close_consumer",
        setup="close_producer",
    ),
    client(
        "the handles are waited for, the producer asleep",
        1,
        "shutdown; shutdown_wait",
        "blocking_push 2; close_producer",
        setup="try_push 1; close_consumer",
    ),
    client(
        "the handles are waited for, in vain",
        1,
        "shutdown; timed_shutdown_wait",
        "close_consumer",
        setup="close_producer",
    ),
    client("shut down beside a request", 1, "shutdown; timed_shutdown_wait", "request 1; try_push 1; try_pop"),
    client(
        "shut down beside a name that is freed",
        1,
        "shutdown; timed_shutdown_wait",
        "close_consumer; request 0; try_push 1; try_pop",
        setup="close_producer",
    ),
)
