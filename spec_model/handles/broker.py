"""The broker, which makes channels and finds them by name (§4), and `open_channel`."""

from __future__ import annotations

import logging
from typing import SupportsIndex
from uuid import uuid4

from spec_model import arguments, registry, words
from spec_model.channel.lifecycle import close_consumer, close_producer
from spec_model.channel.value import Blocked
from spec_model.config import ChannelConfig
from spec_model.errors import ChannelNameError
from spec_model.handles.consumer import ConsumerHandle
from spec_model.handles.endpoint import ENDS, Endpoint, NonCopyable, Store, time_up
from spec_model.handles.message import MessageExports
from spec_model.handles.pair import ChannelPair
from spec_model.handles.producer import ProducerHandle
from spec_model.vocabulary import BrokerStats, ChannelError, ChannelInfo, Timeout

_DEFAULTS = ChannelConfig()
_LOGGER = logging.getLogger(f"{__name__.partition('.')[0]}.broker")


class MailboxBroker(NonCopyable):
    """Makes channels and knows them by name (§4.1).

    `MailboxBroker.instance()` is the process's own; `MailboxBroker()` is an isolated one,
    whose channels may need at most `memory_limit` bytes together, None for no limit [BRK-1, BRK-5].
    """

    def __init__(self, *, memory_limit: SupportsIndex | None = None) -> None:
        self._store = Store(registry.Registry(arguments.memory_limit(memory_limit)))

    @staticmethod
    def instance() -> MailboxBroker:
        """The process's own broker, always the same [BRK-1]."""
        return _INSTANCE

    def request_channel(self, name: str, config: ChannelConfig = _DEFAULTS) -> tuple[ChannelError, ChannelPair | None]:
        """Make a channel and register its name (§4.2) [BRK-2 to BRK-6]."""
        name, config = arguments.name(name), arguments.config(config)
        self._store.registry, error = registry.request_channel(self._store.registry, name, config)
        if error is not ChannelError.SUCCESS:
            _LOGGER.debug(words.REFUSED, name, error.name)
            return error, None
        granted = config.normalize()
        _LOGGER.debug(words.REQUESTED, name, granted.capacity, granted.max_message_size)
        producer = ProducerHandle._of(Endpoint(self._store, name, None, close_producer))
        consumer = ConsumerHandle._of(Endpoint(self._store, name, MessageExports(), close_consumer))
        return error, ChannelPair._of(producer, consumer)

    def has_channel(self, name: str) -> bool:
        """Whether the name is registered (§4.2) [BRK-10]."""
        return registry.has_channel(self._store.registry, arguments.name(name))

    def remove_channel(self, name: str) -> bool:
        """Take a channel without live handles out of the registry; always False here (§4.2) [BRK-9]."""
        name = arguments.name(name)
        self._store.registry, removed = registry.remove_channel(self._store.registry, name)
        return removed

    def get_stats(self) -> BrokerStats:
        """The counters of all channels ever made (§4.2) [BRK-11]."""
        return registry.get_stats(self._store.registry)

    def shutdown(self, timeout: Timeout = None) -> bool:
        """Close every channel at both ends and wait until their handles are closed (§4.2) [SHD-1 to SHD-3].

        In a sequential program nothing can close one meanwhile: instead of waiting it answers False at once, and
        raises WouldBlockForever where there is no timeout. The channels stay shut either way.
        """
        limit = arguments.seconds(timeout)
        channels = self.channels()
        _LOGGER.debug(words.SHUTDOWN, len(channels))
        for each in channels:
            ENDS.debug(words.SHUT, each.name)
        self._store.registry, result = registry.shutdown(self._store.registry)
        if isinstance(result, Blocked):
            time_up("shutdown", result, limit)
            result = False
        _LOGGER.debug(words.SHUTDOWN_ENDED, result)
        return result

    def channels(self) -> list[ChannelInfo]:
        """How each registered channel stands now, in the order of their requests [OBS-2]."""
        return registry.channels(self._store.registry)

    def __repr__(self) -> str:
        found = self._store.registry
        return words.broker(len(found.channels), found.memory, found.memory_limit)


_INSTANCE = MailboxBroker()


def open_channel(
    name: str | None = None,
    *,
    capacity: int = 1024,
    max_message_size: int = 4096,
    broker: MailboxBroker | None = None,
) -> ChannelPair:
    """Make a channel, with a unique name where none is given, in `broker` or the process's own.

    Raises ChannelNameError for a name that is registered, ValueError for the empty name,
    MemoryError where memory cannot be had.
    """
    if broker is not None and not isinstance(broker, MailboxBroker):
        raise TypeError(f"broker must be a MailboxBroker or None, not {type(broker).__name__}")
    name = f"channel-{uuid4()}" if name is None else name
    config = ChannelConfig(capacity, max_message_size)
    broker = MailboxBroker.instance() if broker is None else broker
    error, pair = broker.request_channel(name, config)
    if error is ChannelError.NAME_EXISTS:
        raise ChannelNameError(words.name_exists(name))
    if error is ChannelError.INVALID_CONFIG:
        raise ValueError("a channel's name must not be empty")
    if pair is None:
        found = broker._store.registry
        raise words.no_memory(config, found.memory, found.memory_limit)
    return pair
