"""The handles release what they allocate: references, memory blocks, pins."""

from __future__ import annotations

import gc
import sys
import tracemalloc
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def channel(fast: ModuleType) -> Any:
    return fast.MailboxBroker().request_channel("memory", fast.ChannelConfig(16, 64))[1]


def _refused(call: Callable[[], object], error: type[Exception]) -> None:
    try:
        call()
    except error:
        return  # not pytest.raises, which keeps the traceback, and with it the messages of its frames
    raise AssertionError(f"no {error.__name__}")


def _everything(fast: ModuleType, channel: Any, data: Any) -> None:
    """Every call, in success, in failure and with bad arguments."""
    producer, consumer = channel
    producer.try_push(data)
    producer.try_push(data=bytearray(data))
    producer.batch_push([data, data])
    producer.batch_push(memoryview(data) for _ in range(2))
    producer.send(data, timeout=1.5)
    producer.blocking_push(data, 0)
    producer.reserve(n=1).data[0:1] = b"r"
    producer.rollback()
    view = producer.reserve(1).data[2:4]
    _refused(lambda: producer.commit(1), BufferError)
    view.release()
    producer.commit(1, offset=2)
    producer.batch_push([data] * 20)
    producer.blocking_push(data, 0.0001)
    _, message = consumer.try_pop()
    with message.data as view:
        bytes(view[1:2])
    bytes(message), len(message), repr(message)
    consumer.blocking_pop(timeout=3)[1].data.tobytes()
    _refused(lambda: bytes(message), fast.MessageExpiredError)
    _refused(lambda: message.data, fast.MessageExpiredError)
    bytes(consumer.batch_pop(2)[1][0])
    consumer.receive(None)
    batch = consumer.batch_pop_buffer(2)[1]
    bytes(batch.data), bytes(batch.offsets), bytes(batch.lengths)
    consumer.batch_pop(16)
    consumer.try_pop(), consumer.batch_pop(2), consumer.batch_pop(0), consumer.blocking_pop(0)
    _refused(lambda: consumer.receive(0), TimeoutError)
    _refused(lambda: producer.try_push("text"), TypeError)
    _refused(lambda: producer.try_push(memoryview(bytes(8))[::2]), BufferError)
    _refused(lambda: producer.batch_push([data, bytearray(3), None]), TypeError)
    _refused(lambda: producer.batch_push(5), TypeError)
    _refused(lambda: producer.send(b""), ValueError)
    _refused(lambda: producer.blocking_push(data, float("nan")), ValueError)
    _refused(lambda: producer.reserve(-1), ValueError)
    _refused(lambda: consumer.batch_pop(1.5), TypeError)
    _refused(lambda: consumer.batch_pop(), TypeError)
    _refused(lambda: consumer.blocking_pop(1, 2), TypeError)
    _refused(lambda: consumer.blocking_pop(limit=2), TypeError)
    producer.get_stats(), producer.get_config(), consumer.get_stats(), consumer.get_config()
    _, other = fast.MailboxBroker().request_channel("other", fast.ChannelConfig(8, 64))
    other.producer.batch_push([data] * 3)
    other.producer.reserve(1).data  # noqa: B018 - makes the view
    moved = other.consumer.move()
    held, iterator = moved.try_pop()[1].data, iter(moved)
    assert next(iterator) == data
    other.producer.close()
    assert list(iterator) == [data]
    moved.close()
    held.release()
    _, handed = fast.MailboxBroker().request_channel("handed", fast.ChannelConfig(8, 64))
    handed.producer.reserve(1)
    handed.producer.rollback()
    for end in handed:
        fast.attach(end.detach()).close()


def test_nothing_is_left_in_use(fast: ModuleType, channel: Any) -> None:
    """After many rounds of every call, successes and refusals, no more blocks and references are in use than before."""
    data = b"a message of more than a few bytes"
    watched = [data, None, fast.PushResult.SUCCESS, fast.PopResult.SUCCESS, fast.PopResult.EMPTY, channel.consumer]
    watched += [type(channel.producer), type(channel.consumer), fast.Message, fast.Reservation, fast.Batch]

    def counts() -> list[int]:
        gc.collect()
        return [*map(sys.getrefcount, watched), sys.getallocatedblocks()]

    grown = []
    for _ in range(4):
        before = counts()
        for _ in range(100):
            _everything(fast, channel, data)
        grown.append([after - first for first, after in zip(before, counts(), strict=True)])
    # What leaks grows each time; caches of the interpreter and of ours grow once.
    least = [min(column) for column in zip(*grown, strict=True)]
    assert max(least) < 50, grown


