"""What both handles share: the endpoint of a channel, its deferred close, and what can neither be made nor copied."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections import deque
from collections.abc import Generator
from enum import Enum
from functools import partial
from itertools import count
from types import TracebackType, coroutine
from typing import Any, Callable, ClassVar, Generic, NoReturn, TypeVar

from spec_model import words
from spec_model.channel import queries
from spec_model.channel.value import Blocked, Channel, Refused, Side
from spec_model.config import ChannelConfig
from spec_model.errors import WouldBlockForever
from spec_model.registry import Registry, lookup, with_channel

ENDS = logging.getLogger(f"{__name__.partition('.')[0]}.channel")
"""Tells how each handle ended [OBS-3]."""

H = TypeVar("H", bound="Handle")
Resources = TypeVar("Resources")
"""What moves with an endpoint: the reservation, or the exports of popped messages."""


def time_up(call: str, blocked: Blocked, limit: float | None) -> None:
    """The time of a call that would wait is up at once: nothing else happens in a sequential program.

    Raises WouldBlockForever where it has no limit.
    """
    if limit is None:
        raise WouldBlockForever(f"{call} would wait for ever for {blocked.value}")


@coroutine
def turn() -> Generator[None, None, None]:
    """Let the other tasks of an asyncio loop run, before a call takes or sends [ASY-2, ASY-5]."""
    yield


class NonCopyable:
    """Base of what cannot be copied, deep-copied or pickled [LIF-7]."""

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled")


class NotConstructible(NonCopyable):
    """Base of what only a call of the API returns."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        raise TypeError(f"a {type(self).__name__} cannot be constructed; calls of the API return it")


class Exporter(bytearray):
    """Bytes that are handed out through the buffer protocol, with weak references.

    Every view, slices and arrays over views included, holds a strong reference. While nothing else does, a weak
    reference is alive exactly as long as some view is [MSG-3, RSV-7].
    """

    __slots__ = ("__weakref__",)


def collect_unreferenced() -> None:
    """Where references are not counted, collect what has lost its last one."""
    if sys.implementation.name != "cpython":
        gc.collect()


class Store:
    """The current registry of one broker: the only mutable state behind the broker and its handles.

    A finaliser may run between any two instructions, within an operation too, so it changes nothing itself: it
    appends a close to `deferred`, which is run before the next operation reads the registry.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.deferred: deque[Callable[[], None]] = deque()
        self.descriptors: list[Descriptor] = []

    @property
    def registry(self) -> Registry:
        """The registry, after every deferred close [LIF-1]."""
        self.run_deferred()
        return self._registry

    @registry.setter
    def registry(self, registry: Registry) -> None:
        self._registry = registry
        for descriptor in self.descriptors:
            descriptor.update(self.read(descriptor.name))

    def run_deferred(self) -> None:
        """Run every deferred close."""
        while self.deferred:
            self.deferred.popleft()()

    def read(self, name: str) -> Channel:
        """The channel registered under `name`; deferred closes stay deferred."""
        channel = lookup(self._registry, name)
        assert channel is not None, "a channel is registered while an endpoint of it is live [BRK-8]"
        return channel

    def write(self, name: str, channel: Channel) -> None:
        """Replace the channel registered under `name` by what an operation has made of it."""
        self._registry = with_channel(self._registry, name, channel)
        for descriptor in self.descriptors:
            if descriptor.name == name:
                descriptor.update(channel)


class Descriptor:
    """What a handle's `fileno` gives: a pipe, with a byte in it while it is readable [WAI-3].

    armed: whether the last look found nothing, and there has been nothing since. has_something: of a channel, for the
    descriptor's side.
    """

    def __init__(self, name: str, has_something: Callable[[Channel], bool]) -> None:
        self.name: str = name
        self.armed: bool = False
        self._has_something = has_something
        self.readable: int
        self.readable, self._written = os.pipe()
        os.write(self._written, b"!")

    def look_found_nothing(self) -> None:
        """Not readable from now on, until there is something."""
        if not self.armed:
            self.armed = True
            os.read(self.readable, 1)

    def update(self, channel: Channel) -> None:
        """Readable, where it is armed and the channel has something now."""
        if self.armed and self._has_something(channel):
            self.armed = False
            os.write(self._written, b"!")

    def close(self) -> None:
        """Whoever has a duplicate finds it readable."""
        os.close(self._written)
        os.close(self.readable)


class Endpoint(Generic[Resources]):
    """One end of one channel, which `move()` passes on to a new handle [LIF-3].

    While it is live, its channel is the one registered under its name [BRK-8]. Afterwards it is the channel as it
    was at the close, so that statistics can be read [LIF-5].
    """

    def __init__(self, store: Store, name: str, resources: Resources, close: Callable[[Channel], Channel]) -> None:
        self._store = store
        self._name = name
        self._close = close
        self._final: Channel | None = None
        self._descriptor: Descriptor | None = None
        self.resources = resources

    @property
    def channel(self) -> Channel:
        """The channel as this endpoint sees it."""
        self._store.run_deferred()
        return self._store.read(self._name) if self._final is None else self._final

    @channel.setter
    def channel(self, channel: Channel) -> None:
        # An inactive endpoint has no part in the channel: its operations change nothing [LIF-4].
        if self._final is None:
            self._store.write(self._name, channel)

    def moved_from(self, channel: Channel, resources: Resources) -> Endpoint[Resources]:
        """What remains with the handle that this endpoint was moved from [LIF-5]."""
        endpoint = Endpoint(self._store, self._name, resources, self._close)
        endpoint._final = channel
        return endpoint

    @property
    def name(self) -> str:
        """The channel's name, however the endpoint stands [OBS-1]."""
        return self._name

    def close(self, side: str, how: str) -> None:
        """End a live endpoint; the name is free when the other one is closed too [LIF-1, BRK-8]."""
        if self._final is None:
            self._final = self._close(self._store.read(self._name))
            self.close_descriptor()
            self._store.write(self._name, self._final)
            ENDS.debug(words.ENDED, side, self._name, how)

    def descriptor(self, has_something: Callable[[Channel], bool]) -> Descriptor:
        """The one it has, from the first call on [WAI-3]."""
        if self._descriptor is None:
            self._descriptor = Descriptor(self._name, has_something)
            self._store.descriptors.append(self._descriptor)
        return self._descriptor

    def close_descriptor(self) -> None:
        """Close it, if there is one."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            self._store.descriptors.remove(descriptor)
            descriptor.close()

    def looked(self, result: Enum) -> None:
        """Arm the descriptor where the result of a look is that it found nothing [WAI-3]."""
        if self._descriptor is not None and result.name in ("EMPTY", "QUEUE_FULL", "TIMEOUT"):
            self._descriptor.look_found_nothing()
            self._descriptor.update(self.channel)

    def defer_close(self, side: str) -> None:
        """Close before the next operation on the broker's channels: safe in a finaliser [LIF-1]."""
        self._store.deferred.append(partial(self.close, side, words.BY_LAST_REFERENCE))


