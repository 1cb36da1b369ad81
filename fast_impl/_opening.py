"""`open_channel`: a channel, or an exception."""

from __future__ import annotations

from uuid import uuid4

from fast_impl._broker import MailboxBroker
from fast_impl._pair import ChannelPair
from spec_model.config import ChannelConfig
from spec_model.errors import ChannelNameError
from spec_model.vocabulary import ChannelError


def open_channel(
    name: str | None = None,
    *,
    capacity: int = 1024,
    max_message_size: int = 4096,
    broker: MailboxBroker | None = None,
) -> ChannelPair:
    """A new channel of `broker`, or of the process's (§4.2). A name of None makes up a unique one.

    capacity in messages and max_message_size in bytes are normalised (§3.3).
    Raises ChannelNameError for a name in use, ValueError for the empty name or a bad
    configuration, MemoryError without memory.
    """
    if broker is None:
        broker = MailboxBroker.instance()
    if name is None:
        name = f"channel-{uuid4()}"
    error, channel = broker.request_channel(name, ChannelConfig(capacity, max_message_size))
    if error is ChannelError.NAME_EXISTS:
        raise ChannelNameError(f"a channel named {name!r} exists; close its handles first or choose another name")
    if error is ChannelError.INVALID_CONFIG:
        raise ValueError("a channel's name must not be empty")
    if channel is None:
        raise MemoryError(f"no memory for a channel of {capacity} messages of {max_message_size} bytes")
    return channel
