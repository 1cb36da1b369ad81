"""The producer's side of a channel (§5): its handle, and the slot that it writes in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn, SupportsIndex, final
from weakref import ref

from fast_impl import _interface
from fast_impl._common import (
    Snapshot,
    as_count,
    as_nanoseconds,
    as_text,
    bad_element,
    ended,
    held,
    refuse,
    represent,
    send_many_stopped,
    undetached,
    unsent,
)
from fast_impl.cffi.core import (
    HANDLE_STATS,
    MOVED,
    NUMBER,
    PIN,
    POINTER,
    PUSH_RESULTS,
    NativeHandle,
    as_bytes,
    channel_name,
    claim,
    clock,
    ffi,
    fileno,
    is_native,
    kept,
    lib,
    log,
    native_handle,
    snapshot,
    wait,
)
from spec_model import words
from spec_model.errors import SEND_ERRORS, ConcurrentUseError
from spec_model.vocabulary import Buffer, ProducerStats, PushResult, Timeout

_BATCH, _CHAR, _REGION = map(ffi.typeof, ("omni_bytes[]", "char *", "omni_region *"))


@final
class Reservation(_interface.Reservation):
    __slots__ = ("_endpoint", "_region", "_view")

    def __init__(self, endpoint: ProducerEndpoint) -> None:
        self._endpoint = ref(endpoint)  # which goes with the handle
        self._region = ffi.new(_REGION)
        self._view: memoryview | None = None

    @property
    def capacity(self) -> int:
        return int(self._region.size)

    @property
    def data(self) -> memoryview:
        endpoint = self._endpoint()
        if endpoint is None:
            ended()
        view = self._view
        if view is None or _was_released(view):
            view = self._export(endpoint)
        if not lib.omni_region_is_writable(endpoint.handle[0], self._region):  # a finaliser may have closed meanwhile
            endpoint.release(self)
            ended()
        return view

    def __repr__(self) -> str:
        endpoint = self._endpoint()
        if endpoint is None or not lib.omni_region_is_writable(endpoint.handle[0], self._region):
            return words.reservation(self.capacity, None)
        return words.reservation(self.capacity, as_text(channel_name(lib.omni_producer_name, endpoint.handle)))

    def _export(self, endpoint: ProducerEndpoint) -> memoryview:
        """A view that pins the region; it is released with the endpoint, if not before [RSV-6, RSV-7]."""
        pin = ffi.gc(ffi.new(PIN), lib.omni_unpin)
        code = lib.omni_region_pin(endpoint.handle[0], self._region, pin)
        if code == lib.OMNI_CONCURRENT_USE:
            _refused(code, endpoint)
        if code != 0:
            ended()
        self._view = view = memoryview(ffi.buffer(kept(self._region.data, pin), self._region.size))
        release = ffi.gc(ffi.new(_CHAR), view.__exit__)  # in C, like every destructor
        endpoint.releaser = kept(ffi.cast(POINTER, 0), release), release
        return view


class ProducerEndpoint:
    """What calls hold, and `move()` carries: the core's handle, the last reservation, what releases its view."""

    __slots__ = ("__weakref__", "handle", "releaser", "reservation")

    def __init__(self, handle: Any) -> None:
        self.handle: Any = handle
        self.reservation: Reservation | None = None
        self.releaser: Any = None

    def release(self, reservation: Reservation | None = None) -> None:
        """Release the view that `Reservation.data` gave; an array on it may keep it and the region [RSV-7]."""
        reservation = reservation or self.reservation
        view = None if reservation is None else reservation._view  # read once: a close may come in between
        if view is None:
            return
        try:
            view.release()
        except BufferError:  # an array lies directly on it
            ffi.gc(self.releaser[1], None)


