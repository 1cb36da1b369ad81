"""OmniMailbox, fast: a C11 lock-free core behind the names of `spec_model`."""

from fast_impl._binding import seam as seam
from fast_impl._broker import MailboxBroker
from fast_impl._consumer import ConsumerHandle
from fast_impl._include import get_include
from fast_impl._message import Message
from fast_impl._opening import open_channel
from fast_impl._pair import ChannelPair
from fast_impl._producer import ProducerHandle
from fast_impl._reservation import Reservation
from fast_impl._start_index import SETTABLE as _SETTABLE
from spec_model.config import ChannelConfig
from spec_model.errors import (
    ChannelClosedError,
    ChannelNameError,
    ConcurrentUseError,
    MessageExpiredError,
    OmniError,
)
from spec_model.vocabulary import (
    BrokerStats,
    ChannelError,
    ConsumerStats,
    PopResult,
    ProducerStats,
    PushResult,
)

__all__ = [
    "BrokerStats",
    "ChannelClosedError",
    "ChannelConfig",
    "ChannelError",
    "ChannelNameError",
    "ChannelPair",
    "ConcurrentUseError",
    "ConsumerHandle",
    "ConsumerStats",
    "MailboxBroker",
    "Message",
    "MessageExpiredError",
    "OmniError",
    "PopResult",
    "ProducerHandle",
    "ProducerStats",
    "PushResult",
    "Reservation",
    "get_include",
    "open_channel",
]

if _SETTABLE:
    from fast_impl._start_index import set_start_index as set_start_index
