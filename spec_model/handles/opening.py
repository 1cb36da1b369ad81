"""`open_channel`: a channel, or an exception."""

from __future__ import annotations

from uuid import uuid4

from spec_model.config import ChannelConfig
from spec_model.errors import ChannelNameError
from spec_model.handles.broker import MailboxBroker
from spec_model.handles.pair import ChannelPair
from spec_model.vocabulary import ChannelError


def open_channel(
    name: str | None = None,
    *,
    capacity: int = 1024,
    max_message_size: int = 4096,
    broker: MailboxBroker | None = None,
) -> ChannelPair:
    """Make a channel, with a unique name where none is given, in `broker` or the process's own.

    Raises ChannelNameError for a name that is registered, ValueError for the empty name,
    MemoryError where memory cannot be had.
    """
    if broker is not None and not isinstance(broker, MailboxBroker):
        raise TypeError(f"broker must be a MailboxBroker or None, not {type(broker).__name__}")
    name = f"channel-{uuid4()}" if name is None else name
    config = ChannelConfig(capacity, max_message_size)
    broker = MailboxBroker.instance() if broker is None else broker
    error, pair = broker.request_channel(name, config)
    if error is ChannelError.NAME_EXISTS:
        raise ChannelNameError(f"a channel named {name!r} exists")
    if error is ChannelError.INVALID_CONFIG:
        raise ValueError("a channel's name must not be empty")
    if pair is None:
        raise MemoryError(f"no memory for {config.normalize()}")
    return pair
