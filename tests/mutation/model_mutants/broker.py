"""Wrong models: the broker and its shutdown."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

BROKER = (
    Mutant(
        "instance_is_new_each_time", ("BRK-1",), "handles/broker.py",
        "return _INSTANCE", "return MailboxBroker()",
    ),
    Mutant(
        "brokers_share_a_registry", ("BRK-1",), "handles/broker.py",
        "self._store = Store(registry.Registry(arguments.memory_limit(memory_limit)))",
        'self._store = globals().setdefault("_STORE", Store(registry.Registry(arguments.memory_limit(memory_limit))))',
    ),
    Mutant("config_not_normalised", ("BRK-2",), "registry.py", "    config = config.normalize()\n", ""),
    Mutant(
        "taken_name_is_granted", ("BRK-3",), "registry.py",
        "    if has_channel(registry, name):\n        return registry, ChannelError.NAME_EXISTS\n", "",
    ),
    Mutant(
        "taken_name_starts_afresh", ("BRK-3",), "registry.py",
        "return registry, ChannelError.NAME_EXISTS",
        "return with_channel(registry, name, Channel(config.normalize())), ChannelError.NAME_EXISTS",
    ),
    Mutant(
        "taken_name_counts_as_created", ("BRK-3", "BRK-11"), "registry.py",
        "return registry, ChannelError.NAME_EXISTS",
        "return replace(registry, created=registry.created + 1), ChannelError.NAME_EXISTS",
    ),
    Mutant(
        "empty_name_is_granted", ("BRK-4",), "registry.py",
        '    if name == "":\n        return registry, ChannelError.INVALID_CONFIG\n', "",
    ),
    Mutant(
        "limit_itself_is_too_much", ("BRK-5",), "registry.py",
        "> registry.memory_limit:", ">= registry.memory_limit:",
    ),
    Mutant(
        "limit_for_each_alone", ("BRK-5",), "registry.py",
        "registry.memory + _memory(config)", "_memory(config)",
    ),
    Mutant(
        "limit_counts_messages", ("BRK-5",), "registry.py",
        "config.capacity * config.max_message_size", "config.capacity",
    ),
    Mutant(
        "limit_before_normalising", ("BRK-5",), "registry.py",
        "    config = config.normalize()\n"
        "    if registry.memory_limit is not None and registry.memory + _memory(config) > registry.memory_limit:\n"
        "        return registry, ChannelError.ALLOCATION_FAILED\n",
        "    if registry.memory_limit is not None and registry.memory + _memory(config) > registry.memory_limit:\n"
        "        return registry, ChannelError.ALLOCATION_FAILED\n"
        "    config = config.normalize()\n",
    ),
    Mutant(
        "no_memory_counts_as_created", ("BRK-5", "BRK-11"), "registry.py",
        "return registry, ChannelError.ALLOCATION_FAILED",
        "return replace(registry, created=registry.created + 1), ChannelError.ALLOCATION_FAILED",
    ),
    Mutant(
        "memory_before_name", ("BRK-6",), "registry.py",
        "    if has_channel(registry, name):\n        return registry, ChannelError.NAME_EXISTS\n",
        "    if registry.memory + _memory(config.normalize()) > (registry.memory_limit or 2**80):\n"
        "        return registry, ChannelError.ALLOCATION_FAILED\n"
        "    if has_channel(registry, name):\n"
        "        return registry, ChannelError.NAME_EXISTS\n",
    ),
    Mutant(
        "memory_before_empty_name", ("BRK-6",), "registry.py",
        '    if name == "":\n',
        "    if registry.memory + _memory(config.normalize()) > (registry.memory_limit or 2**80) and not name:\n"
        "        return registry, ChannelError.ALLOCATION_FAILED\n"
        '    if name == "":\n',
    ),
    Mutant(
        "names_are_normalised", ("BRK-7",), "arguments.py",
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n    return value\n',
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n'
        '    return __import__("unicodedata").normalize("NFC", value)\n',
    ),
    Mutant(
        "names_end_at_nul", ("BRK-7",), "arguments.py",
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n    return value\n',
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n'
        '    return value[:1] + value[1:].partition("\\0")[0]\n',
    ),
    Mutant(
        "names_are_utf8", ("BRK-7",), "arguments.py",
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n    return value\n',
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n'
        "    return value.encode().decode()\n",
    ),
    Mutant(
        "name_not_freed", ("BRK-8", "BRK-10", "BRK-11", "LIF-1"), "registry.py",
        "    if lifecycle.is_abandoned(channel):\n        return _without(registry, name, channel)\n", "",
    ),
    Mutant(
        "name_freed_with_one_handle", ("BRK-8",), "channel/lifecycle.py",
        "channel.producer is not Side.LIVE and channel.consumer is not Side.LIVE",
        "channel.producer is not Side.LIVE or channel.consumer is not Side.LIVE",
    ),
    Mutant(
        "unknown_name_is_removed", ("BRK-9",), "registry.py",
        "return registry, False", "return registry, channel is None",
    ),
    Mutant(
        "live_channel_is_removed", ("BRK-9",), "registry.py",
        "channel is None or not lifecycle.is_abandoned(channel)", "channel is None",
    ),
    Mutant(
        "half_closed_is_not_there", ("BRK-10", "BRK-8"), "handles/broker.py",
        "return registry.has_channel(self._store.registry, arguments.name(name))",
        "channel = registry.lookup(self._store.registry, arguments.name(name))\n"
        "        return channel is not None and channel.producer is channel.consumer",
    ),
    Mutant(
        "has_channel_by_prefix", ("BRK-10", "BRK-7"), "handles/broker.py",
        "return registry.has_channel(self._store.registry, arguments.name(name))",
        "return any(known.startswith(arguments.name(name)) for known, _ in self._store.registry.channels)",
    ),
    Mutant(
        "total_messages_forget", ("BRK-11",), "registry.py",
        "retired_messages=registry.retired_messages + channel.sent.messages_sent", "retired_messages=0",
    ),
    Mutant(
        "total_bytes_of_the_living", ("BRK-11",), "registry.py",
        "total_bytes_transferred=registry.retired_bytes + sum", "total_bytes_transferred=sum",
    ),
    Mutant(
        "created_is_registered", ("BRK-11",), "registry.py",
        "total_channels_created=registry.created", "total_channels_created=len(registry.channels)",
    ),
    Mutant(
        "shut_lets_push", ("SHD-1", "PSH-1"), "channel/pushing.py",
        "channel.consumer is not Side.LIVE or channel.shut:", "channel.consumer is not Side.LIVE:",
    ),
    Mutant("shut_lets_reserve", ("SHD-1", "RSV-1"), "channel/reserving.py", "        and not channel.shut\n", ""),
    Mutant(
        "shut_lets_commit", ("SHD-1", "RSV-4"), "channel/reserving.py",
        "    if channel.consumer is not Side.LIVE or channel.shut:", "    if channel.consumer is not Side.LIVE:",
    ),
    Mutant(
        "shut_is_empty_for_good", ("SHD-1", "POP-1"), "channel/popping.py",
        "channel.producer is not Side.LIVE or channel.shut:", "channel.producer is not Side.LIVE:",
    ),
    Mutant("shut_is_connected", ("SHD-1",), "channel/queries.py", " and not channel.shut", ""),
    Mutant(
        "shut_drops_messages", ("SHD-1",), "channel/lifecycle.py",
        "replace(channel, shut=True)", "replace(channel, shut=True, waiting=())",
    ),
    Mutant(
        "shutdown_of_the_first_only", ("SHD-1",), "registry.py",
        "(name, lifecycle.shut(channel)) for name, channel in registry.channels)",
        "(name, channel if n else lifecycle.shut(channel)) for n, (name, channel) in enumerate(registry.channels))",
    ),
    Mutant(
        "shutdown_always_done", ("SHD-2",), "handles/broker.py",
        "        return False\n", "        return True\n",
    ),
    Mutant(
        "shutdown_of_nothing_waits", ("SHD-2",), "registry.py",
        "    if not registry.channels:\n        return registry, True\n", "",
    ),
    Mutant(
        "shutdown_out_of_time_reopens", ("SHD-2", "SHD-1"), "handles/broker.py",
        "        self._store.registry, result = registry.shutdown(self._store.registry)\n",
        "        shut, result = registry.shutdown(self._store.registry)\n"
        "        self._store.registry = self._store.registry if limit is not None else shut\n",
    ),
    Mutant(
        "shutdown_is_for_later_channels_too", ("SHD-3",), "registry.py",
        "(name, Channel(config)))",
        "(name, Channel(config, shut=any(channel.shut for _, channel in registry.channels))))",
    ),
    Mutant(
        "no_requests_after_shutdown", ("SHD-3",), "registry.py",
        '    if name == "":\n', '    if name == "" or any(channel.shut for _, channel in registry.channels):\n',
    ),
    Mutant(
        "limit_forgets_the_half_closed", ("BRK-5",), "registry.py",
        "return sum(_memory(channel.config) for _, channel in self.channels)",
        "return sum(_memory(channel.config) for _, channel in self.channels if channel.producer is Side.LIVE)",
    ),
    Mutant(
        "names_are_stripped", ("BRK-7",), "arguments.py",
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n    return value\n',
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n    return value.strip()\n',
    ),
    Mutant(
        "names_are_cut", ("BRK-7",), "arguments.py",
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n    return value\n',
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n    return value[:255]\n',
    ),
)  # fmt: skip
