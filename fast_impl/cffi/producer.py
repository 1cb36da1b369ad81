"""The producer's side of a channel (§5): its handle, and the slot that it writes in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, SupportsIndex, final
from weakref import ref

from fast_impl._common import Buffer, Closable, Timeout, as_count, as_nanoseconds, ended, held, refuse, unsent
from fast_impl.cffi.core import PUSH_RESULTS, as_buffer, blocking, ffi, lib, owned
from spec_model.config import ChannelConfig
from spec_model.vocabulary import ProducerStats, PushResult

if TYPE_CHECKING:
    from fast_impl.flatbuffers.building import Build


@final
class Reservation:
    """A writable region of exactly max_message_size bytes, until commit, rollback or close [RSV-2]."""

    __slots__ = ("_ended", "_exporter", "_producer", "_region", "_size", "_view")

    def __init__(self, producer: Any, region: Any, size: int) -> None:
        self._producer = producer  # the `omni_producer *`, which lives as long as this
        self._region = region
        self._size = size
        self._ended = False
        self._view: memoryview | None = None
        self._exporter: ref[Any] | None = None

    @property
    def capacity(self) -> int:
        """Bytes in the region (§5.3)."""
        return self._size

    @property
    def data(self) -> memoryview:
        """The region, writable; ValueError once the reservation has ended [RSV-6]."""
        if self._ended:
            ended()
        view = self._view  # read once: a close from another thread sets it to None [LIF-8]
        if view is None:
            self._view = view = memoryview(self._live_exporter() or self._export())
        return view

    def _release(self) -> None:
        """Release `data`; BufferError, and a fresh `data`, where another export lives [RSV-7]."""
        view = self._view
        try:
            if view is not None:
                view.release()
                self._view = None
        except BufferError:
            pass  # an array or the like lies directly on it
        if self._live_exporter() is not None:
            held()

    def _end(self) -> None:
        """End `data`; exports that are still alive keep the memory [RSV-6]."""
        self._ended = True
        view = self._view
        try:
            if view is not None:
                view.release()
        except BufferError:
            pass  # an export of the view keeps it alive
        self._view = None

    def _live_exporter(self) -> Any:
        return None if self._exporter is None else self._exporter()

    def _export(self) -> Any:
        """An object that lives as long as any view of the region, and keeps the memory mapped."""
        producer = self._producer
        if lib.omni_producer_pin(producer) != 0:
            ended()
        exporter = ffi.buffer(ffi.gc(self._region, lambda _: lib.omni_producer_unpin(producer)), self._size)
        self._exporter = ref(exporter)
        return exporter


class ProducerEndpoint:
    """What `move()` carries: the core's handle and the reservation."""

    __slots__ = ("handle", "reservation")

    def __init__(self, handle: Any) -> None:
        self.handle = owned(handle, lib.omni_producer_free)
        self.reservation: Reservation | None = None

    def close(self) -> None:
        lib.omni_producer_close(self.handle)
        reservation, self.reservation = self.reservation, None
        if reservation is not None:
            reservation._end()

    def finish(self, reservation: Reservation, call: Callable[[], int]) -> int:
        """Commit or roll back by `call`, once no export of the region is left [RSV-7]; its result."""
        reservation._release()
        code = call()
        if code < 0:
            refuse(code)
        reservation._end()
        self.reservation = None
        return code


