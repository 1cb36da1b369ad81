"""Waiting for one of many handles [WAI-4]."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from spec_model import arguments
from spec_model.channel.value import Blocked
from spec_model.handles.consumer import ConsumerHandle
from spec_model.handles.endpoint import time_up
from spec_model.handles.producer import ProducerHandle
from spec_model.vocabulary import Timeout

Either = TypeVar("Either", bound="ProducerHandle | ConsumerHandle")


def wait_any(handles: Iterable[Either], timeout: Timeout = None) -> list[Either]:
    """Those of `handles` that have something, waiting up to `timeout` seconds, None for ever, until one does [WAI-4].

    A consumer has something where a message waits or none ever will, a producer where a slot is free or nobody
    receives, and an inactive handle always. Nothing is taken. The same objects in the order given, each once; `[]` when
    the time is up. Raises ValueError for no handles, TypeError for what is no handle.

    In a sequential program nothing can come meanwhile: instead of waiting it gives `[]` at once, and raises
    WouldBlockForever where there is no timeout.
    """
    limit, chosen = arguments.seconds(timeout), {id(handle): handle for handle in handles}
    for handle in chosen.values():
        if not isinstance(handle, (ProducerHandle, ConsumerHandle)):
            raise TypeError(f"handles must be producers and consumers, not {type(handle).__name__}")
    if not chosen:
        raise ValueError("handles must not be empty: nothing would ever end the wait")
    found = [handle for handle in chosen.values() if handle.wait(0).name != "TIMEOUT"]
    if not found:
        time_up("wait_any", Blocked.FOR_ANY, limit)
    return found
