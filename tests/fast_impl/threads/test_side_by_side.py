"""Threads inside the same handles at once: without a GIL they really are, and nothing but the guard comes between them.

Each message comes out once, or its call says that somebody else was inside [CON-2]. With a GIL the tests are weaker.
"""

from __future__ import annotations

import contextlib
import ctypes
import random
import sys
import sysconfig
import threading
from collections.abc import Callable
from typing import Any

import pytest

import fast_impl as omni

REFUSED = (omni.ConcurrentUseError, BufferError, TimeoutError)
BUSY = 2_000
"""Calls of each thread."""


def at_once(*bodies: Callable[[], Any]) -> None:
    """Run each in a thread of its own, all starting together; raises what one of them raised."""
    errors: list[BaseException] = []
    start = threading.Barrier(len(bodies))

    def run(body: Callable[[], Any]) -> None:
        start.wait()
        try:
            body()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python has a GIL")
def test_the_import_leaves_the_gil_off() -> None:
    """[CON-9]"""
    assert not getattr(sys, "_is_gil_enabled")()  # noqa: B009 (mypy knows it of some versions only)


class Sender:
    """Sends its own numbers, in order, by whatever call; a refused call has sent nothing, or `sent` says how many."""

    def __init__(self, producer: omni.ProducerHandle, which: int) -> None:
        self.producer, self.which, self.next, self.random = producer, which, 0, random.Random(which)

    def payloads(self, count: int) -> list[bytes]:
        return [(self.which << 32 | self.next + n).to_bytes(8, "little") for n in range(count)]

    def __call__(self) -> None:
        calls = (self.push, self.send, self.batch, self.reserve)
        for _ in range(BUSY):
            with contextlib.suppress(REFUSED):
                self.next += self.random.choice(calls)()

    def push(self) -> int:
        return int(self.producer.try_push(*self.payloads(1)) is omni.PushResult.SUCCESS)

    def send(self) -> int:
        self.producer.send(*self.payloads(1), timeout=0.01)
        return 1

    def batch(self) -> int:
        return self.producer.batch_push(self.payloads(5))

    def reserve(self) -> int:
        """Another thread may end this one's reservation: only a refusal shows that the payload was not sent."""
        reservation = self.producer.reserve(8)
        if reservation is not None:
            del reservation
            self.producer.rollback()
        return 0


class Receiver:
    """Takes messages by whatever call, until all are drained; None for one that had expired before it was read."""

    def __init__(self, consumer: omni.ConsumerHandle, which: int) -> None:
        self.consumer, self.random = consumer, random.Random(which)
        self.got: list[bytes | None] = []

    def __call__(self) -> None:
        calls = (self.pop, self.receive, self.many, self.batch, self.buffer)
        while True:
            try:
                self.random.choice(calls)()
            except omni.ChannelClosedError:
                return
            except REFUSED:
                pass

    def read(self, message: Any) -> None:
        try:
            self.got.append(bytes(message) if self.random.random() < 0.5 else bytes(message.data))
        except omni.MessageExpiredError:
            self.got.append(None)

    def pop(self) -> None:
        _, message = self.consumer.try_pop()
        if message is not None:
            self.read(message)

    def receive(self) -> None:
        self.got.append(self.consumer.receive(0.001))

    def many(self) -> None:
        self.got += self.consumer.receive_many(5, 0.001)

    def batch(self) -> None:
        for message in self.consumer.batch_pop(5, 0.001)[1]:
            self.read(message)

    def buffer(self) -> None:
        _, batch = self.consumer.batch_pop_buffer(5, 0.001)
        if batch is not None:
            try:
                data = batch.data
            except omni.MessageExpiredError:
                self.got += [None] * len(batch)
            else:
                self.got += [bytes(data[at : at + size]) for at, size in zip(batch.offsets, batch.lengths, strict=True)]


@pytest.mark.parametrize(("senders", "receivers"), [(1, 1), (1, 3), (3, 1), (3, 3)])
def test_each_message_comes_once(senders: int, receivers: int) -> None:
    """Whoever is inside with whom: none is lost, none handed out twice, and each thread sees each sender's in order."""
    with omni.open_channel(capacity=64, max_message_size=64) as (producer, consumer):
        sending = [Sender(producer, which) for which in range(senders)]
        taking = [Receiver(consumer, which) for which in range(receivers)]
        left = threading.Barrier(senders, action=producer.close)
        at_once(*[lambda each=each: (each(), left.wait()) for each in sending], *taking)  # type: ignore[misc]
        sent = sum(each.next for each in sending)
        assert producer.get_stats().messages_sent == sent == consumer.get_stats().messages_received
    assert sum(len(each.got) for each in taking) == sent
    known = [payload for each in taking for payload in each.got if payload is not None]
    assert len(set(known)) == len(known)
    assert set(known) <= {(each.which << 32 | n).to_bytes(8, "little") for each in sending for n in range(each.next)}
    for each in taking:
        for sender in sending:
            numbers = [int.from_bytes(payload, "little") for payload in each.got if payload is not None]
            numbers = [number for number in numbers if number >> 32 == sender.which]
            assert numbers == sorted(numbers)


