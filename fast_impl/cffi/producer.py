"""The producer's side of a channel (§5): its handle, and the slot that it writes in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex, final
from weakref import ref

from fast_impl._common import (
    Buffer,
    Closable,
    Timeout,
    as_count,
    as_nanoseconds,
    bad_element,
    ended,
    held,
    refuse,
    send_many_stopped,
    unsent,
)
from fast_impl.cffi.core import MOVED, PUSH_RESULTS, as_bytes, channel_name, clock, ffi, kept, lib, wait
from spec_model.config import ChannelConfig
from spec_model.errors import SEND_ERRORS
from spec_model.vocabulary import ProducerStats, PushResult

if TYPE_CHECKING:
    from fast_impl.flatbuffers.building import Build


@final
class Reservation:
    """A writable region of exactly max_message_size bytes, until commit, rollback or close [RSV-2]."""

    __slots__ = ("_endpoint", "_region", "_view")

    def __init__(self, endpoint: ProducerEndpoint) -> None:
        self._endpoint = ref(endpoint)  # which goes with the handle
        self._region = ffi.new("omni_region *")
        self._view: memoryview | None = None

    @property
    def capacity(self) -> int:
        """Bytes in the region (§5.3)."""
        return int(self._region.size)

    @property
    def data(self) -> memoryview:
        """The region, writable; ValueError once the reservation has ended [RSV-6]."""
        endpoint = self._endpoint()
        if endpoint is None:
            ended()
        view = self._view  # read once: a close from another thread sets it to None [LIF-8]
        if view is None:
            view = self._export(endpoint)
        if not lib.omni_region_is_writable(endpoint.handle[0], self._region):  # a finaliser may have closed meanwhile
            endpoint.release(self)
            ended()
        return view

    def _export(self, endpoint: ProducerEndpoint) -> memoryview:
        """A view that pins the region; it is released with the endpoint, if not before [RSV-6, RSV-7]."""
        pin = ffi.gc(ffi.new("omni_pin *"), lib.omni_unpin)
        code = lib.omni_region_pin(endpoint.handle[0], self._region, pin)
        if code == lib.OMNI_CONCURRENT_USE:
            _refused(code, endpoint)
        if code != 0:
            ended()
        self._view = view = memoryview(ffi.buffer(kept(self._region.data, pin), self._region.size))
        release = ffi.gc(ffi.new("char *"), view.__exit__)  # in C, like every destructor
        endpoint.releaser = kept(ffi.cast("void *", 0), release), release
        return view


class ProducerEndpoint:
    """What calls hold, and `move()` carries: the core's handle, the last reservation, what releases its view."""

    __slots__ = ("__weakref__", "handle", "releaser", "reservation")

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self.reservation: Reservation | None = None
        self.releaser: Any = None

    def release(self, reservation: Reservation | None = None) -> None:
        """Release the view that `Reservation.data` gave; an array on it may keep it and the region [RSV-7]."""
        reservation = reservation or self.reservation
        if reservation is None or reservation._view is None:
            return
        try:
            reservation._view.release()
        except BufferError:  # an array lies directly on it
            ffi.gc(self.releaser[1], None)
        reservation._view = None


