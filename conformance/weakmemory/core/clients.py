"""The clients that are explored: small, and between them every way in which the two sides and other threads meet.

A setup goes before what is explored, so that a client begins where something can happen. `held` and `view` read a
message's every byte, so an execution in which the producer could write there is a data race.
"""

from __future__ import annotations

from conformance.weakmemory.core.client import Client, client

MESSAGES: tuple[Client, ...] = (
    client("try", 1, "try_push 1; try_push 2; try_push 3", "try_pop; try_pop; try_pop"),
    client("try, two slots", 2, "try_push 1; try_push 2; try_push 3", "try_pop; try_pop"),
    client("views held", 1, "try_push 1; try_push 2; try_push 3", "blocking_pop; held; try_pop; held"),
    client(
        "views held, two slots", 2,
        "try_push 1; try_push 2; try_push 3; try_push 4", "batch_pop 2; held; held 1; try_pop; held",
    ),
    client("blocking", 1, "blocking_push 1; blocking_push 2", "blocking_pop; blocking_pop"),
    client("blocking, two slots", 2, "blocking_push 1; blocking_push 2", "blocking_pop; blocking_pop"),
    client("with a time limit", 1, "timed_push 1; timed_push 2", "timed_pop"),
    client("batches", 2, "batch_push 3", "batch_pop 2; batch_pop 2"),
    client("batches, asleep", 2, "batch_push 3", "blocking_batch_pop 2; held"),
    client("batches, with a time limit", 2, "batch_push 2", "timed_batch_pop 2"),
    client("reserved", 1, "reserve; commit 3; reserve; rollback", "try_pop; try_pop"),
    client("reserved, the consumer asleep", 1, "reserve; commit 3", "blocking_pop; held"),
    client("two in the producer", 1, "try_push 1", "try_push 2"),
    client("two in the producer, one asleep", 1, "timed_push 2", "try_push 3", "try_pop", setup="try_push 1"),
    client("two in the consumer", 1, "try_pop", "try_pop"),
    client("two in the consumer, in turn", 1, "try_pop", "try_pop", setup="try_push 1"),
    client("two in the producer, one with the seat", 2, "rollback; try_push 1", "try_push 2", "try_pop; try_pop"),
    client("two in the consumer, one with the seat", 1, "batch_pop 0; try_pop", "try_pop", setup="try_push 1"),
    client("three in the producer", 1, "try_push 1", "try_push 2", "try_push 3"),
    client("two in the producer, in turn", 2, "try_push 1", "try_push 2", "try_pop; try_pop"),
)  # fmt: skip
"""Pushing, popping, reserving [PSH, POP, RSV, CON]."""

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
        "the consumer is closed in a pop", 1, "unread_pop; pin; view", "close_consumer",
        setup="try_push 1; close_producer",
    ),
    client("the consumer is closed in a batch", 1, "blocking_batch_pop 1", "close_consumer; consumer_statistics"),
    client("the producer is closed from the side", 1, "try_push 1; blocking_push 2", "close_producer"),
    client(
        "the producer is closed asleep", 1,
        "blocking_push 2", "close_producer; producer_statistics", setup="try_push 1",
    ),
    client("the producer is closed, reserved", 1, "commit 1; reserve; rollback", "close_producer", setup="reserve"),
    client("the producer is closed beside a pop", 1, "try_push 1", "close_producer", "blocking_pop"),
    client("two close one side", 1, "close_producer", "close_producer", "blocking_pop"),
    client("both end", 1, "try_push 1; close_producer", "try_pop; close_consumer"),
    client("both are freed", 1, "try_push 1; free_producer", "try_pop; free_consumer"),
    client(
        "both are freed after the close", 1,
        "close_producer; producer_statistics; free_producer", "close_consumer; consumer_statistics; free_consumer",
    ),
    client("the broker is freed", 1, "free_broker", "free_producer", "free_consumer"),
)  # fmt: skip
"""Closing, freeing [LIF]."""

