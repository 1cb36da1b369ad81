"""Channels and the registry of them by name: MailboxBroker, ChannelPair, open_channel (§2.2, §4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, NoReturn, Self, SupportsIndex
from uuid import uuid4

from fast_impl._binding import ConsumerHandle, ProducerHandle, Registry
from fast_impl._common import (
    CONCURRENT_USE,
    as_config,
    as_count,
    as_info,
    as_memory_limit,
    as_name,
    as_nanoseconds,
    as_text,
    debug_logger,
)
from fast_impl._interface import Closable, NonCopyable
from spec_model import words
from spec_model.config import ChannelConfig
from spec_model.errors import ChannelNameError, ConcurrentUseError
from spec_model.vocabulary import BrokerStats, ChannelError, ChannelInfo, Timeout

_DEFAULT = ChannelConfig()
_ERRORS = tuple(ChannelError)

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

    def __exit__(self, *exception: object) -> None:
        self._producer.__exit__(*exception)
        self._consumer.__exit__(*exception)

    def __repr__(self) -> str:
        return f"<ChannelPair of {self._producer!r} and {self._consumer!r}>"


class MailboxBroker(NonCopyable):
    """Makes channels and knows them by name (§4). Any thread may call anything [BRK-12].

    `MailboxBroker()` is a registry of its own; `MailboxBroker.instance()` is the process's
    [BRK-1]. `memory_limit`, in bytes, bounds the sum of capacity x max_message_size over its
    channels; None is no limit [BRK-5].

    Raises TypeError or ValueError for a bad limit, MemoryError without memory.
    """

    __slots__ = ("__weakref__", "_memory_limit", "_registry")

    _instance: ClassVar[dict[str, MailboxBroker]] = {}

    def __init__(self, *, memory_limit: SupportsIndex | None = None) -> None:
        limit = as_memory_limit(memory_limit)
        self._memory_limit = None if memory_limit is None else limit
        self._registry = Registry(limit)

    @classmethod
    def instance(cls) -> MailboxBroker:
        """The process's broker, the same from every thread and interpreter (§4.1) [BRK-1]."""
        found = MailboxBroker._instance[""] if MailboxBroker._instance else None  # no `get`: see debug_logger
        if found is None:
            broker = MailboxBroker.__new__(MailboxBroker)
            broker._memory_limit = None
            broker._registry = Registry(as_memory_limit(None), True)
            found = MailboxBroker._instance.setdefault("", broker)  # no lock, which a fork could copy as held [LIF-9]
        return found

    def request_channel(self, name: str, config: ChannelConfig = _DEFAULT) -> tuple[ChannelError, ChannelPair | None]:
        """Make and register a channel (§4.2) [BRK-2 to BRK-7].

        Raises TypeError where `name` is not a str or `config` not a ChannelConfig.
        """
        answer = logger = None
        try:
            encoded, config = as_name(name), as_config(config)
            logger = debug_logger("fast_impl.broker")
            producer, consumer = self._registry.handles(debug_logger("fast_impl.channel") is not None)
            answer = ChannelError.SUCCESS, ChannelPair(producer, consumer)  # made before: then nothing can fail [BRK-5]
            code = self._registry.request(encoded, config.capacity, config.max_message_size, producer, consumer)
        except MemoryError:
            code = ChannelError.ALLOCATION_FAILED.value
        if answer is None or code != 0:
            if logger is not None:
                logger.debug(words.REFUSED, name, _ERRORS[code].name)
            return _ERRORS[code], None
        if logger is not None:
            producer = answer[1].producer
            logger.debug(words.REQUESTED, name, producer.capacity(), producer.max_message_size())
        return answer

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

    def channels(self) -> list[ChannelInfo]:
        """How each registered channel stands now, in the order of their requests [OBS-2].

        From any thread, at any time: no push or pop waits for it, and it waits for none. It is one
        moment for which channels there are, not for what passes through them meanwhile.
        """
        found = self._registry.channels()
        if found is None:
            raise NotImplementedError("this library of the core cannot tell: it has no omni_broker_get_channels")
        return [as_info(each) for each in found]

    def __repr__(self) -> str:
        return words.broker(self.get_stats().active_channels, self._memory(), self._memory_limit)

    def _memory(self) -> int:
        """Bytes that the channels count for, against the limit [BRK-5]."""
        if self._memory_limit is None:
            return 0
        return sum(capacity * size for _, capacity, size, *_ in self._registry.channels() or ())

    def shutdown(self, timeout: Timeout = None) -> bool:
        """Close every channel registered now; wait up to `timeout` seconds for their handles to go (§4.2).

        Whether they went; the channels stay closed either way [SHD-1, SHD-2].
        Raises TypeError or ValueError for a bad timeout [ARG-2].
        """
        nanoseconds = as_nanoseconds(timeout)
        if (logger := debug_logger("fast_impl.broker")) is not None:
            names = [as_text(each[0]) for each in self._registry.channels() or ()]
            logger.debug(words.SHUTDOWN, len(names))
            for name in names:
                if (ends := debug_logger("fast_impl.channel")) is not None:
                    ends.debug(words.SHUT, name)
        code = self._registry.shutdown(nanoseconds)
        if code == CONCURRENT_USE:
            raise ConcurrentUseError("it would wait for a consumer that this thread has closed inside its own pop")
        if logger is not None:
            logger.debug(words.SHUTDOWN_ENDED, bool(code))
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
    config = ChannelConfig(capacity, max_message_size)
    error, channel = broker.request_channel(name, config)
    if error is ChannelError.NAME_EXISTS:
        raise ChannelNameError(words.name_exists(name))
    if error is ChannelError.INVALID_CONFIG:
        raise ValueError("a channel's name must not be empty")
    if channel is None:
        raise words.no_memory(config, broker._memory(), broker._memory_limit)
    return channel


def attach(token: SupportsIndex) -> ProducerHandle | ConsumerHandle:
    """The end of which `detach` gave that token, with everything it had, in any thread or interpreter [LIF-10].

    A token works once. Raises ValueError for any other number, TypeError for what is no integer.
    """
    handle = Registry.attach(as_count("token", token), debug_logger("fast_impl.channel") is not None)
    return _unknown(token) if handle is None else handle


def close_detached(token: SupportsIndex) -> None:
    """End the end of which `detach` gave that token, unattached [LIF-10].

    Raises ValueError for any other number, TypeError for what is no integer.
    """
    if not Registry.close_detached(as_count("token", token)):
        _unknown(token)


def _unknown(token: SupportsIndex) -> NoReturn:
    raise ValueError(f"token must be one that detach() gave and that has not been used, not {token}")
