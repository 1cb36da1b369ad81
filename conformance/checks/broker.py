"""The broker: names, limits, totals, shutdown (§4)."""

from __future__ import annotations

from typing import Any

from conformance.checks.registry import function, program
from conformance.failure import Broken
from conformance.threads import open_pair


@function("BRK-1", "brokers")
def one_broker_for_the_process(omni: Any) -> None:
    """instance() is one object; MailboxBroker() is another registry each time."""
    shared = omni.MailboxBroker.instance()
    assert shared is omni.MailboxBroker.instance()
    one, other = omni.MailboxBroker(), omni.MailboxBroker()
    assert one is not shared
    assert other is not one
    _, pair = one.request_channel("conformance: one broker", omni.ChannelConfig(8, 64))
    assert not shared.has_channel("conformance: one broker")
    assert not other.has_channel("conformance: one broker")
    pair.close()


program(
    "BRK-2",
    "handles report the normalised configuration",
    """
    b = omni.MailboxBroker()
    _, k = b.request_channel("a", omni.ChannelConfig(9, 3))
    p, c = k
    _, k2 = b.request_channel("b", omni.ChannelConfig(8, 100))
    p2, c2 = k2
    """,
    opened=False,
)
LIMITS = {
    "capacity": (0, 7, 8, 9, 524287, 524288, 524289, 2**63, 2**64 - 1),
    "max_message_size": (0, 63, 64, 65, 16777215, 16777216, 16777217, 2**63, 2**64 - 1),
}
"""At, below and beyond the limits of each field of a configuration."""
for _field, _values in LIMITS.items():
    for _value in _values:
        _config = f"{_value}, 64" if _field == "capacity" else f"8, {_value}"
        program(
            "BRK-2",
            f"{_field} {_value} is requested",
            f"b = omni.MailboxBroker()\n_, k = b.request_channel('a', omni.ChannelConfig({_config}))\np, c = k",
            opened=False,
        )
for _value, _size in ((0, 64), (64, 64), (65, 65), (16777215, 16777215), (16777216, 16777216), (2**64 - 1, 16777216)):
    program(
        "BRK-2",
        f"a message of all that max_message_size {_value} grants",
        f"""
        b = omni.MailboxBroker()
        _, k = b.request_channel("a", omni.ChannelConfig(8, {_value}))
        p, c = k
        p.try_push(bytes({_size + 1}))
        p.try_push(b"0123456" * {_size // 7} + b"x" * {_size % 7})
        c.try_pop()
        r = p.reserve({_size})
        p.rollback()
        """,
        opened=False,
    )


@function("BRK-2", "threads")
def the_largest_capacity_is_used(omni: Any) -> None:
    """A channel of the largest capacity, 524288, takes as many messages, and no more."""
    _, (producer, consumer) = open_pair(omni, 2**64 - 1)
    pushed = producer.batch_push([b"%d" % number for number in range(524288 + 1)])
    if pushed != 524288:
        raise Broken("BRK-2", f"batch_push into a channel of the largest capacity took {pushed} messages, not 524288")
    for first in range(0, pushed, 65536):
        batch = [bytes(each) for each in consumer.batch_pop(65536)[1]]
        if batch != [b"%d" % number for number in range(first, first + 65536)]:
            raise Broken("BRK-2", f"of 524288 messages, the 65536 from {first} on are not those that were sent")
    producer.close()
    consumer.close()


