"""The calls for coroutines [ASY]: each does what its blocking namesake does, and awaits the descriptor of its handle
where there is nothing. Methods of both handles, of either binding.

A call takes or sends in one step, behind its last `await`: cancelled, it has done so whole or not at all [ASY-2].
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from time import monotonic_ns
from typing import TYPE_CHECKING, Any, SupportsIndex
from weakref import WeakValueDictionary, ref

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
    from asyncio import AbstractEventLoop, Future

    from fast_impl._interface import ConsumerHandle, Handle, ProducerHandle


# ---- the consumer's ----


async def receive_async(self: ConsumerHandle, timeout: Timeout = None) -> bytes:
    """`receive` for a coroutine, on asyncio or, with anyio, on trio [ASY-1].

    Cancelled, it has taken nothing [ASY-2]. While it waits, another call of the handle gets
    ConcurrentUseError [ASY-4].
    """
    nanoseconds = FOREVER if timeout is None else as_nanoseconds(timeout)
    if turn() or "trio" in _modules:
        await _let_others_run()
    if nanoseconds == 0:
        return self.receive(0)
    result, found = self._pop_bytes(1)
    if result is not PopResult.SUCCESS:
        found = await _pop(self, 1, nanoseconds, result)
    return found[0]


async def receive_many_async(self: ConsumerHandle, max_count: SupportsIndex, timeout: Timeout = None) -> list[bytes]:
    """`receive_many` for a coroutine; cancelled, it has taken nothing [ASY-1, ASY-2]."""
    wanted, nanoseconds = as_count("max_count", max_count), as_nanoseconds(timeout)
    if turn() or "trio" in _modules:
        await _let_others_run()
    if wanted == 0 or nanoseconds == 0:
        return self.receive_many(wanted, 0)
    result, found = self._pop_bytes(wanted)
    return found if result is PopResult.SUCCESS else await _pop(self, wanted, nanoseconds, result)


async def payloads(self: ConsumerHandle) -> AsyncIterator[bytes]:
    """Payloads, awaiting each, until the channel is closed and drained [ASY-1]."""
    while True:
        try:
            payload = await receive_async(self)
        except ChannelClosedError:
            return
        yield payload


async def _pop(consumer: ConsumerHandle, wanted: int, nanoseconds: int, result: PopResult) -> list[bytes]:
    """What is there when there is something, after a look that gave `result` and found nothing."""
    deadline, found = _deadline(nanoseconds), []
    while result is PopResult.EMPTY:
        if await _readable(consumer, deadline):
            result, found = consumer._pop_bytes(wanted)
        else:
            result, found = consumer._pop_bytes(wanted, _INSTANT)
    return found if result is PopResult.SUCCESS else unreceived(result, consumer._is_inherited())


# ---- the producer's ----


async def send_async(self: ProducerHandle, data: Buffer, timeout: Timeout = None) -> None:
    """`send` for a coroutine, on asyncio or, with anyio, on trio [ASY-1].

    Cancelled, it has sent the message whole or not at all; `get_stats` tells [ASY-2]. While it waits,
    another call of the handle gets ConcurrentUseError [ASY-4].
    """
    nanoseconds = FOREVER if timeout is None else as_nanoseconds(timeout)
    if turn() or "trio" in _modules:
        await _let_others_run()
    result = self.try_push(data)
    if result is PushResult.QUEUE_FULL:
        result = await _push(self, data, _deadline(nanoseconds))
    if result is not PushResult.SUCCESS:
        unsent(result, as_memory(data).nbytes, self.max_message_size(), self._is_inherited())


async def send_many_async(self: ProducerHandle, messages: Iterable[Buffer], timeout: Timeout = None) -> None:
    """`send_many` for a coroutine; what went before it is cancelled stays sent [ASY-1, ASY-2]."""
    deadline = _deadline(as_nanoseconds(timeout))
    for sent, data in enumerate(messages):
        try:
            as_memory(data)
        except (TypeError, BufferError) as error:
            send_many_stopped(error, sent)
        if turn() or "trio" in _modules:
            await _let_others_run()
        result = self.try_push(data)
        if result is PushResult.QUEUE_FULL:
            result = await _push(self, data, deadline)
        if result is not PushResult.SUCCESS:
            unsent(result, as_memory(data).nbytes, self.max_message_size(), self._is_inherited(), sent)


async def _push(producer: ProducerHandle, data: Buffer, deadline: int) -> PushResult:
    """Send `data` when there is space, after a look that found none."""
    result = PushResult.QUEUE_FULL
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


# ---- which library runs the coroutine, and letting its other tasks run ----

turn: Callable[[], bool]
"""Of the binding, which sets it: whether it is the calling thread's 64th call since it last was [ASY-5]."""

_modules = sys.modules

