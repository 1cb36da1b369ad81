"""The public types as every binding has them: signatures and docstrings, and what is written over the rest.

The binding over cffi derives from these classes. The types in C get their docstrings at build time (`_sources.docs`),
and at import the methods that have a body here and that they lack themselves.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from inspect import isfunction
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, Self, SupportsIndex

from fast_impl._common import FOREVER, Snapshot, as_count, as_memory, as_nanoseconds, send_many_stopped, unsent
from fast_impl._coroutines import deadline_after, let_others_run, modules, pop, push
from spec_model.config import ChannelConfig
from spec_model.errors import ChannelClosedError, ConcurrentUseError
from spec_model.vocabulary import (
    Buffer,
    ConsumerStats,
    PopResult,
    ProducerStats,
    PushResult,
    Root,
    Table,
    Timeout,
)

if TYPE_CHECKING:
    from ctypes import c_void_p


turn: Callable[[], bool] = NotImplemented
"""Of the binding, which sets it: whether it is the calling thread's 64th call since it last was [ASY-5]."""


class NonCopyable:
    """There is one of it; a copy would be a second producer or consumer (§2.2) [LIF-7]."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} cannot be copied or pickled; use move() to hand it on")


class NativeHandle(NonCopyable):
    """A handle as native code uses it: `int()` of it, or ctypes, gives the `omni_producer *` or `omni_consumer *`.

    While it lives, its end of the channel does: it ends by `close`, or with the last reference to the
    handle and to each native handle. After a close the address stays valid, and calls answer
    CHANNEL_CLOSED [LIF-1, LIF-4]. Native code must not use the address later.
    """

    __slots__ = ()

    @abstractmethod
    def __index__(self) -> int: ...

    @property
    @abstractmethod
    def _as_parameter_(self) -> c_void_p:
        """The address, for ctypes."""


class Closable(NonCopyable):
    """Ends by `close()` or by leaving its `with` block [LIF-1]."""

    __slots__ = ()

    @abstractmethod
    def close(self) -> None:
        """End it; a second time does nothing [LIF-1]."""

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(self, *exception: object) -> None: ...


class Handle(Closable):
    """What both handles have."""

    __slots__ = ()

    @abstractmethod
    def capacity(self) -> int:
        """How many messages fit; 0 once moved from (§5.4, §6.4) [LIF-5]."""

    @abstractmethod
    def max_message_size(self) -> int:
        """Bytes of the largest message; 0 once moved from (§5.4, §6.4) [LIF-5]."""

    def get_config(self) -> ChannelConfig:
        """The normalised configuration; zeros once moved from (§5.4, §6.4)."""
        return ChannelConfig(self.capacity(), self.max_message_size())

    @abstractmethod
    def move(self) -> Self:
        """A new handle carrying everything; this one is inactive from now on (§5.5, §6.5) [LIF-3]."""

    @abstractmethod
    def detach(self) -> int:
        """A token by which `attach` gives this end to any thread or interpreter of the process [LIF-10].

        This handle is inactive from now on, as by `move()`; messages of the last pop expire. Raises
        BufferError with a reservation outstanding, a live export of a message or a native handle,
        ConcurrentUseError while a call is inside, ValueError where the handle is inactive.
        """

    @abstractmethod
    def fileno(self) -> int:
        """A descriptor for `select`, `poll` and event loops, which belongs to the handle: only poll it [WAI-3].

        It polls as readable from the moment at which there is something (a message, or space; a close or
        a shutdown too) for a handle whose last look found nothing, until its next look that finds
        nothing; now and then in vain. So: poll, call until there is nothing, poll again. `move()`
        carries it along; `detach` and `close` close it.

        Raises ValueError where the handle is inactive, OSError where the system has no descriptor left.
        """

    @abstractmethod
    def _claim(self) -> Any:
        """For a coroutine that waits: calls of the handle are refused until `_unclaim` of what this gives [ASY-4].

        None where the handle is inactive. Raises ConcurrentUseError.
        """

    @abstractmethod
    def _unclaim(self, claim: Any) -> None: ...

    @property
    @abstractmethod
    def native_handle(self) -> NativeHandle:
        """For native code that calls the C ABI: the handle's address, and what keeps this end of the channel.

        Raises ValueError once moved from.
        """

    @property
    @abstractmethod
    def name(self) -> str:
        """The channel's name, also of a handle that is closed or was moved from [OBS-1]."""

    @abstractmethod
    def _snapshot(self) -> Snapshot:
        """How it stands now."""


