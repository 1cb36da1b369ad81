"""The executable specification of OmniMailbox, in pure, sequential Python.

A program of one thread behaves with `import spec_model as omni` as with `import fast_impl as omni`. Where an
implementation would wait, the model answers as if the time had passed, and where it would wait for ever, the model
raises WouldBlockForever.
"""

from spec_model.config import ChannelConfig
from spec_model.errors import (
    ChannelClosedError,
    ChannelNameError,
    ConcurrentUseError,
    FlatBufferTooLarge,
    MessageExpiredError,
    NotAllSent,
    OmniError,
    SchemaError,
    UnknownTableError,
    WouldBlockForever,
)
from spec_model.flatbuffers.schema import Schema
from spec_model.handles.broker import MailboxBroker, open_channel
from spec_model.handles.consumer import ConsumerHandle
from spec_model.handles.detached import attach, close_detached
from spec_model.handles.message import Batch, Message
from spec_model.handles.pair import ChannelPair
from spec_model.handles.producer import ProducerHandle
from spec_model.handles.reservation import Reservation
from spec_model.vocabulary import BrokerStats, ChannelError, ConsumerStats, PopResult, ProducerStats, PushResult

__version__ = "0.2.0"
"""Of the three packages, stated here alone; in the form of PEP 440."""

OMNI_NOT_PROVIDED = {
    "threads": "the model is sequential",
    "concurrent-use": "the model is sequential",
    "signals": "the model never waits",
    "in-place": "the model has no ring",
    "fork": "a child has a copy of the model, in which nothing waits for its parent",
}
"""Read by the conformance suite, which checks the model like any implementation."""

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
    "NotAllSent",
    "OmniError",
    "PopResult",
    "ProducerHandle",
    "ProducerStats",
    "PushResult",
    "Reservation",
    "Schema",
    "SchemaError",
    "UnknownTableError",
    "WouldBlockForever",
    "attach",
    "close_detached",
    "open_channel",
]