PINS: tuple[Client, ...] = (
    client("a pin beside a pop", 1, "try_pop", "pin; view", setup="try_push 1; try_pop; try_push 2"),
    client(
        "a pin beside a pop, one pinned", 2,
        "try_pop", "pin; view", setup="try_push 1; try_push 2; batch_pop 2; pin 1; try_push 3",
    ),
    client(
        "an unpin beside a pop", 1,
        "try_pop", "view; unpin", "try_push 3", setup="try_push 1; try_pop; pin; try_push 2",
    ),
    client(
        "an unpin beside pops", 1,
        "try_pop; try_pop", "view; unpin", "try_push 3", setup="try_push 1; try_pop; pin; try_push 2",
    ),
    client(
        "an unpin beside a batch", 2, "batch_pop 2; try_push 5", "view; unpin",
        setup="try_push 1; try_push 2; batch_pop 2; pin; try_push 3; try_push 4",
    ),
    client(
        "an unpin beside a pop, one pinned", 2, "try_pop; try_push 4; try_push 5", "view; unpin",
        setup="try_push 1; try_push 2; batch_pop 2; pin 1; pin; try_push 3",
    ),
    client(
        "a view under pushes and pops", 1,
        "try_push 2; try_push 3", "try_pop; try_pop", "view; unpin", setup="try_push 1; try_pop; pin",
    ),
    client(
        "a pin of who has the seat, beside a pop", 1,
        "batch_pop 0; pin; view", "try_pop; try_push 3", setup="try_push 1; try_pop; try_push 2",
    ),
    client("a view handed over", 1, "try_push 1; try_push 2", "blocking_pop; pin; hand; try_pop", "take; view; unpin"),
    client("a pin beside the close", 1, "close_consumer", "pin; view", setup="try_push 1; try_pop; free_producer"),
    client(
        "a view under the last close", 1,
        "free_consumer", "view; unpin", setup="try_push 1; try_pop; pin; free_producer",
    ),
    client(
        "a view under both closes", 1,
        "free_consumer", "view; unpin", "free_producer", setup="try_push 1; try_pop; pin",
    ),
    client(
        "a region under the last close", 1,
        "free_producer", "write_region 1; producer_unpin", setup="reserve; producer_pin; free_consumer",
    ),
    client("a region's pin beside the close", 1, "close_producer", "producer_pin", setup="reserve; close_consumer"),
)  # fmt: skip
"""Exports: views of messages and regions that outlive pops and closes [MSG-3, RSV-7]."""

BROKER: tuple[Client, ...] = (
    client(
        "two ask for a name", 1,
        "request 1; try_push 1; free_producer", "request 1; try_push 1; free_producer", bare=True,
    ),
    client("a name is freed", 1, "close_consumer; has 0", "request 0; has 0", setup="close_producer"),
    client("memory is freed", 1, "free_consumer", "request 1", setup="free_producer", channels=1),
    client(
        "two ask, and give back", 1,
        "request 1; free_producer; free_consumer", "request 1; free_producer; free_consumer", bare=True, channels=1,
    ),
    client("the table grows", 1, "request 1; has 0; has 1", "has 1"),
    client("who asks while it ends", 1, "close_producer", "close_consumer", "has 0; remove 0; has 0"),
    client("the closer counts", 1, "try_push 1", "close_producer; close_consumer; broker_statistics"),
    client(
        "counted while it ends", 1,
        "try_push 1; free_producer; free_consumer", "broker_statistics; broker_statistics",
    ),
    client("shut down, asleep", 1, "blocking_pop", "shutdown", "try_push 1"),
    client("shut down, the producer asleep", 1, "blocking_push 2", "shutdown", setup="try_push 1"),
    client("shut down beside pushes and pops", 1, "try_push 1", "shutdown", "try_pop; try_pop"),
    client("shut down under who has both", 1, "try_push 1; try_pop; try_pop", "shutdown"),
    client("shut down, reserved", 1, "commit 1", "shutdown", "try_pop", setup="reserve"),
    client("shut down and closed", 1, "try_push 1", "shutdown", "close_producer"),
    client("shut down and closed, the consumer asleep", 1, "blocking_pop", "shutdown", "close_consumer"),
    client(
        "the handles are waited for, the consumer asleep", 1,
        "shutdown; shutdown_wait", "blocking_pop; close_consumer", setup="close_producer",
    ),
    client(
        "the handles are waited for, the producer asleep", 1,
        "shutdown; shutdown_wait", "blocking_push 2; close_producer", setup="try_push 1; close_consumer",
    ),
    client(
        "the handles are waited for, in vain", 1,
        "shutdown; timed_shutdown_wait", "close_consumer", setup="close_producer",
    ),
    client("shut down beside a request", 1, "shutdown; timed_shutdown_wait", "request 1; try_push 1; try_pop"),
    client(
        "shut down beside a name that is freed", 1,
        "shutdown; timed_shutdown_wait", "close_consumer; request 0; try_push 1; try_pop", setup="close_producer",
    ),
)  # fmt: skip
"""The registry and its shutdown [BRK, SHD]."""