class Build(Protocol):
    """The block in which a FlatBuffer is built, of `ProducerHandle.build`."""

    def __enter__(self) -> Any:
        """A flatbuffers.Builder, for which there are no types."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ProducerHandle(Handle):
    """Sends messages into a channel (§5). Made by `request_channel`.

    One call at a time is inside it; a second one meanwhile, from whichever thread, gets ConcurrentUseError or is
    served whole [CON-1, CON-2]. `close` and the queries may be called from any thread.
    """

    __slots__ = ()

    @abstractmethod
    def try_push(self, data: Buffer) -> PushResult:
        """Send a copy of `data`, 1 to max_message_size bytes, without waiting (§5.2) [PSH-1].

        Raises TypeError where `data` is not bytes-like, BufferError where it is not C-contiguous.
        """

    @abstractmethod
    def blocking_push(self, data: Buffer, timeout: Timeout = None) -> PushResult:
        """As `try_push`, waiting up to `timeout` seconds for a free slot (§5.1) [PSH-4, PSH-5].

        Raises also TypeError or ValueError for a bad timeout [ARG-2].
        """

    @abstractmethod
    def batch_push(self, messages: Iterable[Buffer]) -> int:
        """Send messages in order until one does not go through; how many did (§5.2) [PSH-6].

        Each has the bytes that it has when `messages` yields it. Raises as `try_push`, for any of
        them, before any is sent; the error says which element [ARG-1, ARG-4].
        """

    @abstractmethod
    def send(self, data: Buffer, timeout: Timeout = None) -> None:
        """`blocking_push` with exceptions in place of result codes.

        Raises TimeoutError, ChannelClosedError, or ValueError for a size that does not fit.
        """

    @abstractmethod
    def send_many(self, messages: Iterable[Buffer], timeout: Timeout = None) -> None:
        """`send` of each message as `messages` yields it, within `timeout` seconds for all of them [WAI-5].

        Raises what `send` raises, of a subclass of NotAllSent, whose `sent` says how many were sent
        before. What `messages` itself raises passes unchanged.
        """

    async def send_async(self, data: Buffer, timeout: Timeout = None) -> None:
        """`send` for a coroutine, on asyncio or, with anyio, on trio [ASY-1].

        Cancelled, it has sent the message whole or not at all; `get_stats` tells [ASY-2]. While it waits,
        another call of the handle gets ConcurrentUseError [ASY-4].
        """
        nanoseconds = FOREVER if timeout is None else as_nanoseconds(timeout)
        if (due := turn()) or "trio" in modules:
            await let_others_run(due)
        result = self.try_push(data)
        if result is PushResult.QUEUE_FULL:
            result = await push(self, data, deadline_after(nanoseconds))
        if result is not PushResult.SUCCESS:
            unsent(result, as_memory(data).nbytes, self._snapshot())

    async def send_many_async(self, messages: Iterable[Buffer], timeout: Timeout = None) -> None:
        """`send_many` for a coroutine; what went before it is cancelled stays sent [ASY-1, ASY-2]."""
        deadline = deadline_after(as_nanoseconds(timeout))
        for sent, data in enumerate(messages):
            try:
                as_memory(data)
            except (TypeError, BufferError) as error:
                send_many_stopped(error, sent)
            if (due := turn()) or "trio" in modules:
                await let_others_run(due)
            try:
                result = self.try_push(data)
                if result is PushResult.QUEUE_FULL:
                    result = await push(self, data, deadline)
            except ConcurrentUseError as error:
                send_many_stopped(error, sent)
            if result is not PushResult.SUCCESS:
                unsent(result, as_memory(data).nbytes, self._snapshot(), sent)

    @abstractmethod
    def wait(self, timeout: Timeout = None) -> PushResult:
        """Wait up to `timeout` seconds until a slot is free; counts nothing [WAI-1].

        SUCCESS when one is, CHANNEL_CLOSED, TIMEOUT; that at once with a reservation outstanding
        [PSH-5]. Raises TypeError or ValueError for a bad timeout [ARG-2].
        """

    @abstractmethod
    def reserve(self, n: SupportsIndex, timeout: Timeout = 0) -> Reservation | None:
        """The next free slot, to write at least `n` bytes in place, or None (§5.3) [RSV-1].

        It waits up to `timeout` seconds for one [WAI-2]. Raises TypeError or ValueError where `n` is
        no size, or for a bad timeout [ARG-2, ARG-3].
        """

    @abstractmethod
    def _reserve(self, n: SupportsIndex, timeout: Timeout) -> tuple[int, Reservation | None]:
        """`reserve`, with why: the value of a PushResult, or RESERVED."""

    @abstractmethod
    def commit(self, n: SupportsIndex, offset: SupportsIndex = 0) -> bool:
        """Send bytes [offset, offset + n) of the reserved region (§5.3) [RSV-3, RSV-4].

        Raises BufferError where an export of the region other than `data` lives; nothing is
        sent and the reservation stays [RSV-7]. TypeError or ValueError for a bad size [ARG-3].
        """

    @abstractmethod
    def rollback(self) -> None:
        """Drop the reservation, if there is one (§5.3) [RSV-5].

        Raises BufferError where an export of the region other than `data` lives [RSV-7].
        """

    def build(self, max_bytes: SupportsIndex | None = None, timeout: Timeout = 0) -> Build:
        """Build a FlatBuffer in the next free slot: `with producer.build() as builder:`, an ordinary
        flatbuffers.Builder. Leaving the block sends the finished message, at most `max_bytes` long,
        max_message_size without; an exception rolls back (§5.3) [FLB-1].

        Entering waits up to `timeout` seconds for a slot [WAI-2], and raises TimeoutError where none
        is free, RuntimeError with a reservation outstanding, ChannelClosedError, or ValueError where
        `max_bytes` exceeds the slot; building FlatBufferTooLarge [FLB-2]; leaving ChannelClosedError,
        or BuilderNotFinishedError without `Finish`.
        """
        from fast_impl.flatbuffers.building import build  # brings NumPy along

        return build(self, max_bytes, timeout)

    @abstractmethod
    def is_connected(self) -> bool:
        """Whether this handle is active and the consumer there (§5.4)."""

    @abstractmethod
    def available_slots(self) -> int:
        """How many more messages fit, possibly stale (§5.4) [STA-3]; 0 when inactive."""

    @abstractmethod
    def get_stats(self) -> ProducerStats:
        """The counters; zeros once moved from (§5.4) [STA-1]."""

    @abstractmethod
    def close(self) -> None:
        """End the producer, from any thread; the consumer drains and then sees it (§5.5) [LIF-2, LIF-8]."""


class ConsumerHandle(Handle):
    """Receives messages from a channel (§6). Made by `request_channel`.

    One call at a time is inside it; a second one meanwhile, from whichever thread, gets ConcurrentUseError or is
    served whole [CON-1, CON-2]. `close` and the queries may be called from any thread.
    """

    __slots__ = ()

    @abstractmethod
    def try_pop(self) -> tuple[PopResult, Message | None]:
        """Take the oldest message without waiting (§6.3) [POP-1].

        Raises BufferError where as many messages as `capacity` have a live export [MSG-3].
        """

    @abstractmethod
    def blocking_pop(self, timeout: Timeout = None) -> tuple[PopResult, Message | None]:
        """As `try_pop`, waiting up to `timeout` seconds for a message (§6.2) [POP-4].

        Raises also TypeError or ValueError for a bad timeout [ARG-2].
        """

    @abstractmethod
    def batch_pop(self, max_count: SupportsIndex, timeout: Timeout = 0) -> tuple[PopResult, Sequence[Message]]:
        """Take up to `max_count` messages, waiting up to `timeout` seconds for the first (§6.3) [POP-5].

        Raises BufferError where live exports forbid even the first [MSG-3]; TypeError or
        ValueError for bad arguments [ARG-2, ARG-3].
        """

    @abstractmethod
    def batch_pop_buffer(self, max_count: SupportsIndex, timeout: Timeout = 0) -> tuple[PopResult, Batch | None]:
        """As `batch_pop`, with the messages as one buffer, or None where that gives none."""

    @abstractmethod
    def receive(self, timeout: Timeout = None) -> bytes:
        """`blocking_pop` with exceptions in place of result codes: a copy that the caller owns.

        Raises TimeoutError or ChannelClosedError; BufferError, TypeError or ValueError as `blocking_pop`.
        """

    @abstractmethod
    def receive_many(self, max_count: SupportsIndex, timeout: Timeout = None) -> list[bytes]:
        """`batch_pop` with exceptions in place of result codes: copies of up to `max_count` messages [WAI-5].

        It waits up to `timeout` seconds for the first; [] for a `max_count` of 0.
        Raises TimeoutError or ChannelClosedError; BufferError, TypeError or ValueError as `batch_pop`.
        """

    async def receive_async(self, timeout: Timeout = None) -> bytes:
        """`receive` for a coroutine, on asyncio or, with anyio, on trio [ASY-1].

        Cancelled, it has taken nothing [ASY-2]. While it waits, another call of the handle gets
        ConcurrentUseError [ASY-4].
        """
        nanoseconds = FOREVER if timeout is None else as_nanoseconds(timeout)
        if (due := turn()) or "trio" in modules:
            await let_others_run(due)
        if nanoseconds == 0:
            return self.receive(0)
        result, found = self._pop_bytes(1)
        if result is not PopResult.SUCCESS:
            found = await pop(self, 1, nanoseconds, result)
        return found[0]

    async def receive_many_async(self, max_count: SupportsIndex, timeout: Timeout = None) -> list[bytes]:
        """`receive_many` for a coroutine; cancelled, it has taken nothing [ASY-1, ASY-2]."""
        wanted, nanoseconds = as_count("max_count", max_count), as_nanoseconds(timeout)
        if (due := turn()) or "trio" in modules:
            await let_others_run(due)
        if wanted == 0 or nanoseconds == 0:
            return self.receive_many(wanted, 0)
        result, found = self._pop_bytes(wanted)
        return found if result is PopResult.SUCCESS else await pop(self, wanted, nanoseconds, result)

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Payloads, awaiting each, until the channel is closed and drained [ASY-1].

        A cancelled `anext` has taken nothing, and the iterator goes on [ASY-2].
        """
        return self._payloads()

    @abstractmethod
    def _pop_bytes(self, max_count: SupportsIndex, timeout: Timeout = 0) -> tuple[PopResult, list[bytes]]:
        """`batch_pop`, with copies of the messages."""

    def _payloads(self) -> AsyncIterator[bytes]:
        """`__aiter__`, as the slot of the type in C calls it."""
        return Payloads(self)

    @abstractmethod
    def wait(self, timeout: Timeout = None) -> PopResult:
        """Wait up to `timeout` seconds until a message waits; takes, expires and counts nothing [WAI-1].

        SUCCESS when one does, CHANNEL_CLOSED when none ever will, TIMEOUT. Raises TypeError or
        ValueError for a bad timeout [ARG-2].
        """

    @abstractmethod
    def __iter__(self) -> Iterator[bytes]:
        """Payloads, waiting for each, until the channel is closed and drained."""

    @abstractmethod
    def is_connected(self) -> bool:
        """Whether this handle is active and the producer there (§6.4)."""

    @abstractmethod
    def available_messages(self) -> int:
        """How many messages wait, possibly stale (§6.4) [STA-3]; 0 when inactive."""

    @abstractmethod
    def get_stats(self) -> ConsumerStats:
        """The counters; zeros once moved from (§6.4) [STA-2]."""

    @abstractmethod
    def close(self) -> None:
        """End the consumer, from any thread; a blocked producer wakes and sees it (§6.5) [LIF-2, LIF-8]."""


