"""Ends that nobody holds at the moment: a token names each, until `attach` or `close_detached` [LIF-10]."""

from __future__ import annotations

from typing import SupportsIndex

from spec_model import arguments
from spec_model.handles.consumer import ConsumerHandle
from spec_model.handles.endpoint import DETACHED
from spec_model.handles.producer import ProducerHandle


def attach(token: SupportsIndex) -> ProducerHandle | ConsumerHandle:
    """The end of which `detach` gave that token, with everything it had [LIF-10].

    A token works once. Raises ValueError for any other number, TypeError for what is no integer.
    """
    handle = DETACHED.pop(arguments.count("token", token), None)
    if handle is None:
        raise ValueError(f"token must be one that detach() gave and that has not been used, not {token}")
    return handle  # type: ignore[return-value]


def close_detached(token: SupportsIndex) -> None:
    """End the end of which `detach` gave that token, unattached [LIF-10].

    Raises ValueError for any other number, TypeError for what is no integer.
    """
    attach(token).close()  # LIF-10