QUESTIONS: tuple[Client, ...] = (
    client(
        "statistics from the side", 1,
        "try_push 1; try_push 2", "try_pop", "producer_statistics; producer_statistics",
    ),
    client(
        "statistics of both sides", 1,
        "try_push 1; try_push 2", "try_pop; close_consumer", "consumer_statistics; producer_statistics",
    ),
    client("what waits", 2, "try_push 1", "try_pop", "available_messages"),
    client(
        "what waits, and what is free", 2,
        "try_push 1; try_push 2", "try_pop; try_pop", "available_messages; available_slots",
    ),
    client("who is there", 1, "close_producer", "close_consumer", "producer_connected; consumer_connected"),
    client(
        "who is there after a shutdown", 1,
        "shutdown", "try_push 1; producer_connected", "try_pop; consumer_connected",
    ),
)  # fmt: skip
"""What any thread may ask at any time [STA]."""

MISHAPS: tuple[Client, ...] = (
    client("a pop is interrupted", 1, "blocking_pop; try_pop", "try_push 1", signals=1),
    client("a pop is interrupted, and another", 1, "blocking_pop; timed_pop", "try_push 1; timed_push 2", signals=1),
    client(
        "a push is interrupted", 1,
        "blocking_push 2; try_push 3", "try_pop; try_pop", setup="try_push 1", signals=1,
    ),
    client(
        "a push is interrupted, and another", 1,
        "blocking_push 2; timed_push 3", "blocking_pop; timed_pop", setup="try_push 1", signals=1,
    ),
    client("a batch is interrupted", 2, "blocking_batch_pop 2; batch_pop 2", "try_push 1; try_push 2", signals=1),
    client("a pop is interrupted, or late", 1, "timed_pop; try_pop; consumer_statistics", "try_push 1", signals=1),
    client("a close is interrupted", 1, "blocking_pop", "close_consumer", signals=1),
    client(
        "a shutdown is interrupted", 1,
        "shutdown; shutdown_wait; shutdown_wait", "close_consumer", setup="close_producer", signals=1,
    ),
    client("memory is refused", 1, "request 1; request 1; has 1; broker_statistics", channels=2, refusals=1),
    client(
        "memory is refused to two", 1,
        "request 1; free_producer; free_consumer", "request 1; free_producer; free_consumer",
        bare=True, channels=1, refusals=1,
    ),
    client("no memory for a broker", 1, "new_broker; new_broker", bare=True, refusals=1),
)  # fmt: skip
"""Signals during a sleep [CON-6], memory that cannot be had [BRK-5]."""

QUICK = (*MESSAGES, *ENDS, *PINS, *BROKER, *QUESTIONS, *MISHAPS)
"""All of them in under a minute."""

FULL = QUICK
