"""Waiting without taking, waiting for a slot to write in, and batches of bytes (§5.1 to §6.3)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from conformance.checks.registry import function, program
from conformance.threads import LIMIT, Task, open_full, open_pair, promptly, room

program(
    "WAI-1",
    "a consumer waits",
    """
    c.wait(0)
    c.wait(1e-6)
    p.batch_push([b"1", b"2", b"3"])
    c.wait()
    c.wait(0)
    _, m = c.try_pop()
    c.wait()
    m
    c.batch_pop(9)
    p.close()
    c.wait()
    c.wait(0)
    c.close()
    c.wait()
    """,
)
program(
    "WAI-1",
    "a consumer waits for what is left",
    """
    p.batch_push([b"1", b"2"])
    p.close()
    c.wait()
    c.batch_pop(2)
    c.wait()
    c2 = c.move()
    c.wait()
    c2.wait()
    c2.close()
    c2.wait(0)
    """,
)
program(
    "WAI-1",
    "a message waits, though exports forbid to take it",
    "p.batch_push([b'x'] * 8)\n_, ms = c.batch_pop(8)\nxs = [m.data for m in ms]\np.try_push(b'y')\nc.wait()\nms\n"
    "c.try_pop()\nc.wait()",
)
program(
    "WAI-1",
    "a producer waits",
    """
    p.wait()
    p.batch_push([b"x"] * 8)
    p.wait(0)
    p.wait(1e-6)
    c.try_pop()
    p.wait()
    r = p.reserve(1)
    p.wait()
    p.wait(0)
    p.rollback()
    p.wait()
    r = p.reserve(1)
    c.close()
    p.wait()
    p.rollback()
    p.wait(0)
    p.close()
    p.wait()
    """,
)
program(
    "WAI-1",
    "nothing to wait for after a shutdown",
    "p.try_push(b'x')\nb.shutdown(0)\np.wait()\nc.wait()\nc.try_pop()\nc.wait()",
)
program(
    "WAI-2",
    "a reservation waits for a slot",
    """
    r = p.reserve(1, None)
    p.reserve(1, None)
    p.reserve(1, 1e-6)
    p.rollback()
    p.batch_push([b"x"] * 8)
    p.reserve(1, 0)
    p.reserve(1, 1e-6)
    p.reserve(0, None)
    p.reserve(65, None)
    p.reserve(1, -1)
    p.reserve(1, "soon")
    c.try_pop()
    r = p.reserve(64, None)
    p.reserve(1, None)
    p.rollback()
    c.close()
    p.reserve(1, None)
    p.close()
    p.reserve(1, None)
    """,
    needs="waiting",
)
program(
    "WAI-2",
    "a build waits for a slot",
    """
    p.batch_push([b"x"] * 8)
    p.build(None, 0).__enter__()
    p.build(None, 1e-6).__enter__()
    p.build(0, None).__enter__()
    p.build(65, None).__enter__()
    p.build(None, -1)
    c.try_pop()
    with p.build(None, None) as builder: builder.Finish(builder.CreateString("built"))
    c.try_pop()
    r = p.reserve(1)
    p.build(None, None).__enter__()
    p.rollback()
    c.close()
    p.build(None, None).__enter__()
    """,
    needs="waiting flatbuffers",
)
program(
    "WAI-5",
    "receive_many",
    """
    c.receive_many(0)
    c.receive_many(0, None)
    c.receive_many(3, 0)
    c.receive_many(3, 1e-6)
    c.receive_many(-1)
    c.receive_many(1.0)
    c.receive_many(1, -1)
    p.batch_push([b"1", b"22", b"333", b"4", b"5"])
    _, m = c.try_pop()
    c.receive_many(0)
    m
    c.receive_many(2)
    m
    c.receive_many(10**30, None)
    p.try_push(b"6")
    p.close()
    c.receive_many(9)
    c.receive_many(9)
    c.receive_many(0)
    c.close()
    c.receive_many(9)
    """,
)
program(
    "WAI-5",
    "send_many",
    """
    p.send_many([])
    p.send_many([b"1", b"22"])
    p.send_many([b"3", "4", b"5"])
    p.send_many([b"4", b"", b"5"])
    p.send_many([bytes(65)])
    p.send_many([b"5", memoryview(b"abcd")[::2]])
    p.send_many([b"6"], -1)
    p.send_many(3)
    c.batch_pop(99)
    p.send_many([b"x"] * 8, None)
    p.send_many([], 0)
    p.send_many([b"y"], 0)
    c.batch_pop(3)
    p.send_many([b"y"] * 4, 1e-6)
    c.batch_pop(3)
    r = p.reserve(1)
    p.send_many([b"z"])
    p.rollback()
    p.send_many(iter([b"z", b"z"]))
    c.close()
    p.send_many([b"z", b"z"])
    p.close()
    p.send_many([b"z"])
    """,
)
program(
    "WAI-5",
    "an element has the bytes that the iterable yields",
    """
    buffer = bytearray(4)
    p.send_many(buffer.__setitem__(slice(None), b"%04d" % n) or memoryview(buffer) for n in range(4))
    c.receive_many(9)
    """,
)


@function("WAI-5", "conveniences")
def what_is_raised_says_which_element(omni: Any) -> None:
    """The error is the usual one, names the element, and has `sent`."""
    cases: list[tuple[type[Exception], Any]] = [
        (TypeError, "text"), (BufferError, memoryview(b"abcd")[::2]), (ValueError, b""), (ValueError, bytes(65)),
    ]  # fmt: skip
    for kind, bad in cases:
        _, (producer, consumer) = open_pair(omni)
        _fails(producer, [b"1", b"2", bad, b"4"], kind, 2)
        assert producer.get_stats().messages_sent == 2 == consumer.available_messages()
        consumer.close()
        _fails(producer, [b"1"], omni.ChannelClosedError, 0)
        producer.close()
    _, (producer, _consumer) = open_pair(omni)
    _fails(producer, [b"x"] * (room() + 1), TimeoutError, room())


def _fails(producer: Any, messages: list[Any], kind: type[Exception], sent: int) -> None:
    try:
        producer.send_many(messages, 0)
    except kind as error:
        raised: Exception = error
    else:
        raise AssertionError(f"send_many raised nothing for element {sent}")
    said = getattr(raised, "sent", None)
    assert said == sent, f"{type(raised).__name__} of send_many has sent {said}, and {sent} went"
    assert str(sent) in str(raised), f"the error does not name element {sent}: {raised}"


@function("WAI-5", "conveniences")
def the_iterable_runs_outside_the_handle(omni: Any) -> None:
    """It may use the handle itself, and what it raises comes out unchanged, with what went before it sent."""
    _, (producer, consumer) = open_pair(omni)

    class Mine(Exception):
        pass

    def elements() -> Iterator[bytes]:
        yield b"1"
        assert producer.get_stats().messages_sent == 1, "an element was not sent when the next was asked for"
        assert producer.try_push(b"between")
        yield b"2"
        raise Mine

    try:
        producer.send_many(elements())
    except Mine:
        pass
    else:
        raise AssertionError("what the iterable raised was swallowed")
    assert [bytes(each) for each in consumer.batch_pop(9)[1]] == [b"1", b"between", b"2"]


WAITS: tuple[tuple[str, bool, Callable[[Any, Any], Any]], ...] = (
    ("consumer.wait", False, lambda pair, timeout: pair.consumer.wait(timeout)),
    ("producer.wait", True, lambda pair, timeout: pair.producer.wait(timeout)),
)


def _open(omni: Any, pushes: bool) -> Any:
    return (open_full if pushes else open_pair)(omni)[1]


def _let_through(pair: Any, pushes: bool) -> None:
    if pushes:
        assert promptly(pair.consumer.try_pop)[0]
    else:
        assert promptly(pair.producer.try_push, b"x")


@function("WAI-1", "threads waiting", layer="blocking")
def a_wait_wakes_and_takes_nothing(omni: Any) -> None:
    """A wait sleeps until there is something; then that is still there."""
    for name, pushes, wait in WAITS:
        pair = _open(omni, pushes)
        for _ in range(5):
            waiting = Task(wait, pair, None)
            assert waiting.asleep(), f"{name}() answered {waiting.finish()} with nothing there"
            _let_through(pair, pushes)
            assert waiting.finish().name == "SUCCESS"
            if pushes:
                assert pair.producer.available_slots() == 1
                assert pair.producer.try_push(b"x")
            else:
                assert pair.consumer.available_messages() == 1
                assert pair.consumer.try_pop()[0]
        assert pair.producer.get_stats().failed_pushes == pair.consumer.get_stats().failed_pops == 0
        pair.close()


@function("WAI-1", "threads waiting", layer="blocking")
def a_wait_ends_with_the_channel(omni: Any) -> None:
    """The peer's close, a shutdown and its own close wake a wait with CHANNEL_CLOSED."""
    ends: tuple[Callable[[Any, Any, Any], Any], ...] = (
        lambda broker, own, peer: peer.close(),
        lambda broker, own, peer: broker.shutdown(0),
        lambda broker, own, peer: own.close(),
    )
    for name, pushes, wait in WAITS:
        for end in ends:
            broker, pair = (open_full if pushes else open_pair)(omni)
            own, peer = (pair.producer, pair.consumer) if pushes else (pair.consumer, pair.producer)
            waiting = Task(wait, pair, 60)
            assert waiting.asleep(), f"{name}(60) answered {waiting.finish()} with nothing there"
            promptly(end, broker, own, peer)
            assert waiting.finish().name == "CHANNEL_CLOSED"
            pair.close()