@final
class ProducerHandle(Closable):
    """Sends messages into a channel (§5). Made by `request_channel`.

    One thread at a time may use it [CON-1]; a second one that enters meanwhile gets ConcurrentUseError
    [CON-2]. `close` and the queries may be called from any thread.
    """

    __slots__ = ("__weakref__", "_endpoint")

    def __init__(self, endpoint: ProducerEndpoint | None) -> None:
        self._endpoint = endpoint

    def try_push(self, data: Buffer) -> PushResult:
        """Send a copy of `data`, 1 to max_message_size bytes, without waiting (§5.2) [PSH-1].

        Raises TypeError where `data` is not bytes-like, BufferError where it is not C-contiguous.
        """
        payload = as_buffer(data)
        if self._endpoint is None:
            return PushResult.CHANNEL_CLOSED
        return _result(lib.omni_try_push(self._endpoint.handle, payload, len(payload)))

    def blocking_push(self, data: Buffer, timeout: Timeout = None) -> PushResult:
        """As `try_push`, waiting up to `timeout` seconds for a free slot (§5.1) [PSH-4, PSH-5].

        Raises also TypeError or ValueError for a bad timeout [ARG-2].
        """
        payload, nanoseconds = as_buffer(data), as_nanoseconds(timeout)
        endpoint = self._endpoint
        if endpoint is None:
            return PushResult.CHANNEL_CLOSED
        size = len(payload)
        return _result(blocking(lambda left: lib.omni_blocking_push(endpoint.handle, payload, size, left), nanoseconds))

    def batch_push(self, messages: Iterable[Buffer]) -> int:
        """Send messages in order until one does not go through; how many did (§5.2) [PSH-6].

        Raises as `try_push`, for any of them, before any is sent [ARG-4].
        """
        payloads = [as_buffer(data) for data in tuple(messages)]
        if self._endpoint is None:
            return 0
        batch = ffi.new("omni_bytes[]", len(payloads))
        memory = [ffi.from_buffer(payload) if type(payload) is bytes else payload for payload in payloads]
        for item, payload in zip(batch, memory, strict=True):
            item.data, item.size = payload, len(payload)
        pushed: int = lib.omni_batch_push(self._endpoint.handle, batch, len(payloads))
        if pushed < 0:
            refuse(pushed)
        return pushed

    def reserve(self, n: SupportsIndex) -> Reservation | None:
        """The next free slot, to write at least `n` bytes in place, or None (§5.3) [RSV-1].

        Raises TypeError or ValueError where `n` is no size [ARG-3].
        """
        size = as_count("n", n)
        endpoint = self._endpoint
        if endpoint is None:
            return None
        region = ffi.new("uint8_t **")
        code = lib.omni_reserve(endpoint.handle, size, region)
        if code < 0:
            refuse(code)
        if code == 0:
            return None
        reservation = Reservation(endpoint.handle, region[0], lib.omni_producer_max_message_size(endpoint.handle))
        endpoint.reservation = reservation
        return reservation

    def commit(self, n: SupportsIndex, offset: SupportsIndex = 0) -> bool:
        """Send bytes [offset, offset + n) of the reserved region (§5.3) [RSV-3, RSV-4].

        Raises BufferError where an export of the region other than `data` lives; nothing is
        sent and the reservation stays [RSV-7]. TypeError or ValueError for a bad size [ARG-3].
        """
        size, start = as_count("n", n), as_count("offset", offset)
        endpoint = self._endpoint
        reservation = None if endpoint is None else endpoint.reservation  # read once: a close takes it away [LIF-8]
        if endpoint is None or reservation is None:
            return False
        if size == 0 or start + size > reservation.capacity:
            return False
        return bool(endpoint.finish(reservation, lambda: lib.omni_commit(endpoint.handle, size, start)))

    def rollback(self) -> None:
        """Drop the reservation, if there is one (§5.3) [RSV-5].

        Raises BufferError where an export of the region other than `data` lives [RSV-7].
        """
        endpoint = self._endpoint
        reservation = None if endpoint is None else endpoint.reservation  # as in commit
        if endpoint is not None and reservation is not None:
            endpoint.finish(reservation, lambda: lib.omni_rollback(endpoint.handle))

    def build(self, max_bytes: SupportsIndex | None = None) -> Build:
        """Build a FlatBuffer in the next free slot: `with producer.build() as builder:`, an ordinary
        flatbuffers.Builder. Leaving the block sends the finished message, at most `max_bytes` long,
        max_message_size without; an exception rolls back (§5.3) [FLB-1].

        Entering raises TimeoutError where no slot is free, RuntimeError with a reservation
        outstanding, ChannelClosedError, or ValueError where `max_bytes` exceeds the slot; building
        FlatBufferTooLarge [FLB-2]; leaving ChannelClosedError, or BuilderNotFinishedError
        without `Finish`.
        """
        from fast_impl.flatbuffers.building import build  # brings NumPy along

        return build(self, max_bytes)

    def send(self, data: Buffer, timeout: Timeout = None) -> None:
        """`blocking_push` with exceptions in place of result codes.

        Raises TimeoutError, ChannelClosedError, or ValueError for a size that does not fit.
        """
        result = self.blocking_push(data, timeout)
        if result is not PushResult.SUCCESS:
            unsent(result, memoryview(data).nbytes, self.max_message_size())

    def is_connected(self) -> bool:
        """Whether this handle is active and the consumer there (§5.4)."""
        return self._endpoint is not None and bool(lib.omni_producer_is_connected(self._endpoint.handle))

    def capacity(self) -> int:
        """How many messages fit; 0 once moved from (§5.4) [LIF-5]."""
        return 0 if self._endpoint is None else int(lib.omni_producer_capacity(self._endpoint.handle))

    def max_message_size(self) -> int:
        """Bytes of the largest message; 0 once moved from (§5.4) [LIF-5]."""
        return 0 if self._endpoint is None else int(lib.omni_producer_max_message_size(self._endpoint.handle))

    def available_slots(self) -> int:
        """How many more messages fit, possibly stale (§5.4) [STA-3]; 0 when inactive."""
        return 0 if self._endpoint is None else int(lib.omni_producer_available_slots(self._endpoint.handle))

    def get_config(self) -> ChannelConfig:
        """The normalised configuration; zeros once moved from (§5.4)."""
        return ChannelConfig(self.capacity(), self.max_message_size())

    def get_stats(self) -> ProducerStats:
        """The counters; zeros once moved from (§5.4) [STA-1]."""
        if self._endpoint is None:
            return ProducerStats()
        stats = ffi.new("omni_handle_stats *")
        lib.omni_producer_get_stats(self._endpoint.handle, stats)
        return ProducerStats(stats.messages, stats.bytes, stats.failed)

    def move(self) -> ProducerHandle:
        """A new handle carrying everything; this one is inactive from now on (§5.5) [LIF-3]."""
        endpoint, self._endpoint = self._endpoint, None
        return ProducerHandle(endpoint)

    def close(self) -> None:
        """End the producer, from any thread; the consumer drains and then sees it (§5.5) [LIF-2, LIF-8]."""
        if self._endpoint is not None:
            self._endpoint.close()

    def __del__(self) -> None:
        self.close()

    @property
    def native_handle(self) -> int:
        """The address of the `omni_producer`, for code that calls the C ABI; 0 once moved from."""
        return 0 if self._endpoint is None else int(ffi.cast("uintptr_t", self._endpoint.handle))


def _result(code: int) -> PushResult:
    if code < 0:
        refuse(code)
    return PUSH_RESULTS[code]