program("BRK-3", "a name that is taken", "b.request_channel('a', omni.ChannelConfig(16, 128))\np.try_push(b'x')")
program("BRK-4", "the empty name", "b.request_channel('')\nb.has_channel('')")
program(
    "BRK-5",
    "the memory limit",
    """
    b = omni.MailboxBroker(memory_limit=1536)
    _, k = b.request_channel("a", omni.ChannelConfig(8, 64))
    _, k2 = b.request_channel("b", omni.ChannelConfig(8, 129))
    _, k3 = b.request_channel("b", omni.ChannelConfig(8, 128))
    p3, c3 = k3
    b.request_channel("c", omni.ChannelConfig(8, 64))
    p, c = k
    p.close()
    b.request_channel("c", omni.ChannelConfig(8, 64))
    c.close()
    b.request_channel("c", omni.ChannelConfig(9, 64))
    _, k4 = b.request_channel("c", omni.ChannelConfig(1, 1))
    b.request_channel("d", omni.ChannelConfig(0, 0))
    """,
    opened=False,
)
program(
    "BRK-5",
    "the limit counts every byte",
    """
    b = omni.MailboxBroker(memory_limit=1535)
    _, k = b.request_channel("a", omni.ChannelConfig(8, 64))
    b.request_channel("b", omni.ChannelConfig(8, 128))
    _, k2 = b.request_channel("b", omni.ChannelConfig(8, 127))
    b.request_channel("c", omni.ChannelConfig(8, 64))
    """,
    opened=False,
)
program(
    "BRK-6",
    "precedence of the answers",
    """
    b = omni.MailboxBroker(memory_limit=512)
    _, k = b.request_channel("a", omni.ChannelConfig(8, 64))
    b.request_channel("", omni.ChannelConfig(8, 64))
    b.request_channel("a", omni.ChannelConfig(8, 64))
    b.request_channel("b", omni.ChannelConfig(8, 64))
    """,
    opened=False,
)
program("BRK-6", "the empty name goes before one that is taken", "b.request_channel('')\nb.request_channel('a')")
NAMES = [
    "a",
    "A",
    "a\0",
    "a\0b",
    "\0",
    "\ud800",
    "\udfff",
    "é",
    "e\u0301",
    "😀",
    " ",
    "a ",
    "a" * 1000,
    "a" * 999 + "b",
]
program(
    "BRK-7",
    "names are compared exactly",
    "b = omni.MailboxBroker()\n"
    + "\n".join(f"_, k{i} = b.request_channel({n!r}, omni.ChannelConfig(8, 64))" for i, n in enumerate(NAMES))
    + "\n"
    + "\n".join(f"b.request_channel({n!r}, omni.ChannelConfig(8, 64))" for n in NAMES)
    + "\n"
    + "\n".join(f"b.has_channel({n!r})" for n in ("aa", "B", "a\0c", "\udffe", "e", " a", "a" * 999)),
    opened=False,
)
SIMILAR = [
    ("a", "a\0"), ("a\0", "a\0b"), ("\0", "\0\0"), ("a", "A"), ("a", "b"), ("a", " a"), ("a", "a "), ("é", "e\u0301"),
    *((f"{'n' * size}1", f"{'n' * size}2") for size in (7, 15, 31, 63, 127, 255, 1023, 4095, 65535)),
]  # fmt: skip


@function("BRK-7")
def similar_names_are_different_names(omni: Any) -> None:
    """Of two names that differ in one character, at any place, one says nothing about the other."""
    for one, other in SIMILAR:
        broker = omni.MailboxBroker()
        pairs = []
        for name, unknown in ((one, other), (other, None)):
            assert not broker.has_channel(name), f"{name[-9:]!r} is taken for {one[-9:]!r}"
            error, pair = broker.request_channel(name, omni.ChannelConfig(8, 64))
            assert pair is not None, f"{name[-9:]!r} answered {error.name}, with {one[-9:]!r} registered"
            assert broker.has_channel(name)
            assert unknown is None or not broker.has_channel(unknown)
            pairs.append(pair)
        for pair in pairs:
            pair.close()


@function("BRK-10")
def many_names_at_once(omni: Any) -> None:
    """Hundreds of names are known each by itself, while others come and go."""
    broker = omni.MailboxBroker()
    names = [f"name {number:04}" for number in range(300)]
    pairs = {}
    for name in names:
        assert not broker.has_channel(name), f"{name!r} is registered before it was requested"
        error, pairs[name] = broker.request_channel(name, omni.ChannelConfig(8, 64))
        assert pairs[name] is not None, f"{name!r} answered {error.name}"
    for name in names:
        assert broker.has_channel(name), f"{name!r} is not registered among {len(names)}"
        assert broker.request_channel(name)[0] is omni.ChannelError.NAME_EXISTS
    for name in names[::2]:
        pairs[name].close()
    for number, name in enumerate(names):
        there = broker.has_channel(name)
        assert there == bool(number % 2), f"has_channel({name!r}) is {there} after every other channel was closed"
    for pair in pairs.values():
        pair.close()
    assert broker.get_stats().active_channels == 0


