"""Popping, messages and the consumer's statistics (§6)."""

from __future__ import annotations

import sys
from typing import Any

from conformance.checks.registry import function, program
from conformance.failure import Broken

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
    "POP-1",
    "drain of a channel that is shut",
    """
    p.batch_push([b"1", b"2"])
    b.shutdown(0)
    c.try_pop()
    c.try_pop()
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
    "first in, first out, around the ring",
    "\n".join(
        f"p.batch_push([{bytes(range(n, n + 64))!r}, b'{n}', {bytes([n]) * (n + 1)!r}])\nc.try_pop()\nc.batch_pop(2)"
        for n in range(40)
    ),
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
for _timeout in ("None", "0", "1e-6"):
    program("POP-4", f"a message waits, timeout {_timeout}", f"p.try_push(b'x')\nc.blocking_pop({_timeout})")
    program("POP-4", f"from a channel without a producer, timeout {_timeout}", f"p.close()\nc.blocking_pop({_timeout})")
program("POP-4", "from an empty channel, with no time", "c.blocking_pop(0)")
program("POP-4", "from a channel that is shut", "b.shutdown(0)\nc.blocking_pop(None)")
program("POP-5", "the batch is not waited for", "p.try_push(b'x')\nc.batch_pop(3, None)")
program("POP-5", "from a channel without a producer", "p.close()\nc.batch_pop(3, None)\nc.batch_pop(3)")
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
    bytes(m)
    len(m)
    c.batch_pop(9)
    m2.data
    c.try_pop()
    p.try_push(b"4")
    _, m3 = c.try_pop()
    c.try_pop()
    m3.data
    p.try_push(b"4")
    _, m4 = c.try_pop()
    c.blocking_pop(0)
    m4.data
    p.try_push(b"5")
    _, m5 = c.try_pop()
    c.batch_pop(1)
    m5.data
    p.try_push(b"6")
    _, m6 = c.try_pop()
    p.close()
    c.try_pop()
    m6.data
    _, k2 = b.request_channel("b", omni.ChannelConfig(8, 64))
    p2, c2 = k2
    p2.try_push(b"7")
    _, m7 = c2.try_pop()
    c2.close()
    m7.data
    bytes(m7)
    len(m7)
    issubclass(omni.MessageExpiredError, ValueError)
    """,
)
program(
    "MSG-3",
    "exports outlive their message",
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
    _, ms = c.batch_pop(5)
    y = ms[1].data
    z = ms[2].data
    p.batch_push([b"C" * 64] * 8)
    c.batch_pop(99)
    c.try_pop()
    c.close()
    p.close()
    """,
)
program(
    "MSG-3",
    "one view is kept while the stream goes on",
    "p.try_push(b'kept')\n_, m = c.try_pop()\nx = m.data\n"
    + "\n".join(
        f"p.batch_push([b'{number}', {bytes([number]) * 64!r}, b'-'])\nc.try_pop()\nc.batch_pop(9)"
        for number in range(40)
    )
    + "\np.batch_push([b'x'] * 8)\nc.batch_pop(8)\nc.try_pop()\ndel x\np.batch_push([b'y'] * 8)\nc.batch_pop(8)",
)
CAPACITY_EXPORTS = (
    "p.batch_push([b'0', b'1', b'2', b'3', b'4', b'5', b'6', b'7'])\n_, ms = c.batch_pop(8)\n"
    + "\n".join(f"x{number} = ms[{number}].data" for number in range(8))
)
"""As many exports as there may be, of messages that their pop still holds."""
program(
    "MSG-3",
    "a refused pop takes and counts nothing",
    CAPACITY_EXPORTS
    + """
    c.try_pop()
    ms[0]
    p.batch_push([b"A", b"B", b"C"])
    c.try_pop()
    c.blocking_pop()
    c.batch_pop(2)
    c.batch_pop(0)
    c.batch_pop(2, None)
    p.close()
    c.try_pop()
    del x3
    _, m = c.try_pop()
    c.try_pop()
    del x7
    c.batch_pop(3)
    c.try_pop()
    del x0
    c.try_pop()
    c.try_pop()
    """,
)
program(
    "MSG-3",
    "a refused pop expires the messages before",
    CAPACITY_EXPORTS
    + """
    ms[0]
    p.try_push(b"A")
    c.try_pop()
    ms[0]
    x0.release()
    ms[1]
    c.try_pop()
    """,
)
program(
    "MSG-3",
    "a batch takes fewer beside exports",
    """
    p.batch_push([b"1", b"2", b"3", b"4"])
    _, ms = c.batch_pop(3)
    x = ms[0].data
    y = ms[0].data
    z = ms[2].data
    p.batch_push([b"5"] * 7)
    c.available_messages()
    _, ns = c.batch_pop(99)
    c.available_messages()
    w = ns[5].data
    p.batch_push([b"6"] * 8)
    c.batch_pop(99)
    del x
    c.batch_pop(99)
    p.batch_push([b"7"] * 8)
    del y
    c.batch_pop(99)
    c.try_pop()
    """,
)
program(
    "MSG-3",
    "the view that was taken last is released first",
    """
    p.batch_push([b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8"])
    _, ms = c.batch_pop(8)
    x = ms[0].data
    y = ms[0].data
    del y
    p.batch_push([b"9"] * 8)
    c.batch_pop(8)
    del x
    c.batch_pop(8)
    """,
)
program(
    "MSG-3",
    "messages of the last pop do not count against the next",
    "\n".join("p.batch_push([b'x'] * 8)\n_, ms = c.batch_pop(8)" for _ in range(4)),
)
program(
    "MSG-3",
    "a close succeeds beside exports",
    CAPACITY_EXPORTS
    + """
    p.try_push(b"A")
    c.try_pop()
    c.close()
    c.try_pop()
    p.close()
    b.has_channel("a")
    """,
)
program(
    "MSG-3",
    "an export of the last pop outlives both handles",
    """
    p.try_push(b"kept")
    _, m = c.try_pop()
    x = m.data
    c.close()
    p.close()
    """,
)
program(
    "MSG-3",
    "nothing is refused where nothing waits",
    CAPACITY_EXPORTS
    + """
    c.batch_pop(9)
    c.try_pop()
    c.blocking_pop(0)
    c.batch_pop(9)
    p.close()
    c.try_pop()
    """,
)
program(
    "MSG-3",
    "exports are of their own message",
    """
    p.batch_push([b"1111", b"2222", b"3333"])
    _, m = c.try_pop()
    x = m.data
    _, m2 = c.try_pop()
    y = m2.data
    _, m3 = c.try_pop()
    z = m3.data
    w = m3.data
    p.batch_push([b"4444"] * 8)
    c.batch_pop(4)
    """,
)
program(
    "MSG-3",
    "exports move with the consumer",
    CAPACITY_EXPORTS
    + """
    c2 = c.move()
    p.batch_push([b"4"] * 8)
    c2.try_pop()
    c2.batch_pop(99)
    del x5
    c2.batch_pop(99)
    del x6
    c2.try_pop()
    """,
)
program(
    "MSG-4",
    "data is a read-only memoryview",
    "p.try_push(b'abc')\n_, m = c.try_pop()\nm.data\nm.data.readonly\nlen(m)\nbytes(m)\n"
    "m.data.format\nm.data.nbytes\nm.data is m.data\nm.data.__setitem__(0, 1)",
)


@function("MSG-4")
def a_message_is_a_buffer(omni: Any) -> None:
    """memoryview(m) is m.data, where the interpreter lets the type have it."""
    broker = omni.MailboxBroker()
    _, (producer, consumer) = broker.request_channel("a", omni.ChannelConfig(8, 64))
    producer.try_push(b"abc")
    _, message = consumer.try_pop()
    try:
        view = memoryview(message)
    except TypeError:
        if sys.version_info >= (3, 12):
            raise Broken("MSG-4", "memoryview(message) raises TypeError") from None
    else:
        if bytes(view) != b"abc" or not view.readonly:
            raise Broken("MSG-4", f"memoryview(message) is {bytes(view)!r}, read-only {view.readonly}")


program(
    "MSG-5",
    "a pop of nothing expires nothing",
    "p.try_push(b'abc')\n_, m = c.try_pop()\nc.batch_pop(0)\nc.batch_pop(0, 1e-6)\nc.batch_pop(0, None)\nc.try_pop()",
)
program(
    "MSG-6",
    "a copy, and equality",
    """
    p.batch_push([b"abc", b"abc"])
    _, ms = c.batch_pop(2)
    ms[0].tobytes()
    ms[0] == b"abc"
    b"abc" == ms[0]
    ms[0] != b"abc"
    ms[0] == ms[1]
    ms[0] == ms[0]
    len({ms[0], ms[1]})
    c.try_pop()
    ms[0].tobytes()
    ms[0] == b"abc"
    ms[0] == ms[0]
    """,
)
program(
    "POP-6",
    "a call that is refused has taken, expired and counted nothing",
    """
    p.batch_push([b"1", b"2", b"3"])
    _, m = c.try_pop()
    c.blocking_pop("soon")
    c.batch_pop(-1)
    c.batch_pop(2, -1)
    m.data
    c.batch_pop(2)
    """,
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
