"""What the calls for coroutines await [ASY]: that others run, and where a look found nothing, the handle's descriptor.

Handles are those of either binding; `_interface` has their types, and the calls. A call takes or sends in one step,
behind its last `await`: cancelled, it has done so whole or not at all [ASY-2].
"""

from __future__ import annotations

import os
import sys
from errno import EBADF
from importlib import import_module
from time import monotonic_ns
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary, ref

from fast_impl._common import FOREVER, RESERVED, unreceived
from spec_model.vocabulary import Buffer, PopResult, PushResult

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future


async def pop(consumer: Any, wanted: int, nanoseconds: int, result: PopResult) -> list[bytes]:
    """What is there when there is something, after a look that gave `result` and found nothing."""
    deadline = deadline_after(nanoseconds)
    found: list[bytes] = []
    while result is PopResult.EMPTY:
        if await _readable(consumer, deadline):
            result, found = consumer._pop_bytes(wanted)
        else:
            result, found = consumer._pop_bytes(wanted, _INSTANT)
    return found if result is PopResult.SUCCESS else unreceived(result, consumer._stood())


async def push(producer: Any, data: Buffer, deadline: int) -> PushResult:
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

modules = sys.modules
"""Where trio may run coroutines, it is among these: then each call has to ask."""

_INSTANT = 1e-9
"""A timeout, in seconds, of a call that is to count that its time is up [STA-2]."""


async def let_others_run(due: bool) -> None:
    """Before a call takes or sends: on asyncio where it is due, on trio always."""
    if not _is_on_asyncio():
        await _anyio().lowlevel.checkpoint()
    elif due:
        from asyncio import sleep

        await sleep(0)


def _is_on_asyncio() -> bool:
    """Whether asyncio runs this coroutine; else anyio is asked, which knows trio too."""
    from asyncio import get_running_loop

    try:
        get_running_loop()
    except RuntimeError:
        return False
    if "trio" not in modules:
        return True
    import sniffio

    return sniffio.current_async_library() == "asyncio"


def _anyio() -> Any:
    try:
        import_module("anyio.lowlevel")
        return import_module("anyio")
    except ModuleNotFoundError as error:
        raise RuntimeError(
            "no asyncio loop runs this coroutine, and for another library's it needs anyio: "
            "pip install 'omnimailbox[anyio]'"
        ) from error


# ---- waiting ----


def deadline_after(nanoseconds: int) -> int:
    return FOREVER if nanoseconds == FOREVER else monotonic_ns() + nanoseconds


async def _readable(handle: Any, deadline: int) -> bool:
    """Wait, after a look that found nothing, until it is worth another one; False when the time is up [WAI-3]."""
    left = FOREVER if deadline == FOREVER else deadline - monotonic_ns()
    if left != FOREVER and left <= 0:
        return False
    return await (_on_asyncio if _is_on_asyncio() else _on_anyio)(handle, left)


def duplicate(handle: Any) -> int | None:
    """A descriptor as the handle's, which outlives a close of it; None where the handle is inactive.

    After a close by another thread the handle's number may be any other file's: only where the handle has its
    descriptor still, the duplicate is one of it.
    """
    own = None
    try:
        own = os.dup(handle.fileno())
        handle.fileno()
    except (ValueError, OSError) as error:
        if own is not None:
            os.close(own)
        if isinstance(error, OSError) and error.errno != EBADF:
            raise
        return None
    return own


async def _on_anyio(handle: Any, left: int) -> bool:
    anyio, own = _anyio(), duplicate(handle)
    if own is None:
        return True  # as another look will find
    claim = None
    try:
        claim = _Claim(handle)
        with anyio.move_on_after(None if left == FOREVER else left / 1e9) as scope:
            await anyio.wait_readable(own)
        return not scope.cancelled_caught
    finally:
        os.close(own)
        if claim is not None:
            claim.end()


async def _on_asyncio(handle: Any, left: int) -> bool:
    from asyncio import get_running_loop

    loop = get_running_loop()
    registration = _registered(loop, handle)
    if registration is None:
        return True  # as another look will find
    found: Future[bool] = loop.create_future()
    claim = registration.wait(found)
    del registration  # only the loop holds it
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

    def __init__(self, handle: Any) -> None:
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

    def __init__(self, loop: AbstractEventLoop, handle: Any, own: int) -> None:
        self.handle, self._loop, self._descriptor = ref(handle), loop, own
        self._found: Future[bool] | None = None
        self._claim: _Claim | None = None
        self.ended = False
        """The loop watches it no more; it may live on for a while, as in the frames of a traceback."""
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
            self.ended = self._loop.remove_reader(self._descriptor)
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


def _registered(loop: AbstractEventLoop, handle: Any) -> _Registration | None:
    """None where the handle is inactive."""
    found = _registrations.get((id(loop), id(handle)))
    if found is None or found.ended or found.handle() is not handle:
        own = duplicate(handle)
        if own is None:
            return None
        found = _registrations[id(loop), id(handle)] = _Registration(loop, handle, own)
    return found


def _set(found: Future[bool], value: bool) -> None:
    if not found.done():
        found.set_result(value)
