"""OmniMailbox, fast: a C11 lock-free core behind the names of `spec_model`."""

from fast_impl._binding import Batch, ConsumerHandle, Message, ProducerHandle, Reservation
from fast_impl._binding import fences as fences
from fast_impl._broker import MailboxBroker
from fast_impl._choice import binding as binding
from fast_impl._choice import platform as platform
from fast_impl._include import get_include
from fast_impl._opening import open_channel
from fast_impl._pair import ChannelPair
from fast_impl.flatbuffers.schema import Schema
from spec_model.config import ChannelConfig
from spec_model.errors import (
    ChannelClosedError,
    ChannelNameError,
    ConcurrentUseError,
    FlatBufferTooLarge,
    MessageExpiredError,
    OmniError,
    SchemaError,
    UnknownTableError,
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
    "Batch",
    "BrokerStats",
    "ChannelClosedError",
    "ChannelConfig",
    "ChannelError",
    "ChannelNameError",
    "ChannelPair",
    "ConcurrentUseError",
    "ConsumerHandle",
    "ConsumerStats",
    "FlatBufferTooLarge",
    "MailboxBroker",
    "Message",
    "MessageExpiredError",
    "OmniError",
    "PopResult",
    "ProducerHandle",
    "ProducerStats",
    "PushResult",
    "Reservation",
    "Schema",
    "SchemaError",
    "UnknownTableError",
    "get_include",
    "open_channel",
]

if binding == "cffi":
    from fast_impl.cffi import start_index as _start_index

    if _start_index.SETTABLE:
        set_start_index = _start_index.set_start_index
