"""Pushing and its statistics (§5.1, §5.2)."""

from __future__ import annotations

from typing import Any

from conformance.checks.registry import function, program
from conformance.threads import open_pair

program(
    "PSH-1",
    "precedence of try_push",
    """
    p.try_push(b"")
    p.try_push(bytes(65))
    p.try_push(bytes(64))
    p.try_push(b"x") # x7
    p.try_push(b"")
    p.try_push(bytes(65))
    p.try_push(b"x")
    c.try_pop()
    r = p.reserve(1)
    p.try_push(b"x")
    p.try_push(b"")
    c.close()
    p.try_push(b"")
    p.try_push(bytes(65))
    p.try_push(b"x")
    p.close()
    p.try_push(b"")
    p.try_push(bytes(65))
    p.try_push(b"x")
    """,
)
program(
    "PSH-1",
    "pushes of a channel that is shut",
    """
    b.shutdown(0)
    p.try_push(b"")
    p.try_push(bytes(65))
    p.try_push(b"x")
    p.close()
    p.try_push(b"x")
    """,
)
program("PSH-2", "exactly capacity fit", "p.try_push(b'x') # x9\nc.try_pop()\np.try_push(b'y') # x2")
program(
    "PSH-2",
    "exactly capacity fit, after wrapping",
    "\n".join("p.try_push(b'x') # x8\np.try_push(b'y')\nc.batch_pop(8)" for _ in range(4)),
)
program(
    "PSH-2",
    "exactly capacity fit by blocking_push and batch_push",
    "p.blocking_push(b'x', 0) # x9\nc.batch_pop(9)\np.batch_push([b'x'] * 9)",
)


@function("PSH-2")
def exactly_capacity_fit_at_any_size(omni: Any) -> None:
    """Rings of few and many, small and large slots hold exactly `capacity` of the largest message, unharmed."""
    for capacity, size in ((8, 65), (16, 100_000), (64, 65536), (2048, 64), (2048, 4096)):
        _, pair = open_pair(omni, capacity, size)
        for turn in range(3):  # round the ring, however many slots it has
            for number in range(capacity):
                data = (turn * capacity + number).to_bytes(8, "little") * (size // 8)
                result = pair.producer.try_push(data)
                assert result, f"push {number} of {capacity} messages of {size} bytes answered {result.name}"
            assert pair.producer.try_push(b"x").name == "QUEUE_FULL", f"more than {capacity} messages fit"
            for number in range(capacity):
                result, message = pair.consumer.try_pop()
                expected = (turn * capacity + number).to_bytes(8, "little") * (size // 8)
                assert result, f"{result.name} after {number} of {capacity} messages"
                assert bytes(message) == expected, (
                    f"message {number} of {capacity} of {size} bytes is not what was sent"
                )
        pair.close()


program(
    "PSH-2",
    "exactly the normalised capacity fits",
    """
    _, k9 = b.request_channel("b", omni.ChannelConfig(9, 64))
    p9, c9 = k9
    p9.batch_push([b"x"] * 17)
    c9.batch_pop(17)
    p9.batch_push([b"y"] * 17)
    """,
)
program(
    "PSH-3",
    "the bytes are copied",
    """
    buffer = bytearray(b"before")
    p.try_push(buffer)
    p.batch_push([buffer])
    p.blocking_push(buffer, 0)
    buffer.__setitem__(slice(None), b"after!")
    c.batch_pop(3)
    """,
)
program(
    "PSH-4",
    "blocking_push",
    """
    p.blocking_push(b"")
    p.blocking_push(bytes(65), 0)
    p.blocking_push(b"x") # x8
    p.blocking_push(b"x", 0)
    p.blocking_push(b"x", 1e-6)
    c.close()
    p.blocking_push(b"x")
    p.close()
    p.blocking_push(b"x")
    """,
)
program(
    "PSH-4",
    "into an empty channel, without a limit",
    "p.blocking_push(b'x')\np.blocking_push(b'x', None)\nc.batch_pop(2)",
)
program("PSH-4", "into a full channel, with no time", "p.batch_push([b'x'] * 8)\np.blocking_push(b'x', 0)")
for _timeout in ("None", "0", "1e-6"):
    program(
        "PSH-4",
        f"into a full channel without a consumer, timeout {_timeout}",
        f"p.batch_push([b'x'] * 8)\nc.close()\np.blocking_push(b'x', {_timeout})",
    )
program(
    "PSH-4", "into a full channel that is shut", "p.batch_push([b'x'] * 8)\nb.shutdown(0)\np.blocking_push(b'x', None)"
)
program(
    "PSH-5",
    "a reservation makes blocking_push time out at once",
    "r = p.reserve(1)\np.blocking_push(b'x')\np.blocking_push(b'x', 0)\np.blocking_push(b'', 0)\np.rollback()",
)
program(
    "PSH-6",
    "batch_push",
    """
    p.batch_push([])
    p.batch_push([b"a", b"b"])
    p.batch_push([b"c", b"", b"d"])
    p.batch_push([b"c", bytes(65), b"d"])
    p.batch_push([b"x", 3])
    p.batch_push(iter([b"e"]))
    p.batch_push([b"f"] * 9)
    c.batch_pop(99)
    c.close()
    p.batch_push([b"g"])
    p.close()
    p.batch_push([b"h"])
    """,
)
program(
    "PSH-6",
    "a generator that fills one buffer again and again",
    """
    buffer = bytearray(4)
    p.batch_push(buffer.__setitem__(slice(None), b"%04d" % n) or buffer for n in range(4))
    p.batch_push(buffer.__setitem__(slice(None), b"%04d" % n) or memoryview(buffer) for n in range(4, 20))
    c.batch_pop(9)
    """,
)
program(
    "PSH-6",
    "every element is looked at before the first is sent",
    """
    p.batch_push([b"1", b"2", "3"])
    p.batch_push([b"", b"2", 3])
    p.batch_push([b"1"] * 9 + [None])
    p.batch_push([b"1", memoryview(b"abcd")[::2]])
    c.batch_pop(9)
    """,
)
program(
    "STA-1",
    "what counts as a failed push",
    """
    p.try_push(b"")
    p.batch_push([b"x"] * 9)
    p.try_push(b"x")
    p.blocking_push(b"x", 0)
    p.reserve(1)
    p.commit(1)
    c.batch_pop(3)
    p.reserve(1)
    p.try_push(b"x")
    p.blocking_push(b"x", 0)
    p.commit(65)
    p.rollback()
    p.batch_push([b"22", b""])
    p.reserve(2)
    p.commit(2)
    p.reserve(1)
    c.close()
    p.commit(1)
    p.try_push(b"x")
    p.blocking_push(b"x", 0)
    p.batch_push([b"x"])
    p.reserve(1)
    p.close()
    p.try_push(b"x")
    """,
)
program(
    "STA-3",
    "available",
    """
    p.try_push(b"x") # x3
    c.try_pop()
    r = p.reserve(4)
    r.data.__setitem__(slice(0, 4), b"1234")
    p.commit(4)
    c.batch_pop(2)
    p.batch_push([b"x"] * 9)
    c.batch_pop(99)
    """,
)