@final
class ProducerHandle(Closable):
    """Sends messages into a channel (§5). Made by `request_channel`.

    One thread at a time may use it [CON-1]; a second one that enters meanwhile gets ConcurrentUseError
    [CON-2]. `close` and the queries may be called from any thread.
    """

    __slots__ = ("__weakref__", "_endpoint")

    def __init__(self, endpoint: tuple[Any, Any]) -> None:
        self._endpoint = endpoint  # a ProducerEndpoint, which calls hold, and the token, which they do not [LIF-1]

    def try_push(self, data: Buffer) -> PushResult:
        """Send a copy of `data`, 1 to max_message_size bytes, without waiting (§5.2) [PSH-1].

        Raises TypeError where `data` is not bytes-like, BufferError where it is not C-contiguous.
        """
        payload, endpoint = as_bytes(data), self._endpoint[0]
        if endpoint is None:
            return PushResult.CHANNEL_CLOSED
        return _result(lib.omni_try_push(endpoint.handle[0], payload, len(payload)), endpoint)

    def blocking_push(self, data: Buffer, timeout: Timeout = None) -> PushResult:
        """As `try_push`, waiting up to `timeout` seconds for a free slot (§5.1) [PSH-4, PSH-5].

        Raises also TypeError or ValueError for a bad timeout [ARG-2].
        """
        return self._push(as_bytes(data), clock(as_nanoseconds(timeout)))

    def batch_push(self, messages: Iterable[Buffer]) -> int:
        """Send messages in order until one does not go through; how many did (§5.2) [PSH-6].

        Each has the bytes that it has when `messages` yields it. Raises as `try_push`, for any of
        them, before any is sent; the error says which element [ARG-1, ARG-4].
        """
        payloads = [_element(data, index) for index, data in enumerate(messages)]
        endpoint = self._endpoint[0]
        if endpoint is None:
            return 0
        memory = [ffi.from_buffer(payload) for payload in payloads]
        batch = ffi.new("omni_bytes[]", [(each, len(each)) for each in memory])
        pushed: int = lib.omni_batch_push(endpoint.handle[0], batch, len(memory))
        return _refused(pushed, endpoint) if pushed < 0 else pushed

    def reserve(self, n: SupportsIndex, timeout: Timeout = 0) -> Reservation | None:
        """The next free slot, to write at least `n` bytes in place, or None (§5.3) [RSV-1].

        It waits up to `timeout` seconds for one [WAI-2]. Raises TypeError or ValueError where `n` is
        no size, or for a bad timeout [ARG-2, ARG-3].
        """
        return self._reserve(n, timeout)[1]

    def commit(self, n: SupportsIndex, offset: SupportsIndex = 0) -> bool:
        """Send bytes [offset, offset + n) of the reserved region (§5.3) [RSV-3, RSV-4].

        Raises BufferError where an export of the region other than `data` lives; nothing is
        sent and the reservation stays [RSV-7]. TypeError or ValueError for a bad size [ARG-3].
        """
        size, start = as_count("n", n), as_count("offset", offset)
        return self._finish(lambda handle: lib.omni_commit(handle, size, start)) == PushResult.SUCCESS.value

    def rollback(self) -> None:
        """Drop the reservation, if there is one (§5.3) [RSV-5].

        Raises BufferError where an export of the region other than `data` lives [RSV-7].
        """
        self._finish(lib.omni_rollback)

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

    def send(self, data: Buffer, timeout: Timeout = None) -> None:
        """`blocking_push` with exceptions in place of result codes.

        Raises TimeoutError, ChannelClosedError, or ValueError for a size that does not fit.
        """
        payload = as_bytes(data)
        result = self._push(payload, clock(as_nanoseconds(timeout)))
        if result is not PushResult.SUCCESS:
            unsent(result, len(payload), self.max_message_size())

    def send_many(self, messages: Iterable[Buffer], timeout: Timeout = None) -> None:
        """`send` of each message as `messages` yields it, within `timeout` seconds for all of them [WAI-5].

        Raises what `send` raises, of a subclass of NotAllSent, whose `sent` says how many were sent
        before. What `messages` itself raises passes unchanged.
        """
        left = clock(as_nanoseconds(timeout))
        for sent, data in enumerate(messages):
            try:
                payload = as_bytes(data)
            except SEND_ERRORS as error:
                send_many_stopped(error, sent)
            result = self._push(payload, left)
            if result is not PushResult.SUCCESS:
                unsent(result, len(payload), self.max_message_size(), sent)

    def wait(self, timeout: Timeout = None) -> PushResult:
        """Wait up to `timeout` seconds until a slot is free; counts nothing [WAI-1].

        SUCCESS when one is, CHANNEL_CLOSED, TIMEOUT; that at once with a reservation outstanding
        [PSH-5]. Raises TypeError or ValueError for a bad timeout [ARG-2].
        """
        nanoseconds, endpoint = as_nanoseconds(timeout), self._endpoint[0]
        if endpoint is None:
            return PushResult.CHANNEL_CLOSED
        return _result(wait(lib.omni_producer_wait, endpoint.handle, clock(nanoseconds)), endpoint)

    def is_connected(self) -> bool:
        """Whether this handle is active and the consumer there (§5.4)."""
        endpoint = self._endpoint[0]
        return endpoint is not None and bool(lib.omni_producer_is_connected(endpoint.handle[0]))

    def capacity(self) -> int:
        """How many messages fit; 0 once moved from (§5.4) [LIF-5]."""
        endpoint = self._endpoint[0]
        return 0 if endpoint is None else int(lib.omni_producer_capacity(endpoint.handle[0]))

    def max_message_size(self) -> int:
        """Bytes of the largest message; 0 once moved from (§5.4) [LIF-5]."""
        endpoint = self._endpoint[0]
        return 0 if endpoint is None else int(lib.omni_producer_max_message_size(endpoint.handle[0]))

    def available_slots(self) -> int:
        """How many more messages fit, possibly stale (§5.4) [STA-3]; 0 when inactive."""
        endpoint = self._endpoint[0]
        return 0 if endpoint is None else int(lib.omni_producer_available_slots(endpoint.handle[0]))

    def get_config(self) -> ChannelConfig:
        """The normalised configuration; zeros once moved from (§5.4)."""
        return ChannelConfig(self.capacity(), self.max_message_size())

    def get_stats(self) -> ProducerStats:
        """The counters; zeros once moved from (§5.4) [STA-1]."""
        endpoint = self._endpoint[0]
        if endpoint is None:
            return ProducerStats()
        stats = ffi.new("omni_handle_stats *")
        lib.omni_producer_get_stats(endpoint.handle[0], stats)
        return ProducerStats(stats.messages, stats.bytes, stats.failed)

    def move(self) -> ProducerHandle:
        """A new handle carrying everything; this one is inactive from now on (§5.5) [LIF-3]."""
        moved = ProducerHandle(self._endpoint)
        self._endpoint = MOVED
        return moved

    def close(self) -> None:
        """End the producer, from any thread; the consumer drains and then sees it (§5.5) [LIF-2, LIF-8]."""
        endpoint = self._endpoint[0]
        if endpoint is not None:
            lib.omni_producer_close(endpoint.handle[0])
            endpoint.release()

    @property
    def native_handle(self) -> int:
        """The address of the `omni_producer`, for code that calls the C ABI; 0 once moved from."""
        endpoint = self._endpoint[0]
        return 0 if endpoint is None else int(ffi.cast("uintptr_t", endpoint.handle[0]))

    def _push(self, payload: Any, left: Callable[[], int]) -> PushResult:
        endpoint = self._endpoint[0]
        if endpoint is None:
            return PushResult.CHANNEL_CLOSED
        code = lib.omni_try_push(endpoint.handle[0], payload, len(payload))
        while code == lib.OMNI_PUSH_QUEUE_FULL:
            if _result(wait(lib.omni_producer_wait, endpoint.handle, left), endpoint) is PushResult.TIMEOUT:
                code = lib.omni_blocking_push(endpoint.handle[0], payload, len(payload), 0)  # counts what it answers
            else:
                code = lib.omni_try_push(endpoint.handle[0], payload, len(payload))
        return _result(code, endpoint)

    def _reserve(self, n: SupportsIndex, timeout: Timeout) -> tuple[int, Reservation | None]:
        """`reserve`, with why: the value of a PushResult, or OMNI_RESERVED."""
        size, left, endpoint = as_count("n", n), clock(as_nanoseconds(timeout)), self._endpoint[0]
        if endpoint is None:
            return lib.OMNI_PUSH_CHANNEL_CLOSED, None
        reservation = Reservation(endpoint)
        code, waited = lib.omni_reserve(endpoint.handle[0], size, reservation._region), lib.OMNI_PUSH_SUCCESS
        while code == lib.OMNI_PUSH_QUEUE_FULL and waited != lib.OMNI_PUSH_TIMEOUT:
            waited = _result(wait(lib.omni_producer_wait, endpoint.handle, left), endpoint).value
            code = lib.omni_reserve(endpoint.handle[0], size, reservation._region)
        if code == lib.OMNI_CONCURRENT_USE:
            _refused(code, endpoint)
        if code != lib.OMNI_PUSH_SUCCESS:
            return code, None
        endpoint.reservation = reservation
        return code, reservation

    def _finish(self, call: Callable[[Any], int]) -> int:
        """Commit or roll back by `call`, and release the view that `data` gave, where it is in the way [RSV-7]."""
        endpoint = self._endpoint[0]
        if endpoint is None:
            return int(lib.OMNI_EXPIRED)
        code = call(endpoint.handle[0])
        if code == lib.OMNI_PINNED:
            endpoint.release()
            code = call(endpoint.handle[0])
        if code == lib.OMNI_PINNED:
            held()
        if code == lib.OMNI_CONCURRENT_USE:
            _refused(code, endpoint)
        return code


def _result(code: int, endpoint: ProducerEndpoint) -> PushResult:
    return _refused(code, endpoint) if code < 0 else PUSH_RESULTS[code]


def _refused(code: int, endpoint: ProducerEndpoint) -> NoReturn:
    refuse(code, "producer", channel_name(lib.omni_producer_name, endpoint.handle))


def _element(data: Buffer, index: int) -> bytes:
    """The bytes of element `index` of a batch."""
    try:
        return as_bytes(data)
    except (TypeError, ValueError, BufferError) as error:
        bad_element(error, index)
