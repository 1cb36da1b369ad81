"""Mistakes in the model: result codes, configuration, bad arguments, and the broker."""

from __future__ import annotations

from tests.mutation.mutant import Mutant, crosshair, suite

VOCABULARY_PY = "spec_model/vocabulary.py"
CONFIG_PY = "spec_model/config.py"
ARGUMENTS_PY = "spec_model/arguments.py"
PRODUCER_PY = "spec_model/handles/producer.py"
CONSUMER_PY = "spec_model/handles/consumer.py"
BROKER_PY = "spec_model/handles/broker.py"
REGISTRY_PY = "spec_model/registry.py"
LIFECYCLE_PY = "spec_model/channel/lifecycle.py"
PUSHING_PY = "spec_model/channel/pushing.py"
RESERVING_PY = "spec_model/channel/reserving.py"
POPPING_PY = "spec_model/channel/popping.py"
QUERIES_PY = "spec_model/channel/queries.py"

VALUES = (
    Mutant(
        "push_codes_swapped", VOCABULARY_PY, suite("VOC-1", "VOC-5"),
        "    INVALID_SIZE = 3\n    QUEUE_FULL = 4\n", "    QUEUE_FULL = 3\n    INVALID_SIZE = 4\n",
    ),
    Mutant(
        "pop_code_too_many", VOCABULARY_PY, suite("VOC-2", "VOC-5"),
        "    EMPTY = 3\n", "    EMPTY = 3\n    WOULD_BLOCK = 4\n",
    ),
    Mutant(
        "channel_error_missing", VOCABULARY_PY, suite("VOC-3", "VOC-5"),
        "    INVALID_CONFIG = 2\n    ALLOCATION_FAILED = 3\n", "    INVALID_CONFIG = ALLOCATION_FAILED = 2\n",
    ),
    Mutant(
        "full_is_truthy", VOCABULARY_PY, suite("VOC-4", "VOC-5"),
        "self is PushResult.SUCCESS", "self is not PushResult.CHANNEL_CLOSED",
    ),
    Mutant(
        "no_error_is_truthy", VOCABULARY_PY, suite("VOC-4", "VOC-5"),
        "self is not ChannelError.SUCCESS", "self is ChannelError.SUCCESS",
    ),
    Mutant("codes_of_its_own", VOCABULARY_PY, suite("VOC-5"), "import Enum\n", "import IntEnum as Enum\n"),
    Mutant(
        "default_size_too_large", CONFIG_PY, suite("CFG-1"),
        "max_message_size: int = 4096", "max_message_size: int = 65536",
    ),
    Mutant("default_capacity_decimal", CONFIG_PY, suite("CFG-1"), "capacity: int = 1024", "capacity: int = 1000"),
    Mutant(
        "capacity_rounded_down", CONFIG_PY, suite("CFG-2"),
        "next(power for power in CAPACITIES if power >= clamped)",
        "max(power for power in CAPACITIES if power <= clamped)",
    ),
    Mutant("largest_capacity_doubled", CONFIG_PY, suite("CFG-2", "CFG-4"), "range(3, 20)", "range(3, 21)"),
    Mutant("smallest_size_one", CONFIG_PY, suite("CFG-2", "CFG-4"), "MIN_MESSAGE_SIZE = 64", "MIN_MESSAGE_SIZE = 1"),
    Mutant(
        "size_rounded_to_words", CONFIG_PY, suite("CFG-2"),
        "max_message_size=min(max(self.max_message_size, MIN_MESSAGE_SIZE), MAX_MESSAGE_SIZE)",
        "max_message_size=-(-min(max(self.max_message_size, MIN_MESSAGE_SIZE), MAX_MESSAGE_SIZE) // 8) * 8",
    ),
    Mutant("normalize_doubles", CONFIG_PY, suite("CFG-3", "CFG-2"), "if power >= clamped)", "if power > clamped)"),
    Mutant(
        "normalize_in_place", CONFIG_PY, suite("CFG-3"),
        "        clamped = min(max(self.capacity, CAPACITIES[0]), CAPACITIES[-1])\n",
        "        clamped = min(max(self.capacity, CAPACITIES[0]), CAPACITIES[-1])\n"
        '        object.__setattr__(self, "capacity", clamped)\n',
    ),
    Mutant(
        "config_can_be_changed", CONFIG_PY, suite("CFG-3"),
        "@dataclass(frozen=True)", "@dataclass(unsafe_hash=True)",
    ),
    Mutant(
        "any_capacity_in_range_is_valid", CONFIG_PY, suite("CFG-4"),
        "return self.capacity in CAPACITIES", "return CAPACITIES[0] <= self.capacity <= CAPACITIES[-1]",
    ),
    Mutant(
        "smallest_size_is_not_valid", CONFIG_PY, suite("CFG-4"),
        "MIN_MESSAGE_SIZE <= self.max_message_size", "MIN_MESSAGE_SIZE < self.max_message_size",
    ),
    Mutant("config_takes_bool", CONFIG_PY, suite("CFG-5"), "isinstance(value, bool) or not hasattr", "not hasattr"),
    Mutant("config_takes_any_size", CONFIG_PY, suite("CFG-5"), "if not 0 <= number <= SIZE_MAX", "if number < 0"),
    Mutant(
        "config_overflows", CONFIG_PY, suite("CFG-5"),
        'raise ValueError(f"{field} must be from', 'raise OverflowError(f"{field} must be from',
    ),
    Mutant(
        "text_is_data", ARGUMENTS_PY, suite("ARG-1"),
        "view = None if isinstance(data, str) else memoryview(data)",
        "view = memoryview(data.encode() if isinstance(data, str) else data)",
    ),
    Mutant(
        "references_are_data", ARGUMENTS_PY, suite("ARG-1"), 'if "O" in re.sub(":.*?:", "", view.format):', "if False:",
    ),
    Mutant(
        "names_of_fields_are_references", ARGUMENTS_PY, suite("ARG-1"),
        're.sub(":.*?:", "", view.format)', "view.format",
    ),
    Mutant(
        "no_element_is_named", ARGUMENTS_PY, suite("ARG-1"),
        'raise usual(f"element {index}: {error}")', 'raise usual(f"an element: {error}")',
    ),
    Mutant(
        "gaps_are_data", ARGUMENTS_PY, suite("ARG-1"),
        "        if not view.c_contiguous:\n", "        if False:\n",
    ),
    Mutant(
        "elements_for_bytes", ARGUMENTS_PY, suite("ARG-1"),
        "return view.tobytes()", "return bytes(view.tolist()) if view.ndim == 1 else view.tobytes()",
    ),
    Mutant("negative_timeout_is_none", ARGUMENTS_PY, suite("ARG-2"), " or number < 0:", ":"),
    Mutant("nan_is_a_timeout", ARGUMENTS_PY, suite("ARG-2"), "math.isnan(length) or ", ""),
    Mutant(
        "bool_is_a_timeout", ARGUMENTS_PY, suite("ARG-2"),
        "    if isinstance(number, bool):\n        return False\n    return", "    return",
    ),
    Mutant(
        "what_converts_is_a_timeout", ARGUMENTS_PY, suite("ARG-2"),
        "isinstance(number, (Real, Decimal))", "hasattr(number, '__float__')",
    ),
    Mutant(
        "decimal_is_no_timeout", ARGUMENTS_PY, suite("ARG-2"),
        "isinstance(number, (Real, Decimal))", "isinstance(number, Real)",
    ),
    Mutant(
        "subclass_says_how_long", ARGUMENTS_PY, suite("ARG-2"),
        "timeout // timedelta(microseconds=1)  # of", "round(timeout.total_seconds() * 10**6)  # of",
    ),
    Mutant(
        "subclass_divides_to_anything", ARGUMENTS_PY, suite("ARG-2"),
        "if type(microseconds) is not int:", "if False:",
    ),
    Mutant(
        "huge_fraction_overflows", ARGUMENTS_PY, suite("ARG-2"),
        "    except OverflowError:\n", "    except MemoryError:\n",
    ),
    Mutant(
        "long_timeout_overflows", ARGUMENTS_PY, suite("ARG-2"),
        "    return length if length < FOREVER else None\n",
        "    if length >= FOREVER:\n"
        '        raise OverflowError("timeout too large")\n'
        "    return length\n",
    ),
    Mutant("negative_count_is_none", ARGUMENTS_PY, suite("ARG-3"), "    if integer < 0:\n", "    if integer == -1:\n"),
    Mutant(
        "bool_is_a_count", ARGUMENTS_PY, suite("ARG-3"),
        "isinstance(number, bool) or not hasattr(number", "not hasattr(number",
    ),
    Mutant(
        "negative_count_overflows", ARGUMENTS_PY, suite("ARG-3"),
        'raise ValueError(f"{what} must be 0', 'raise OverflowError(f"{what} must be 0',
    ),
    Mutant(
        "refused_push_counts", PRODUCER_PY, suite("ARG-4"),
        "        data = arguments.payload(data)\n        self._endpoint.channel, result = pushing.try_push",
        "        try:\n"
        "            data = arguments.payload(data)\n"
        "        except TypeError:\n"
        "            self._endpoint.channel, _ = pushing.push_timed_out(self._endpoint.channel)\n"
        "            raise\n"
        "        self._endpoint.channel, result = pushing.try_push",
    ),
    Mutant(
        "refused_pop_expires", CONSUMER_PY, suite("ARG-4"),
        "        max_count, limit = arguments.count",
        "        if max_count:\n"
        "            self._endpoint.channel = popping.replace(self._endpoint.channel, held=0)\n"
        "        max_count, limit = arguments.count",
    ),
    Mutant(
        "refused_commit_rolls_back", PRODUCER_PY, suite("ARG-4"),
        '        n, offset = arguments.count("n", n), arguments.count("offset", offset)\n',
        "        try:\n"
        '            n, offset = arguments.count("n", n), arguments.count("offset", offset)\n'
        "        except (TypeError, ValueError):\n"
        "            self.rollback()\n"
        "            raise\n",
    ),
    Mutant(
        "requests_default_otherwise", BROKER_PY, suite("CFG-1"),
        "_DEFAULTS = ChannelConfig()", "_DEFAULTS = ChannelConfig(capacity=512)",
    ),
    Mutant(
        "timedelta_is_no_timeout", ARGUMENTS_PY, suite("ARG-2"),
        "if isinstance(timeout, timedelta):", "if False:",
    ),
    Mutant(
        "timedelta_without_days", ARGUMENTS_PY, suite("ARG-2"), "microseconds / 10**6", "timeout.seconds",
    ),
    Mutant(
        "sizes_are_not_clamped_from_above", CONFIG_PY, crosshair("ChannelConfig.normalize"),
        "MIN_MESSAGE_SIZE), MAX_MESSAGE_SIZE)", "MIN_MESSAGE_SIZE), SIZE_MAX)",
    ),
)  # fmt: skip

