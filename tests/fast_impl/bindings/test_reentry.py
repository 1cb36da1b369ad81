"""Python code that runs inside a call, or in a finaliser, and may end the handle."""

from __future__ import annotations

import gc
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from types import ModuleType
from typing import Any

import pytest

import fast_impl
from tests.workers import run_together

# ---- inside a call: iterables, exporters, conversions, other threads ----


@pytest.fixture
def channel(fast: ModuleType) -> Any:
    return fast.MailboxBroker().request_channel("reentry", fast.ChannelConfig(8, 64))[1]


def test_an_iterable_that_pushes_while_batch_push_iterates(fast: ModuleType, channel: Any) -> None:
    """The batch is gathered first, so the messages that the iterable sends come before it."""
    producer, consumer = channel

    def messages() -> Iterator[bytes]:
        for n in range(3):
            assert producer.try_push(b"inner %d" % n)
            yield b"outer %d" % n

    assert producer.batch_push(messages()) == 3
    received = [bytes(message) for message in consumer.batch_pop(8)[1]]
    assert received == [b"inner 0", b"inner 1", b"inner 2", b"outer 0", b"outer 1", b"outer 2"]


@pytest.mark.parametrize("end", ["close", "move"])
def test_an_iterable_that_ends_the_handle(fast: ModuleType, channel: Any, end: str) -> None:
    """The batch finds the handle inactive: nothing is sent."""
    producer, consumer = channel
    kept: list[Any] = []

    def messages() -> Iterator[bytes]:
        yield b"first"
        kept.append(getattr(producer, end)())
        yield b"second"

    assert producer.batch_push(messages()) == 0
    assert consumer.available_messages() == 0


class Exporter:
    """A bytes-like object in Python that runs a function when its buffer is requested."""

    def __init__(self, run: Callable[[], object], data: bytes = b"exported") -> None:
        self.run, self.data = run, data

    def __buffer__(self, flags: int) -> memoryview:
        self.run()
        return memoryview(self.data)


needs_buffers_in_python = pytest.mark.skipif(
    sys.version_info < (3, 12) or sys.implementation.name != "cpython", reason="no __buffer__ in Python here"
)


@needs_buffers_in_python
def test_an_exporter_that_empties_the_list(fast: ModuleType, channel: Any) -> None:
    """What the list has yielded is sent, even if it is emptied meanwhile; it yields no more then [PSH-6]."""
    producer, consumer = channel
    messages: list[Any] = [bytes([n]) * 40 for n in range(4)]
    messages.insert(2, Exporter(messages.clear))
    messages.insert(1, array("I", [1, 2]))
    assert producer.batch_push(messages) == 4
    received = [bytes(message) for message in consumer.batch_pop(8)[1]]
    assert received == [b"\0" * 40, array("I", [1, 2]).tobytes(), b"\1" * 40, b"exported"]


@needs_buffers_in_python
@pytest.mark.parametrize("end", ["close", "move"])
@pytest.mark.parametrize("call", ["try_push", "blocking_push", "send", "batch_push"])
def test_an_exporter_that_ends_the_handle(fast: ModuleType, channel: Any, call: str, end: str) -> None:
    """The push finds the handle inactive."""
    producer, consumer = channel
    kept: list[Any] = []  # else a handle that was moved to would end as well
    exporter = Exporter(lambda: kept.append(getattr(producer, end)()))
    if call == "send":
        with pytest.raises(fast.ChannelClosedError):
            producer.send(exporter)
    elif call == "batch_push":
        assert producer.batch_push([exporter]) == 0
    else:
        assert getattr(producer, call)(exporter) is fast.PushResult.CHANNEL_CLOSED
    assert consumer.available_messages() == 0


@needs_buffers_in_python
def test_an_exporter_that_uses_the_handle(fast: ModuleType, channel: Any) -> None:
    """The handle is not in use yet: the exporter's own message comes first."""
    producer, consumer = channel
    assert producer.try_push(Exporter(lambda: producer.try_push(b"inner"))) is fast.PushResult.SUCCESS
    assert [bytes(message) for message in consumer.batch_pop(8)[1]] == [b"inner", b"exported"]


class Seconds(float):
    """A timeout that runs a function when it is converted."""

    def __new__(cls, run: Callable[[], object]) -> Seconds:
        seconds = super().__new__(cls, 5.0)
        seconds.run = run
        return seconds

    run: Callable[[], object]

    def __float__(self) -> float:
        self.run()
        return 5.0


@pytest.mark.parametrize("end", ["close", "move"])
def test_a_timeout_that_ends_the_handle(fast: ModuleType, channel: Any, end: str) -> None:
    """The pop finds the handle inactive, and does not wait."""
    producer, consumer = channel
    producer.try_push(b"waits")
    kept: list[Any] = []
    timeout = Seconds(lambda: kept.append(getattr(consumer, end)()))
    assert consumer.blocking_pop(timeout) == (fast.PopResult.CHANNEL_CLOSED, None)


