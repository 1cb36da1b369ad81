"""What the calls for coroutines await [ASY]: that others run, and where a look found nothing, the handle's descriptor.

Handles are those of either binding; `_interface` has their types, and the calls. A call takes or sends in one step,
behind its last `await`: cancelled, it has done so whole or not at all [ASY-2].
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from operator import methodcaller
from time import monotonic_ns
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary, ref

from fast_impl._common import FOREVER, unreceived
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
    return found if result is PopResult.SUCCESS else unreceived(result, consumer._snapshot())


async def push(producer: Any, data: Buffer, deadline: int) -> PushResult:
    """Send `data` when there is space, after a look that found none."""
    result = PushResult.QUEUE_FULL
    while result is PushResult.QUEUE_FULL:
        found_slots = producer.available_slots() > 0
        if found_slots or await _readable(producer, deadline):
            result = producer.try_push(data)
        if result is PushResult.QUEUE_FULL and (found_slots or _is_over(deadline)):
            result = producer.blocking_push(data, 0)  # the time is up, or a reservation outstanding [PSH-5]
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


def _is_over(deadline: int) -> bool:
    return deadline != FOREVER and monotonic_ns() >= deadline


async def _readable(handle: Any, deadline: int) -> bool:
    """Wait, after a look that found nothing, until it is worth another one; False when the time is up [WAI-3].

    The clock tells that, and not a loop's timer: uvloop's count in milliseconds, and end up to half of one early.
    """
    left = FOREVER if deadline == FOREVER else max(0, deadline - monotonic_ns())  # or -1 would be FOREVER
    if left == 0:
        return False
    await (_on_asyncio if _is_on_asyncio() else _on_anyio)(handle, left)
    return True


async def _on_anyio(handle: Any, left: int) -> None:
    anyio, claim, own = _anyio(), _Claim(handle), duplicate(handle)
    if own is None:
        return
    try:
        claim.begin()
        with anyio.move_on_after(None if left == FOREVER else left / 1e9):
            await anyio.wait_readable(own)
    finally:
        claim.end()
        os.close(own)


async def _on_asyncio(handle: Any, left: int) -> None:
    from asyncio import get_running_loop

    loop = get_running_loop()
    found: Future[None] = loop.create_future()
    claim, timer = _Claim(handle), None
    try:
        if not _register(loop, handle, found, claim):
            return
        if left != FOREVER:
            timer = loop.call_later(left / 1e9, _set, found)
        await found
    finally:
        claim.end()
        if timer is not None:
            timer.cancel()


def duplicate(handle: Any) -> int | None:
    """Of the handle's descriptor, one that outlives a close of the handle; None where the handle is inactive.

    Another thread may close the handle meanwhile: then its number is nobody's, or somebody else's.
    """
    own = -1
    try:
        descriptor = handle.fileno()
        try:
            own = os.dup(descriptor)
        finally:
            handle.fileno()  # raises, if so
    except BaseException as error:
        if own != -1:
            os.close(own)
        if isinstance(error, ValueError):  # inactive
            return None
        raise
    return own


class _Claim:
    """A handle whose other calls are refused while a coroutine waits [ASY-4], though not after the end of its loop.

    Beginning it raises ConcurrentUseError where another call is inside or waits.
    """

    __slots__ = ("_claim", "_handle")

    def __init__(self, handle: Any) -> None:
        self._handle: Any = handle
        self._claim: Any = None

    def begin(self) -> None:
        [self._claim] = map(methodcaller("_claim"), [self._handle])  # so that no handler runs in between

    def end(self) -> None:
        """Does nothing where it has not begun, or has ended."""
        claim, self._claim = self._claim, None
        if claim is not None:
            self._handle._unclaim(claim)


class _Registration:
    """A handle's descriptor among those that a loop watches: a duplicate, which outlives a close of the handle.

    It stays registered from one wait to the next, as long as it becomes readable in waits only. Only the loop holds
    it: when that is closed, nothing resumes a coroutine that waits, and other loops may use the handle [ASY-3].
    """

    def __init__(self, loop: AbstractEventLoop, handle: Any, descriptor: int) -> None:
        self.handle, self._loop, self._descriptor = ref(handle), loop, descriptor
        self._found: Future[None] | None = None
        self._claim: _Claim | None = None
        self.ended = False
        """The loop watches it no more; it may live on for a while, as in the frames of a traceback."""
        loop.add_reader(descriptor, self)

    def wait(self, found: Future[None], claim: _Claim) -> None:
        """Give `found` its result when the descriptor is readable, for a coroutine that ends the claim then."""
        claim.begin()
        self._claim, self._found = claim, found

    def inherit(self) -> None:
        """In a child of fork, where the handle is inactive: what waits has another look, and no other wait comes.

        The loop's list of descriptors is the parent's too: nothing is removed from it here.
        """
        self.ended, found, self._found = True, self._found, None
        if found is not None and not found.done():
            with suppress(RuntimeError):  # in debug mode, of a loop that another thread of the parent's runs
                found.set_result(None)

    def __call__(self) -> None:
        """The descriptor is readable, as the loop says once in each of its rounds."""
        if self.ended:
            return  # in a child of fork
        if self._found is None:
            self.ended = self._loop.remove_reader(self._descriptor)
        elif self._found.done():
            self._found = None
        else:
            self._found.set_result(None)

    def __del__(self) -> None:
        if self._claim is not None:
            self._claim.end()
        os.close(self._descriptor)


_registrations: WeakValueDictionary[tuple[int, int], _Registration] = WeakValueDictionary()
"""By the identities of a loop that is not closed, and of a handle."""


def _register(loop: AbstractEventLoop, handle: Any, found: Future[None], claim: _Claim) -> bool:
    """`_Registration.wait` of the one of this loop and this handle; False where the handle is inactive.

    Its caller does not get the registration, which only the loop is to hold.
    """
    registration = _registrations.get((id(loop), id(handle)))
    if registration is None or registration.ended or registration.handle() is not handle:
        descriptor = duplicate(handle)
        if descriptor is None:
            return False
        registration = _registrations[id(loop), id(handle)] = _Registration(loop, handle, descriptor)
    registration.wait(found, claim)
    return True


def _in_child() -> None:
    """What waits at a fork, waits for a handle that its child does not have [LIF-9]."""
    for registration in list(_registrations.values()):
        registration.inherit()


os.register_at_fork(after_in_child=_in_child)


def _set(found: Future[None]) -> None:
    if not found.done():
        found.set_result(None)
