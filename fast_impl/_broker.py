"""Channels and the registry of them by name: MailboxBroker, ChannelPair, open_channel (§2.2, §4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, NoReturn, Self, SupportsIndex
from uuid import uuid4

from fast_impl._binding import ConsumerHandle, ProducerHandle, Registry
from fast_impl._common import CONCURRENT_USE, as_config, as_count, as_memory_limit, as_name, as_nanoseconds
from fast_impl._interface import Closable, NonCopyable
from spec_model.config import ChannelConfig
from spec_model.errors import ChannelNameError, ConcurrentUseError
from spec_model.vocabulary import BrokerStats, ChannelError, Timeout

_DEFAULT = ChannelConfig()
_ERRORS = tuple(ChannelError)
_NO_MEMORY = ChannelError.ALLOCATION_FAILED, None

if TYPE_CHECKING:  # so that a checker takes each name that a pair unpacks into for its handle

    class _Two(tuple[ProducerHandle, ConsumerHandle]):
        def __new__(cls, producer: ProducerHandle, consumer: ConsumerHandle) -> Self: ...
else:
    _Two = NonCopyable


class ChannelPair(Closable, _Two):
    """A producer and a consumer; unpacks into the two (§2.2).

    Assigning a member ends the handle that was there [LIF-6]; TypeError for anything but a handle.
    """

    __slots__ = ("__weakref__", "_consumer", "_producer")

    def __init__(self, producer: ProducerHandle, consumer: ConsumerHandle) -> None:
        self._producer = producer
        self._consumer = consumer

    @property
    def producer(self) -> ProducerHandle:
        """The producer handle."""
        return self._producer

    @producer.setter
    def producer(self, handle: ProducerHandle) -> None:
        if not isinstance(handle, ProducerHandle):
            raise TypeError(f"producer must be a ProducerHandle, not {type(handle).__name__}")
        if handle is not self._producer:
            self._producer.close()
        self._producer = handle

    @property
    def consumer(self) -> ConsumerHandle:
        """The consumer handle."""
        return self._consumer

    @consumer.setter
    def consumer(self, handle: ConsumerHandle) -> None:
        if not isinstance(handle, ConsumerHandle):
            raise TypeError(f"consumer must be a ConsumerHandle, not {type(handle).__name__}")
        if handle is not self._consumer:
            self._consumer.close()
        self._consumer = handle

    def __iter__(self) -> Iterator[ProducerHandle | ConsumerHandle]:
        yield self._producer
        yield self._consumer

    def close(self) -> None:
        """End both, the producer first."""
        self._producer.close()
        self._consumer.close()


class MailboxBroker(NonCopyable):
    """Makes channels and knows them by name (§4). Any thread may call anything [BRK-12].

    `MailboxBroker()` is a registry of its own; `MailboxBroker.instance()` is the process's
    [BRK-1]. `memory_limit`, in bytes, bounds the sum of capacity x max_message_size over its
    channels; None is no limit [BRK-5].

    Raises TypeError or ValueError for a bad limit, MemoryError without memory.
    """

    __slots__ = ("__weakref__", "_registry")

    _instance: ClassVar[dict[str, MailboxBroker]] = {}

    def __init__(self, *, memory_limit: SupportsIndex | None = None) -> None:
        self._registry = Registry(as_memory_limit(memory_limit))

    @classmethod
    def instance(cls) -> MailboxBroker:
        """The process's broker, the same from every thread and interpreter (§4.1) [BRK-1]."""
        found = MailboxBroker._instance.get("")
        if found is None:
            broker = MailboxBroker.__new__(MailboxBroker)
            broker._registry = Registry(as_memory_limit(None), True)
            found = MailboxBroker._instance.setdefault("", broker)  # no lock, which a fork could copy as held [LIF-9]
        return found

    def request_channel(self, name: str, config: ChannelConfig = _DEFAULT) -> tuple[ChannelError, ChannelPair | None]:
        """Make and register a channel (§4.2) [BRK-2 to BRK-7].

        Raises TypeError where `name` is not a str or `config` not a ChannelConfig.
        """
        try:
            encoded, config = as_name(name), as_config(config)
            producer, consumer = self._registry.handles()
            answer = ChannelError.SUCCESS, ChannelPair(producer, consumer)  # made before: then nothing can fail [BRK-5]
            code = self._registry.request(encoded, config.capacity, config.max_message_size, producer, consumer)
        except MemoryError:
            return _NO_MEMORY
        return answer if code == 0 else (_ERRORS[code], None)

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
        code = self._registry.shutdown(as_nanoseconds(timeout))
        if code == CONCURRENT_USE:
            raise ConcurrentUseError("it would wait for a consumer that this thread has closed inside its own pop")
        return bool(code)


def open_channel(
    name: str | None = None,
    *,
    capacity: int = 1024,
    max_message_size: int = 4096,
    broker: MailboxBroker | None = None,
) -> ChannelPair:
    """A new channel of `broker`, or of the process's (§4.2). A name of None makes up a unique one.

    capacity in messages and max_message_size in bytes are normalised (§3.3).
    Raises ChannelNameError for a name in use, ValueError for the empty name or a bad
    configuration, MemoryError without memory.
    """
    if broker is None:
        broker = MailboxBroker.instance()
    if name is None:
        name = f"channel-{uuid4()}"
    error, channel = broker.request_channel(name, ChannelConfig(capacity, max_message_size))
    if error is ChannelError.NAME_EXISTS:
        raise ChannelNameError(f"a channel named {name!r} exists; close its handles first or choose another name")
    if error is ChannelError.INVALID_CONFIG:
        raise ValueError("a channel's name must not be empty")
    if channel is None:
        raise MemoryError(f"no memory for a channel of {capacity} messages of {max_message_size} bytes")
    return channel


def attach(token: SupportsIndex) -> ProducerHandle | ConsumerHandle:
    """The end of which `detach` gave that token, with everything it had, in any thread or interpreter [LIF-10].

    A token works once. Raises ValueError for any other number, TypeError for what is no integer.
    """
    handle = Registry.attach(as_count("token", token))
    return _unknown(token) if handle is None else handle


def close_detached(token: SupportsIndex) -> None:
    """End the end of which `detach` gave that token, unattached [LIF-10].

    Raises ValueError for any other number, TypeError for what is no integer.
    """
    if not Registry.close_detached(as_count("token", token)):
        _unknown(token)


def _unknown(token: SupportsIndex) -> NoReturn:
    raise ValueError(f"token must be one that detach() gave and that has not been used, not {token}")
