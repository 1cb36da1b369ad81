"""The broker between threads: any number may call it, and shutdown waits (§4)."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import Any

from conformance.checks.registry import function
from conformance.threads import LIMIT, Task, open_pair, promptly, try_until

TURNS = 150


def _together(*bodies: Any) -> list[Any]:
    """Each body in a thread of its own, all released at once; what they returned."""
    start = threading.Barrier(len(bodies))

    def begin(body: Any) -> Any:
        start.wait(LIMIT)
        return body()

    return [task.finish() for task in [Task(begin, body) for body in bodies]]


@function("BRK-12", "threads")
def the_broker_is_for_any_number_of_threads(omni: Any) -> None:
    """Many threads request, ask, remove and close; the totals add up and nothing stays registered."""
    broker = omni.MailboxBroker()

    def work() -> int:
        made = 0
        for turn in range(TURNS):
            name = f"shared {turn % 3}"
            error, pair = broker.request_channel(name, omni.ChannelConfig(8, 64))
            broker.has_channel(name)
            broker.remove_channel(name)
            broker.get_stats()
            if pair is not None:
                made += 1
                assert pair.producer.try_push(b"123")
                pair.close()
            else:
                assert error is omni.ChannelError.NAME_EXISTS, error
        return made

    made = sum(_together(*[work] * 5))
    stats = broker.get_stats()
    assert tuple(stats) == (0, made, made, 3 * made), f"{stats} after {made} channels of one message of 3 bytes each"


@function("BRK-12", "threads")
def a_name_is_granted_once(omni: Any) -> None:
    """Of several threads that request one name at the same moment, one gets it."""
    broker = omni.MailboxBroker()
    for turn in range(48):
        # A long name takes long to look up and to copy, so that requests meet; how long depends on the machine.
        name = "n" * (64 * 1024, 1024 * 1024, 8 * 1024 * 1024)[turn % 3] + str(turn)
        answers = _together(*[partial(broker.request_channel, name, omni.ChannelConfig(8, 64))] * 6)
        granted = [pair for _, pair in answers if pair is not None]
        assert len(granted) == 1, f"one name was granted to {len(granted)} of 6 threads at once"
        granted[0].close()


@function("BRK-12", "threads")
def both_handles_may_close_at_once(omni: Any) -> None:
    """Two threads that close the two ends at the same moment leave nothing registered."""
    broker = omni.MailboxBroker()
    for turn in range(TURNS):
        _, pair = broker.request_channel("a", omni.ChannelConfig(8, 64))
        assert pair is not None, f"the name was not free in turn {turn}"
        _together(pair.producer.close, pair.consumer.close)
        assert not broker.has_channel("a")
    assert broker.get_stats().active_channels == 0


@function("BRK-12", "threads")
def totals_never_fall_while_channels_come_and_go(omni: Any) -> None:
    """A thread that asks for the statistics all the while sees no total fall."""
    broker = omni.MailboxBroker()
    config = omni.ChannelConfig(8, 64)
    living = [broker.request_channel(f"living {number}", config)[1] for number in range(5000)]
    polls = 0
    over = threading.Event()

    def wait(more: int) -> None:
        before = polls
        while polls < before + more and not over.is_set():
            time.sleep(0)

    def churn(me: int) -> None:
        while not over.is_set():
            error, pair = broker.request_channel(f"churn {me}", config)
            assert pair is not None, f"a request of a name that was closed answered {error.name}"
            pair.producer.try_push(b"123")
            wait(2)  # one poll that has the message is done, and the next has begun
            pair.close()
            wait(1)  # no other message makes up for it

    def watch() -> None:
        nonlocal polls
        before = broker.get_stats()
        try:
            while polls < 3000:
                polls += 1
                now = broker.get_stats()
                assert all(new >= old for new, old in zip(now[1:], before[1:], strict=True)), f"{before}, then {now}"
                before = now
        finally:
            over.set()

    _together(watch, partial(churn, 0), partial(churn, 1))
    for pair in living:
        pair.close()


@function("BRK-12", "threads")
def shutdown_meets_pushes_and_closes(omni: Any) -> None:
    """Shutdowns, requests, pushes and closes at the same moment: all of them end."""
    broker = omni.MailboxBroker()
    payload = bytes(64 * 1024)
    ended: list[int] = []

    def churn(me: int) -> None:
        for turn in range(1000):
            _, pair = broker.request_channel(f"churn {me} {turn}", omni.ChannelConfig(8, len(payload)))
            pair.producer.try_push(payload)
            pair.close()
        ended.append(me)

    def shut() -> None:
        while len(ended) < 3:
            broker.shutdown(0)

    _together(*[partial(churn, me) for me in range(3)], shut, shut)
    assert broker.get_stats().active_channels == 0


@function("BRK-1", "threads")
def one_broker_from_every_thread(omni: Any) -> None:
    """instance() is the same object in every thread."""
    mine = omni.MailboxBroker.instance()
    assert all(Task(omni.MailboxBroker.instance).finish() is mine for _ in range(4))


@function("SHD-2", "threads")
def shutdown_waits_for_the_last_handle(omni: Any) -> None:
    """shutdown() sleeps while any handle of any of its channels lives and ends with the last one."""
    broker, pair = open_pair(omni)
    _, other = broker.request_channel("b", omni.ChannelConfig(8, 64))
    task = Task(broker.shutdown)
    try_until(lambda: not (pair.producer.is_connected() or other.producer.is_connected()), "a channel was not shut")
    handles = [pair.producer, other.consumer, other.producer, pair.consumer]
    for closed, handle in enumerate(handles):
        assert task.asleep(), f"shutdown() answered {task.finish()} with {4 - closed} handles alive"
        promptly(handle.close)
    assert task.finish() is True, "shutdown() without a limit gave up"


@function("SHD-2", "threads")
def shutdown_gives_up_after_its_time(omni: Any) -> None:
    """shutdown(timeout) with a live handle is False; the channel stays shut."""
    broker, pair = open_pair(omni)
    assert promptly(broker.shutdown, 0.01) is False
    assert pair.producer.try_push(b"x") is omni.PushResult.CHANNEL_CLOSED
    pair.close()


@function("SHD-3", "threads")
def shutdown_does_not_wait_for_later_channels(omni: Any) -> None:
    """A channel requested while shutdown waits is open and is not waited for."""
    broker, pair = open_pair(omni)
    task = Task(broker.shutdown)
    try_until(lambda: not pair.producer.is_connected(), "the channel was not shut")
    error, later = broker.request_channel("later", omni.ChannelConfig(8, 64))
    assert later is not None, f"a request while shutdown waits answered {error.name}"
    assert later.producer.try_push(b"x")
    assert not task.ended, f"shutdown() answered {task.finish()} with two handles alive"
    promptly(pair.close)
    assert task.finish() is True, "shutdown() without a limit gave up"
    assert later.consumer.try_pop()[0]
    later.close()
