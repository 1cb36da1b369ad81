"""Wrong models: result codes, configuration and bad arguments."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

VALUES = (
    Mutant(
        "push_codes_swapped", ("VOC-1", "VOC-5"), "vocabulary.py",
        "    INVALID_SIZE = 3\n    QUEUE_FULL = 4\n", "    QUEUE_FULL = 3\n    INVALID_SIZE = 4\n",
    ),
    Mutant(
        "pop_code_too_many", ("VOC-2", "VOC-5"), "vocabulary.py",
        "    EMPTY = 3\n", "    EMPTY = 3\n    WOULD_BLOCK = 4\n",
    ),
    Mutant(
        "channel_error_missing", ("VOC-3", "VOC-5"), "vocabulary.py",
        "    INVALID_CONFIG = 2\n    ALLOCATION_FAILED = 3\n", "    INVALID_CONFIG = ALLOCATION_FAILED = 2\n",
    ),
    Mutant(
        "full_is_truthy", ("VOC-4", "VOC-5"), "vocabulary.py",
        "self is PushResult.SUCCESS", "self is not PushResult.CHANNEL_CLOSED",
    ),
    Mutant(
        "no_error_is_truthy", ("VOC-4", "VOC-5"), "vocabulary.py",
        "self is not ChannelError.SUCCESS", "self is ChannelError.SUCCESS",
    ),
    Mutant("codes_of_its_own", ("VOC-5",), "vocabulary.py", "import Enum\n", "import IntEnum as Enum\n"),
    Mutant(
        "default_size_too_large", ("CFG-1",), "config.py",
        "max_message_size: int = 4096", "max_message_size: int = 65536",
    ),
    Mutant("default_capacity_decimal", ("CFG-1",), "config.py", "capacity: int = 1024", "capacity: int = 1000"),
    Mutant(
        "capacity_rounded_down", ("CFG-2",), "config.py",
        "next(power for power in CAPACITIES if power >= clamped)",
        "max(power for power in CAPACITIES if power <= clamped)",
    ),
    Mutant("largest_capacity_doubled", ("CFG-2", "CFG-4"), "config.py", "range(3, 20)", "range(3, 21)"),
    Mutant("smallest_size_one", ("CFG-2", "CFG-4"), "config.py", "MIN_MESSAGE_SIZE = 64", "MIN_MESSAGE_SIZE = 1"),
    Mutant(
        "size_rounded_to_words", ("CFG-2",), "config.py",
        "max_message_size=min(max(self.max_message_size, MIN_MESSAGE_SIZE), MAX_MESSAGE_SIZE)",
        "max_message_size=-(-min(max(self.max_message_size, MIN_MESSAGE_SIZE), MAX_MESSAGE_SIZE) // 8) * 8",
    ),
    Mutant("normalize_doubles", ("CFG-3", "CFG-2"), "config.py", "if power >= clamped)", "if power > clamped)"),
    Mutant(
        "normalize_in_place", ("CFG-3",), "config.py",
        "        clamped = min(max(self.capacity, CAPACITIES[0]), CAPACITIES[-1])\n",
        "        clamped = min(max(self.capacity, CAPACITIES[0]), CAPACITIES[-1])\n"
        '        object.__setattr__(self, "capacity", clamped)\n',
    ),
    Mutant(
        "config_can_be_changed", ("CFG-3",), "config.py",
        "@dataclass(frozen=True)", "@dataclass(unsafe_hash=True)",
    ),
    Mutant(
        "any_capacity_in_range_is_valid", ("CFG-4",), "config.py",
        "return self.capacity in CAPACITIES", "return CAPACITIES[0] <= self.capacity <= CAPACITIES[-1]",
    ),
    Mutant(
        "smallest_size_is_not_valid", ("CFG-4",), "config.py",
        "MIN_MESSAGE_SIZE <= self.max_message_size", "MIN_MESSAGE_SIZE < self.max_message_size",
    ),
    Mutant("config_takes_bool", ("CFG-5",), "config.py", "isinstance(value, bool) or not hasattr", "not hasattr"),
    Mutant("config_takes_any_size", ("CFG-5",), "config.py", "if not 0 <= number <= SIZE_MAX", "if number < 0"),
    Mutant(
        "config_overflows", ("CFG-5",), "config.py",
        'raise ValueError(f"{field} must be from', 'raise OverflowError(f"{field} must be from',
    ),
    Mutant(
        "text_is_data", ("ARG-1",), "arguments.py",
        "    with memoryview(data) as view:",
        "    data = data.encode() if isinstance(data, str) else data\n    with memoryview(data) as view:",
    ),
    Mutant(
        "gaps_are_data", ("ARG-1",), "arguments.py",
        '            raise BufferError("a message must be C-contiguous, and this buffer is not")\n',
        "            pass\n",
    ),
    Mutant(
        "elements_for_bytes", ("ARG-1",), "arguments.py",
        "return view.tobytes()", "return bytes(view.tolist()) if view.ndim == 1 else view.tobytes()",
    ),
    Mutant("negative_timeout_is_none", ("ARG-2",), "arguments.py", " or number < 0:", ":"),
    Mutant("nan_is_a_timeout", ("ARG-2",), "arguments.py", "math.isnan(number) or ", ""),
    Mutant("bool_is_a_timeout", ("ARG-2",), "arguments.py", "(bool, str)", "str"),
    Mutant(
        "long_timeout_overflows", ("ARG-2",), "arguments.py",
        "    return number if number < FOREVER else None\n",
        "    if number >= FOREVER:\n"
        '        raise OverflowError("timeout too large")\n'
        "    return number\n",
    ),
    Mutant(
        "negative_count_is_none", ("ARG-3",), "arguments.py",
        "    if integer < 0:\n", "    if integer == -1:\n",
    ),
    Mutant(
        "bool_is_a_count", ("ARG-3",), "arguments.py",
        "isinstance(number, bool) or not hasattr(number", "not hasattr(number",
    ),
    Mutant(
        "negative_count_overflows", ("ARG-3",), "arguments.py",
        'raise ValueError(f"{what} must be 0', 'raise OverflowError(f"{what} must be 0',
    ),
    Mutant(
        "refused_push_counts", ("ARG-4",), "handles/producer.py",
        "        data = arguments.payload(data)\n        self._endpoint.channel, result = pushing.try_push",
        "        try:\n"
        "            data = arguments.payload(data)\n"
        "        except TypeError:\n"
        "            self._endpoint.channel, _ = pushing.push_timed_out(self._endpoint.channel)\n"
        "            raise\n"
        "        self._endpoint.channel, result = pushing.try_push",
    ),
    Mutant(
        "refused_pop_expires", ("ARG-4",), "handles/consumer.py",
        "        max_count, limit = arguments.count",
        "        if max_count:\n"
        "            self._endpoint.channel = popping.replace(self._endpoint.channel, held=0)\n"
        "        max_count, limit = arguments.count",
    ),
    Mutant(
        "refused_commit_rolls_back", ("ARG-4",), "handles/producer.py",
        '        size, offset = arguments.count("size", size), arguments.count("offset", offset)\n',
        "        try:\n"
        '            size, offset = arguments.count("size", size), arguments.count("offset", offset)\n'
        "        except (TypeError, ValueError):\n"
        "            self.rollback()\n"
        "            raise\n",
    ),
    Mutant(
        "requests_default_otherwise", ("CFG-1",), "handles/broker.py",
        "_DEFAULTS = ChannelConfig()", "_DEFAULTS = ChannelConfig(capacity=512)",
    ),
    Mutant(
        "timedelta_is_no_timeout", ("ARG-2",), "arguments.py",
        "    if isinstance(timeout, timedelta):\n        timeout = timeout.total_seconds()\n", "",
    ),
    Mutant("timedelta_without_days", ("ARG-2",), "arguments.py", "timeout.total_seconds()", "timeout.seconds"),
)  # fmt: skip
