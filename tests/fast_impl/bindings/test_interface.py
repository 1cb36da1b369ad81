"""Arguments, and the calls that wait or carry several messages: the same of the model and of both bindings."""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

import fast_impl
from tests.fast_impl.bindings.test_binding import run


class Reference(ctypes.Structure):
    _fields_ = (("reference", ctypes.py_object),)


class Offset(ctypes.Structure):
    _fields_ = (("Offset", ctypes.c_int),)


@pytest.mark.parametrize("data", [(ctypes.py_object * 2)(1, 2), (Reference * 2)(), "text", None, 3])
def test_what_is_no_bytes(omni: ModuleType, channel: Any, data: Any) -> None:
    """Object references, alone and in a structure, are refused like what is not bytes-like [ARG-1]."""
    producer = channel.producer
    for call in (producer.try_push, producer.blocking_push, producer.send):
        with pytest.raises(TypeError):
            call(data)
    with pytest.raises(TypeError, match="element 1: "):
        producer.batch_push([b"good", data])
    with pytest.raises(TypeError, match="element 1: ") as caught:
        producer.send_many([b"good", data])
    assert isinstance(caught.value, omni.NotAllSent)
    assert caught.value.sent == 1
    assert producer.get_stats().messages_sent == 1


def test_a_field_whose_name_has_an_o(omni: ModuleType, channel: Any) -> None:
    """A structure of plain bytes is one whatever its fields are called."""
    assert channel.producer.try_push(Offset(7)) is omni.PushResult.SUCCESS
    assert channel.consumer.receive(0) == bytes(Offset(7))


@pytest.mark.parametrize("call", ["batch_push", "send_many"])
def test_an_iterable_that_fills_one_buffer_again(omni: ModuleType, channel: Any, call: str) -> None:
    """Each message has the bytes that it had when the iterable yielded it [PSH-6]."""
    buffer = bytearray(4)

    def messages() -> Iterator[memoryview]:
        for n in range(4):
            buffer[:] = b"%04d" % n
            yield memoryview(buffer)

    getattr(channel.producer, call)(messages())
    assert channel.consumer.receive_many(8) == [b"%04d" % n for n in range(4)]


def test_receive_many(omni: ModuleType, channel: Any) -> None:
    """As many as wait, up to the most; exceptions as `receive` has them, none for a most of 0 [WAI-5]."""
    producer, consumer = channel
    assert consumer.receive_many(0) == []
    with pytest.raises(TimeoutError):
        consumer.receive_many(3, 0)
    with pytest.raises(TimeoutError):
        consumer.receive_many(3, timedelta(milliseconds=1))
    producer.batch_push([b"1", b"2", b"3"])
    assert consumer.receive_many(max_count=2) == [b"1", b"2"]
    producer.close()
    assert consumer.receive_many(2) == [b"3"]
    with pytest.raises(omni.ChannelClosedError):
        consumer.receive_many(2)
    consumer.close()
    with pytest.raises(omni.ChannelClosedError):
        consumer.receive_many(0)


@pytest.mark.parametrize(
    ("last", "error"), [(b"", ValueError), (b"x" * 65, ValueError), (b"too many", TimeoutError), (None, TypeError)]
)
def test_send_many_stops(omni: ModuleType, channel: Any, last: Any, error: type[Exception]) -> None:
    """The usual error says how many went, and those stay sent [WAI-5]."""
    producer, consumer = channel
    before = [b"%d" % n for n in range(8 if error is TimeoutError else 5)]
    with pytest.raises(error) as caught:
        producer.send_many([*before, last, b"after"], 0.001)
    assert isinstance(caught.value, omni.NotAllSent)
    assert (caught.value.sent, consumer.receive_many(8)) == (len(before), before)
    assert producer.get_stats().failed_pushes == (error is TimeoutError)


