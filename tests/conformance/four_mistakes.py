"""A target with four mistakes: one slot too few, a null pointer, a hang, and a wait that does not wait."""

from __future__ import annotations

import ctypes
import threading
from typing import Any

import fast_impl
from fast_impl import *  # noqa: F403 - a target has the public names
from fast_impl import ConsumerHandle, PopResult, ProducerHandle, PushResult

_try_push, _blocking_push, _blocking_pop = (
    ProducerHandle.try_push,
    ProducerHandle.blocking_push,
    ConsumerHandle.blocking_pop,
)


def one_slot_too_few(self: ProducerHandle, data: Any) -> PushResult:
    """The last free slot is never used."""
    return PushResult.QUEUE_FULL if self.available_slots() == 1 else _try_push(self, data)


def null_when_moved_from(self: ProducerHandle) -> bool:
    """Reads what a moved-from handle no longer has."""
    if self.capacity() == 0:
        ctypes.string_at(0)
    return bool(fast_impl.ProducerHandle.get_config(self).capacity) and _is_connected(self)


def hangs_on_close(self: ConsumerHandle, timeout: Any = None) -> Any:
    """Sleeps on when its producer is closed under it."""
    waits = self.is_connected() and not self.available_messages()
    result, message = _blocking_pop(self, timeout)
    if waits and result is PopResult.CHANNEL_CLOSED:
        threading.Event().wait()
    return result, message


def does_not_wait(self: ProducerHandle, data: Any, timeout: Any = None) -> PushResult:
    """An infinite wait is over at once."""
    return _blocking_push(self, data, 0 if timeout is None else timeout)


_is_connected = ProducerHandle.is_connected
ProducerHandle.try_push = one_slot_too_few  # type: ignore[method-assign, assignment]
ProducerHandle.is_connected = null_when_moved_from  # type: ignore[method-assign]
ConsumerHandle.blocking_pop = hangs_on_close  # type: ignore[method-assign]
ProducerHandle.blocking_push = does_not_wait  # type: ignore[method-assign, assignment]
