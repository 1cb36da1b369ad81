"""What wakes a blocked call, and what does not (§2.2, §4.2, §5.1, §6.2, §8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.checks.registry import function
from conformance.threads import CALLS, Blocked, Task, open_pair, promptly

ROUNDS = 3000
"""Of ping-pong: a wakeup that is lost now and then is lost in one of them."""


@function("LIF-2", "threads", layer="blocking")
def the_end_of_one_side_wakes_the_other(omni: Any) -> None:
    """A blocked call wakes with CHANNEL_CLOSED when the peer closes."""
    for call in CALLS:
        blocked = Blocked(omni, call)
        promptly(blocked.peer.close)
        blocked.answers("CHANNEL_CLOSED", "the peer closed", "{peer}.close()")
        promptly(blocked.pair.close)


@function("LIF-8", "threads", layer="blocking")
def a_handle_closed_under_a_blocked_call(omni: Any) -> None:
    """A blocked call wakes with CHANNEL_CLOSED when its own handle is closed by another thread."""
    for call in CALLS:
        blocked = Blocked(omni, call)
        closing = Task(blocked.own.close)
        blocked.answers("CHANNEL_CLOSED", "its own handle was closed by another thread", "{own}.close()")
        closing.finish()
        promptly(blocked.pair.close)
        assert not blocked.broker.has_channel("a"), "both handles are closed, and the name is still registered"


@function("SHD-1", "threads", layer="blocking")
def shutdown_wakes_blocked_calls(omni: Any) -> None:
    """One shutdown wakes the blocked calls of all the broker's channels with CHANNEL_CLOSED, and closes idle ones."""
    broker, idle = open_pair(omni)
    blocked = [Blocked(omni, call, broker) for call in CALLS]
    assert promptly(broker.shutdown, 0) is False, "shutdown(0) answered True with handles alive"
    for each in blocked:
        each.answers("CHANNEL_CLOSED", "the broker shut down", "b.shutdown(0)")
    assert promptly(idle.producer.try_push, b"x").name == "CHANNEL_CLOSED", "an idle channel was left open"
    for pair in (idle, *(each.pair for each in blocked)):
        assert not pair.producer.is_connected() and not pair.consumer.is_connected()
        promptly(pair.close)


@function("CON-5", "threads", layer="blocking")
def data_and_space_wake_blocked_calls(omni: Any) -> None:
    """A blocked call goes through when there is something for it, time after time on one channel."""
    for call in CALLS:
        blocked = Blocked(omni, call)
        _let_through(blocked)
        blocked.answers("SUCCESS", "there was something for it")
        for _ in range(8):
            blocked.task = Task(call.run, blocked.pair)
            blocked.still("nothing had come for it")
            _let_through(blocked)
            blocked.answers("SUCCESS", "there was something for it")
        promptly(blocked.pair.close)


def _let_through(blocked: Blocked) -> None:
    """Make room for a blocked push; send a blocked pop a message."""
    producer, consumer = blocked.pair
    if blocked.call.pushes:
        assert promptly(consumer.try_pop)[0]
    else:
        assert promptly(producer.try_push, b"x")


@function("CON-5", "threads", layer="blocking")
def every_kind_of_push_and_pop_wakes(omni: Any) -> None:
    """Whichever call sends a message or frees a slot, it wakes the other side."""
    pop, push = CALLS[0], CALLS[4]

    def commit(pair: Any) -> bool:
        return pair.producer.reserve(1) is not None and bool(pair.producer.commit(1))

    sends: list[Callable[[Any], Any]] = [
        lambda pair: pair.producer.blocking_push(b"x"),
        lambda pair: pair.producer.batch_push([b"x"]) == 1,
        commit,
    ]
    takes: list[Callable[[Any], Any]] = [
        lambda pair: pair.consumer.blocking_pop()[0],
        lambda pair: pair.consumer.batch_pop(1)[0],
        lambda pair: pair.consumer.batch_pop(8)[0],
    ]
    for send in sends:
        blocked = Blocked(omni, pop)
        assert promptly(send, blocked.pair)
        blocked.answers("SUCCESS", "a message was sent")
        blocked.pair.close()
    for take in takes:
        blocked = Blocked(omni, push)
        assert promptly(take, blocked.pair)
        blocked.answers("SUCCESS", "a slot became free")
        blocked.pair.close()


_irrelevant_to_a_push: tuple[Callable[[Any], Any], ...] = (
    lambda pair: pair.consumer.batch_pop(0),
    lambda pair: pair.consumer.available_messages(),
    lambda pair: pair.producer.get_stats(),
)
_irrelevant_to_a_pop: tuple[Callable[[Any], Any], ...] = (
    lambda pair: pair.producer.try_push(b""),
    lambda pair: pair.producer.batch_push([]),
    lambda pair: pair.producer.reserve(1),
    lambda pair: pair.producer.rollback(),
    lambda pair: pair.consumer.get_stats(),
)


@function("CON-5", "threads", layer="blocking")
def irrelevant_operations_wake_nobody(omni: Any) -> None:
    """A blocked call stays blocked through everything that neither sends, frees, closes nor ends the time."""
    for call in CALLS:
        blocked = Blocked(omni, call)
        for action in _irrelevant_to_a_push if call.pushes else _irrelevant_to_a_pop:
            promptly(action, blocked.pair)
        blocked.still("nothing that it waits for had happened")
        _let_through(blocked)
        blocked.answers("SUCCESS", "there was something for it")
        promptly(blocked.pair.close)


@function("CON-5", "threads", layer="blocking")
def no_wakeup_is_lost_in_ping_pong(omni: Any) -> None:
    """Two threads that only ever wait for each other get to the end."""
    _, there = open_pair(omni)
    _, back = open_pair(omni)

    def echo() -> None:
        for _ in range(ROUNDS):
            result, message = there.consumer.blocking_pop()
            assert result, result
            assert back.producer.blocking_push(bytes(message))

    def call() -> None:
        for number in range(ROUNDS):
            assert there.producer.blocking_push(number.to_bytes(4, "little"))
            result, message = back.consumer.blocking_pop()
            assert result, f"{result.name}: no answer in round {number} of {ROUNDS}"
            assert bytes(message) == number.to_bytes(4, "little")

    echoing = Task(echo)
    Task(call).finish()
    echoing.finish()
    there.close()
    back.close()


def _push_and_close(producer: Any) -> None:
    assert producer.try_push(b"last")
    producer.close()


@function("CON-4", "threads", layer="blocking")
def woken_by_the_end_it_drains_first(omni: Any) -> None:
    """A consumer that sleeps while the last message comes and the producer ends at once gets that message."""
    for _ in range(20):
        blocked = Blocked(omni, CALLS[0])
        producer, consumer = blocked.pair
        promptly(_push_and_close, producer)
        blocked.answers("SUCCESS", "a message was sent, and the producer closed right after")
        assert promptly(consumer.blocking_pop)[0].name == "CHANNEL_CLOSED"
        consumer.close()
