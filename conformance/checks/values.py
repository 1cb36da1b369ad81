"""Result codes, configuration, and arguments that are refused (§2.1, §3, §5.1, §5.2)."""

from __future__ import annotations

from typing import Any

import spec_model as model
from conformance.checks.registry import function, program


def _members(rule: str, name: str, *members: str) -> None:
    # Names and values rather than the members: that these are the model's own is VOC-5.
    lines = [f"omni.{name}.{member}.value" for member in members]
    lines += [f"omni.{name}({value}).name" for value in range(len(members) + 1)]
    lines += [f"[(each.name, each.value) for each in omni.{name}]"]
    program(rule, f"members and values of {name}", "\n".join(lines), opened=False)
    truths = "\n".join(f"bool(omni.{name}.{member})" for member in members)
    program("VOC-4", f"truth of {name}", truths, opened=False)


_members("VOC-1", "PushResult", "SUCCESS", "TIMEOUT", "CHANNEL_CLOSED", "INVALID_SIZE", "QUEUE_FULL")
_members("VOC-2", "PopResult", "SUCCESS", "TIMEOUT", "CHANNEL_CLOSED", "EMPTY")
_members("VOC-3", "ChannelError", "SUCCESS", "NAME_EXISTS", "INVALID_CONFIG", "ALLOCATION_FAILED")


@function("VOC-5")
def result_codes_are_the_models_own(omni: Any) -> None:
    """The enums are the very objects of the model."""
    for name in ("PushResult", "PopResult", "ChannelError"):
        assert getattr(omni, name) is getattr(model, name), name


program(
    "CFG-1",
    "defaults",
    "omni.ChannelConfig()\nb = omni.MailboxBroker()\n_, k = b.request_channel('a')\np, c = k",
    opened=False,
)
program(
    "CFG-2",
    "normalisation",
    "\n".join(
        f"omni.ChannelConfig({capacity}, {size}).normalize()"
        for capacity, size in [
            (0, 0), (1, 1), (7, 63), (8, 64), (9, 65), (100, 100), (1000, 4097), (1024, 4096), (1025, 5000),
            (524287, 16777215), (524288, 16777216), (524289, 16777217), (2**64 - 1, 2**64 - 1), (262145, 64),
        ]
    ),
    opened=False,
)  # fmt: skip
program(
    "CFG-3",
    "a new value, idempotent",
    # What it gives is CFG-2's; here only that it changes nothing, however often it is called.
    "\n".join(
        f"config = omni.ChannelConfig({capacity}, {size})\n"
        "config.normalize().normalize() == config.normalize()\nconfig\nsetattr(config, 'capacity', 3)\nconfig"
        for capacity, size in [(0, 0), (8, 64), (9, 65), (2**64 - 1, 2**64 - 1)]
    ),
    opened=False,
)
program(
    "CFG-4",
    "validity",
    "\n".join(
        f"omni.ChannelConfig({capacity}, {size}).is_valid()"
        for capacity in (0, 4, 7, 8, 9, 2000, 2048, 524288, 524289, 2**20)
        for size in (0, 63, 64, 65, 16777216, 16777217)
    ),
    opened=False,
)
program(
    "CFG-5",
    "domain of the fields",
    """
    omni.ChannelConfig(-1, 64)
    omni.ChannelConfig(8, -1)
    omni.ChannelConfig(2**64, 64)
    omni.ChannelConfig(8, 2**64)
    omni.ChannelConfig(2**64 - 1, 0)
    omni.ChannelConfig(True, 64)
    omni.ChannelConfig(8, False)
    omni.ChannelConfig(8.0, 64)
    omni.ChannelConfig('8', 64)
    omni.ChannelConfig(8, None)
    """,
    opened=False,
)


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