program(
    "BRK-8",
    "a name is free when both handles are gone",
    """
    p.close()
    c.close()
    _, k2 = b.request_channel("a", omni.ChannelConfig(8, 64))
    p2, c2 = k2
    c2.close()
    p2.close()
    _, k3 = b.request_channel("a", omni.ChannelConfig(8, 64))
    k3.close()
    b.has_channel("a")
    """,
)
program(
    "BRK-9",
    "nothing is ever left to remove",
    """
    b.remove_channel("a")
    b.remove_channel("nobody")
    b.remove_channel("")
    p.close()
    b.remove_channel("a")
    c.close()
    b.remove_channel("a")
    """,
)
program(
    "BRK-10",
    "has_channel",
    """
    b.has_channel("a")
    b.has_channel("b")
    b.has_channel("")
    b.has_channel("A")
    b.has_channel("a\\0")
    _, k2 = b.request_channel("ab", omni.ChannelConfig(8, 64))
    p.close()
    b.has_channel("a")
    c.close()
    b.has_channel("a")
    k2.consumer.close()
    b.has_channel("ab")
    k2.producer.close()
    b.has_channel("ab")
    """,
)
program(
    "BRK-11",
    "totals remember channels that are gone",
    """
    p.try_push(b"1234")
    p.batch_push([b"1", b"22"])
    r = p.reserve(3)
    p.commit(3)
    c.try_pop()
    k.close()
    _, k2 = b.request_channel("a", omni.ChannelConfig(8, 64))
    p2, c2 = k2
    p2.try_push(b"12345")
    p2.close()
    c2.close()
    """,
)
program(
    "BRK-11",
    "only channels that were granted count as created",
    """
    b = omni.MailboxBroker(memory_limit=512)
    _, k = b.request_channel("a", omni.ChannelConfig(8, 64))
    b.request_channel("", omni.ChannelConfig(8, 64))
    b.request_channel("a", omni.ChannelConfig(8, 64))
    b.request_channel("b", omni.ChannelConfig(8, 64))
    """,
    opened=False,
)
program(
    "SHD-1",
    "both ends are closed, and drain",
    """
    _, k2 = b.request_channel("b", omni.ChannelConfig(8, 64))
    p2, c2 = k2
    _, k3 = b.request_channel("c", omni.ChannelConfig(8, 64))
    p3, c3 = k3
    p.try_push(b"1")
    p2.batch_push([b"2", b"3"])
    r = p.reserve(3)
    b.shutdown(0)
    p.try_push(b"2")
    p.blocking_push(b"2")
    p.batch_push([b"2"])
    p.reserve(1)
    p.commit(1)
    p.reserve(1)
    c.try_pop()
    c.try_pop()
    c.blocking_pop()
    c.batch_pop(2)
    c2.batch_pop(9, None)
    c2.batch_pop(9, None)
    p3.try_push(b"x")
    c3.try_pop()
    """,
)
program(
    "SHD-2",
    "it waits for the handles",
    """
    b.shutdown(0)
    p.close()
    b.shutdown(0)
    c.close()
    b.shutdown(0)
    b.shutdown()
    """,
)
program(
    "SHD-3",
    "the broker goes on",
    """
    b.shutdown(0)
    _, k2 = b.request_channel("b", omni.ChannelConfig(8, 64))
    p2, c2 = k2
    p2.try_push(b"x")
    c2.try_pop()
    b.request_channel("a", omni.ChannelConfig(8, 64))
    k.close()
    _, k3 = b.request_channel("a", omni.ChannelConfig(8, 64))
    p3, c3 = k3
    """,
)
