"""A channel's configuration and its normalisation (§3)."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

SIZE_MAX = 2**64 - 1
"""The largest value of C's `size_t`: the domain of every field [CFG-5]."""

CAPACITIES = tuple(2**exponent for exponent in range(3, 20))
"""Every capacity that a channel can have, in messages: the powers of two from 8 to 524288 (§3.2)."""

MIN_MESSAGE_SIZE = 64
MAX_MESSAGE_SIZE = 16 * 1024 * 1024
"""The range of `max_message_size`, in bytes (§3.2)."""


@dataclass(frozen=True)
class ChannelConfig:
    """How large a channel is (§3.1).

    capacity: messages that fit, 0 to 2^64-1; a channel has 8 to 524288, a power of two.
    max_message_size: bytes of the largest message, 0 to 2^64-1; a channel has 64 to 16777216.

    Raises TypeError for a field that is not an integer (bool included), ValueError for
    one outside `size_t` [CFG-5].
    """

    capacity: int = 1024  # [CFG-1]
    max_message_size: int = 4096  # [CFG-1]

    def __post_init__(self) -> None:
        object.__setattr__(self, "capacity", _size("capacity", self.capacity))
        object.__setattr__(self, "max_message_size", _size("max_message_size", self.max_message_size))

    def normalize(self) -> ChannelConfig:
        """This configuration brought into the valid ranges (§3.3) [CFG-2].

        Precondition: none.
        Effect: none; the original is unchanged [CFG-3].
        Result: capacity clamped to [8, 524288] and then rounded up to a power of two;
            max_message_size clamped to [64, 16777216] and otherwise exact.

        post: __return__.is_valid()
        post: __return__.normalize() == __return__
        post: __return__.capacity in CAPACITIES
        post: __return__.capacity < 2 * max(8, self.capacity)
        """
        clamped = min(max(self.capacity, CAPACITIES[0]), CAPACITIES[-1])
        return ChannelConfig(
            capacity=next(power for power in CAPACITIES if power >= clamped),
            max_message_size=min(max(self.max_message_size, MIN_MESSAGE_SIZE), MAX_MESSAGE_SIZE),
        )

    def is_valid(self) -> bool:
        """Whether a channel can have exactly this configuration (§3.3) [CFG-4].

        Precondition: none.
        Effect: none.
        Result: true exactly when `normalize()` would change nothing.

        post: __return__ == (self.normalize() == self)
        """
        return self.capacity in CAPACITIES and MIN_MESSAGE_SIZE <= self.max_message_size <= MAX_MESSAGE_SIZE


def _size(field: str, value: Any) -> int:
    """`value` as an integer of C's `size_t` [CFG-5]."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{field} must be an integer, not {type(value).__name__}")
    number = operator.index(value)
    if not 0 <= number <= SIZE_MAX:
        raise ValueError(f"{field} must be from 0 to 2**64 - 1, not {number}")
    return number