@pytest.mark.parametrize("call", ["try_push", "blocking_push", "batch_push"])
def test_a_push_allocates_nothing(fast: ModuleType, channel: Any, call: str) -> None:
    """A push in C allocates nothing from the interpreter [CON-7]."""
    if fast.binding != "c":
        pytest.skip("cffi allocates arguments")
    push, pop, data = getattr(channel.producer, call), channel.consumer.try_pop, b"x" * 64
    argument = [data] if call == "batch_push" else data
    push(argument), pop()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        push(argument)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - before < 64, "bytes that the push allocated, other than for the results of the questions about it"


def test_pops_reuse_answers_without_other_references(fast: ModuleType, channel: Any) -> None:
    """Later pops leave an answer that is still referenced unchanged, and reuse one that is not."""
    if fast.binding != "c":
        pytest.skip("in cffi every answer is new")
    producer, consumer = channel
    producer.batch_push([b"%d" % n for n in range(5)])
    held = consumer.try_pop()
    message = held[1]
    other = consumer.try_pop()
    assert other is not held and other[1] is not message
    assert (held[0], held[1], repr(message)) == (fast.PopResult.SUCCESS, message, "<Message 0 of 'memory', expired>")
    kept = other[1]
    where = id(other)
    del other
    third = consumer.try_pop()
    assert id(third) == where
    assert third[1] is not kept
    assert (repr(kept), bytes(third[1])) == ("<Message 1 of 'memory', expired>", b"2")


@pytest.mark.slow
def test_pins_are_released(fast: ModuleType, channel: Any) -> None:
    """After many views of many messages have come and gone, no pin is left to hold back a pop."""
    producer, consumer = channel
    for turn in range(50):
        producer.batch_push([b"%d" % n for n in range(16)])
        _, messages = consumer.batch_pop(16)
        views = [message.data for message in messages for _ in range(3)]
        slices = [view[0:1] for view in views[turn % 3 :: 3]]
        del views, messages
        producer.batch_push([b"y"] * 16)
        _refused(consumer.try_pop, BufferError)
        assert [bytes(piece) for piece in slices]
        del slices
        gc.collect()
        assert len(consumer.batch_pop(16)[1]) == 16


POPS: list[tuple[str, list[int]]] = [
    ("try_pop", []),
    ("blocking_pop", []),
    ("receive", []),
    ("__iter__", []),
    ("batch_pop", [1]),
    ("batch_pop_buffer", [1]),
    ("receive_many", [1]),
]


@pytest.mark.parametrize(("pop", "arguments"), POPS)
def test_every_pop_respects_views(fast: ModuleType, channel: Any, pop: str, arguments: list[int]) -> None:
    """No kind of pop takes a message where `capacity` earlier ones have a view; a view less, and it does [MSG-3]."""
    producer, consumer = channel
    producer.batch_push([b"viewed"] * 16)
    views = [message.data for message in consumer.batch_pop(16)[1]]
    producer.batch_push([b"other"] * 16)

    def call() -> Any:
        answer = getattr(consumer, pop)(*arguments)
        return next(answer) if pop == "__iter__" else answer

    _refused(call, BufferError)
    assert consumer.available_messages() == 16
    assert views == [b"viewed"] * 16
    views.pop().release()
    call()
    assert consumer.available_messages() == 15
    assert consumer.get_stats() == fast.ConsumerStats(17, 16 * 6 + 5, 0)


def test_one_view_is_kept_while_the_stream_goes_on(fast: ModuleType, channel: Any) -> None:
    """Only how many messages are held counts, not how old they are [MSG-3]."""
    producer, consumer = channel
    producer.try_push(b"viewed")
    view = consumer.try_pop()[1].data
    for n in range(200):
        producer.try_push(b"%d" % n)
        assert consumer.receive(0) == b"%d" % n
    assert view == b"viewed"


def test_a_handle_ends_with_its_last_reference(fast: ModuleType) -> None:
    """Its weak references die with it, and the channel's name becomes free [LIF-1]."""
    broker = fast.MailboxBroker()
    _, pair = broker.request_channel("last", fast.ChannelConfig(8, 64))
    producer, consumer = pair
    del pair
    ended: list[str] = []
    weakref.finalize(producer, ended.append, "producer")
    weakref.finalize(consumer, ended.append, "consumer")
    producer.try_push(b"message")
    view = consumer.try_pop()[1].data
    del producer
    gc.collect()
    assert ended == ["producer"]
    assert broker.has_channel("last")
    del consumer
    gc.collect()
    assert ended == ["producer", "consumer"]
    assert not broker.has_channel("last")
    assert view == b"message"