BROKER = (
    Mutant("instance_is_new_each_time", BROKER_PY, suite("BRK-1"), "return _INSTANCE", "return MailboxBroker()"),
    Mutant(
        "brokers_share_a_registry", BROKER_PY, suite("BRK-1"),
        "self._store = Store(registry.Registry(arguments.memory_limit(memory_limit)))",
        'self._store = globals().setdefault("_STORE", Store(registry.Registry(arguments.memory_limit(memory_limit))))',
    ),
    Mutant("config_not_normalised", REGISTRY_PY, suite("BRK-2"), "    config = config.normalize()\n", ""),
    Mutant(
        "taken_name_is_granted", REGISTRY_PY, suite("BRK-3"),
        "    if has_channel(registry, name):\n        return registry, ChannelError.NAME_EXISTS\n", "",
    ),
    Mutant(
        "taken_name_starts_afresh", REGISTRY_PY, suite("BRK-3"),
        "return registry, ChannelError.NAME_EXISTS",
        "return with_channel(registry, name, Channel(config.normalize())), ChannelError.NAME_EXISTS",
    ),
    Mutant(
        "taken_name_counts_as_created", REGISTRY_PY, suite("BRK-3", "BRK-11"),
        "return registry, ChannelError.NAME_EXISTS",
        "return replace(registry, created=registry.created + 1), ChannelError.NAME_EXISTS",
    ),
    Mutant(
        "empty_name_is_granted", REGISTRY_PY, suite("BRK-4"),
        '    if name == "":\n        return registry, ChannelError.INVALID_CONFIG\n', "",
    ),
    Mutant(
        "limit_itself_is_too_much", REGISTRY_PY, suite("BRK-5"),
        "> registry.memory_limit:", ">= registry.memory_limit:",
    ),
    Mutant("limit_for_each_alone", REGISTRY_PY, suite("BRK-5"), "registry.memory + _memory(config)", "_memory(config)"),
    Mutant(
        "limit_counts_messages", REGISTRY_PY, suite("BRK-5"),
        "config.capacity * config.max_message_size", "config.capacity",
    ),
    Mutant(
        "limit_before_normalising", REGISTRY_PY, suite("BRK-5"),
        "    config = config.normalize()\n"
        "    if registry.memory_limit is not None and registry.memory + _memory(config) > registry.memory_limit:\n"
        "        return registry, ChannelError.ALLOCATION_FAILED\n",
        "    if registry.memory_limit is not None and registry.memory + _memory(config) > registry.memory_limit:\n"
        "        return registry, ChannelError.ALLOCATION_FAILED\n"
        "    config = config.normalize()\n",
    ),
    Mutant(
        "no_memory_counts_as_created", REGISTRY_PY, suite("BRK-5", "BRK-11"),
        "return registry, ChannelError.ALLOCATION_FAILED",
        "return replace(registry, created=registry.created + 1), ChannelError.ALLOCATION_FAILED",
    ),
    Mutant(
        "memory_before_name", REGISTRY_PY, suite("BRK-6"),
        "    if has_channel(registry, name):\n        return registry, ChannelError.NAME_EXISTS\n",
        "    if registry.memory + _memory(config.normalize()) > (registry.memory_limit or 2**80):\n"
        "        return registry, ChannelError.ALLOCATION_FAILED\n"
        "    if has_channel(registry, name):\n"
        "        return registry, ChannelError.NAME_EXISTS\n",
    ),
    Mutant(
        "memory_before_empty_name", REGISTRY_PY, suite("BRK-6"),
        '    if name == "":\n',
        "    if registry.memory + _memory(config.normalize()) > (registry.memory_limit or 2**80) and not name:\n"
        "        return registry, ChannelError.ALLOCATION_FAILED\n"
        '    if name == "":\n',
    ),
    Mutant(
        "names_are_normalised", ARGUMENTS_PY, suite("BRK-7"),
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n    return value\n',
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n'
        '    return __import__("unicodedata").normalize("NFC", value)\n',
    ),
    Mutant(
        "names_end_at_nul", ARGUMENTS_PY, suite("BRK-7"),
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n    return value\n',
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n'
        '    return value[:1] + value[1:].partition("\\0")[0]\n',
    ),
    Mutant(
        "names_are_utf8", ARGUMENTS_PY, suite("BRK-7"),
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n    return value\n',
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n'
        "    return value.encode().decode()\n",
    ),
    Mutant(
        "name_not_freed", REGISTRY_PY, suite("BRK-8", "BRK-10", "BRK-11", "LIF-1"),
        "    if lifecycle.is_abandoned(channel):\n        return _without(registry, name, channel)\n", "",
    ),
    Mutant(
        "name_freed_with_one_handle", LIFECYCLE_PY, suite("BRK-8"),
        "channel.producer is not Side.LIVE and channel.consumer is not Side.LIVE",
        "channel.producer is not Side.LIVE or channel.consumer is not Side.LIVE",
    ),
    Mutant(
        "unknown_name_is_removed", REGISTRY_PY, suite("BRK-9"),
        "return registry, False", "return registry, channel is None",
    ),
    Mutant(
        "live_channel_is_removed", REGISTRY_PY, (suite("BRK-9"), crosshair("remove_channel")),
        "channel is None or not lifecycle.is_abandoned(channel)", "channel is None",
    ),
    Mutant(
        "half_closed_is_not_there", BROKER_PY, suite("BRK-10", "BRK-8"),
        "return registry.has_channel(self._store.registry, arguments.name(name))",
        "channel = registry.lookup(self._store.registry, arguments.name(name))\n"
        "        return channel is not None and channel.producer is channel.consumer",
    ),
    Mutant(
        "has_channel_by_prefix", BROKER_PY, suite("BRK-10", "BRK-7"),
        "return registry.has_channel(self._store.registry, arguments.name(name))",
        "return any(known.startswith(arguments.name(name)) for known, _ in self._store.registry.channels)",
    ),
    Mutant(
        "total_messages_forget", REGISTRY_PY, suite("BRK-11"),
        "retired_messages=registry.retired_messages + channel.sent.messages_sent", "retired_messages=0",
    ),
    Mutant(
        "total_bytes_of_the_living", REGISTRY_PY, suite("BRK-11"),
        "total_bytes_transferred=registry.retired_bytes + sum", "total_bytes_transferred=sum",
    ),
    Mutant(
        "created_is_registered", REGISTRY_PY, suite("BRK-11"),
        "total_channels_created=registry.created", "total_channels_created=len(registry.channels)",
    ),
    Mutant(
        "shut_lets_push", PUSHING_PY, suite("SHD-1", "PSH-1"),
        "channel.consumer is not Side.LIVE or channel.shut:", "channel.consumer is not Side.LIVE:",
    ),
    Mutant("shut_lets_reserve", RESERVING_PY, suite("SHD-1", "RSV-1"), "        and not channel.shut  # SHD-1\n", ""),
    Mutant(
        "shut_lets_commit", RESERVING_PY, suite("SHD-1", "RSV-4"),
        "    if channel.consumer is not Side.LIVE or channel.shut:", "    if channel.consumer is not Side.LIVE:",
    ),
    Mutant(
        "shut_is_empty_for_good", POPPING_PY, suite("SHD-1", "POP-1"),
        "channel.producer is not Side.LIVE or channel.shut:", "channel.producer is not Side.LIVE:",
    ),
    Mutant("shut_is_connected", QUERIES_PY, suite("SHD-1"), " and not channel.shut\n\n", "\n\n"),
    Mutant(
        "shut_drops_messages", LIFECYCLE_PY, suite("SHD-1"),
        "replace(channel, shut=True)", "replace(channel, shut=True, waiting=())",
    ),
    Mutant(
        "shutdown_of_the_first_only", REGISTRY_PY, suite("SHD-1"),
        "(name, lifecycle.shut(channel)) for name, channel in registry.channels)",
        "(name, channel if n else lifecycle.shut(channel)) for n, (name, channel) in enumerate(registry.channels))",
    ),
    Mutant("shutdown_always_done", BROKER_PY, suite("SHD-2"), "result = False\n", "result = True\n"),
    Mutant(
        "shutdown_of_nothing_waits", REGISTRY_PY, suite("SHD-2"),
        "    if not registry.channels:\n        return registry, True\n", "",
    ),
    Mutant(
        "shutdown_out_of_time_reopens", BROKER_PY, suite("SHD-2", "SHD-1"),
        "        self._store.registry, result = registry.shutdown(self._store.registry)\n",
        "        shut, result = registry.shutdown(self._store.registry)\n"
        "        self._store.registry = self._store.registry if limit is not None else shut\n",
    ),
    Mutant(
        "shutdown_is_for_later_channels_too", REGISTRY_PY, suite("SHD-3"),
        "(name, Channel(config)))",
        "(name, Channel(config, shut=any(channel.shut for _, channel in registry.channels))))",
    ),
    Mutant(
        "no_requests_after_shutdown", REGISTRY_PY, suite("SHD-3"),
        '    if name == "":\n', '    if name == "" or any(channel.shut for _, channel in registry.channels):\n',
    ),
    Mutant(
        "limit_forgets_the_half_closed", REGISTRY_PY, suite("BRK-5"),
        "return sum(_memory(channel.config) for _, channel in self.channels)",
        "return sum(_memory(channel.config) for _, channel in self.channels if channel.producer is Side.LIVE)",
    ),
    Mutant(
        "names_are_stripped", ARGUMENTS_PY, suite("BRK-7"),
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n    return value\n',
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n    return value.strip()\n',
    ),
    Mutant(
        "names_are_cut", ARGUMENTS_PY, suite("BRK-7"),
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n    return value\n',
        '        raise TypeError(f"name must be a str, not {type(value).__name__}")\n    return value[:255]\n',
    ),
)  # fmt: skip
"""The broker and its shutdown."""
