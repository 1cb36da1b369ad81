"""Popping, messages and the consumer's statistics (§6)."""

from __future__ import annotations

from conformance.checks.registry import program

program(
    "POP-1",
    "drain before closed",
    """
    c.try_pop()
    p.batch_push([b"1", b"2", b"3"])
    p.close()
    c.try_pop()
    c.blocking_pop(0)
    c.batch_pop(1)
    c.try_pop()
    c.close()
    c.try_pop()
    """,
)
program(
    "POP-2",
    "first in, first out",
    "\n".join(
        f"p.try_push({bytes([n]) * (n % 64 + 1)!r})\np.try_push({bytes([n, 0])!r})\nc.try_pop()" for n in range(7)
    )
    + "\nc.batch_pop(100)",
)
program(
    "POP-2",
    "a slot forgets what it held",
    """
    r = p.reserve(1)
    r.data.__setitem__(slice(0, 64), bytes(range(64)))
    p.commit(4, 60)
    c.try_pop()
    """
    + "p.try_push(b'12345678')\nc.try_pop()\n" * 32,
)
program(
    "POP-3",
    "one pop makes room for one push",
    """
    p.batch_push([b"12345678"] * 8)
    _, m = c.try_pop()
    p.try_push(b"87654321")
    p.try_push(b"x")
    _, m2 = c.try_pop()
    p.try_push(b"87654321") # x2
    """,
)
program(
    "POP-4",
    "blocking_pop",
    """
    c.blocking_pop(0)
    c.blocking_pop(1e-6)
    p.try_push(b"x")
    c.blocking_pop()
    p.close()
    c.blocking_pop()
    c.close()
    c.blocking_pop()
    """,
)
program(
    "POP-5",
    "batch_pop",
    """
    c.batch_pop(0)
    c.batch_pop(0, 1e-6)
    c.batch_pop(3)
    c.batch_pop(3, 1e-6)
    p.batch_push([b"1", b"2", b"3", b"4"])
    c.batch_pop(0)
    c.batch_pop(1)
    c.batch_pop(2, None)
    c.batch_pop(10**30, None)
    p.close()
    c.batch_pop(0)
    c.batch_pop(1, None)
    c.close()
    c.batch_pop(1)
    c.batch_pop(0)
    """,
)
program(
    "POP-5",
    "a batch takes what has come since the last pop",
    """
    p.batch_push([b"1", b"2"])
    c.try_pop()
    p.try_push(b"3")
    c.batch_pop(9)
    p.batch_push([b"4", b"5"])
    c.try_pop()
    p.try_push(b"6")
    p.close()
    c.batch_pop(9)
    c.batch_pop(9)
    """,
)
program(
    "MSG-1",
    "a full queue of pushes changes no held message",
    """
    p.batch_push([b"A" * 64] * 8)
    _, m = c.try_pop()
    p.batch_push([b"B" * 64] * 9)
    _, ms = c.batch_pop(8)
    p.batch_push([b"C" * 64] * 9)
    p.close()
    ms[0]
    c.close()
    """,
)
program(
    "MSG-2",
    "a message expires",
    """
    p.batch_push([b"1", b"2", b"3"])
    _, m = c.try_pop()
    m.data
    _, m2 = c.try_pop()
    m.data
    c.batch_pop(9)
    m2.data
    c.try_pop()
    p.try_push(b"4")
    _, m3 = c.try_pop()
    c.try_pop()
    m3.data
    p.try_push(b"4")
    _, m4 = c.try_pop()
    c.close()
    m4.data
    """,
)
program(
    "MSG-3",
    "exports outlive their message, and limit pops",
    """
    p.batch_push([b"A" * 64] * 8)
    _, m = c.try_pop()
    x = m.data[0:60]
    c.batch_pop(99)
    p.batch_push([b"B" * 64] * 8)
    c.try_pop()
    c.blocking_pop()
    c.batch_pop(3)
    p.try_push(b"x")
    del x
    _, ms = c.batch_pop(5)
    y = ms[1].data
    p.batch_push([b"C" * 64] * 8)
    c.batch_pop(99)
    c.try_pop()
    c.close()
    p.close()
    """,
)
program(
    "MSG-4",
    "data is a read-only memoryview",
    "p.try_push(b'abc')\n_, m = c.try_pop()\nm.data\nm.data.readonly\nlen(m)\nbytes(m)\n"
    "m.data.format\nm.data is m.data",
)
program(
    "MSG-5", "a pop of nothing expires nothing", "p.try_push(b'abc')\n_, m = c.try_pop()\nc.batch_pop(0)\nc.try_pop()"
)
program(
    "STA-2",
    "what counts as a failed pop",
    """
    c.try_pop()
    c.blocking_pop(0)
    c.batch_pop(1)
    c.batch_pop(1, 1e-6)
    c.batch_pop(0)
    p.batch_push([b"1", b"22", b"333"])
    c.try_pop()
    c.batch_pop(9)
    p.close()
    c.try_pop()
    c.blocking_pop()
    c.batch_pop(1)
    c.close()
    c.try_pop()
    """,
)
