"""The clients that are explored: small, and between them every way in which the two sides and other threads meet.

A setup goes before what is explored, so that a client begins where something can happen. `held` and `view` read a
message's every byte, so an execution in which the producer could write there is a data race.
"""

from __future__ import annotations

from conformance.exploration.clients.client import Client, client

QUICK: tuple[Client, ...] = (
    # ---- pushing, popping and reserving by two threads, and by two in one handle [PSH, POP, RSV, CON] ----
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
    client("timed", 1, "timed_push 1; timed_push 2", "timed_pop"),
    client("batches", 2, "batch_push 3", "batch_pop 2; batch_pop 2"),
    client("batches, blocking", 2, "batch_push 3", "blocking_batch_pop 2; held"),
    client("batches, timed", 2, "batch_push 2", "timed_batch_pop 2"),
    client("reserved", 1, "reserve; commit 3; reserve; rollback", "try_pop; try_pop"),
    client("reserved, blocking pop", 1, "reserve; commit 3", "blocking_pop; held"),
    client("reserved, two slots", 2, "reserve; commit 3; reserve; commit 4", "blocking_pop; held"),
    client("producer contended", 1, "try_push 1", "try_push 2"),
    client("producer contended, one waits", 1, "timed_push 2", "try_push 3", "try_pop", setup="try_push 1"),
    client("consumer contended, empty", 1, "try_pop", "try_pop"),
    client("consumer contended", 1, "try_pop", "try_pop", setup="try_push 1"),
    client("producer contended, two slots", 2, "try_push 1", "try_push 2", "try_pop; try_pop"),
    # ---- biased guards: the owner, rebiasing, and more threads than owner slots [CON-1, CON-2] ----
    #
    # There are two owner slots where the core is explored: the setup takes one, as do `rollback` and `poll_message`.
    client("producer contended, one is bias owner", 2, "rollback; try_push 1", "try_push 2", "try_pop; try_pop"),
    client("consumer contended, one is bias owner", 1, "poll_message; try_pop", "try_pop", setup="try_push 1"),
    client("producer contended by three", 1, "try_push 1", "try_push 2", "try_push 3"),
    client("bias owners used up, producer", 2, "rollback; try_push 1", "try_push 2", setup="rollback"),
    client(
        "bias owners used up, consumer", 1, "poll_message; unread_pop", "unread_pop", setup="try_push 1; poll_message"
    ),
    client("bias owners used up, close", 1, "rollback", "try_push 1", "close_producer", setup="rollback"),
    client(
        "pin by the bias owner, concurrent pop",
        1,
        "poll_message; pin; view",
        "try_pop; try_push 3",
        setup="try_push 1; try_pop; try_push 2",
    ),
    # ---- closing and freeing handles: by their user, by another thread, and while a call waits [LIF] ----
    client("producer closes", 1, "try_push 1; close_producer", "try_pop; try_pop"),
    client("producer closes, blocking", 1, "blocking_push 1; close_producer", "blocking_pop; blocking_pop"),
    client("consumer closes", 1, "try_push 1; try_push 2", "try_pop; close_consumer"),
    client("consumer closes, blocking", 1, "blocking_push 1; blocking_push 2", "blocking_pop; close_consumer"),
    client("consumer closes without popping", 1, "try_push 1; blocking_push 2", "close_consumer"),
    client("consumer closes, reserved", 1, "commit 1; reserve", "close_consumer", setup="reserve"),
    client("consumer closed by another thread", 1, "blocking_pop; consumer_statistics", "close_consumer"),
    client("consumer closed by another thread, concurrent push", 1, "blocking_pop", "close_consumer", "try_push 1"),
    client(
        "consumer closed during a pop", 1, "unread_pop; pin; view", "close_consumer", setup="try_push 1; close_producer"
    ),
    client("consumer closed during a batch pop", 1, "blocking_batch_pop 1", "close_consumer; consumer_statistics"),
    client("producer closed by another thread", 1, "try_push 1; blocking_push 2", "close_producer"),
    client(
        "producer closed while it waits",
        1,
        "blocking_push 2",
        "close_producer; producer_statistics",
        setup="try_push 1",
    ),
    client(
        "producer closed by another thread, reserved",
        1,
        "commit 1; reserve; rollback",
        "close_producer",
        setup="reserve",
    ),
    client("producer closed by another thread, concurrent pop", 1, "try_push 1", "close_producer", "blocking_pop"),
    client("producer closed by two threads", 1, "close_producer", "close_producer", "blocking_pop"),
    client("both close", 1, "try_push 1; close_producer", "try_pop; close_consumer"),
    client("both freed", 1, "try_push 1; free_producer", "try_pop; free_consumer"),
    client(
        "both freed after close",
        1,
        "close_producer; producer_statistics; free_producer",
        "close_consumer; consumer_statistics; free_consumer",
    ),
    client("broker freed", 1, "free_broker", "free_producer", "free_consumer"),
    # ---- exports: views of messages and regions that outlive pops and closes [MSG-3, RSV-7] ----
    client("pin, concurrent pop", 1, "try_pop", "pin; view", setup="try_push 1; try_pop; try_push 2"),
    client(
        "second pin, concurrent pop",
        2,
        "try_pop",
        "pin; view",
        setup="try_push 1; try_push 2; batch_pop 2; pin 1; try_push 3",
    ),
    client(
        "unpin, concurrent pop", 1, "try_pop", "view; unpin", "try_push 3", setup="try_push 1; try_pop; pin; try_push 2"
    ),
    client(
        "unpin, concurrent pops",
        1,
        "try_pop; try_pop",
        "view; unpin",
        "try_push 3",
        setup="try_push 1; try_pop; pin; try_push 2",
    ),
    client(
        "unpin, concurrent batch pop",
        2,
        "batch_pop 2; try_push 5",
        "view; unpin",
        setup="try_push 1; try_push 2; batch_pop 2; pin; try_push 3; try_push 4",
    ),
    client(
        "unpin of one of two, concurrent pop",
        2,
        "try_pop; try_push 4; try_push 5",
        "view; unpin",
        setup="try_push 1; try_push 2; batch_pop 2; pin 1; pin; try_push 3",
    ),
    client(
        "view, concurrent pushes and pops",
        1,
        "try_push 2; try_push 3",
        "try_pop; try_pop",
        "view; unpin",
        setup="try_push 1; try_pop; pin",
    ),
    client("view handed over", 1, "try_push 1; try_push 2", "blocking_pop; pin; hand; try_pop", "take; view; unpin"),
    client(
        "view handed over, blocking",
        1,
        "blocking_push 1; blocking_push 2",
        "blocking_pop; pin; hand; timed_pop",
        "take; view; unpin",
    ),
    client("pin, concurrent close", 1, "close_consumer", "pin; view", setup="try_push 1; try_pop; free_producer"),
    client(
        "view, concurrent last close",
        1,
        "free_consumer",
        "view; unpin",
        setup="try_push 1; try_pop; pin; free_producer",
    ),
    client("view, both close", 1, "free_consumer", "view; unpin", "free_producer", setup="try_push 1; try_pop; pin"),
    client(
        "pinned region, concurrent last close",
        1,
        "free_producer",
        "write_region 1; unpin_region",
        setup="reserve; pin_region; free_consumer",
    ),
    client("region pin, concurrent close", 1, "close_producer", "pin_region", setup="reserve; close_consumer"),
    # ---- the registry and its shutdown [BRK, SHD] ----
    client(
        "two request one name",
        1,
        "request 1; try_push 1; free_producer",
        "request 1; try_push 1; free_producer",
        bare=True,
    ),
    client("name freed", 1, "close_consumer; has 0", "request 0; has 0", setup="close_producer"),
    client("memory budget freed", 1, "free_consumer", "request 1", setup="free_producer", channels=1),
    client(
        "two request and free",
        1,
        "request 1; free_producer; free_consumer",
        "request 1; free_producer; free_consumer",
        bare=True,
        channels=1,
    ),
    client("registry grows", 1, "request 1; has 0; has 1", "has 1"),
    client("lookup during close", 1, "close_producer", "close_consumer", "has 0; remove 0; has 0"),
    client("statistics after close", 1, "try_push 1", "close_producer; close_consumer; broker_statistics"),
    client(
        "statistics during close", 1, "try_push 1; free_producer; free_consumer", "broker_statistics; broker_statistics"
    ),
    client("shutdown, consumer waits", 1, "blocking_pop", "shutdown", "try_push 1"),
    client("shutdown, producer waits", 1, "blocking_push 2", "shutdown", setup="try_push 1"),
    client("shutdown, concurrent push and pops", 1, "try_push 1", "shutdown", "try_pop; try_pop"),
    client("shutdown, one thread has both sides", 1, "try_push 1; try_pop; try_pop", "shutdown"),
    client("shutdown, reserved", 1, "commit 1", "shutdown", "try_pop", setup="reserve"),
    client("shutdown and close", 1, "try_push 1", "shutdown", "close_producer"),
    client("shutdown and close, consumer waits", 1, "blocking_pop", "shutdown", "close_consumer"),
    client(
        "shutdown_wait, consumer waits",
        1,
        "shutdown; shutdown_wait",
        "blocking_pop; close_consumer",
        setup="close_producer",
    ),
    client(
        "shutdown_wait, producer waits",
        1,
        "shutdown; shutdown_wait",
        "blocking_push 2; close_producer",
        setup="try_push 1; close_consumer",
    ),
    client("shutdown_wait times out", 1, "shutdown; timed_shutdown_wait", "close_consumer", setup="close_producer"),
    client("shutdown, concurrent request", 1, "shutdown; timed_shutdown_wait", "request 1; try_push 1; try_pop"),
    client(
        "shutdown, concurrent close and request",
        1,
        "shutdown; timed_shutdown_wait",
        "close_consumer; request 0; try_push 1; try_pop",
        setup="close_producer",
    ),
    # ---- queries from any thread [STA] ----
    client(
        "producer statistics, concurrent",
        1,
        "try_push 1; try_push 2",
        "try_pop",
        "producer_statistics; producer_statistics",
    ),
    client(
        "statistics of both sides",
        1,
        "try_push 1; try_push 2",
        "try_pop; close_consumer",
        "consumer_statistics; producer_statistics",
    ),
    client("failed pop counted", 1, "timed_pop", "consumer_statistics"),
    client("failed push counted", 1, "timed_push 2", "producer_statistics", setup="try_push 1"),
    client("available messages", 2, "try_push 1", "try_pop", "available_messages"),
    client(
        "available messages and slots",
        2,
        "try_push 1; try_push 2",
        "try_pop; try_pop",
        "available_messages; available_slots",
    ),
    client("is_connected", 1, "close_producer", "close_consumer", "producer_connected; consumer_connected"),
    client(
        "is_connected after shutdown", 1, "shutdown", "try_push 1; producer_connected", "try_pop; consumer_connected"
    ),
    # ---- fault injection: signals during a sleep [CON-6], and memory that is refused [BRK-5] ----
    client("pop interrupted", 1, "blocking_pop; try_pop", "try_push 1", signals=1),
    client("pop interrupted, then timed", 1, "blocking_pop; timed_pop", "try_push 1; timed_push 2", signals=1),
    client("push interrupted", 1, "blocking_push 2; try_push 3", "try_pop; try_pop", setup="try_push 1", signals=1),
    client(
        "push interrupted, then timed",
        1,
        "blocking_push 2; timed_push 3",
        "blocking_pop; timed_pop",
        setup="try_push 1",
        signals=1,
    ),
    client(
        "push interrupted, not counted",
        1,
        "blocking_push 2; producer_statistics",
        "try_pop",
        setup="try_push 1",
        signals=1,
    ),
    client("batch pop interrupted", 2, "blocking_batch_pop 2; batch_pop 2", "try_push 1; try_push 2", signals=1),
    client("timed pop interrupted", 1, "timed_pop; try_pop; consumer_statistics", "try_push 1", signals=1),
    client("close, pop interrupted", 1, "blocking_pop", "close_consumer", signals=1),
    client(
        "shutdown_wait interrupted",
        1,
        "shutdown; shutdown_wait; shutdown_wait",
        "close_consumer",
        setup="close_producer",
        signals=1,
    ),
    client("allocation fails", 1, "request 1; request 1; has 1; broker_statistics", channels=2, refusals=1),
    client(
        "allocation fails for two",
        1,
        "request 1; free_producer; free_consumer",
        "request 1; free_producer; free_consumer",
        bare=True,
        channels=1,
        refusals=1,
    ),
    client("allocation fails for a broker", 1, "new_broker; new_broker", bare=True, refusals=1),
)
"""All of them in well under a minute."""

FULL: tuple[Client, ...] = (
    *QUICK,
    # ---- more messages, or more threads at once: minutes ----
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
        "batches, four messages",
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
    client("batches, producer closes", 2, "batch_push 3; close_producer", "blocking_batch_pop 2; blocking_batch_pop 2"),
    client(
        "consumer closes, three messages",
        1,
        "blocking_push 1; blocking_push 2; blocking_push 3",
        "blocking_pop; close_consumer",
    ),
    client(
        "shutdown and close, producer waits", 1, "blocking_push 2", "shutdown", "close_producer", setup="try_push 1"
    ),
    client("shutdown_wait, both close", 1, "shutdown; shutdown_wait", "close_consumer", "close_producer"),
    client(
        "statistics, both close",
        1,
        "try_push 1; free_producer",
        "try_pop; free_consumer",
        "broker_statistics; broker_statistics",
    ),
    client(
        "allocation fails for one of two", 1, "request 0; has 0", "request 0; has 0", bare=True, channels=1, refusals=1
    ),
)