class Payloads:
    """Of `async for`. No generator: an exception, such as that of a cancellation, would be its end [ASY-2]."""

    __slots__ = ("_consumer",)

    def __init__(self, consumer: ConsumerHandle) -> None:
        self._consumer = consumer

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await self._consumer.receive_async()
        except ChannelClosedError:
            raise StopAsyncIteration from None


class Message:
    """Bytes in the ring, readable until the consumer's next pop or close [MSG-1].

    Reading it later raises MessageExpiredError [MSG-2]; a view taken in time stays valid [MSG-3]. It equals
    nothing but itself: compare `bytes(message)` [MSG-6].
    """

    __slots__ = ()

    @property
    @abstractmethod
    def data(self) -> memoryview:
        """A new read-only view of the message in the ring, not a copy [MSG-4]."""

    @abstractmethod
    def tobytes(self) -> bytes:
        """A copy, as `bytes(message)` [MSG-6]. Raises MessageExpiredError [MSG-2]."""

    def get_flatbuffer(
        self, T: type[Table], /, *, size_prefixed: bool = False, file_identifier: bytes | str | None = None
    ) -> Table:
        """The message's root table, of the class T that `flatc` generated, read where it lies (§6.1) [FLB-3].

        It holds the message as any view does [MSG-3]. Raises MessageExpiredError [MSG-2], and
        ValueError for another file identifier, a wrong size prefix, or too few bytes.
        """
        from fast_impl.flatbuffers.reading import get_flatbuffer

        return get_flatbuffer(self, T, size_prefixed=size_prefixed, file_identifier=file_identifier)

    def verify(
        self,
        T: type[Root],
        /,
        *,
        size_prefixed: bool = False,
        file_identifier: bytes | str | None = None,
        max_depth: int = 64,
        max_tables: int = 1_000_000,
    ) -> bool:
        """Whether the message is well-formed for T, as the C++ Verifier judges (§6.1) [FLB-4].

        Raises MessageExpiredError [MSG-2], and an error where the schema of T is not known.
        """
        from fast_impl.flatbuffers import verify

        return verify(
            self.data,
            T,
            size_prefixed=size_prefixed,
            file_identifier=file_identifier,
            max_depth=max_depth,
            max_tables=max_tables,
        )

    @abstractmethod
    def __bytes__(self) -> bytes: ...

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __buffer__(self, flags: int, /) -> memoryview: ...


