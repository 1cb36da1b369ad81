"""A target in Python: a `collections.deque` per channel, for one thread.

It takes the vocabulary, the statistics, the exceptions and the checks of arguments from `spec_model`, as any target in
Python may, and says in OMNI_NOT_PROVIDED what it lacks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from spec_model import (
    BrokerStats,
    ChannelConfig,
    ChannelError,
    ConsumerStats,
    MessageExpiredError,
    PopResult,
    ProducerStats,
    PushResult,
    arguments,
)

OMNI_NOT_PROVIDED = {
    "threads": "nothing is locked",
    "concurrent-use": "nothing is guarded",
    "signals": "nothing waits",
    "interruption": "a handler may come between any two lines",
    "conveniences": "left out",
    "memory-limit": "left out",
    "pins": "a pop takes no notice of exports",
    "bounded-memory": "each message is a bytes object of its own",
    "fork": "a child goes on with a copy",
}


class Side:
    """What is counted of one end, and whether it is open."""

    def __init__(self) -> None:
        self.open = True
        self.messages = self.bytes = self.failed = 0

    def count(self, size: int) -> None:
        """A message has gone through."""
        self.messages += 1
        self.bytes += size


class Channel:
    """What both handles share."""

    def __init__(self, broker: MailboxBroker, name: str, config: ChannelConfig) -> None:
        self.broker, self.name, self.config = broker, name, config
        self.producer, self.consumer = Side(), Side()
        self.waiting: deque[bytes] = deque()
        self.reserved: Reservation | None = None
        self.shut = False
        self.pops = 0


class Handle:
    """What both handles have; `_channel` is None when it was moved from."""

    def __init__(self, channel: Channel, own: str, peer: str) -> None:
        self._channel: Channel | None = channel
        self._own, self._peer = own, peer

    def _active(self) -> Channel | None:
        """The channel, where this end is open."""
        channel = self._channel
        return channel if channel is not None and getattr(channel, self._own).open else None

    def _side(self) -> Side:
        return Side() if self._channel is None else getattr(self._channel, self._own)

    def is_connected(self) -> bool:
        channel = self._active()
        return channel is not None and getattr(channel, self._peer).open and not channel.shut

    def get_config(self) -> ChannelConfig:
        return ChannelConfig(0, 0) if self._channel is None else self._channel.config

    def capacity(self) -> int:
        return self.get_config().capacity

    def max_message_size(self) -> int:
        return self.get_config().max_message_size

    def move(self) -> Any:
        moved = object.__new__(type(self))
        moved._channel, moved._own, moved._peer = self._channel, self._own, self._peer
        self._channel = None
        return moved

    def close(self) -> None:
        channel = self._active()
        if channel is not None:
            getattr(channel, self._own).open = False
            if self._own == "producer":
                drop(channel)
            if not getattr(channel, self._peer).open:
                del channel.broker._channels[channel.name]

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def __reduce_ex__(self, _: Any) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled")


class Reservation:
    """A region, until it is committed or dropped."""

    def __init__(self, size: int) -> None:
        self._region, self._views, self.capacity = bytearray(size), list[memoryview](), size
        self._ended = False

    @property
    def data(self) -> memoryview:
        if self._ended:
            raise ValueError("the reservation has ended")
        if not self._views:
            self._views.append(memoryview(self._region))
        return self._views[0]

    def _end(self) -> bytes:
        self._ended = True
        for view in self._views:
            view.release()
        return bytes(self._region)


def drop(channel: Channel) -> None:
    """End the reservation, if there is one."""
    if channel.reserved is not None:
        channel.reserved._end()
        channel.reserved = None


class ProducerHandle(Handle):
    """The sending end."""

    def _look(self) -> PushResult:
        channel = self._active()
        if channel is None or not channel.consumer.open or channel.shut:
            return PushResult.CHANNEL_CLOSED
        full = channel.reserved is not None or len(channel.waiting) >= channel.config.capacity
        return PushResult.QUEUE_FULL if full else PushResult.SUCCESS

    def _push(self, data: bytes) -> PushResult:
        channel = self._active()
        if channel is not None and not 0 < len(data) <= channel.config.max_message_size:
            return PushResult.INVALID_SIZE
        result = self._look()
        if channel is not None and result is PushResult.SUCCESS:
            self._publish(channel, data)
        return result

    def _publish(self, channel: Channel, data: bytes) -> None:
        channel.waiting.append(data)
        channel.producer.count(len(data))
        channel.broker._sent.count(len(data))

    def _counted(self, result: PushResult) -> PushResult:
        channel = self._active()
        if channel is not None and result in (PushResult.TIMEOUT, PushResult.CHANNEL_CLOSED):
            channel.producer.failed += 1
        return result

    def try_push(self, data: Any) -> PushResult:
        return self._counted(self._push(arguments.payload(data)))

    def blocking_push(self, data: Any, timeout: Any = None) -> PushResult:
        payload, _ = arguments.payload(data), arguments.seconds(timeout)
        result = self._push(payload)  # with one thread, waiting never helps
        return self._counted(PushResult.TIMEOUT if result is PushResult.QUEUE_FULL else result)

    def batch_push(self, messages: Iterable[Any]) -> int:
        pushed = 0
        for payload in arguments.payloads(messages):
            if self._push(payload) is not PushResult.SUCCESS:
                break
            pushed += 1
        return pushed

    def reserve(self, n: Any) -> Reservation | None:
        size, channel = arguments.count("n", n), self._active()
        if channel is None or not 0 < size <= channel.config.max_message_size or self._look() is not PushResult.SUCCESS:
            return None
        channel.reserved = Reservation(channel.config.max_message_size)
        return channel.reserved

    def commit(self, n: Any, offset: Any = 0) -> bool:
        size, start = arguments.count("n", n), arguments.count("offset", offset)
        channel = self._active()
        if channel is None or channel.reserved is None or size == 0 or start + size > channel.reserved.capacity:
            return False
        if not channel.consumer.open or channel.shut:
            drop(channel)
            return False
        region, channel.reserved = channel.reserved._end(), None
        self._publish(channel, region[start : start + size])
        return True

    def rollback(self) -> None:
        channel = self._active()
        if channel is not None:
            drop(channel)

    def available_slots(self) -> int:
        channel = self._active()
        return 0 if channel is None else channel.config.capacity - len(channel.waiting)

    def get_stats(self) -> ProducerStats:
        side = self._side()
        return ProducerStats(side.messages, side.bytes, side.failed)


class Message:
    """A popped message: readable until the next pop, or the close."""

    def __init__(self, channel: Channel, data: bytes) -> None:
        self._channel, self._pop, self._data = channel, channel.pops, data

    @property
    def data(self) -> memoryview:
        if self._pop != self._channel.pops or not self._channel.consumer.open:
            raise MessageExpiredError("the message has expired with a later pop, or with the close of its consumer")
        return memoryview(self._data)

    def __bytes__(self) -> bytes:
        return bytes(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def __buffer__(self, flags: int) -> memoryview:
        return self.data


class ConsumerHandle(Handle):
    """The receiving end."""

    def _pop(self, most: int, empty: PopResult) -> tuple[PopResult, list[Message]]:
        channel = self._active()
        if channel is None:
            return PopResult.CHANNEL_CLOSED, []
        channel.pops += 1
        if not channel.waiting:
            result = empty if channel.producer.open and not channel.shut else PopResult.CHANNEL_CLOSED
            channel.consumer.failed += result is not PopResult.EMPTY
            return result, []
        payloads = [channel.waiting.popleft() for _ in range(min(most, len(channel.waiting)))]
        for payload in payloads:
            channel.consumer.count(len(payload))
        return PopResult.SUCCESS, [Message(channel, payload) for payload in payloads]

    def _pop_one(self, empty: PopResult) -> tuple[PopResult, Message | None]:
        result, messages = self._pop(1, empty)
        return result, messages[0] if messages else None

    def try_pop(self) -> tuple[PopResult, Message | None]:
        return self._pop_one(PopResult.EMPTY)

    def blocking_pop(self, timeout: Any = None) -> tuple[PopResult, Message | None]:
        arguments.seconds(timeout)
        return self._pop_one(PopResult.TIMEOUT)

    def batch_pop(self, max_count: Any, timeout: Any = 0) -> tuple[PopResult, list[Message]]:
        most, limit = arguments.count("max_count", max_count), arguments.seconds(timeout)
        if most == 0:
            return PopResult.CHANNEL_CLOSED if self._active() is None else PopResult.EMPTY, []
        return self._pop(most, PopResult.EMPTY if limit == 0 else PopResult.TIMEOUT)

    def available_messages(self) -> int:
        channel = self._active()
        return 0 if channel is None else len(channel.waiting)

    def get_stats(self) -> ConsumerStats:
        side = self._side()
        return ConsumerStats(side.messages, side.bytes, side.failed)


class ChannelPair:
    """Both handles; assigning over one that is not the same ends it."""

    def __init__(self, producer: ProducerHandle, consumer: ConsumerHandle) -> None:
        self._producer, self._consumer = producer, consumer

    @property
    def producer(self) -> ProducerHandle:
        return self._producer

    @producer.setter
    def producer(self, handle: ProducerHandle) -> None:
        if not isinstance(handle, ProducerHandle):
            raise TypeError(f"a ProducerHandle is assigned here, not {type(handle).__name__}")
        if handle is not self._producer:
            self._producer.close()
        self._producer = handle

    @property
    def consumer(self) -> ConsumerHandle:
        return self._consumer

    @consumer.setter
    def consumer(self, handle: ConsumerHandle) -> None:
        if not isinstance(handle, ConsumerHandle):
            raise TypeError(f"a ConsumerHandle is assigned here, not {type(handle).__name__}")
        if handle is not self._consumer:
            self._consumer.close()
        self._consumer = handle

    def __iter__(self) -> Iterator[Any]:
        return iter((self._producer, self._consumer))

    def close(self) -> None:
        self._producer.close()
        self._consumer.close()

    def __enter__(self) -> ChannelPair:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    __reduce_ex__ = Handle.__reduce_ex__


class MailboxBroker:
    """A registry of channels by name."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._created, self._sent = 0, Side()

    @staticmethod
    def instance() -> MailboxBroker:
        return THE_ONE

    def request_channel(self, name: Any, config: Any = ChannelConfig()) -> tuple[ChannelError, ChannelPair | None]:
        key, normal = arguments.name(name), arguments.config(config).normalize()
        if not key:
            return ChannelError.INVALID_CONFIG, None
        if key in self._channels:
            return ChannelError.NAME_EXISTS, None
        channel = self._channels[key] = Channel(self, key, normal)
        self._created += 1
        producer, consumer = (channel, "producer", "consumer"), (channel, "consumer", "producer")
        return ChannelError.SUCCESS, ChannelPair(ProducerHandle(*producer), ConsumerHandle(*consumer))

    def has_channel(self, name: Any) -> bool:
        return arguments.name(name) in self._channels

    def remove_channel(self, name: Any) -> bool:
        arguments.name(name)
        return False  # one that has ended is not there any more

    def get_stats(self) -> BrokerStats:
        return BrokerStats(len(self._channels), self._created, self._sent.messages, self._sent.bytes)

    def shutdown(self, timeout: Any = None) -> bool:
        arguments.seconds(timeout)
        for channel in self._channels.values():
            channel.shut = True
        return not self._channels


THE_ONE = MailboxBroker()
