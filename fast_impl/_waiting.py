"""Waiting for one of many handles [WAI-4]."""

from __future__ import annotations

import os
from collections.abc import Iterable
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit
from select import POLLIN, poll
from time import monotonic_ns
from typing import TypeVar

from fast_impl._binding import ConsumerHandle, ProducerHandle
from fast_impl._common import FOREVER, as_nanoseconds
from fast_impl._coroutines import duplicate
from spec_model.vocabulary import Timeout

_MOST_MILLISECONDS = 2**31 - 1
"""That poll takes at once."""

_polled: set[int] = set()
"""The duplicates of descriptors that are polled, or about to be, in any thread."""


def _in_child() -> None:
    """A wait under way in the thread that forks has a look at its handles, which are closed [LIF-9].

    What it polls is readable from now on; the parent's descriptors are left as they are.
    """
    if _polled:
        readable = os.open(os.devnull, os.O_RDONLY)
        for descriptor in _polled:
            os.dup2(readable, descriptor, inheritable=False)
        os.close(readable)


os.register_at_fork(after_in_child=_in_child)

Either = TypeVar("Either", bound="ProducerHandle | ConsumerHandle")


def wait_any(handles: Iterable[Either], timeout: Timeout = None) -> list[Either]:
    """Those of `handles` that have something, waiting up to `timeout` seconds until one does [WAI-4].

    A consumer has something where a message waits or none ever will, a producer where a slot is free or
    nobody receives, and an inactive handle always. Nothing is taken. The same objects in the order given, each
    once; [] when the time is up.

    >>> producer, consumer = open_channel()
    >>> wait_any([consumer], timeout=0)
    []
    >>> producer.send(b"x")
    >>> wait_any([consumer]) == [consumer]
    True

    Raises ValueError for no handles, TypeError for what is no handle or a bad timeout, ConcurrentUseError while
    another call is inside one or a coroutine waits with it, OSError where the system has no descriptor left.
    """
    nanoseconds, chosen = as_nanoseconds(timeout), {id(handle): handle for handle in handles}
    for handle in chosen.values():
        if not isinstance(handle, (ProducerHandle, ConsumerHandle)):
            raise TypeError(f"handles must be producers and consumers, not {type(handle).__name__}")
    if not chosen:
        raise ValueError("handles must not be empty: nothing would ever end the wait")
    found = [handle for handle in chosen.values() if _has_something(handle)]
    if found or nanoseconds == 0:
        return found
    deadline = FOREVER if nanoseconds == FOREVER else monotonic_ns() + nanoseconds
    poller = poll()
    most = getrlimit(RLIMIT_NOFILE)[0]
    few = most == RLIM_INFINITY or len(chosen) < most // 4  # else duplicates would leave too few for others
    process, own = os.getpid(), set[int]()
    by_descriptor: dict[int, Either] = {}
    try:
        for handle in chosen.values():
            descriptor = duplicate(handle) if few else _own(handle)
            if descriptor is None:  # closed meanwhile
                return [handle]
            if few:
                own.add(descriptor)
                _polled.add(descriptor)
            by_descriptor[descriptor] = handle
            poller.register(descriptor, POLLIN)
        if os.getpid() != process:  # a handler has forked before all of them were in `_polled`
            return list(chosen.values())
        while True:
            readable = {descriptor for descriptor, _ in poller.poll(_milliseconds(deadline))}
            woken = [handle for descriptor, handle in by_descriptor.items() if descriptor in readable]
            found = [handle for handle in woken if _has_something(handle)]
            if found or (deadline != FOREVER and monotonic_ns() >= deadline):
                return found
    finally:
        _polled.difference_update(own)
        for descriptor in own:
            os.close(descriptor)


def _own(handle: ProducerHandle | ConsumerHandle) -> int | None:
    """Its own descriptor; a close by another thread between here and `poll` could go unseen."""
    try:
        return handle.fileno()
    except ValueError:
        return None


def _has_something(handle: ProducerHandle | ConsumerHandle) -> bool:
    return handle.wait(0).name != "TIMEOUT"


def _milliseconds(deadline: int) -> int | None:
    """Of poll: rounded up, so that it does not return early."""
    if deadline == FOREVER:
        return None
    return min(max(0, -(-(deadline - monotonic_ns()) // 1_000_000)), _MOST_MILLISECONDS)
