"""OmniMailbox, fast: a C11 lock-free core behind the names of `spec_model`."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fast_impl import _binding
from fast_impl import native as native
from fast_impl._binding import Batch, ConsumerHandle, Message, ProducerHandle, Reservation
from fast_impl._binding import fences as fences
from fast_impl._broker import ChannelPair, MailboxBroker, attach, close_detached, open_channel
from fast_impl._choice import binding as binding
from fast_impl._choice import platform as platform
from fast_impl._waiting import wait_any
from spec_model import __version__ as __version__
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
    from fast_impl.flatbuffers.schema import Schema
    from fast_impl.status import serve_status

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
    "attach",
    "close_detached",
    "get_include",
    "open_channel",
    "serve_status",
    "wait_any",
]

_C_API = _binding.C_API  # for PyCapsule_Import

OMNI_NOT_PROVIDED = {} if binding == "c" else {"interpreters": "cffi loads in one interpreter only"}
"""Read by the conformance suite, which checks it like any implementation."""


def get_include() -> str:
    """The folder, for a compiler's -I, of `omni_mailbox.h` and of what native code calls its functions with.

    `fast_impl.native` says which of its files is for whom.
    """
    return str(Path(native.__file__).parent)


_HOMES = {"Schema": "flatbuffers.schema", "serve_status": "status"}
"""Where the rest is, imported when it is asked for: those who have no FlatBuffers, and no socket, do without."""

if not TYPE_CHECKING:  # for which every name would be one

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals().setdefault(name, getattr(import_module(f"{__name__}.{_HOMES[name]}"), name))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