DETACHED: dict[int, Handle] = {}
"""By its token, each end that is detached, as a handle that nobody else has [LIF-10]."""

_TOKENS = count(1)


class Handle(NotConstructible):
    """An endpoint as the caller holds it, closed by `close()`, by `with`, or with its last reference [LIF-1]."""

    _endpoint: Endpoint[Any]

    @classmethod
    def _of(cls: type[H], endpoint: Endpoint[Any]) -> H:
        handle = cls.__new__(cls)
        handle._endpoint = endpoint
        return handle

    _kind: ClassVar[str]
    """Which side it is."""

    def _side(self) -> Side:
        """The state of this handle."""
        raise NotImplementedError

    def _handle_state(self) -> words.HandleState:
        channel = self._endpoint.channel
        peer = channel.consumer if self._kind == "producer" else channel.producer
        return queries.handle_state(channel, self._side(), peer)

    @property
    def name(self) -> str:
        """The channel's name, also of a handle that is closed or was moved from [OBS-1]."""
        return self._endpoint.name

    def _release(self) -> tuple[Channel, Refused | None]:
        """The channel without this end's holder, or why it cannot be without [LIF-10]."""
        raise NotImplementedError

    def move(self: H) -> H:
        """A new handle with everything this one has, which becomes inactive (§2.2) [LIF-3]."""
        raise NotImplementedError

    def detach(self) -> int:
        """A token by which `attach` gives this end to any thread or interpreter of the process [LIF-10].

        This handle is inactive from now on, as by `move()`; messages of the last pop expire. Raises BufferError with a
        reservation outstanding or a live export of a message, ValueError where the handle is inactive.
        """
        if self._side() is not Side.LIVE:
            raise ValueError("the handle cannot be detached: it is closed, or was moved from or detached")
        self._endpoint.channel, refused = self._release()
        if refused is not None:
            raise BufferError(f"the handle cannot be detached while {refused.value}")
        self._endpoint.close_descriptor()
        token = next(_TOKENS)
        DETACHED[token] = self.move()
        return token

    def fileno(self) -> int:
        """A descriptor for `select`, `poll` and event loops, which belongs to the handle: only poll it [WAI-3].

        It polls as readable from the moment at which there is something (a message, or space; a close or a shutdown
        too) for a handle whose last look found nothing, until its next look that finds nothing. `move()` carries it
        along; `detach` and `close` close it. Raises ValueError where the handle is inactive.
        """
        if self._side() is not Side.LIVE:
            raise words.no_descriptor(self._kind)
        return self._endpoint.descriptor(self._has_something).readable

    @staticmethod
    def _has_something(channel: Channel) -> bool:
        """Whether a call of this side would find something."""
        raise NotImplementedError

    def is_connected(self) -> bool:
        """Whether this handle is active, its peer there, and the channel not shut down (§5.4, §6.4)."""
        return queries.is_connected(self._endpoint.channel)

    def get_config(self) -> ChannelConfig:
        """The normalised configuration [BRK-2]; zeros for a moved-from handle [LIF-5]."""
        return queries.get_config(self._endpoint.channel, self._side())

    def capacity(self) -> int:
        """Messages that fit in the channel (§5.4, §6.4)."""
        return self.get_config().capacity

    def max_message_size(self) -> int:
        """Bytes of the largest message (§5.4, §6.4)."""
        return self.get_config().max_message_size

    def close(self) -> None:
        """Close this handle; a second time does nothing [LIF-1]."""
        self._end(words.BY_CLOSE)

    def _end(self, how: str) -> None:
        self._endpoint.close(self._kind, how)

    def __enter__(self: H) -> H:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(words.BY_WITH)

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if hasattr(self, "_endpoint") and not is_finalizing():  # when what is called may be gone already [LIF-11]
            self._lost()

    def _lost(self) -> None:
        """The last reference is gone [LIF-1]."""
        self._endpoint.defer_close(self._kind)

    def __repr__(self) -> str:
        waiting = len(self._endpoint.channel.waiting)
        return words.handle(self._kind, self.name, self._handle_state(), self.capacity(), waiting)