@function("WAI-1", "threads waiting", layer="blocking")
def a_wait_keeps_its_time(omni: Any) -> None:
    """A wait gives up no sooner than it should, and within 2 s of it."""
    for name, pushes, wait in WAITS:
        pair = _open(omni, pushes)
        _keeps_its_time(name, partial(_named, wait, pair), "TIMEOUT")
        pair.close()


def _named(wait: Callable[[Any, Any], Any], pair: Any, seconds: float) -> str:
    return str(wait(pair, seconds).name)


def _keeps_its_time(name: str, call: Callable[[float], Any], give_up: Any, seconds: float = 0.05) -> None:
    begun = time.monotonic()
    answer = Task(lambda: call(seconds)).finish(seconds + LIMIT)
    took = time.monotonic() - begun
    assert answer == give_up, f"{name} with a timeout of {seconds} s answered {answer}, not {give_up}"
    assert seconds <= took <= seconds + 2, f"{name} with a timeout of {seconds} s gave up after {took:.6f} s"


@function("WAI-2", "threads waiting", layer="blocking")
def a_reservation_wakes_for_a_slot(omni: Any) -> None:
    """reserve sleeps until a slot is free, gives up in time, and ends with the channel."""
    _, pair = open_full(omni)
    _keeps_its_time("reserve", lambda seconds: pair.producer.reserve(1, seconds), None)
    waiting = Task(lambda: pair.producer.reserve(4, None))
    assert waiting.asleep(), "reserve(4, None) did not wait for a slot"
    assert promptly(pair.consumer.try_pop)[0]
    reservation = waiting.finish()
    assert reservation is not None, "reserve(4, None) answered None when a slot became free"
    reservation.data[:4] = b"late"
    del reservation
    assert pair.producer.commit(4)
    waiting = Task(lambda: pair.producer.reserve(4, None))
    assert waiting.asleep(), "reserve(4, None) did not wait for a slot"
    promptly(pair.consumer.close)
    assert waiting.finish() is None
    pair.close()