def test_messages_read_and_dropped_in_other_threads(fast: ModuleType) -> None:
    """Views taken in one thread, read in a second and dropped there keep their bytes, and hold back nothing then."""
    producer, consumer = fast.open_channel(capacity=8, max_message_size=64)
    views: SimpleQueue[Any] = SimpleQueue()
    count = 3000

    def send() -> None:
        with producer:
            for n in range(count):
                producer.send(b"%08d" % n * 4, 40)

    def take() -> None:
        n = 0
        while True:
            try:
                result, message = consumer.blocking_pop(40)
            except BufferError:
                time.sleep(0)  # the reader is behind
                continue
            if result is not fast.PopResult.SUCCESS:
                break
            views.put(message.data)
            n += 1
        assert n == count

    def read() -> None:
        for n in range(count):
            assert views.get(timeout=40) == b"%08d" % n * 4

    run_together(send, take, read)
    assert consumer.get_stats().messages_received == count


def test_close_while_another_thread_copies(fast: ModuleType) -> None:
    """Whenever a close from another thread comes, a large message is copied whole or not taken [LIF-8]."""
    size = 4 * 1024 * 1024
    data = bytes(range(256)) * (size // 256)
    whole = 0
    for _ in range(12):
        producer, consumer = fast.MailboxBroker().request_channel("large", fast.ChannelConfig(8, size))[1]

        def receive(consumer: Any = consumer) -> None:
            nonlocal whole
            try:
                received = consumer.receive(20)
            except fast.ChannelClosedError:
                return
            assert received == data
            whole += 1

        def end(producer: Any = producer, consumer: Any = consumer) -> None:
            producer.try_push(data)
            producer.close()
            consumer.close()

        run_together(receive, end)


# ---- in a finaliser: what is garbage together with objects that still use it ----


class Recorder:
    """Stands before the core, and notes the names of the calls."""

    def __init__(self, lib: Any) -> None:
        self._lib = lib
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._lib, name)
        if not name.startswith(("omni_", "slot_")) or name.endswith(("_pin", "_abandon")):
            return found

        def call(*arguments: Any) -> Any:
            self.calls.append(name)
            return found(*arguments)

        return call


class User:
    """Uses a broker and both handles in its finaliser."""

    def __init__(self, broker: Any, pair: Any, seen: list[Any]) -> None:
        self.broker, self.pair, self.seen = broker, pair, seen

    def __del__(self) -> None:
        self.seen.append(self.pair.producer.try_push(b"x"))
        self.seen.append(self.pair.consumer.try_pop()[0])
        self.seen.append(self.broker.get_stats().active_channels)
        self.pair.close()
        self.seen.append(self.broker.get_stats().active_channels)


def cycle_of_garbage(seen: list[Any]) -> list[Any]:
    """A broker, both ends of a channel and their user, each referring to all."""
    broker = fast_impl.MailboxBroker()
    _, pair = broker.request_channel("cycle", fast_impl.ChannelConfig(8, 64))
    cycle: list[Any] = [pair, User(broker, pair, seen), broker]
    cycle.append(cycle)
    return cycle


def test_finalisers_may_use_handles_that_are_garbage_too(fast: ModuleType) -> None:
    """A finaliser gets answers from a broker and handles of its own cycle, which the collector may have ended."""
    seen: list[Any] = []
    cycle = cycle_of_garbage(seen)
    del cycle
    gc.collect()
    assert seen in (
        [fast.PushResult.SUCCESS, fast.PopResult.SUCCESS, 1, 0],
        [fast.PushResult.CHANNEL_CLOSED, fast.PopResult.CHANNEL_CLOSED, 0, 0],
    )


@pytest.mark.skipif(fast_impl.binding != "cffi", reason="types in C are out of the collector's reach")
def test_the_core_is_not_asked_about_what_it_has_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the collector orders a cycle's finalisers, the core's objects are freed after all else."""
    from fast_impl.cffi import consumer, core, message, producer, registry

    lib = Recorder(core.lib)
    for module in (consumer, core, message, producer, registry):
        monkeypatch.setattr(module, "lib", lib)
    cycle = cycle_of_garbage([])
    gc.collect()
    lib.calls.clear()
    del cycle
    gc.collect()
    frees = [place for place, name in enumerate(lib.calls) if name.startswith("slot_free")]
    assert len(frees) == 3
    assert all(name.startswith("slot_") for name in lib.calls[frees[0] :])
    for side in ("producer", "consumer"):
        assert lib.calls.index(f"slot_close_{side}") < lib.calls.index(f"slot_free_{side}")
    assert {"omni_try_push", "omni_pop_begin", "omni_broker_get_stats"} <= set(lib.calls)
