"""Programs with the types that both checkers must find: `assert_type` says which; tried on the model too."""

from __future__ import annotations

import mmap
from array import array
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from select import POLLIN, poll
from typing import Any, assert_type

import fast_impl as omni


def pairs(broker: omni.MailboxBroker) -> None:
    """A pair unpacks into a producer and a consumer, and None is the only other answer."""
    error, channel = broker.request_channel("name", omni.ChannelConfig(capacity=8))
    assert_type(error, omni.ChannelError)
    if channel is None:
        raise RuntimeError(error.name)
    assert_type(channel, omni.ChannelPair)
    producer, consumer = channel
    assert_type(producer, omni.ProducerHandle)
    assert_type(consumer, omni.ConsumerHandle)
    assert_type(channel.producer, omni.ProducerHandle)
    channel.producer = producer.move()
    channel.consumer = consumer.move()
    with omni.open_channel("other", capacity=8, max_message_size=64, broker=broker) as pair, pair.producer as sending:
        assert_type(pair, omni.ChannelPair)
        assert_type(sending, omni.ProducerHandle)
        (assigned, _), last = pair, pair.consumer
        assert_type(assigned, omni.ProducerHandle)
        assert_type(last, omni.ConsumerHandle)
    assert_type(broker.shutdown(0.5), bool)
    assert_type(omni.MailboxBroker.instance(), omni.MailboxBroker)
    assert_type(omni.MailboxBroker(memory_limit=1 << 20).get_stats().active_channels, int)


def seen(broker: omni.MailboxBroker, channel: omni.ChannelPair) -> None:
    """What there is to look at."""
    assert_type(channel.producer.name + channel.consumer.name, str)
    assert_type(broker.channels(), list[omni.ChannelInfo])
    for info in broker.channels():
        assert_type(info.name, str)
        assert_type(info.config.capacity, int)
        assert_type(info.producer_open, bool)
        assert_type(info.consumer_sleeps, float | None)
        assert_type(info.producer.messages_sent, int)
        assert_type(info.consumer.messages_received, int)


def buffers(producer: omni.ProducerHandle, message: omni.Message, memory: mmap.mmap) -> None:
    """Whatever has the buffer protocol is a message."""
    producer.try_push(b"bytes")
    producer.try_push(bytearray(8))
    producer.blocking_push(memoryview(b"view"))
    producer.send(array("d", [1.0]))
    producer.send(memory)
    producer.send(message)
    producer.send(message.data, timeout=1)
    assert_type(producer.batch_push([b"a", bytearray(b"b")]), int)
    producer.send_many(bytes([n]) for n in range(9))


def timeouts(consumer: omni.ConsumerHandle) -> None:
    """Each kind of time."""
    for timeout in (None, 1, 0.5, Decimal("0.5"), Fraction(1, 2), timedelta(milliseconds=1)):
        assert_type(consumer.wait(timeout), omni.PopResult)


def many(producers: list[omni.ProducerHandle], consumers: dict[omni.ConsumerHandle, str]) -> None:
    """Of one kind of handle, that kind; of both, either."""
    assert_type(omni.wait_any(producers), list[omni.ProducerHandle])
    assert_type(omni.wait_any(consumers, timeout=0), list[omni.ConsumerHandle])
    either: list[omni.ProducerHandle | omni.ConsumerHandle] = [*producers, *consumers]
    assert_type(omni.wait_any(either), list[omni.ProducerHandle | omni.ConsumerHandle])


def results(producer: omni.ProducerHandle, consumer: omni.ConsumerHandle) -> None:
    """Comparing with None is enough to go on."""
    if not producer.try_push(b"x"):
        return
    result, message = consumer.try_pop()
    assert_type(result, omni.PopResult)
    if message is not None:
        assert_type(message, omni.Message)
        assert_type(message.tobytes() + bytes(message), bytes)
        assert_type(message.data[0], int)
        assert_type(len(message), int)
    answer = consumer.blocking_pop(timeout=1)
    if answer[1] is not None:
        assert_type(answer[1].data.readonly, bool)
    messages: list[omni.Message] = consumer.batch_pop(8)[1]
    result, batch = consumer.batch_pop_buffer(8, 0.1)
    if batch is not None:
        assert_type(batch.lengths[0], int)
        assert_type(memoryview(batch).nbytes, int)
    assert_type(consumer.receive(), bytes)
    assert_type(consumer.receive_many(max_count=len(messages)), list[bytes])
    payloads: Iterator[bytes] = iter(consumer)
    assert_type([len(payload) for payload in consumer], list[int])
    assert_type(next(payloads), bytes)
    assert_type(consumer.get_stats().messages_received, int)
    assert_type(consumer.get_config(), omni.ChannelConfig)
    match result:
        case omni.PopResult.SUCCESS | omni.PopResult.EMPTY:
            pass
        case omni.PopResult.TIMEOUT | omni.PopResult.CHANNEL_CLOSED:
            pass


