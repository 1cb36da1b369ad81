"""The public names of an implementation, completed where only a broker is given."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import spec_model

TYPES = ("MailboxBroker", "ChannelPair", "ProducerHandle", "ConsumerHandle", "Message", "Reservation")
"""What an implementation must have of its own."""

SHARED = (
    "BrokerStats", "ChannelConfig", "ChannelError", "ConsumerStats", "PopResult", "ProducerStats", "PushResult",
    "ChannelClosedError", "ChannelNameError", "ConcurrentUseError", "MessageExpiredError", "OmniError",
)  # fmt: skip
"""What it may take from the model [VOC-5]."""


class Incomplete(Exception):
    """A target lacks names without which nothing can be judged."""


def complete(omni: Any, name: str) -> Any:
    """`omni` itself where it has every name, else its names with the model's shared ones; Incomplete without types."""
    missing = [each for each in TYPES if not hasattr(omni, each)]
    if missing:
        raise Incomplete(f"{name} has no {', '.join(missing)}; a target has the public names of spec_model")
    if all(hasattr(omni, each) for each in SHARED):
        return omni
    names = {each: getattr(spec_model, each) for each in SHARED}
    return SimpleNamespace(**{**names, **{each: getattr(omni, each) for each in dir(omni) if not each.startswith("_")}})
