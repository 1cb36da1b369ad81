"""What any thread may ask at any time [STA]."""

from __future__ import annotations

from conformance.exploration.clients.client import Client, client

QUESTIONS: tuple[Client, ...] = (
    client(
        "statistics from the side", 1, "try_push 1; try_push 2", "try_pop", "producer_statistics; producer_statistics"
    ),
    client(
        "statistics of both sides",
        1,
        "try_push 1; try_push 2",
        "try_pop; close_consumer",
        "consumer_statistics; producer_statistics",
    ),
    client("a failed pop from the side", 1, "timed_pop", "consumer_statistics"),
    client("a failed push from the side", 1, "timed_push 2", "producer_statistics", setup="try_push 1"),
    client("what waits", 2, "try_push 1", "try_pop", "available_messages"),
    client(
        "what waits, and what is free",
        2,
        "try_push 1; try_push 2",
        "try_pop; try_pop",
        "available_messages; available_slots",
    ),
    client("who is there", 1, "close_producer", "close_consumer", "producer_connected; consumer_connected"),
    client(
        "who is there after a shutdown", 1, "shutdown", "try_push 1; producer_connected", "try_pop; consumer_connected"
    ),
)
