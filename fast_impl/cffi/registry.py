"""A broker of the core, with names in bytes and times in nanoseconds; `_broker.MailboxBroker` is public (§4)."""

from __future__ import annotations

from fast_impl.cffi.consumer import ConsumerEndpoint, ConsumerHandle
from fast_impl.cffi.core import blocking, ffi, lib, owned
from fast_impl.cffi.producer import ProducerEndpoint, ProducerHandle


class Registry:
    """Makes channels and knows them by name; MemoryError without memory."""

    __slots__ = ("_broker",)

    def __init__(self, memory_limit: int) -> None:
        broker = lib.omni_broker_new(memory_limit)
        if broker == ffi.NULL:
            raise MemoryError("no memory for a broker")
        self._broker = owned(broker, lib.omni_broker_free)

    def request(
        self, name: bytes, capacity: int, max_message_size: int
    ) -> tuple[int, ProducerHandle | None, ConsumerHandle | None]:
        """The code of a ChannelError, and the handles where it is that of SUCCESS."""
        producer, consumer = ffi.new("omni_producer **"), ffi.new("omni_consumer **")
        code = lib.omni_request_channel(self._broker, name, len(name), capacity, max_message_size, producer, consumer)
        if code != lib.OMNI_CHANNEL_SUCCESS:
            return code, None, None
        return code, ProducerHandle(ProducerEndpoint(producer[0])), ConsumerHandle(ConsumerEndpoint(consumer[0]))

    def has(self, name: bytes) -> bool:
        """Whether the name is registered."""
        return bool(lib.omni_has_channel(self._broker, name, len(name)))

    def remove(self, name: bytes) -> bool:
        """Whether there was something to remove."""
        return bool(lib.omni_remove_channel(self._broker, name, len(name)))

    def get_stats(self) -> tuple[int, int, int, int]:
        """The fields of BrokerStats."""
        stats = ffi.new("omni_broker_stats *")
        lib.omni_broker_get_stats(self._broker, stats)
        return (
            stats.active_channels,
            stats.total_channels_created,
            stats.total_messages_sent,
            stats.total_bytes_transferred,
        )

    def shutdown(self, nanoseconds: int) -> bool:
        """Close every channel; whether their handles went in time."""
        generation = lib.omni_shutdown_begin(self._broker)
        return bool(blocking(lambda left: lib.omni_shutdown_wait(self._broker, generation, left), nanoseconds))