async def coroutines(producer: omni.ProducerHandle, consumer: omni.ConsumerHandle) -> list[bytes]:
    """What is awaited is what the call gives that waits."""
    await producer.send_async(bytearray(8))
    await producer.send_async(memoryview(b"view"), timeout=timedelta(seconds=1))
    await producer.send_many_async([b"a", bytearray(b"b")])
    await producer.send_many_async((bytes([n]) for n in range(9)), 0.5)
    assert_type(await consumer.receive_async(), bytes)
    assert_type(await consumer.receive_async(1), bytes)
    assert_type(await consumer.receive_many_async(8), list[bytes])
    payloads: AsyncIterator[bytes] = aiter(consumer)
    assert_type(await anext(payloads), bytes)
    async for payload in consumer:
        assert_type(payload, bytes)
    return [payload async for payload in consumer]


def descriptors(producer: omni.ProducerHandle, consumer: omni.ConsumerHandle) -> None:
    """Whatever iterable of handles, also of one kind."""
    poller = poll()
    poller.register(consumer.fileno(), POLLIN)
    poller.register(producer)
    assert_type(producer.fileno(), int)
    assert_type(omni.wait_any({producer}, 0.5), list[omni.ProducerHandle])
    for handle in omni.wait_any((producer, consumer), timeout=timedelta(seconds=1)):
        if isinstance(handle, omni.ConsumerHandle):
            assert_type(handle.receive_many(8, timeout=0), list[bytes])
        else:
            assert_type(handle, omni.ProducerHandle)


def in_place(producer: omni.ProducerHandle) -> None:
    """A reservation can be None; a builder is flatbuffers', which has no types."""
    reservation = producer.reserve(8, timeout=timedelta(seconds=1))
    if reservation is not None:
        reservation.data[:8] = b"12345678"
        assert_type(reservation.capacity, int)
        assert_type(producer.commit(8), bool)
    with producer.build(64) as builder:
        assert_type(builder, Any)
        builder.Finish(builder.CreateString("text"))


class Sample:
    """As `flatc --python --python-typing` writes it."""

    @classmethod
    def GetRootAs(cls, buf: bytes, offset: int = 0) -> Sample:
        """The root."""
        return cls()

    def Value(self) -> float:
        """A field."""
        return 0.0


def tables(message: omni.Message) -> None:
    """The class that is asked for is the class of the answer."""
    if message.verify(Sample, file_identifier=b"SMPL"):
        assert_type(message.get_flatbuffer(Sample), Sample)
        assert_type(message.get_flatbuffer(Sample, size_prefixed=True).Value(), float)
    schema = omni.Schema.load("schema.bfbs").add(Sample, "Sample")
    assert_type(schema.verify(message, "Sample"), bool)
    assert_type(schema.root, str | None)


def ends(producer: omni.ProducerHandle, broker: omni.MailboxBroker | None) -> omni.ConsumerHandle:
    """`isinstance` tells which end a token named."""
    token = producer.detach()
    handle = omni.attach(token)
    assert_type(handle, omni.ProducerHandle | omni.ConsumerHandle)
    if isinstance(handle, omni.ProducerHandle):
        assert_type(handle.available_slots(), int)
        omni.close_detached(handle.detach())
        return omni.open_channel(broker=broker).consumer
    return handle


def errors(producer: omni.ProducerHandle) -> int:
    """What was caught has its attributes."""
    try:
        producer.send_many([b"x"])
    except omni.NotAllSent as error:
        return error.sent
    except omni.FlatBufferTooLarge as error:
        return error.needed - error.available
    except (omni.ChannelClosedError, TimeoutError):
        return 0
    return 1
