"""Programs that both checkers must reject: at each `expect` with mypy's code and pyright's rule, and nowhere else."""

from __future__ import annotations

import fast_impl as omni


def names(broker: omni.MailboxBroker, channel: omni.ChannelPair) -> None:
    """What there is not."""
    omni.request_channel("name")  # expect: attr-defined reportAttributeAccessIssue
    broker.open_channel("name")  # expect: attr-defined reportAttributeAccessIssue
    channel.producer.receive()  # expect: attr-defined reportAttributeAccessIssue
    channel.consumer.send(b"x")  # expect: attr-defined reportAttributeAccessIssue
    omni.PopResult.QUEUE_FULL  # expect: attr-defined reportAttributeAccessIssue


def pairs(channel: omni.ChannelPair) -> None:
    """Two, in that order."""
    producer, consumer, other = channel  # expect: misc reportAssignmentType
    consumer, producer = channel
    producer.send(b"x")  # expect: attr-defined reportAttributeAccessIssue
    channel.producer = channel.consumer  # expect: assignment reportAttributeAccessIssue
    channel.consumer = None  # expect: assignment reportAttributeAccessIssue


def nothing(broker: omni.MailboxBroker, producer: omni.ProducerHandle, consumer: omni.ConsumerHandle) -> None:
    """What may be None."""
    error, channel = broker.request_channel("name")
    sender, receiver = channel  # expect: misc reportGeneralTypeIssues
    channel.close()  # expect: union-attr reportOptionalMemberAccess
    result, message = consumer.try_pop()
    message.tobytes()  # expect: union-attr reportOptionalMemberAccess
    result, batch = consumer.batch_pop_buffer(8)
    batch.data  # expect: union-attr reportOptionalMemberAccess
    producer.reserve(8).data  # expect: union-attr reportOptionalMemberAccess


def arguments(producer: omni.ProducerHandle, consumer: omni.ConsumerHandle, broker: omni.MailboxBroker) -> None:
    """What a call takes."""
    producer.try_push("text")  # expect: arg-type reportArgumentType
    producer.try_push(8)  # expect: arg-type reportArgumentType
    producer.try_push(None)  # expect: arg-type reportArgumentType
    producer.batch_push(["text"])  # expect: list-item reportArgumentType
    producer.send_many(3)  # expect: arg-type reportArgumentType
    producer.try_push(b"x", timeout=1)  # expect: call-arg reportCallIssue
    producer.send(b"x", timeout="1")  # expect: arg-type reportArgumentType
    producer.reserve(8.0)  # expect: arg-type reportArgumentType
    producer.commit()  # expect: call-arg reportCallIssue
    producer.build("64")  # expect: arg-type reportArgumentType
    consumer.batch_pop()  # expect: call-arg reportCallIssue
    consumer.batch_pop("8")  # expect: arg-type reportArgumentType
    consumer.batch_pop(size=8)  # expect: call-arg reportCallIssue
    consumer.wait(b"1")  # expect: arg-type reportArgumentType
    broker.request_channel(b"name")  # expect: arg-type reportArgumentType
    broker.request_channel("name", 8)  # expect: arg-type reportArgumentType
    broker.shutdown("1")  # expect: arg-type reportArgumentType
    omni.open_channel("name", 8)  # expect: call-arg reportCallIssue
    omni.open_channel(size=8)  # expect: call-arg reportCallIssue
    omni.MailboxBroker(1 << 20)  # expect: call-arg reportCallIssue
    omni.ChannelConfig(capacity="8")  # expect: arg-type reportArgumentType
    omni.attach("token")  # expect: arg-type reportArgumentType


async def coroutines(producer: omni.ProducerHandle, consumer: omni.ConsumerHandle) -> None:
    """What is awaited, and what it gives."""
    producer.send_async(b"x")  # expect: unused-coroutine reportUnusedCoroutine
    consumer.receive_async() + b"x"  # expect: operator reportOperatorIssue
    await producer.send_async("text")  # expect: arg-type reportArgumentType
    await producer.send_async(b"x", timeout="1")  # expect: arg-type reportArgumentType
    await producer.send_many_async(b"text")  # expect: arg-type reportArgumentType
    await producer.send_many_async(["text"])  # expect: list-item reportArgumentType
    await producer.receive_async()  # expect: attr-defined reportAttributeAccessIssue
    await consumer.receive_many_async()  # expect: call-arg reportCallIssue
    await consumer.receive(1)  # expect: misc reportGeneralTypeIssues
    text: str = await consumer.receive_async()  # expect: assignment reportAssignmentType
    payloads: list[str] = await consumer.receive_many_async(8)  # expect: assignment reportAssignmentType
    async for number in consumer:
        number + 1  # expect: operator reportOperatorIssue
    async for _ in producer:  # expect: attr-defined reportGeneralTypeIssues
        pass


def descriptors(producer: omni.ProducerHandle, consumer: omni.ConsumerHandle, channel: omni.ChannelPair) -> None:
    """What can be waited for, and what is found."""
    omni.wait_any(consumer)  # expect: type-var reportArgumentType
    omni.wait_any([consumer.fileno()])  # expect: type-var reportArgumentType
    omni.wait_any([channel])  # expect: type-var reportArgumentType
    omni.wait_any([consumer], timeout="1")  # expect: arg-type reportArgumentType
    found: list[omni.ProducerHandle] = omni.wait_any([consumer])  # expect: list-item reportAssignmentType
    name: bytes = consumer.fileno()  # expect: assignment reportAssignmentType


def seen(broker: omni.MailboxBroker, producer: omni.ProducerHandle) -> None:
    """What there is to look at."""
    producer.name()  # expect: operator reportCallIssue
    producer.name = "other"  # expect: misc reportAttributeAccessIssue
    for info in broker.channels():
        info.producer.messages_received  # expect: attr-defined reportAttributeAccessIssue
        info.producer_sleeps + 1  # expect: operator reportOptionalOperand
        info.waiting = 0  # expect: misc reportAttributeAccessIssue


def results(producer: omni.ProducerHandle, consumer: omni.ConsumerHandle) -> None:
    """What a call gives."""
    sent: bool = producer.try_push(b"x")  # expect: assignment reportAssignmentType
    payload: bytes = consumer.try_pop()  # expect: assignment reportAssignmentType
    text: str = consumer.receive()  # expect: assignment reportAssignmentType
    messages: list[bytes] = consumer.batch_pop(8)[1]  # expect: assignment reportAssignmentType
    for number in consumer:
        number + 1  # expect: operator reportOperatorIssue
    omni.ChannelConfig().capacity = 8  # expect: misc reportAttributeAccessIssue
    producer.get_stats().messages_sent = 0  # expect: misc reportAttributeAccessIssue


class Sample:
    """No class that flatc generated."""


def tables(message: omni.Message) -> None:
    """What can be read."""
    message.get_flatbuffer(Sample)  # expect: type-var reportArgumentType
    message.verify(Sample)  # expect: arg-type reportArgumentType
    message.verify("Sample")  # expect: arg-type reportArgumentType
    message.data = b""  # expect: assignment misc reportAttributeAccessIssue


class Wider(omni.MailboxBroker):
    """What a subclass may change."""

    def has_channel(self, name: int) -> bool:  # expect: override reportIncompatibleMethodOverride
        return False
