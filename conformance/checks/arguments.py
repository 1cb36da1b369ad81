"""Bad arguments are refused, first thing and without a trace."""

from __future__ import annotations

from conformance.checks.registry import program

DATA = (
    "'text'", "None", "3", "[1]", "object()", "memoryview(b'abcd')[::2]", "bytearray(b'x')",
    "array.array('H', [1, 2])", "memoryview(b'abcd').cast('B', (2, 2))",
)  # fmt: skip
TIMEOUTS = (
    "0", "0.0", "1e-6", "timedelta(microseconds=1)", "-1", "-1e-9", "float('nan')", "'1'", "True", "[]",
    "timedelta(-1)", "-float('inf')", "-10**400", "object()",
)  # fmt: skip
COUNTS = ("-1", "-10**30", "True", "1.0", "'1'", "None", "10**30", "0")

program("ARG-1", "what can be pushed", "\n".join(f"p.try_push({each})\np.batch_push([{each}])" for each in DATA))
program("ARG-1", "what can be pushed, waiting", "\n".join(f"p.blocking_push({each}, 0)\nc.try_pop()" for each in DATA))
program(
    "ARG-2",
    "timeouts",
    # The other broker has no channel, so its shutdown has nothing to wait for.
    "other = omni.MailboxBroker()\n"
    + "\n".join(f"c.blocking_pop({each})\nc.batch_pop(1, {each})\nother.shutdown({each})" for each in TIMEOUTS)
    + "\np.batch_push([b'x'] * 8)\n"
    + "\n".join(f"p.blocking_push(b'x', {each})" for each in TIMEOUTS),
)
program(
    "ARG-2",
    "times too long to represent",
    "other = omni.MailboxBroker()\n"
    + "\n".join(
        f"p.blocking_push(b'x', {each})\nc.blocking_pop({each})\n"
        f"p.blocking_push(b'x', {each})\nc.batch_pop(1, {each})\nother.shutdown({each})"
        for each in ("float('inf')", "1e300", "10**400", "2.0**63 / 1e9", "timedelta.max")
    ),
)
program(
    "ARG-3",
    "counts and sizes",
    "\n".join(
        f"p.reserve({each})\nc.batch_pop({each})\np.commit({each})\np.commit(1, {each})\np.rollback()"
        for each in COUNTS
    ),
)
program(
    "ARG-3",
    "memory limits",
    "\n".join(f"omni.MailboxBroker(memory_limit={each})" for each in COUNTS),
    opened=False,
)
program(
    "ARG-4",
    "a refused argument changes nothing",
    """
    p.batch_push([b"1", b"2", "3"])
    p.try_push("text")
    p.try_push(memoryview(b"abcd")[::2])
    p.blocking_push(b"x", -1)
    p.blocking_push(3, 0)
    p.try_push(b"1")
    _, m = c.try_pop()
    c.batch_pop(-1)
    c.blocking_pop("soon")
    c.batch_pop(1, -1)
    r = p.reserve(1)
    p.commit(-1)
    p.commit("x")
    p.commit(1, None)
    b.request_channel(3)
    b.request_channel("z", 3)
    b.request_channel(b"z")
    b.has_channel(3)
    b.remove_channel(None)
    k.close()
    p.try_push("text")
    p.blocking_push(b"x", -1)
    p.batch_push([3])
    c.batch_pop(-1)
    c.blocking_pop("soon")
    p.reserve(-1)
    p.commit(None)
    """,
)