def test_send_many_into_a_closed_channel(omni: ModuleType, channel: Any) -> None:
    """The iterable runs outside the handle, and may close it; what it raises itself passes unchanged."""
    producer, consumer = channel

    def messages() -> Iterator[bytes]:
        yield b"sent"
        consumer.close()
        yield b"not sent"

    with pytest.raises(omni.ChannelClosedError) as caught:
        producer.send_many(messages())
    assert isinstance(caught.value, omni.NotAllSent)
    assert caught.value.sent == 1
    with pytest.raises(ZeroDivisionError):
        producer.send_many(1 // 0 for _ in range(3))
    producer.send_many([])


def test_wait(omni: ModuleType, channel: Any) -> None:
    """It says what a push or pop would find, and neither takes, expires nor counts anything [WAI-1]."""
    producer, consumer = channel
    assert (producer.wait(), consumer.wait(0)) == (omni.PushResult.SUCCESS, omni.PopResult.TIMEOUT)
    producer.reserve(1)
    assert producer.wait(0 if omni.__name__ == "spec_model" else None) is omni.PushResult.TIMEOUT
    producer.rollback()
    producer.batch_push([b"message"] * 8)
    message = consumer.try_pop()[1]
    producer.try_push(b"message")
    assert (producer.wait(0), consumer.wait()) == (omni.PushResult.TIMEOUT, omni.PopResult.SUCCESS)
    assert message.tobytes() == b"message"
    assert (producer.get_stats().failed_pushes, consumer.get_stats().failed_pops) == (0, 0)
    consumer.close()
    assert (producer.wait(), consumer.wait()) == (omni.PushResult.CHANNEL_CLOSED, omni.PopResult.CHANNEL_CLOSED)


def test_reserve_waits(omni: ModuleType, channel: Any) -> None:
    """Up to its time, and not with a reservation outstanding [WAI-2, PSH-5]."""
    producer = channel.producer
    assert producer.reserve(1, timeout=0) is not None
    assert producer.reserve(1, 1e6) is None
    producer.rollback()
    producer.batch_push([b"full"] * 8)
    assert producer.reserve(1, 0.001) is None
    for timeout in (True, "1", float("nan"), -1):
        with pytest.raises((TypeError, ValueError)):
            producer.reserve(1, timeout)
        with pytest.raises((TypeError, ValueError)):
            producer.build(timeout=timeout)
    assert producer.get_stats().failed_pushes == 0


def test_a_message_equals_only_itself(omni: ModuleType, channel: Any) -> None:
    """Comparing it with bytes is False, and no error [MSG-6]."""
    channel.producer.batch_push([b"same"] * 2)
    _, (one, other) = channel.consumer.batch_pop(2)
    assert one == one
    assert one != other
    assert one != b"same"
    assert one.tobytes() == bytes(other) == b"same"


def test_the_last_reference_releases_the_view_of_the_region(omni: ModuleType, channel: Any) -> None:
    """A producer that ends so drops its reservation like one that is closed [LIF-1, RSV-6]."""
    producer = channel.producer.move()
    reservation = producer.reserve(4)
    view = reservation.data
    del producer
    gc.collect()
    for use in (lambda: view[0], lambda: reservation.data):
        with pytest.raises(ValueError):
            use()


def test_a_view_of_the_region_that_is_garbage_with_its_producer(fast: ModuleType) -> None:
    """The collector may clear either first: the view, or the producer whose end releases it."""
    for with_consumer in (False, True):
        producer, consumer = fast.open_channel(capacity=8, max_message_size=64)
        reservation = producer.reserve(3)
        cycle: list[Any] = [producer, reservation, reservation.data, consumer if with_consumer else None]
        cycle.append(cycle)
        del producer, reservation, cycle
        gc.collect()
        assert not consumer.is_connected() or with_consumer
        del consumer
        gc.collect()


def test_a_finaliser_that_closes_while_the_view_is_made(fast: ModuleType) -> None:
    """Whenever the collector runs it, no view that can be written outlives the close [RSV-6]."""

    class Closer:
        def __init__(self, producer: Any) -> None:
            self.me, self.producer = self, producer

        def __del__(self) -> None:
            self.producer.close()

    gc.collect()
    gc.disable()
    before = gc.get_threshold()
    try:
        for threshold in range(1, 12):
            producer, consumer = fast.open_channel(capacity=8, max_message_size=64)
            reservation = producer.reserve(8)
            gc.collect()
            Closer(producer)
            gc.set_threshold(threshold, 1000, 1000)
            gc.enable()
            try:
                view = reservation.data
            except ValueError:
                view = None
            gc.disable()
            if view is not None and not consumer.is_connected():
                with pytest.raises(ValueError):
                    view[0] = 1
            consumer.close()
    finally:
        gc.set_threshold(*before)
        gc.enable()


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="needs _testcapi")
def test_without_memory() -> None:
    """Whichever allocation fails, a channel is not left registered, and a reservation can be dropped [BRK-5, CON-6]."""
    pytest.importorskip("_testcapi")
    if fast_impl.binding == "cffi" and sys.version_info >= (3, 12):
        pytest.skip("from 3.12 on, Python code without memory crashes the interpreter by itself")
    program = """
import _testcapi
import fast_impl as omni

broker, answers, config = omni.MailboxBroker(), set(), omni.ChannelConfig(8, 64)
for n in range(60):
    answer = None
    try:
        _testcapi.set_nomemory(n, n + 1)
        answer = broker.request_channel("channel", config)
    finally:
        _testcapi.remove_mem_hooks()
    answers.add(answer[0].name)
    del answer
    assert not broker.has_channel("channel"), n
print(*sorted(answers))
for n in range(60):
    producer, consumer = omni.open_channel(capacity=8, max_message_size=64)
    try:
        _testcapi.set_nomemory(n, n + 1)
        producer.reserve(8)
    except MemoryError:
        pass
    finally:
        _testcapi.remove_mem_hooks()
    producer.rollback()
    assert producer.try_push(b"message"), n
"""
    done: subprocess.CompletedProcess[str] = run(program, OMNI_BINDING=fast_impl.binding)
    assert (done.returncode, done.stdout) == (0, "ALLOCATION_FAILED SUCCESS\n"), done.stderr
