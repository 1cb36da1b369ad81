"""The registry of channels by name (§4)."""

from __future__ import annotations

from threading import Lock
from typing import SupportsIndex

from fast_impl._arguments import Timeout, as_config, as_memory_limit, as_name, as_nanoseconds
from fast_impl._binding import CHANNEL_ERRORS, blocking, ffi, lib
from fast_impl._consumer import ConsumerCore, ConsumerHandle
from fast_impl._handle import Uncopyable, owned
from fast_impl._pair import ChannelPair
from fast_impl._producer import ProducerCore, ProducerHandle
from spec_model.config import ChannelConfig
from spec_model.vocabulary import BrokerStats, ChannelError

_DEFAULT = ChannelConfig()


class MailboxBroker(Uncopyable):
    """Makes channels and knows them by name (§4). Any thread may call anything [BRK-12].

    `MailboxBroker()` is a registry of its own; `MailboxBroker.instance()` is the process's
    [BRK-1]. `memory_limit`, in bytes, bounds the sum of capacity x max_message_size over its
    channels; None is no limit [BRK-5].

    Raises TypeError or ValueError for a bad limit, MemoryError without memory.
    """

    __slots__ = ("__weakref__", "_broker")

    _instance: MailboxBroker | None = None
    _instance_lock = Lock()

    def __init__(self, *, memory_limit: SupportsIndex | None = None) -> None:
        broker = lib.omni_broker_new(as_memory_limit(memory_limit))
        if broker == ffi.NULL:
            raise MemoryError("no memory for a broker")
        self._broker = owned(broker, lib.omni_broker_free)

    @classmethod
    def instance(cls) -> MailboxBroker:
        """The process's broker, the same from every thread (§4.1) [BRK-1]."""
        with MailboxBroker._instance_lock:
            if MailboxBroker._instance is None:
                MailboxBroker._instance = MailboxBroker()
            return MailboxBroker._instance

    def request_channel(self, name: str, config: ChannelConfig = _DEFAULT) -> tuple[ChannelError, ChannelPair | None]:
        """Make and register a channel (§4.2) [BRK-2 to BRK-7].

        Raises TypeError where `name` is not a str or `config` not a ChannelConfig.
        """
        encoded, config = as_name(name), as_config(config)
        producer, consumer = ffi.new("omni_producer **"), ffi.new("omni_consumer **")
        code = lib.omni_request_channel(
            self._broker, encoded, len(encoded), config.capacity, config.max_message_size, producer, consumer
        )
        if code != lib.OMNI_CHANNEL_SUCCESS:
            return CHANNEL_ERRORS[code], None
        return ChannelError.SUCCESS, ChannelPair(
            ProducerHandle(ProducerCore(producer[0])), ConsumerHandle(ConsumerCore(consumer[0]))
        )

    def has_channel(self, name: str) -> bool:
        """Whether the name is registered now (§4.2) [BRK-10]. Raises TypeError where it is not a str."""
        encoded = as_name(name)
        return bool(lib.omni_has_channel(self._broker, encoded, len(encoded)))

    def remove_channel(self, name: str) -> bool:
        """False: a channel whose handles are gone is gone itself (§4.2) [BRK-9].

        Raises TypeError where `name` is not a str.
        """
        encoded = as_name(name)
        return bool(lib.omni_remove_channel(self._broker, encoded, len(encoded)))

    def get_stats(self) -> BrokerStats:
        """The broker's counters (§4.2) [BRK-11]."""
        stats = ffi.new("omni_broker_stats *")
        lib.omni_broker_get_stats(self._broker, stats)
        return BrokerStats(
            stats.active_channels,
            stats.total_channels_created,
            stats.total_messages_sent,
            stats.total_bytes_transferred,
        )

    def shutdown(self, timeout: Timeout = None) -> bool:
        """Close every channel registered now; wait up to `timeout` seconds for their handles to go (§4.2).

        Whether they went; the channels stay closed either way [SHD-1, SHD-2].
        Raises TypeError or ValueError for a bad timeout [ARG-2].
        """
        nanoseconds = as_nanoseconds(timeout)
        ticket = lib.omni_shutdown_begin(self._broker)
        return bool(blocking(lambda left: lib.omni_shutdown_wait(self._broker, ticket, left), nanoseconds))