def test_channels_that_have_nothing_in_common() -> None:
    """What is kept to be used again is no other thread's: each thread has a channel, and reads its own messages."""

    def run(which: int) -> None:
        payloads = [b"%d" % which] * 50
        with omni.open_channel(capacity=64, max_message_size=64) as (producer, consumer):
            for _ in range(400):
                assert producer.batch_push(payloads) == 50
                result, messages = consumer.batch_pop(50)
                assert result is omni.PopResult.SUCCESS
                assert [bytes(message) for message in messages] == payloads
                assert producer.try_push(b"%d" % which) and consumer.receive(0) == b"%d" % which

    at_once(*[lambda which=which: run(which) for which in range(4)])  # type: ignore[misc]


def test_one_message_many_views() -> None:
    """Threads take and drop views of the same message and of the same region; the last one's end frees it [MSG-3]."""
    with omni.open_channel(capacity=8, max_message_size=64) as (producer, consumer):
        for number in range(20):
            payload = b"%d" % number
            reservation = producer.reserve(8)
            assert reservation is not None
            # Over cffi it is no buffer itself
            source = reservation if omni.binding == "c" else reservation.data

            def write(region: Any = source) -> None:
                for _ in range(1000):
                    with contextlib.suppress(omni.ConcurrentUseError):
                        memoryview(region)[0] = 48

            at_once(write, write, write)
            del source, write
            reservation.data[: len(payload)] = payload
            assert producer.commit(len(payload))
            _, message = consumer.try_pop()
            assert message is not None

            def read(message: Any = message, payload: bytes = payload) -> None:
                for _ in range(2000):
                    (memoryview(message) if omni.binding == "c" else message.data).release()
                assert message.data == payload == bytes(message)

            at_once(read, read, read)
        for _ in range(20):
            assert producer.try_push(b"x") and consumer.receive(0) == b"x"


def test_a_list_that_changes_while_it_is_sent() -> None:
    """Elements are whole, whatever another thread does to the list: each that came was in it."""
    with omni.open_channel(capacity=1024, max_message_size=64) as (producer, consumer):
        shared: list[Any] = []
        over = threading.Event()

        def change() -> None:
            while not over.is_set():
                shared[:] = [b"%d" % number for number in range(100)]
                del shared[50:]
                shared.clear()

        def send() -> None:
            for turn in range(500):
                producer.send_many(shared) if turn % 2 else producer.batch_push(shared)
                while consumer.available_messages():
                    for payload in consumer.receive_many(1024, 0):
                        assert 0 <= int(payload) < 100
            over.set()

        def ends() -> None:
            try:
                send()
            finally:
                over.set()

        at_once(change, ends)


def test_handles_move_and_end_beside_every_call() -> None:
    """Moves, detaches and closes beside pushes, pops and native calls: no crash, and every channel ends.

    Where a thread has a native handle, no other detaches the end from under it.
    """
    broker = omni.MailboxBroker()
    known = omni.native.functions()
    prototype = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)
    capacities = [prototype(known[f"omni_{side}_capacity"]) for side in ("producer", "consumer")]

    def tries(body: Callable[[], Any], times: int) -> Callable[[], None]:
        def run() -> None:
            for _ in range(times):
                try:
                    body()
                except (*REFUSED, omni.MessageExpiredError, ValueError):
                    pass

        return run

    for round in range(60):
        handles: list[Any] = list(omni.open_channel(f"{round}", capacity=8, max_message_size=64, broker=broker))

        def move(side: int, handles: list[Any] = handles) -> None:
            handles[side] = handles[side].move()

        def detach(side: int, handles: list[Any] = handles) -> None:
            handles[side] = omni.attach(handles[side].detach())

        def call(side: int, handles: list[Any] = handles) -> None:
            native = handles[side].native_handle
            assert capacities[side](native) == 8

        def pop(handles: list[Any] = handles, kept: list[Any] = []) -> None:  # noqa: B006
            kept[:] = kept[-3:]
            kept.extend(message.data for message in handles[1].batch_pop(2)[1])

        def end(side: int = round % 2, handles: list[Any] = handles) -> None:
            if handles[side].get_stats()[0] > 2:
                handles[side].close()

        at_once(
            *(tries(lambda side=side: move(side), 20) for side in (0, 1)),  # type: ignore[misc]
            *(tries(lambda side=side: detach(side), 20) for side in (0, 1)),  # type: ignore[misc]
            *(tries(lambda side=side: call(side), 20) for side in (0, 1)),  # type: ignore[misc]
            tries(lambda handles=handles: handles[0].try_push(b"x" * 50), 50),  # type: ignore[misc]
            tries(pop, 50),
            tries(end, 20),
        )
        for handle in handles:
            handle.close()
        del handle, handles
    assert broker.shutdown(0) is True
    assert broker.get_stats().active_channels == 0
