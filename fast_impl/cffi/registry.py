"""A broker of the core, with names in bytes and times in nanoseconds; `_broker.MailboxBroker` is public (§4)."""

from __future__ import annotations

from typing import Any

from fast_impl import _interface
from fast_impl.cffi.consumer import ConsumerHandle
from fast_impl.cffi.core import NUMBER, clock, endpoint, ffi, kept, lib, wait
from fast_impl.cffi.producer import ProducerEndpoint, ProducerHandle

_BROKER, _STATS, _INFOS, _NAMES = map(
    ffi.typeof, ("omni_broker **", "omni_broker_stats *", "omni_channel_info[]", "char[]")
)
_PRODUCER = ffi.typeof("omni_producer *[2]"), ffi.typeof("omni_producer **")
_CONSUMER = ffi.typeof("omni_consumer *[2]"), ffi.typeof("omni_consumer **")


class Registry(_interface.Registry):
    __slots__ = ("_broker",)

    def __init__(self, memory_limit: int, shared: bool = False) -> None:  # cffi loads in one interpreter only
        slot = ffi.gc(ffi.new(_BROKER), lib.slot_free_broker)
        lib.slot_new_broker(slot, memory_limit)
        if slot[0] == ffi.NULL:
            raise MemoryError("no memory for a broker")
        self._broker = kept(slot[0], slot)

    def handles(self, logged: bool, /) -> tuple[ProducerHandle, ConsumerHandle]:
        return _handles(logged)

    def request(
        self, name: bytes, capacity: int, max_message_size: int, producer: ProducerHandle, consumer: ConsumerHandle
    ) -> int:
        (sender, _), (receiver, _) = producer._endpoint, consumer._endpoint
        code: int = lib.omni_request_channel(
            self._broker, name, len(name), capacity, max_message_size, sender.handle, receiver
        )
        return code

    def has(self, name: bytes, /) -> bool:
        return bool(lib.omni_has_channel(self._broker, name, len(name)))

    def remove(self, name: bytes, /) -> bool:
        return bool(lib.omni_remove_channel(self._broker, name, len(name)))

    def get_stats(self) -> tuple[int, int, int, int]:
        stats = ffi.new(_STATS)
        lib.omni_broker_get_stats(self._broker, stats)
        return (
            stats.active_channels,
            stats.total_channels_created,
            stats.total_messages_sent,
            stats.total_bytes_transferred,
        )

    def channels(self) -> list[tuple[Any, ...]] | None:
        if not hasattr(lib, "omni_broker_get_channels"):
            return None
        room, size, bytes_of_names = 9, ffi.new(NUMBER), 512
        while True:
            found, names = ffi.new(_INFOS, room), ffi.new(_NAMES, bytes_of_names)
            size[0] = bytes_of_names
            count = lib.omni_broker_get_channels(self._broker, found, room, names, size)
            if count <= room and size[0] <= bytes_of_names:
                break
            room, bytes_of_names = count + 8, size[0] + 512  # more may be requested meanwhile
        described: list[tuple[Any, ...]] = []
        end = 0
        for each in found[0:count]:
            begin, end = end, end + each.name_size
            sent, received = each.producer, each.consumer
            described.append((
                bytes(ffi.buffer(names + begin, each.name_size)), each.capacity, each.max_message_size, each.waiting,
                each.producer_open, each.consumer_open, each.shut, each.producer_sleeps, each.consumer_sleeps,
                sent.messages, sent.bytes, sent.failed, received.messages, received.bytes, received.failed,
            ))  # fmt: skip
        return described

    def shutdown(self, nanoseconds: int, /) -> int:
        generation = lib.omni_shutdown_begin(self._broker)
        return wait(lib.omni_shutdown_wait, [self._broker, None], clock(nanoseconds), generation)

    @classmethod
    def attach(cls, token: int, logged: bool, /) -> ProducerHandle | ConsumerHandle | None:
        producer, consumer = _handles(logged)
        sender, receiver = producer._endpoint[0].handle, consumer._endpoint[0]
        lib.omni_attach(token, sender, receiver)
        return producer if sender[0] else consumer if receiver[0] else None

    @classmethod
    def close_detached(cls, token: int, /) -> bool:
        return bool(lib.omni_close_detached(token) == 0)


def _handles(logged: bool) -> tuple[ProducerHandle, ConsumerHandle]:
    producer, token = endpoint("producer", logged, *_PRODUCER, lib.slot_close_producer, lib.slot_free_producer)
    consumer = endpoint("consumer", logged, *_CONSUMER, lib.slot_close_consumer, lib.slot_free_consumer)
    return ProducerHandle((ProducerEndpoint(producer), token)), ConsumerHandle(consumer)
