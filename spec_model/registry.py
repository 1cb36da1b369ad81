"""A broker as one immutable value, and one pure function per operation on it (§4)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from spec_model.channel import lifecycle, value
from spec_model.channel.value import Blocked, Channel, Side
from spec_model.config import ChannelConfig
from spec_model.vocabulary import BrokerStats, ChannelError, ChannelInfo

__all__ = [
    "Registry",
    "channels",
    "get_stats",
    "has_channel",
    "lookup",
    "remove_channel",
    "request_channel",
    "shutdown",
    "well_formed",
    "with_channel",
]


@dataclass(frozen=True)
class Registry:
    """The complete state of a broker.

    memory_limit: bytes that the registered channels may need together, None for no limit [BRK-5].
    channels: names and channels registered now, oldest first.
    created: SUCCESS answers ever [BRK-11].
    retired_messages, retired_bytes: what was sent over the channels that are gone [BRK-11].
    """

    memory_limit: int | None = None
    channels: tuple[tuple[str, Channel], ...] = ()
    created: int = 0
    retired_messages: int = 0
    retired_bytes: int = 0

    @property
    def memory(self) -> int:
        """Bytes that the registered channels need: capacity x max_message_size of each [BRK-5]."""
        return sum(_memory(channel.config) for _, channel in self.channels)


def well_formed(registry: Registry) -> bool:
    """Whether a broker can be in this state: the invariant that every operation keeps.

    Precondition: none.
    Effect: none.
    Result: true exactly when every line below holds.
    """
    names = [name for name, _ in registry.channels]
    return (
        # names are unique and not empty [BRK-3, BRK-4]
        len(set(names)) == len(names)
        and "" not in names
        # a channel is registered until both its handles are gone [BRK-8]
        and all(not lifecycle.is_abandoned(channel) for _, channel in registry.channels)
        # MOVED is seen by the moved-from handle alone [LIF-3]
        and all(Side.MOVED not in (channel.producer, channel.consumer) for _, channel in registry.channels)
        and all(value.well_formed(channel) for _, channel in registry.channels)
        # the limit is kept [BRK-5]
        and (registry.memory_limit is None or registry.memory <= registry.memory_limit)
        # the totals include the channels that are gone [BRK-11]
        and len(registry.channels) <= registry.created
        and 0 <= registry.retired_messages <= registry.retired_bytes
        and (registry.created > len(registry.channels) or registry.retired_bytes == 0)
    )


def request_channel(registry: Registry, name: str, config: ChannelConfig) -> tuple[Registry, ChannelError]:
    """Register a new channel with both handles live (§4.2).

    Precondition: none; every state has an answer.
    Effect: on SUCCESS, a channel with the normalised `config` is registered [BRK-2] and
        counted as created [BRK-11]; on an error, nothing changes [BRK-3, BRK-5].
    Result: the first of these that applies [BRK-6]
        INVALID_CONFIG: the name is empty [BRK-4];
        NAME_EXISTS: the name is registered [BRK-3];
        ALLOCATION_FAILED: the channels would need more than the memory limit [BRK-5];
        SUCCESS.

    pre: well_formed(registry)
    post: well_formed(__return__[0])
    post: not __return__[1] or __return__[0] == registry
    post: bool(__return__[1]) or (has_channel(__return__[0], name) and not has_channel(registry, name))
    post: bool(__return__[1]) or __return__[0].created == registry.created + 1
    """
    if name == "":
        return registry, ChannelError.INVALID_CONFIG
    if has_channel(registry, name):
        return registry, ChannelError.NAME_EXISTS
    config = config.normalize()
    if registry.memory_limit is not None and registry.memory + _memory(config) > registry.memory_limit:
        return registry, ChannelError.ALLOCATION_FAILED
    channels = (*registry.channels, (name, Channel(config)))
    return replace(registry, channels=channels, created=registry.created + 1), ChannelError.SUCCESS  # BRK-2


def has_channel(registry: Registry, name: str) -> bool:
    """Whether `name` is registered (§4.2).

    Precondition: none.
    Effect: none.
    Result: true exactly while it is [BRK-10], names being compared exactly [BRK-7].

    post: __return__ == (lookup(registry, name) is not None)
    """
    return any(other == name for other, _ in registry.channels)


def lookup(registry: Registry, name: str) -> Channel | None:
    """The channel registered under `name`.

    Precondition: none.
    Effect: none.
    Result: the channel, or None for a name that is not registered [BRK-10].

    post: __return__ is None or (name, __return__) in registry.channels
    """
    return next((channel for other, channel in registry.channels if other == name), None)


def remove_channel(registry: Registry, name: str) -> tuple[Registry, bool]:
    """Take a channel without live handles out of the registry (§4.2).

    Precondition: none; every state has an answer.
    Effect: on True, the name is free, and the channel's totals are kept [BRK-11].
    Result: False for an unknown name and while a handle is alive; otherwise True. A
        channel is removed with its last handle [BRK-8], so no well-formed registry has one
        left to remove: the answer is always False [BRK-9].

    pre: well_formed(registry)
    post: __return__[1] is False
    post: __return__[0] == registry
    """
    channel = lookup(registry, name)
    if channel is None or not lifecycle.is_abandoned(channel):
        return registry, False  # BRK-9
    return _without(registry, name, channel), True  # BRK-8


def with_channel(registry: Registry, name: str, channel: Channel) -> Registry:
    """The registry after an operation has made `channel` of the one registered under `name`.

    Precondition: `name` is registered; the operation kept the configuration.
    Effect: the channel is replaced; with both its handles gone it is unregistered at
        once [BRK-8], and what was sent over it still counts [BRK-11].
    Result: the registry.

    pre: well_formed(registry) and has_channel(registry, name)
    pre: value.well_formed(channel) and Side.MOVED not in (channel.producer, channel.consumer)
    pre: lookup(registry, name).config == channel.config
    post: well_formed(__return__)
    post: has_channel(__return__, name) == (not lifecycle.is_abandoned(channel))
    post: len(registry.channels) - len(__return__.channels) == lifecycle.is_abandoned(channel)
    post: __return__.created == registry.created
    """
    if lifecycle.is_abandoned(channel):
        return _without(registry, name, channel)
    channels = tuple((other, channel if other == name else kept) for other, kept in registry.channels)
    return replace(registry, channels=channels)


def get_stats(registry: Registry) -> BrokerStats:
    """The broker's counters (§4.2).

    Precondition: none.
    Effect: none.
    Result: channels registered now, channels ever created, and the messages and bytes
        sent over every channel ever made [BRK-11].

    pre: well_formed(registry)
    post: all(count >= 0 for count in __return__)
    post: __return__.active_channels <= __return__.total_channels_created
    post: __return__.total_messages_sent <= __return__.total_bytes_transferred
    """
    sent = [channel.sent for _, channel in registry.channels]
    return BrokerStats(
        active_channels=len(registry.channels),
        total_channels_created=registry.created,
        total_messages_sent=registry.retired_messages + sum(stats.messages_sent for stats in sent),
        total_bytes_transferred=registry.retired_bytes + sum(stats.bytes_sent for stats in sent),
    )


def channels(registry: Registry) -> list[ChannelInfo]:
    """How each registered channel stands.

    Precondition: none.
    Effect: none.
    Result: the registered channels in the order of their requests, each with its normalised
        configuration, the messages waiting, and what its handles report [OBS-2]. In a sequential
        program no call sleeps in one.

    pre: well_formed(registry)
    post: [each.name for each in __return__] == [name for name, _ in registry.channels]
    post: sum(each.producer.messages_sent for each in __return__) <= get_stats(registry).total_messages_sent
    post: all(each.producer_open or each.consumer_open for each in __return__)
    """
    return [
        ChannelInfo(
            name=name,
            config=channel.config,
            waiting=len(channel.waiting),
            producer_open=channel.producer is Side.LIVE,
            consumer_open=channel.consumer is Side.LIVE,
            shut=channel.shut,
            producer_sleeps=None,
            consumer_sleeps=None,
            producer=channel.sent,
            consumer=channel.received,
        )
        for name, channel in registry.channels
    ]


def shutdown(registry: Registry) -> tuple[Registry, bool | Blocked]:
    """Close both endpoints of every registered channel and wait for their handles (§4.2).

    Precondition: none; every state has an answer.
    Effect: every registered channel is shut [SHD-1], and stays so however the wait ends
        [SHD-2]; the broker goes on working [SHD-3].
    Result: Blocked.FOR_HANDLES while a channel is registered, since a handle is alive then;
        otherwise True [SHD-2].

    pre: well_formed(registry)
    post: well_formed(__return__[0])
    post: all(channel.shut for _, channel in __return__[0].channels)
    post: (__return__[1] is True) == (not registry.channels)
    post: get_stats(__return__[0]) == get_stats(registry)
    """
    if not registry.channels:
        return registry, True
    channels = tuple((name, lifecycle.shut(channel)) for name, channel in registry.channels)  # SHD-1
    return replace(registry, channels=channels), Blocked.FOR_HANDLES  # SHD-2


def _memory(config: ChannelConfig) -> int:
    """Bytes that a channel with this configuration needs [BRK-5]."""
    return config.capacity * config.max_message_size


def _without(registry: Registry, name: str, channel: Channel) -> Registry:
    """The registry with `channel` gone and its totals kept [BRK-8, BRK-11]."""
    return replace(
        registry,
        channels=tuple((other, kept) for other, kept in registry.channels if other != name),
        retired_messages=registry.retired_messages + channel.sent.messages_sent,
        retired_bytes=registry.retired_bytes + channel.sent.bytes_sent,
    )
