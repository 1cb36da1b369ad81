"""The steps of a face in Python: each is whole, for the layer interrupts the face's own file and not this one."""

from __future__ import annotations

import threading
from typing import Any

import spec_model
from spec_model import PopResult, PushResult

news = threading.Condition()
"""Of anything that may let a call go on that waits."""


def tell() -> None:
    """Wake whoever waits."""
    with news:
        news.notify_all()


def wait(seconds: float) -> None:
    """Until there is news, or the time is up."""
    with news:
        news.wait(min(seconds, 0.05))


def receive(consumer: Any) -> bytes | PopResult:
    """The next message as bytes, or why there is none: try_pop and copy in one."""
    result, message = consumer.try_pop()
    return result if message is None else bytes(message)


def receive_many(consumer: Any, most: int) -> list[bytes] | PopResult:
    """The next messages as bytes, or why there are none: batch_pop and copies in one."""
    result, messages = consumer.batch_pop(most)
    return [bytes(each) for each in messages] or result


def pop_as_buffer(consumer: Any, most: int) -> tuple[PopResult, Any]:
    """batch_pop_buffer in one step."""
    return consumer.batch_pop_buffer(most)


def push(producer: Any, data: bytes) -> Any:
    """try_push, or the answer of a push that may wait but not with a reservation outstanding [PSH-5]."""
    result = producer.try_push(data)
    reserved = producer._endpoint.channel.reserved
    return producer.blocking_push(data, 0) if result is PushResult.QUEUE_FULL and reserved else result


def timed_out(handle: Any) -> Any:
    """Count a call whose time is up, where the handle is active."""
    if isinstance(handle, spec_model.ConsumerHandle):
        return handle.blocking_pop(0)[0] if not handle.available_messages() else None
    return handle.blocking_push(b"-", 0) if not handle.available_slots() else None


GO_ON = (PopResult.EMPTY, PushResult.QUEUE_FULL)
"""Answers after which a call that may wait does."""

TIME_UP = (PopResult.TIMEOUT, PushResult.TIMEOUT)
"""Answers of a `wait` that may go on."""
