"""The executable specification of OmniMailbox, in pure, sequential Python.

A program of one thread behaves with `import spec_model as omni` as with `import fast_impl as omni`. Where an
implementation would wait, the model answers as if the time had passed, and where it would wait for ever, the model
raises WouldBlockForever.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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
from spec_model.vocabulary import (
    BrokerStats,
    ChannelError,
    ChannelInfo,
    ConsumerStats,
    PopResult,
    ProducerStats,
    PushResult,
)

if TYPE_CHECKING:
    from spec_model.flatbuffers.schema import Schema
    from spec_model.handles.broker import MailboxBroker, open_channel
    from spec_model.handles.consumer import ConsumerHandle
    from spec_model.handles.detached import attach, close_detached
    from spec_model.handles.message import Batch, Message
    from spec_model.handles.pair import ChannelPair
    from spec_model.handles.producer import ProducerHandle
    from spec_model.handles.reservation import Reservation
    from spec_model.handles.waiting import wait_any

_HOMES = {
    "Schema": "flatbuffers.schema", "MailboxBroker": "handles.broker", "open_channel": "handles.broker",
    "ConsumerHandle": "handles.consumer", "attach": "handles.detached", "close_detached": "handles.detached",
    "Batch": "handles.message", "Message": "handles.message", "ChannelPair": "handles.pair",
    "ProducerHandle": "handles.producer", "Reservation": "handles.reservation",
    "wait_any": "handles.waiting",
}  # fmt: skip
"""Where the rest is, which is imported when it is asked for: fast_impl needs the words above and no model."""


if not TYPE_CHECKING:  # for which every name would be one

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals().setdefault(name, getattr(import_module(f"{__name__}.{_HOMES[name]}"), name))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__version__ = "0.2.0"
"""Of the three packages, stated here alone; in the form of PEP 440."""

OMNI_NOT_PROVIDED = {
    "threads": "the model is sequential",
    "concurrent-use": "the model is sequential",
    "signals": "the model never waits",
    "in-place": "the model has no ring",
    "interpreters": "each interpreter has a model of its own",
    "fork": "a child has a copy of the model, in which nothing waits for its parent",
}
"""Read by the conformance suite, which checks the model like any implementation."""

__all__ = [
    "Batch",
    "BrokerStats",
    "ChannelClosedError",
    "ChannelConfig",
    "ChannelError",
    "ChannelInfo",
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
    "wait_any",
]
