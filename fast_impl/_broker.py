"""The registry of channels by name (§4)."""

from __future__ import annotations

from threading import Lock
from typing import SupportsIndex

from fast_impl._arguments import Timeout, as_config, as_memory_limit, as_name, as_nanoseconds
from fast_impl._binding import Registry
from fast_impl._handle import Uncopyable
from fast_impl._pair import ChannelPair
from spec_model.config import ChannelConfig
from spec_model.vocabulary import BrokerStats, ChannelError

_DEFAULT = ChannelConfig()
_ERRORS = tuple(ChannelError)


class MailboxBroker(Uncopyable):
    """Makes channels and knows them by name (§4). Any thread may call anything [BRK-12].

    `MailboxBroker()` is a registry of its own; `MailboxBroker.instance()` is the process's
    [BRK-1]. `memory_limit`, in bytes, bounds the sum of capacity x max_message_size over its
    channels; None is no limit [BRK-5].

    Raises TypeError or ValueError for a bad limit, MemoryError without memory.
    """

    __slots__ = ("__weakref__", "_registry")

    _instance: MailboxBroker | None = None
    _instance_lock = Lock()

    def __init__(self, *, memory_limit: SupportsIndex | None = None) -> None:
        self._registry = Registry(as_memory_limit(memory_limit))

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
        code, producer, consumer = self._registry.request(encoded, config.capacity, config.max_message_size)
        if producer is None or consumer is None:
            return _ERRORS[code], None
        return ChannelError.SUCCESS, ChannelPair(producer, consumer)

    def has_channel(self, name: str) -> bool:
        """Whether the name is registered now (§4.2) [BRK-10]. Raises TypeError where it is not a str."""
        return self._registry.has(as_name(name))

    def remove_channel(self, name: str) -> bool:
        """False: a channel whose handles are gone is gone itself (§4.2) [BRK-9].

        Raises TypeError where `name` is not a str.
        """
        return self._registry.remove(as_name(name))

    def get_stats(self) -> BrokerStats:
        """The broker's counters (§4.2) [BRK-11]."""
        return BrokerStats(*self._registry.get_stats())

    def shutdown(self, timeout: Timeout = None) -> bool:
        """Close every channel registered now; wait up to `timeout` seconds for their handles to go (§4.2).

        Whether they went; the channels stay closed either way [SHD-1, SHD-2].
        Raises TypeError or ValueError for a bad timeout [ARG-2].
        """
        return self._registry.shutdown(as_nanoseconds(timeout))
