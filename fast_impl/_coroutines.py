"""The calls for coroutines [ASY]: each does what its blocking namesake does, and awaits the descriptor of its handle
where there is nothing.

A call takes or sends in one step, behind its last `await`: cancelled, it has done so whole or not at all [ASY-2].
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable
from threading import local
from time import monotonic_ns
from typing import TYPE_CHECKING, Any, SupportsIndex
from weakref import ref

from fast_impl._common import (
    FOREVER,
    RESERVED,
    Buffer,
    Timeout,
    as_count,
    as_memory,
    as_nanoseconds,
    send_many_stopped,
    unreceived,
    unsent,
)
from spec_model.errors import ChannelClosedError
from spec_model.vocabulary import PopResult, PushResult

if TYPE_CHECKING:
    from fast_impl._interface import ConsumerHandle, Handle, ProducerHandle

_AT_ONCE = 64
"""So many calls in a row may be answered without letting other tasks of the loop run [ASY-5]."""

_thread = local()
"""Of each thread, and so of its loop: `answered`, the calls since one last let others run."""

_INSTANT = 1e-9
"""A timeout, in seconds, of a call that is to count that its time is up [STA-2]."""


# ---- the four calls, and iteration ----


async def receive(consumer: ConsumerHandle, timeout: Timeout) -> bytes:
    nanoseconds = as_nanoseconds(timeout)
    if nanoseconds == 0:
        await _let_others_run()
        return consumer.receive(0)
    [payload] = await _pop(consumer, 1, nanoseconds)
    return payload


async def receive_many(consumer: ConsumerHandle, max_count: SupportsIndex, timeout: Timeout) -> list[bytes]:
    wanted, nanoseconds = as_count("max_count", max_count), as_nanoseconds(timeout)
    if wanted == 0 or nanoseconds == 0:
        await _let_others_run()
        return consumer.receive_many(wanted, 0)
    return await _pop(consumer, wanted, nanoseconds)


async def payloads(consumer: ConsumerHandle) -> AsyncIterator[bytes]:
    while True:
        try:
            payload = await receive(consumer, None)
        except ChannelClosedError:
            return
        yield payload


async def send(producer: ProducerHandle, data: Buffer, timeout: Timeout) -> None:
    size = as_memory(data).nbytes
    result = await _push(producer, data, _deadline(as_nanoseconds(timeout)))
    if result is not PushResult.SUCCESS:
        unsent(result, size, producer.max_message_size(), producer._is_inherited())


async def send_many(producer: ProducerHandle, messages: Iterable[Buffer], timeout: Timeout) -> None:
    deadline = _deadline(as_nanoseconds(timeout))
    for sent, data in enumerate(messages):
        try:
            size = as_memory(data).nbytes
        except (TypeError, BufferError) as error:
            send_many_stopped(error, sent)
        result = await _push(producer, data, deadline)
        if result is not PushResult.SUCCESS:
            unsent(result, size, producer.max_message_size(), producer._is_inherited(), sent)


async def _pop(consumer: ConsumerHandle, wanted: int, nanoseconds: int) -> list[bytes]:
    deadline = _deadline(nanoseconds)
    await _let_others_run()
    result, found = consumer._pop_bytes(wanted)
    while result is PopResult.EMPTY:
        if await _readable(consumer, deadline):
            result, found = consumer._pop_bytes(wanted)
        else:
            result, found = consumer._pop_bytes(wanted, _INSTANT)
    return found if result is PopResult.SUCCESS else unreceived(result, consumer._is_inherited())


async def _push(producer: ProducerHandle, data: Buffer, deadline: int) -> PushResult:
    await _let_others_run()
    result = producer.try_push(data)
    while result is PushResult.QUEUE_FULL:
        code, reservation = producer._reserve(1, 0)  # none is free, or one is outstanding [PSH-5]?
        if reservation is not None:
            producer.rollback()
            result = producer.try_push(data)
        elif code != RESERVED and await _readable(producer, deadline):
            result = producer.try_push(data)
        else:
            result = producer.blocking_push(data, 0)
    return result


# ---- waiting ----


def _deadline(nanoseconds: int) -> int:
    return FOREVER if nanoseconds == FOREVER else monotonic_ns() + nanoseconds


def _is_on_asyncio() -> bool:
    """Whether asyncio runs this coroutine; else anyio is asked, which knows trio too."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return "trio" not in sys.modules or _library() == "asyncio"


def _library() -> str:
    import sniffio

    return sniffio.current_async_library()


def _anyio() -> Any:
    try:
        import anyio
    except ModuleNotFoundError as error:
        raise RuntimeError("without asyncio, a coroutine needs anyio: pip install omnimailbox[anyio]") from error
    return anyio


async def _let_others_run() -> None:
    """Once in `_AT_ONCE` calls, and on trio in each: before it takes or sends."""
    if not _is_on_asyncio():
        await _anyio().lowlevel.checkpoint()
        return
    answered = getattr(_thread, "answered", 0) + 1
    _thread.answered = answered % _AT_ONCE
    if answered == _AT_ONCE:
        await asyncio.sleep(0)


async def _readable(handle: Handle, deadline: int) -> bool:
    """Wait, after a look that found nothing, until it is worth another one; False when the time is up [WAI-3]."""
    left = FOREVER if deadline == FOREVER else deadline - monotonic_ns()
    if left != FOREVER and left <= 0:
        return False
    try:
        waiting = _Waiting(handle)
    except ValueError:
        return True  # it is inactive, as another look will find
    try:
        if _is_on_asyncio():
            return await waiting.on_asyncio(left)
        return await waiting.on_anyio(left)
    finally:
        waiting.end()


class _Waiting:
    """A coroutine's wait: the handle claimed [ASY-4], and a duplicate of its descriptor, which outlives a close.

    Raises ValueError where the handle is inactive, ConcurrentUseError where another call is inside or waits.
    """

    def __init__(self, handle: Handle) -> None:
        self.descriptor = os.dup(handle.fileno())
        self.handle = handle
        try:
            self.claim = handle._claim()
        except BaseException:
            os.close(self.descriptor)
            raise

    async def on_asyncio(self, left: int) -> bool:
        """Whether the descriptor became readable within so many nanoseconds."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[bool] = loop.create_future()
        wake = _Wake(found)
        loop.add_reader(self.descriptor, wake)
        gone = ref(wake, self.end)  # the loop is closed: nothing resumes this coroutine, and others may use the handle
        del wake
        timer = None if left == FOREVER else loop.call_later(left / 1e9, _set, found, False)
        try:
            return await found
        finally:
            del gone
            if timer is not None:
                timer.cancel()
            if not loop.is_closed():
                loop.remove_reader(self.descriptor)

    async def on_anyio(self, left: int) -> bool:
        """The same, for any library that anyio knows."""
        anyio = _anyio()
        with anyio.move_on_after(None if left == FOREVER else left / 1e9):
            await anyio.wait_readable(self.descriptor)
            return True
        return False

    def end(self, *_: object) -> None:
        """Give up the claim and the descriptor; a second time does nothing."""
        claim, self.claim = self.claim, None
        if claim is not None:
            self.handle._unclaim(claim)
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class _Wake:
    """What the loop calls, and lets go of when it is closed."""

    __slots__ = ("__weakref__", "found")

    def __init__(self, found: asyncio.Future[bool]) -> None:
        self.found = found

    def __call__(self) -> None:
        _set(self.found, True)


def _set(found: asyncio.Future[bool], value: bool) -> None:
    if not found.done():
        found.set_result(value)
