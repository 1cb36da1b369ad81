"""The result codes and statistics records of every implementation (§2.1), and the types of its arguments.

An implementation returns these objects themselves, so that results compare by identity [VOC-5].
"""

from __future__ import annotations

import sys
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Protocol, TypeVar, Union

from spec_model.config import ChannelConfig

if sys.version_info >= (3, 12):
    from collections.abc import Buffer as Buffer
elif TYPE_CHECKING:
    from typing_extensions import Buffer as Buffer  # type checkers bring it along
else:
    Buffer = Any
"""Any C-contiguous bytes-like object [ARG-1]."""

Timeout = Union[Real, Decimal, float, timedelta, None]
"""None for ever, or seconds, or a timedelta; not negative [ARG-2]."""


class Root(Protocol):
    """A class that `flatc --python` generates for a table."""

    @classmethod
    def GetRootAs(cls, buf: Any, offset: int = 0, /) -> Any:
        """The root table of a buffer."""
        ...


Table = TypeVar("Table", bound=Root)


class PushResult(Enum):
    """The result of a push (§2.1) [VOC-1]. Truthy exactly when it is SUCCESS [VOC-4]."""

    SUCCESS = 0
    TIMEOUT = 1
    CHANNEL_CLOSED = 2
    INVALID_SIZE = 3
    QUEUE_FULL = 4

    def __bool__(self) -> bool:
        return self is PushResult.SUCCESS


class PopResult(Enum):
    """The result of a pop (§2.1) [VOC-2]. Truthy exactly when it is SUCCESS [VOC-4]."""

    SUCCESS = 0
    TIMEOUT = 1
    CHANNEL_CLOSED = 2
    EMPTY = 3

    def __bool__(self) -> bool:
        return self is PopResult.SUCCESS


class ChannelError(Enum):
    """The result of a request for a channel (§2.1) [VOC-3]. Truthy exactly when it is an error [VOC-4]."""

    SUCCESS = 0
    NAME_EXISTS = 1
    INVALID_CONFIG = 2
    ALLOCATION_FAILED = 3

    def __bool__(self) -> bool:
        return self is not ChannelError.SUCCESS


class ProducerStats(NamedTuple):
    """A producer's counters, all from 0 up (§5.4) [STA-1]."""

    messages_sent: int = 0
    bytes_sent: int = 0
    failed_pushes: int = 0


class ConsumerStats(NamedTuple):
    """A consumer's counters, all from 0 up (§6.4) [STA-2]."""

    messages_received: int = 0
    bytes_received: int = 0
    failed_pops: int = 0


class BrokerStats(NamedTuple):
    """A broker's counters, all from 0 up; the totals never fall (§4.2) [BRK-11]."""

    active_channels: int = 0
    total_channels_created: int = 0
    total_messages_sent: int = 0
    total_bytes_transferred: int = 0


class ChannelInfo(NamedTuple):
    """How a registered channel stands at some moment [OBS-2].

    name, config: as requested, and normalised. waiting: messages sent and not popped.
    producer_open, consumer_open: whether that handle is not closed. shut: whether a shutdown has closed the channel.
    producer_sleeps, consumer_sleeps: seconds for which a call has been asleep in that handle, None where none is. It is
        one sleep: a signal ends it, and the call then begins another.
    producer, consumer: what their `get_stats()` gives.
    """

    name: str
    config: ChannelConfig
    waiting: int
    producer_open: bool
    consumer_open: bool
    shut: bool
    producer_sleeps: Optional[float]  # noqa: UP045 (Python 3.9)
    consumer_sleeps: Optional[float]  # noqa: UP045
    producer: ProducerStats
    consumer: ConsumerStats
