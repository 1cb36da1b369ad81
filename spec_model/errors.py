"""The exceptions. Result codes are the contract; these are for misuse and for `send`/`receive`."""

from __future__ import annotations


class OmniError(Exception):
    """Base of every error of our own."""


class ChannelClosedError(OmniError):
    """`send` or `receive` met CHANNEL_CLOSED."""


class ChannelNameError(OmniError):
    """`open_channel` met NAME_EXISTS."""


class MessageExpiredError(OmniError, ValueError):
    """A message was read after the next pop or the close of its consumer [MSG-2]."""


class ConcurrentUseError(OmniError, RuntimeError):
    """A second thread entered a handle while another was inside [CON-2]."""


class WouldBlockForever(OmniError, RuntimeError):
    """A call of the sequential model waits for something that nobody could ever bring.

    Only `spec_model` raises it: where an implementation would hang, the model says so.
    """


class SchemaError(OmniError, ValueError):
    """A binary schema is malformed, or contradicts one that was loaded before."""


class UnknownTableError(OmniError, LookupError):
    """No loaded schema has the table of a class, or more than one has [FLB-4]."""