_INSTANT = 1e-9
"""A timeout, in seconds, of a call that is to count that its time is up [STA-2]."""


async def _let_others_run() -> None:
    """Before the call takes or sends."""
    if _is_on_asyncio():
        from asyncio import sleep

        await sleep(0)
    else:
        await _anyio().lowlevel.checkpoint()


def _is_on_asyncio() -> bool:
    """Whether asyncio runs this coroutine; else anyio is asked, which knows trio too."""
    from asyncio import get_running_loop

    try:
        get_running_loop()
    except RuntimeError:
        return False
    if "trio" not in sys.modules:
        return True
    import sniffio

    return sniffio.current_async_library() == "asyncio"


def _anyio() -> Any:
    try:
        import anyio
        import anyio.lowlevel
    except ModuleNotFoundError as error:
        raise RuntimeError(
            "no asyncio loop runs this coroutine, and for another library's it needs anyio: "
            "pip install 'omnimailbox[anyio]'"
        ) from error
    return anyio


# ---- waiting ----


def _deadline(nanoseconds: int) -> int:
    return FOREVER if nanoseconds == FOREVER else monotonic_ns() + nanoseconds


async def _readable(handle: Handle, deadline: int) -> bool:
    """Wait, after a look that found nothing, until it is worth another one; False when the time is up [WAI-3]."""
    left = FOREVER if deadline == FOREVER else deadline - monotonic_ns()
    if left != FOREVER and left <= 0:
        return False
    try:
        descriptor = handle.fileno()
    except ValueError:
        return True  # it is inactive, as another look will find
    return await (_on_asyncio if _is_on_asyncio() else _on_anyio)(handle, descriptor, left)


async def _on_anyio(handle: Handle, descriptor: int, left: int) -> bool:
    anyio, claim, own = _anyio(), _Claim(handle), os.dup(descriptor)  # which outlives a close of the handle
    try:
        with anyio.move_on_after(None if left == FOREVER else left / 1e9):
            await anyio.wait_readable(own)
            return True
        return False
    finally:
        os.close(own)
        claim.end()


async def _on_asyncio(handle: Handle, descriptor: int, left: int) -> bool:
    from asyncio import get_running_loop

    loop = get_running_loop()
    found: Future[bool] = loop.create_future()
    claim = _registered(loop, handle, descriptor).wait(found)
    timer = None if left == FOREVER else loop.call_later(left / 1e9, _set, found, False)
    try:
        return await found
    finally:
        claim.end()
        if timer is not None:
            timer.cancel()


class _Claim:
    """A handle whose other calls are refused while a coroutine waits [ASY-4], though not after the end of its loop.

    Raises ConcurrentUseError where another call is inside or waits.
    """

    __slots__ = ("_claim", "_handle")

    def __init__(self, handle: Handle) -> None:
        self._handle, self._claim = handle, handle._claim()

    def end(self) -> None:
        """A second time does nothing."""
        claim, self._claim = self._claim, None
        if claim is not None:
            self._handle._unclaim(claim)


class _Registration:
    """A handle's descriptor among those that a loop watches: a duplicate, which outlives a close of the handle.

    It stays registered from one wait to the next, as long as it becomes readable in waits only. Only the loop holds
    it: when that is closed, nothing resumes a coroutine that waits, and other loops may use the handle [ASY-3].
    """

    def __init__(self, loop: AbstractEventLoop, handle: Handle, descriptor: int) -> None:
        self.handle, self._loop = ref(handle), loop
        self._found: Future[bool] | None = None
        self._claim: _Claim | None = None
        self._descriptor = os.dup(descriptor)
        loop.add_reader(self._descriptor, self)

    def wait(self, found: Future[bool]) -> _Claim:
        """Give `found` its result when the descriptor is readable, for a coroutine that ends the claim then."""
        handle = self.handle()
        assert handle is not None, "its caller has it"
        self._claim, self._found = _Claim(handle), found
        return self._claim

    def __call__(self) -> None:
        """The descriptor is readable, as the loop says once in each of its rounds."""
        if self._found is None:
            self._loop.remove_reader(self._descriptor)
        elif self._found.done():
            self._found = None
        else:
            self._found.set_result(True)

    def __del__(self) -> None:
        if self._claim is not None:
            self._claim.end()
        os.close(self._descriptor)


_registrations: WeakValueDictionary[tuple[int, int], _Registration] = WeakValueDictionary()
"""By the identities of a loop that is not closed, and of a handle."""


def _registered(loop: AbstractEventLoop, handle: Handle, descriptor: int) -> _Registration:
    found = _registrations.get((id(loop), id(handle)))
    if found is None or found.handle() is not handle:
        found = _registrations[id(loop), id(handle)] = _Registration(loop, handle, descriptor)
    return found


def _set(found: Future[bool], value: bool) -> None:
    if not found.done():
        found.set_result(value)