@function("WAI-5", "threads conveniences", layer="blocking")
def batches_of_bytes_wait_for_each_other(omni: Any) -> None:
    """send_many sends more than fits while receive_many takes it, in order; its timeout is for the whole call."""
    _, pair = open_pair(omni)
    payloads = [number.to_bytes(4, "little") for number in range(2000)]
    sending = Task(lambda: pair.producer.send_many(payloads))
    received: list[bytes] = []
    while len(received) < len(payloads):
        batch = promptly(pair.consumer.receive_many, 7)
        assert 0 < len(batch) <= 7
        received += batch
    sending.finish()
    assert received == payloads
    waiting = Task(lambda: pair.consumer.receive_many(3))
    assert waiting.asleep(), "receive_many(3) did not wait for the first message"
    assert promptly(pair.producer.try_push, b"x")
    assert waiting.finish() == [b"x"]

    def trickle() -> None:
        while not sending.ended:  # frees a slot now and then, so that no single wait is as long as the timeout
            promptly(pair.consumer.try_pop)
            time.sleep(0.02)

    begun = time.monotonic()
    sending = Task(_send_for, pair.producer, 0.2)
    trickle()
    sent = sending.finish()
    assert 8 <= sent < 2000, f"send_many of 2,000 messages with a timeout of 0.2 s had sent {sent}"
    assert time.monotonic() - begun < 0.2 + 2 + 1, "the timeout of send_many began again with each message"
    pair.close()


def _send_for(producer: Any, timeout: float) -> int:
    try:
        producer.send_many([b"x"] * 2000, timeout)
    except TimeoutError as error:
        return int(error.sent)  # type: ignore[attr-defined]
    raise AssertionError("send_many sent 2,000 messages, and a slot became free only every 0.02 s")
