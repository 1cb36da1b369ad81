"""What can be seen of channels: names, repr, snapshots and logs (an addition)."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from conformance.checks.registry import function, program
from conformance.threads import LIMIT, Task, open_pair, promptly, try_until
from spec_model import words

program(
    "OBS-1",
    "how handles stand",
    """
    repr(p)
    repr(c)
    repr(k)
    repr(b)
    p.batch_push([b"1", b"22"])
    repr(p)
    c.try_pop()
    repr(c)
    p2 = p.move()
    repr(p)
    repr(p2)
    repr(p.move())
    p2.close()
    repr(p2)
    repr(c)
    c.try_pop()
    repr(c)
    c2 = c.move()
    c2.close()
    repr(c)
    repr(c2)
    repr(k)
    repr(b)
    """,
    needs="observing brokers",
)
program(
    "OBS-1",
    "how handles stand that were shut down",
    """
    p.try_push(b"1")
    b.shutdown(0)
    repr(p)
    repr(c)
    p.close()
    repr(p)
    repr(c)
    """,
    needs="observing brokers",
)
program(
    "OBS-1",
    "the name, whatever it is and however the handle stands",
    r"""
    p.name
    c.name
    _, k2 = b.request_channel("\ud800 \n'e\u0301", omni.ChannelConfig(1, 1))
    p2, c2 = k2
    p2.name
    repr(p2)
    p3 = p2.move()
    p2.name
    p3.name
    c2.close()
    c2.name
    repr(c2)
    repr(p3)
    """,
    needs="observing brokers",
)
program(
    "OBS-1",
    "messages and reservations",
    """
    r = p.reserve(1)
    repr(r)
    p.commit(3)
    repr(r)
    r = p.reserve(1)
    p.rollback()
    repr(r)
    p.batch_push([b"1", b"22"])
    _, m = c.try_pop()
    repr(m)
    _, m2 = c.try_pop()
    repr(m)
    repr(m2)
    c.close()
    repr(m2)
    """,
    needs="observing brokers",
)
program(
    "OBS-1",
    "a broker says how much of its limit is used",
    """
    b = omni.MailboxBroker(memory_limit=1536)
    repr(b)
    _, k = b.request_channel("a", omni.ChannelConfig(8, 64))
    repr(b)
    k.close()
    repr(b)
    """,
    opened=False,
    needs="observing brokers",
)


@function("OBS-1", "observing detaching brokers")
def a_detached_handle_is_moved_from(omni: Any) -> None:
    """It keeps the name; whoever attaches has a handle that is open."""
    _, pair = open_pair(omni)
    name = pair.producer.name
    token = pair.producer.detach()
    assert repr(pair.producer) == words.handle("producer", name, words.HandleState.MOVED, 0, 0), repr(pair.producer)
    attached = omni.attach(token)
    assert attached.name == name and repr(attached) == words.handle("producer", name, words.HandleState.OPEN, 8, 0)
    pair.close()
    attached.close()


program(
    "OBS-2",
    "channels in the order of their requests",
    """
    b.channels()
    _, k2 = b.request_channel("c", omni.ChannelConfig(100, 1))
    _, k3 = b.request_channel("b", omni.ChannelConfig(0, 65))
    p2, c2 = k2
    p2.batch_push([b"1", b"22", b"333"])
    p2.blocking_push(b"", 0)
    c2.try_pop()
    b.channels()
    c.blocking_pop(0)
    k3.producer.close()
    b.channels()
    p2.close()
    b.channels()
    k.close()
    b.channels()
    _, k = b.request_channel("a", omni.ChannelConfig(8, 64))
    b.channels()
    b.shutdown(0)
    b.channels()
    k.close()
    k2.close()
    k3.close()
    b.channels()
    """,
    needs="observing brokers",
)
program(
    "OBS-2",
    "each broker has its own",
    """
    b2 = omni.MailboxBroker()
    b2.channels()
    _, k2 = b2.request_channel("a", omni.ChannelConfig(16, 64))
    b.channels()
    b2.channels()
    """,
    needs="observing",
)


@function("OBS-2", "observing threads brokers", layer="blocking")
def who_sleeps_and_for_how_long(omni: Any) -> None:
    """A blocked side, from when it fell asleep until it is woken; and nobody else."""
    broker, pair = open_pair(omni)
    for side, waiting in (("consumer", lambda: pair.consumer.blocking_pop(LIMIT)), ("producer", _push_into_full(pair))):
        begun = time.monotonic()
        asleep = Task(waiting)

        def sleeps(side: str = side) -> Any:
            [info] = broker.channels()
            other = info.producer_sleeps if side == "consumer" else info.consumer_sleeps
            assert other is None, f"of a channel whose {side} waits, the other side sleeps for {other} s"
            return info.consumer_sleeps if side == "consumer" else info.producer_sleeps

        longest = 0.0

        def slept(sleeps: Callable[[], Any] = sleeps, begun: float = begun) -> bool:
            nonlocal longest
            found = sleeps()
            if found is not None:
                assert 0 <= found <= time.monotonic() - begun, f"it sleeps for {found} s"
                longest = max(longest, found)
            return longest >= 0.01

        try_until(slept, f"channels() never said that the {side}, which waits, sleeps")
        assert pair.producer.try_push(b"x") if side == "consumer" else pair.consumer.try_pop()[0]
        asleep.finish()
        assert sleeps() is None, f"channels() says that the {side} sleeps, which has been woken"
    pair.close()


def _push_into_full(pair: Any) -> Callable[[], Any]:
    def push() -> Any:
        pair.producer.batch_push([b"x"] * 8)
        return pair.producer.blocking_push(b"x", LIMIT)

    return push


@function("OBS-2", "observing threads brokers", layer="blocking")
def snapshots_of_a_stream(omni: Any) -> None:
    """Taken while two threads use the channel, and others come and go: totals never fall, and come out right."""
    broker, pair = open_pair(omni)
    count = 3000

    def send() -> None:
        for _ in range(count):
            assert pair.producer.blocking_push(b"x", LIMIT)

    def receive() -> None:
        for _ in range(count):
            assert pair.consumer.blocking_pop(LIMIT)[0]

    def come_and_go() -> None:
        for number in range(50):
            broker.request_channel(f"{number}", omni.ChannelConfig(8, 64))[1].close()

    tasks = [Task(send), Task(receive), Task(come_and_go)]
    last = omni.ProducerStats(), omni.ConsumerStats()
    while not all(task.ended for task in tasks):
        info = promptly(broker.channels)[0]
        assert info.name == pair.producer.name and info.waiting <= 8
        now = info.producer, info.consumer
        assert all(a <= b for a, b in zip((*last[0], *last[1]), (*now[0], *now[1]), strict=True)), f"{last}, then {now}"
        last = now
    for task in tasks:
        task.finish()
    [info] = broker.channels()
    assert (info.producer, info.consumer) == (omni.ProducerStats(count, count), omni.ConsumerStats(count, count)), info
    pair.close()


# ---- logs ----


@contextmanager
def _logged(omni: Any, level: int = logging.DEBUG) -> Iterator[list[str]]:
    """What its two loggers say from here on, which are enabled for that level."""
    said: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            assert record.levelno == logging.DEBUG
            said.append(record.getMessage())

    package = type(omni.MailboxBroker()).__module__.partition(".")[0]
    loggers = [logging.getLogger(f"{package}.{name}") for name in ("broker", "channel")]
    handler, before = Handler(), [(each.level, each.propagate) for each in loggers]
    for each in loggers:
        each.addHandler(handler)
        each.setLevel(level)
        each.propagate = False
    try:
        yield said
    finally:
        for each, (level, propagate) in zip(loggers, before, strict=True):
            each.removeHandler(handler)
            each.setLevel(level)
            each.propagate = propagate


def _ended(side: str, how: str, name: str = "a") -> str:
    return words.ENDED % (side, name, how)


@function("OBS-3", "observing logging brokers")
def requests_and_ends_are_logged(omni: Any) -> None:
    """A request, granted or refused, and how each handle ended, once: close(), with, the last reference."""
    broker, config = omni.MailboxBroker(), omni.ChannelConfig(3, 1)
    requested = words.REQUESTED % ("a", 8, 64)
    with _logged(omni) as said:

        def refused(name: str) -> str:
            return words.REFUSED % (name, broker.request_channel(name, config)[0].name)

        def logged(*expected: str) -> None:
            assert said == list(expected), f"{said}, and not {list(expected)}"
            said.clear()

        _, pair = broker.request_channel("a", config)
        again = refused("a")
        logged(requested, again)
        moved = pair.producer.move()
        pair.producer.close()
        moved.close()
        moved.close()
        logged(_ended("producer", words.BY_CLOSE))
        pair.close()
        logged(_ended("consumer", words.BY_CLOSE))
        _, pair = broker.request_channel("a", config)
        with pair.producer:
            pass
        with pair:
            pass
        logged(requested, _ended("producer", words.BY_WITH), _ended("consumer", words.BY_WITH))
        _, pair = broker.request_channel("a", config)
        moved = pair.consumer.move()
        del moved
        gc.collect()
        broker.has_channel("a")  # where a finaliser only notes what is to be done
        logged(requested, _ended("consumer", words.BY_LAST_REFERENCE))
        del pair
        gc.collect()
        broker.has_channel("a")
        logged(_ended("producer", words.BY_LAST_REFERENCE))


@function("OBS-3", "observing logging brokers")
def a_shutdown_is_logged(omni: Any) -> None:
    """How many channels it closes, which they are, and whether their handles went in time."""
    broker = omni.MailboxBroker()
    with _logged(omni) as said:
        pairs = [broker.request_channel(name, omni.ChannelConfig(8, 64))[1] for name in "ab"]
        said.clear()
        went = broker.shutdown(0)
        each = [words.SHUT % name for name in "ab"]
        assert said == [words.SHUTDOWN % 2, *each, words.SHUTDOWN_ENDED % went], said
        for pair in pairs:
            pair.close()
        said.clear()
        broker.shutdown()
        assert said == [words.SHUTDOWN % 0, words.SHUTDOWN_ENDED % True], said


@function("OBS-3", "observing logging brokers")
def they_are_silent_by_default(omni: Any) -> None:
    """At any level above DEBUG nothing is said, of channels and brokers alike."""
    with _logged(omni, logging.INFO) as said:
        broker, pair = open_pair(omni)
        pair.producer.try_push(b"x")
        pair.consumer.try_pop()
        pair.close()
        broker.request_channel("", omni.ChannelConfig(8, 64))
        broker.shutdown()
    assert said == [], said
