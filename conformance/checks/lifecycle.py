"""How handles end and move (§2.2, §5.5, §6.5)."""

from __future__ import annotations

from conformance.checks.registry import program

program(
    "LIF-1",
    "every way for a handle to end",
    """
    p.close()
    p.close()
    with c: pass
    _, k = b.request_channel("a", omni.ChannelConfig(8, 64))
    p, c = k
    with k: pass
    _, k = b.request_channel("a", omni.ChannelConfig(8, 64))
    p, c = k
    del k
    p.try_push(b"x")
    del p
    c.is_connected()
    c.try_pop()
    c.try_pop()
    del c
    b.has_channel("a")
    """,
)
program(
    "LIF-2",
    "the end of one side is seen by the other",
    """
    p.try_push(b"x")
    p.close()
    c.try_pop()
    c.try_pop()
    _, k2 = b.request_channel("b", omni.ChannelConfig(8, 64))
    p2, c2 = k2
    p2.batch_push([b"x"] * 8)
    c2.close()
    p2.try_push(b"x")
    p2.blocking_push(b"x")
    p2.batch_push([b"x"])
    c.blocking_pop()
    c.batch_pop(1, None)
    """,
)
program(
    "LIF-3",
    "a move carries everything",
    """
    c.blocking_pop(0)
    p.batch_push([b"x"] * 8)
    p.blocking_push(b"x", 0)
    c.batch_pop(9)
    p.try_push(b"1")
    p.try_push(b"2")
    _, m = c.try_pop()
    x = m.data
    r = p.reserve(1)
    r.data.__setitem__(slice(0, 2), b"ab")
    c2 = c.move()
    p2 = p.move()
    p2.commit(2)
    p2.try_push(b"3")
    c2.try_pop()
    p.close()
    c.close()
    p2.try_push(b"4")
    del p
    del c
    p2.try_push(b"5")
    c2.batch_pop(9)
    """,
)
_INACTIVE = """
    p.try_push(b"x")
    p.try_push(b"")
    p.blocking_push(b"x")
    p.batch_push([b"x"])
    p.reserve(1)
    p.commit(1)
    p.rollback()
    p.available_slots()
    p.is_connected()
    c.try_pop()
    c.blocking_pop()
    c.batch_pop(1)
    c.batch_pop(0)
    c.available_messages()
    c.is_connected()
    p2 = p.move()
    c2 = c.move()
"""
_CALLS = {
    "": _INACTIVE,
    ", with timeouts": """
    p.blocking_push(b"x", None)
    p.blocking_push(b"x", 1e-6)
    c.blocking_pop(None)
    c.blocking_pop(1e-6)
    c.batch_pop(1, None)
    c.batch_pop(1, 1e-6)
    """,
    ", waiting": "\np.wait()\nc.wait()\np.wait(0)\nc.wait(0)\np.reserve(1, None)\np.reserve(1, 1e-6)",
    ", by the conveniences": """
    p.send(b"x")
    p.send(b"x", 0)
    p.send_many([b"x"])
    c.receive()
    c.receive(0)
    c.receive_many(1)
    list(c)
    """,
}
"""Calls on inactive handles, by what they need of the target."""
for _kind, _calls in _CALLS.items():
    program("LIF-4", f"closed handles are safe{_kind}", "p.try_push(b'x')\nk.close()" + _calls)
    program("LIF-4", f"moved handles are safe{_kind}", "p.try_push(b'x')\np9 = p.move()\nc9 = c.move()" + _calls)
program(
    "STA-4",
    "what comes after a close is not counted",
    """
    p.try_push(b"x")
    c.try_pop()
    c.try_pop()
    c.close()
    c.try_pop()
    c.blocking_pop()
    c.batch_pop(1, None)
    p.try_push(b"x")
    p.close()
    p.try_push(b"x")
    p.blocking_push(b"x")
    """,
)
program(
    "LIF-5",
    "what inactive handles read",
    """
    p.try_push(b"123")
    p.try_push(b"4")
    c.try_pop()
    p2 = p.move()
    c2 = c.move()
    p.try_push(b"x")
    c.try_pop()
    p2.try_push(b"22")
    p2.close()
    c2.close()
    """,
)
program(
    "LIF-6",
    "restoring a pair's member",
    """
    moved = p.move()
    k.producer = moved.move()
    q = k.producer
    q.try_push(b"x")
    _, k2 = b.request_channel("b", omni.ChannelConfig(8, 64))
    p2, c2 = k2
    k2.producer = p2
    k2.consumer = c2
    p2.try_push(b"x")
    k2.consumer = k.consumer
    k2.producer = 3
    k2.consumer = p2
    k.producer = p2
    q.try_push(b"x")
    p2.try_push(b"x")
    k2.consumer.try_pop()
    """,
)
program(
    "LIF-7",
    "no copies",
    "\n".join(
        f"copy.copy({each})\ncopy.deepcopy({each})\n"
        + "\n".join(f"pickle.dumps({each}, {protocol})" for protocol in range(6))
        for each in "pck"
    ),
)
