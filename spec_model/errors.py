"""The exceptions. Result codes are the contract; these are for misuse and for `send`/`receive`."""

from __future__ import annotations


class OmniError(Exception):
    """Base of every exception that only this library raises."""


class ChannelClosedError(OmniError):
    """`send` or `receive` got CHANNEL_CLOSED."""


class ChannelNameError(OmniError):
    """`open_channel` got NAME_EXISTS."""


class MessageExpiredError(OmniError, ValueError):
    """A message was read after the next pop or the close of its consumer [MSG-2]."""


class ConcurrentUseError(OmniError, RuntimeError):
    """A thread called a handle while another thread was in a call on it [CON-2]."""


class FlatBufferTooLarge(OmniError, ValueError):
    """What is built in place outgrew its slot, or the `max_bytes` asked for [FLB-2].

    needed: bytes that it has, at least. available: the most that it may have.
    """

    def __init__(self, needed: int, available: int) -> None:
        super().__init__(needed, available)
        self.needed = needed
        self.available = available

    def __str__(self) -> str:
        return f"the FlatBuffer needs at least {self.needed} bytes, and {self.available} are available"


class NotAllSent(OmniError):
    """Why `send_many` could not go on: always of a subclass that is the usual error too [WAI-5].

    sent: how many messages of the call were sent, from 0 up.
    """

    sent: int = 0


class ElementTypeError(NotAllSent, TypeError):
    """An element is not bytes-like [ARG-1]."""


class ElementBufferError(NotAllSent, BufferError):
    """An element is not C-contiguous [ARG-1]."""


class ElementValueError(NotAllSent, ValueError):
    """An element is empty or too large."""


class SendManyTimeoutError(NotAllSent, TimeoutError):
    """The time was up."""


class SendManyClosedError(NotAllSent, ChannelClosedError):
    """The channel was closed."""


class SendManyConcurrentUseError(NotAllSent, ConcurrentUseError):
    """Another thread was in a call on the handle [CON-2]."""


SEND_ERRORS = (TypeError, BufferError, ValueError, TimeoutError, ChannelClosedError, ConcurrentUseError)
"""What `send` raises, and `send_many` as a subclass of NotAllSent."""

_NOT_ALL_SENT = (
    ElementTypeError, ElementBufferError, ElementValueError, SendManyTimeoutError, SendManyClosedError,
    SendManyConcurrentUseError,
)  # fmt: skip


def not_all_sent(error: Exception, sent: int) -> NotAllSent:
    """What `send_many` raises where `send` raised one of SEND_ERRORS for the element after `sent` others [WAI-5]."""
    kind = next(kind for usual, kind in zip(SEND_ERRORS, _NOT_ALL_SENT) if isinstance(error, usual))
    found = kind(f"element {sent}: {error}")
    found.sent = sent
    return found


class WouldBlockForever(OmniError, RuntimeError):
    """A call of the sequential model would wait for ever; only `spec_model` raises it, where others would hang."""


class SchemaError(OmniError, ValueError):
    """A binary schema is malformed, or contradicts one that was loaded before."""


class UnknownTableError(OmniError, LookupError):
    """No loaded schema has the table of a class, or more than one has [FLB-4]."""