@final
class ProducerHandle(_interface.ProducerHandle):
    __slots__ = ("__weakref__", "_endpoint", "_name")

    def __init__(self, endpoint: tuple[Any, Any], name: bytes = b"") -> None:
        self._endpoint = endpoint  # a ProducerEndpoint, which calls hold, and the token, which they do not [LIF-1]
        self._name = name  # once it is moved from

    def try_push(self, data: Buffer) -> PushResult:
        payload, endpoint = as_bytes(data), self._endpoint[0]
        if endpoint is None:
            return PushResult.CHANNEL_CLOSED
        return _result(lib.omni_try_push(endpoint.handle[0], payload, len(payload)), endpoint)

    def blocking_push(self, data: Buffer, timeout: Timeout = None) -> PushResult:
        return self._push(as_bytes(data), clock(as_nanoseconds(timeout)))

    def batch_push(self, messages: Iterable[Buffer]) -> int:
        payloads = [_element(data, index) for index, data in enumerate(messages)]
        endpoint = self._endpoint[0]
        if endpoint is None:
            return 0
        memory = [ffi.from_buffer(payload) for payload in payloads]
        batch = ffi.new(_BATCH, [(each, len(each)) for each in memory])
        pushed: int = lib.omni_batch_push(endpoint.handle[0], batch, len(memory))
        return _refused(pushed, endpoint) if pushed < 0 else pushed

    def reserve(self, n: SupportsIndex, timeout: Timeout = 0) -> Reservation | None:
        return self._reserve(n, timeout)[1]

    def commit(self, n: SupportsIndex, offset: SupportsIndex = 0) -> bool:
        size, start = as_count("n", n), as_count("offset", offset)
        return self._finish(lib.omni_commit, size, start) == PushResult.SUCCESS.value

    def rollback(self) -> None:
        self._finish(lib.omni_rollback)

    def send(self, data: Buffer, timeout: Timeout = None) -> None:
        payload = as_bytes(data)
        result = self._push(payload, clock(as_nanoseconds(timeout)))
        if result is not PushResult.SUCCESS:
            unsent(result, len(payload), self._snapshot())

    def send_many(self, messages: Iterable[Buffer], timeout: Timeout = None) -> None:
        left = clock(as_nanoseconds(timeout))
        for sent, data in enumerate(messages):
            try:
                payload = as_bytes(data)
            except SEND_ERRORS as error:
                send_many_stopped(error, sent)
            try:
                result = self._push(payload, left)
            except ConcurrentUseError as error:
                send_many_stopped(error, sent)
            if result is not PushResult.SUCCESS:
                unsent(result, len(payload), self._snapshot(), sent)

    def wait(self, timeout: Timeout = None) -> PushResult:
        nanoseconds, endpoint = as_nanoseconds(timeout), self._endpoint[0]
        if endpoint is None:
            return PushResult.CHANNEL_CLOSED
        return _result(wait(lib.omni_producer_wait, endpoint.handle, clock(nanoseconds)), endpoint)

    def is_connected(self) -> bool:
        endpoint = self._endpoint[0]
        return endpoint is not None and bool(lib.omni_producer_is_connected(endpoint.handle[0]))

    def capacity(self) -> int:
        endpoint = self._endpoint[0]
        return 0 if endpoint is None else int(lib.omni_producer_capacity(endpoint.handle[0]))

    def max_message_size(self) -> int:
        endpoint = self._endpoint[0]
        return 0 if endpoint is None else int(lib.omni_producer_max_message_size(endpoint.handle[0]))

    def available_slots(self) -> int:
        endpoint = self._endpoint[0]
        return 0 if endpoint is None else int(lib.omni_producer_available_slots(endpoint.handle[0]))

    def get_stats(self) -> ProducerStats:
        endpoint = self._endpoint[0]
        if endpoint is None:
            return ProducerStats()
        stats = ffi.new(HANDLE_STATS)
        lib.omni_producer_get_stats(endpoint.handle[0], stats)
        return ProducerStats(stats.messages, stats.bytes, stats.failed)

    def move(self) -> ProducerHandle:
        self._name = name = self._channel_name()
        moved = ProducerHandle(self._endpoint, name)
        self._endpoint = MOVED
        return moved

    def detach(self) -> int:
        endpoint, number = self._endpoint[0], ffi.new(NUMBER)
        if endpoint is None:
            undetached(lib.OMNI_EXPIRED, "producer", b"")
        if is_native(endpoint.handle):
            undetached(lib.OMNI_PINNED, "producer", channel_name(lib.omni_producer_name, endpoint.handle))
        self._name = self._channel_name()
        [code] = map(lib.slot_detach_producer, [endpoint.handle], [number])  # no signal's handler runs in between
        if code == 0:
            self._endpoint = MOVED
            token: int = number[0]  # without a call, as above
            return token
        undetached(code, "producer", channel_name(lib.omni_producer_name, endpoint.handle))

    def fileno(self) -> int:
        endpoint = self._endpoint[0]
        handle = endpoint and endpoint.handle
        return fileno(lib.slot_fileno_producer, "producer", handle, lib.omni_producer_name)

    def _claim(self) -> Any:
        endpoint = self._endpoint[0]
        return claim(lib.omni_producer_claim, "producer", endpoint and endpoint.handle, lib.omni_producer_name)

    def _unclaim(self, claim: Any) -> None:
        lib.omni_producer_unclaim(claim[0])

    def close(self) -> None:
        self._end(words.BY_CLOSE)

    def __exit__(self, *exception: object) -> None:
        self._end(words.BY_WITH)

    def _end(self, how: str) -> None:
        endpoint, token = self._endpoint
        if endpoint is not None:
            lib.slot_close_producer(endpoint.handle)
            endpoint.release()
            log(token, how)

    def _snapshot(self) -> Snapshot:
        endpoint = self._endpoint[0]
        return snapshot("producer", self._channel_name(), endpoint and endpoint.handle)

    def _channel_name(self) -> bytes:
        endpoint = self._endpoint[0]
        if endpoint is None or endpoint.handle[0] == ffi.NULL:
            return self._name
        return channel_name(lib.omni_producer_name, endpoint.handle)

    @property
    def name(self) -> str:
        return as_text(self._channel_name())

    def __repr__(self) -> str:
        return represent("producer", self._snapshot())

    @property
    def native_handle(self) -> NativeHandle:
        endpoint, token = self._endpoint
        return native_handle("producer", endpoint and endpoint.handle, token)

    def _push(self, payload: Any, left: Callable[[], int]) -> PushResult:
        endpoint = self._endpoint[0]
        if endpoint is None:
            return PushResult.CHANNEL_CLOSED
        code = lib.omni_try_push(endpoint.handle[0], payload, len(payload))
        while code == lib.OMNI_PUSH_QUEUE_FULL:
            waited = _result(wait(lib.omni_producer_wait, endpoint.handle, left), endpoint)
            if endpoint.handle[1]:  # detached meanwhile: it is somebody else's
                return PushResult.CHANNEL_CLOSED
            if waited is PushResult.TIMEOUT:
                code = lib.omni_blocking_push(endpoint.handle[0], payload, len(payload), 0)  # counts what it answers
            else:
                code = lib.omni_try_push(endpoint.handle[0], payload, len(payload))
        return _result(code, endpoint)

    def _reserve(self, n: SupportsIndex, timeout: Timeout) -> tuple[int, Reservation | None]:
        size, left, endpoint = as_count("n", n), clock(as_nanoseconds(timeout)), self._endpoint[0]
        if endpoint is None:
            return lib.OMNI_PUSH_CHANNEL_CLOSED, None
        reservation = Reservation(endpoint)
        code, waited = lib.omni_reserve(endpoint.handle[0], size, reservation._region), lib.OMNI_PUSH_SUCCESS
        while code == lib.OMNI_PUSH_QUEUE_FULL and waited != lib.OMNI_PUSH_TIMEOUT:
            waited = _result(wait(lib.omni_producer_wait, endpoint.handle, left), endpoint).value
            if endpoint.handle[1]:
                return lib.OMNI_PUSH_CHANNEL_CLOSED, None
            code = lib.omni_reserve(endpoint.handle[0], size, reservation._region)
        if code == lib.OMNI_CONCURRENT_USE:
            _refused(code, endpoint)
        if code != lib.OMNI_PUSH_SUCCESS:
            return code, None
        endpoint.reservation = reservation
        return code, reservation

    def _finish(self, call: Callable[..., int], *arguments: int) -> int:
        """Commit or roll back by `call`, and release the view that `data` gave, where it is in the way [RSV-7]."""
        endpoint = self._endpoint[0]
        if endpoint is None:
            return int(lib.OMNI_EXPIRED)
        code = call(endpoint.handle[0], *arguments)
        if code == lib.OMNI_PINNED:
            endpoint.release()
            code = call(endpoint.handle[0], *arguments)
        if code == lib.OMNI_PINNED:
            held()
        if code == lib.OMNI_CONCURRENT_USE:
            _refused(code, endpoint)
        return code


def _was_released(view: memoryview) -> bool:
    try:
        return view.nbytes < 0
    except ValueError:
        return True


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