class Batch:
    """Popped messages as one buffer in the ring, readable until the consumer's next pop or close [MSG-1].

    Message i is `data[offsets[i]:offsets[i] + lengths[i]]`. Reading `data` later raises
    MessageExpiredError [MSG-2]; a view taken in time stays valid [MSG-3].
    """

    __slots__ = ()

    @property
    @abstractmethod
    def data(self) -> memoryview:
        """A new read-only view of the messages' memory; what lies between them means nothing.

        It is an export of each of them; a copy holds none of them [MSG-3].
        """

    @property
    @abstractmethod
    def offsets(self) -> memoryview:
        """Where in `data` each message begins: a memoryview of uint64."""

    @property
    @abstractmethod
    def lengths(self) -> memoryview:
        """How many bytes each message has: a memoryview of uint64."""

    @property
    @abstractmethod
    def copied(self) -> bool:
        """Whether `data` is a copy, since the messages do not lie side by side in the ring."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __buffer__(self, flags: int, /) -> memoryview: ...


class Reservation:
    """A writable region of exactly max_message_size bytes, until commit, rollback or close [RSV-2]."""

    __slots__ = ()

    @property
    @abstractmethod
    def capacity(self) -> int:
        """Bytes in the region (§5.3)."""

    @property
    @abstractmethod
    def data(self) -> memoryview:
        """The region, writable; ValueError once the reservation has ended [RSV-6]."""


class Registry:
    """Makes channels and knows them by name, with its own limit or that of the process; MemoryError without memory."""

    __slots__ = ()

    @abstractmethod
    def handles(self, logged: bool, /) -> tuple[ProducerHandle, ConsumerHandle]:
        """Two handles without a channel, for `request` to fill; `logged`: their ends are logged [OBS-3]."""

    @abstractmethod
    def request(self, name: bytes, capacity: int, max_message_size: int, producer: Any, consumer: Any) -> int:
        """The value of a ChannelError; the handles, two of `handles()`, are filled where it is that of SUCCESS."""

    @abstractmethod
    def has(self, name: bytes, /) -> bool:
        """Whether the name is registered."""

    @abstractmethod
    def remove(self, name: bytes, /) -> bool:
        """Whether there was something to remove."""

    @abstractmethod
    def get_stats(self) -> tuple[int, int, int, int]:
        """The fields of BrokerStats."""

    @abstractmethod
    def channels(self) -> list[tuple[Any, ...]] | None:
        """Of each channel what `as_info` takes; None of another library that cannot tell."""

    @abstractmethod
    def shutdown(self, nanoseconds: int, /) -> int:
        """Close every channel: 1 if their handles went in time, else 0; CONCURRENT_USE."""

    @classmethod
    @abstractmethod
    def attach(cls, token: int, logged: bool, /) -> ProducerHandle | ConsumerHandle | None:
        """A handle over the end of that token, or None."""

    @classmethod
    @abstractmethod
    def close_detached(cls, token: int, /) -> bool:
        """Whether the token named an end, which it has ended."""


def bodies(name: str) -> dict[str, object]:
    """The methods that a class of that name has a body for here, for the type in C to take over."""
    found: dict[str, object] = {}
    named: type = globals().get(name, object)
    for kind in reversed(named.__mro__[:-1]):
        found |= {each: method for each, method in vars(kind).items() if isfunction(method)}
    return {each: method for each, method in found.items() if not getattr(method, "__isabstractmethod__", False)}
