"""The consumer's side of a channel (§6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NoReturn, SupportsIndex, TypeVar, final

from fast_impl import _interface
from fast_impl._common import (
    Snapshot,
    as_count,
    as_nanoseconds,
    as_text,
    refuse,
    represent,
    undetached,
    unreceived,
)
from fast_impl.cffi.core import (
    COUNT,
    HANDLE_STATS,
    MOVED,
    NUMBER,
    POP_RESULTS,
    NativeHandle,
    channel_name,
    claim,
    clock,
    ffi,
    fileno,
    is_native,
    lib,
    log,
    native_handle,
    snapshot,
    wait,
)
from fast_impl.cffi.message import Batch, Message, batch, payloads
from spec_model import words
from spec_model.vocabulary import ConsumerStats, PopResult, Timeout

Answer = TypeVar("Answer")

_MESSAGES, _MESSAGE, _POP = map(ffi.typeof, ("omni_message[]", "omni_message *", "omni_pop *"))


@final
class ConsumerHandle(_interface.ConsumerHandle):
    __slots__ = ("__weakref__", "_endpoint", "_name")

    def __init__(self, endpoint: tuple[Any, Any], name: bytes = b"") -> None:
        self._endpoint = endpoint  # a handle of the core, which calls hold, and the token, which they do not [LIF-1]
        self._name = name  # once it is moved from

    def try_pop(self) -> tuple[PopResult, Message | None]:
        return self._pop(1, 0, _one)

    def blocking_pop(self, timeout: Timeout = None) -> tuple[PopResult, Message | None]:
        return self._blocking(timeout, _one)

    def batch_pop(self, max_count: SupportsIndex, timeout: Timeout = 0) -> tuple[PopResult, list[Message]]:
        return self._pop(as_count("max_count", max_count), as_nanoseconds(timeout), _all)

    def batch_pop_buffer(self, max_count: SupportsIndex, timeout: Timeout = 0) -> tuple[PopResult, Batch | None]:
        return self._pop(as_count("max_count", max_count), as_nanoseconds(timeout), _joined)

    def receive(self, timeout: Timeout = None) -> bytes:
        return self._blocking(timeout, _copied)

    def receive_many(self, max_count: SupportsIndex, timeout: Timeout = None) -> list[bytes]:
        wanted = as_count("max_count", max_count)
        return self._pop(wanted, as_nanoseconds(timeout), _all_copied if wanted else _none_copied)

    def _pop_bytes(self, max_count: SupportsIndex, timeout: Timeout = 0) -> tuple[PopResult, list[bytes]]:
        return self._pop(as_count("max_count", max_count), as_nanoseconds(timeout), _all_with_result)

    def wait(self, timeout: Timeout = None) -> PopResult:
        nanoseconds, handle = as_nanoseconds(timeout), self._endpoint[0]
        if handle is None:
            return PopResult.CHANNEL_CLOSED
        code = wait(lib.omni_consumer_wait, handle, clock(nanoseconds))
        return _refused(code, handle) if code < 0 else POP_RESULTS[code]

    def __iter__(self) -> Iterator[bytes]:
        return iter(partial(self._blocking, None, _copied_or_none), None)

    def is_connected(self) -> bool:
        handle = self._endpoint[0]
        return handle is not None and bool(lib.omni_consumer_is_connected(handle[0]))

    def capacity(self) -> int:
        handle = self._endpoint[0]
        return 0 if handle is None else int(lib.omni_consumer_capacity(handle[0]))

    def max_message_size(self) -> int:
        handle = self._endpoint[0]
        return 0 if handle is None else int(lib.omni_consumer_max_message_size(handle[0]))

    def available_messages(self) -> int:
        handle = self._endpoint[0]
        return 0 if handle is None else int(lib.omni_consumer_available_messages(handle[0]))

    def get_stats(self) -> ConsumerStats:
        handle = self._endpoint[0]
        if handle is None:
            return ConsumerStats()
        stats = ffi.new(HANDLE_STATS)
        lib.omni_consumer_get_stats(handle[0], stats)
        return ConsumerStats(stats.messages, stats.bytes, stats.failed)

    def move(self) -> ConsumerHandle:
        self._name = name = self._channel_name()
        moved = ConsumerHandle(self._endpoint, name)
        self._endpoint = MOVED
        return moved

    def detach(self) -> int:
        handle, number = self._endpoint[0], ffi.new(NUMBER)
        if handle is None:
            undetached(lib.OMNI_EXPIRED, "consumer", b"")
        if is_native(handle):
            undetached(lib.OMNI_PINNED, "consumer", channel_name(lib.omni_consumer_name, handle))
        self._name = self._channel_name()
        [code] = map(lib.slot_detach_consumer, [handle], [number])  # as where a pop ends: no handler runs in between
        if code == 0:
            self._endpoint = MOVED
            token: int = number[0]  # without a call, as above
            return token
        undetached(code, "consumer", channel_name(lib.omni_consumer_name, handle))

    def fileno(self) -> int:
        return fileno(lib.slot_fileno_consumer, "consumer", self._endpoint[0], lib.omni_consumer_name)

    def _claim(self) -> Any:
        return claim(lib.omni_consumer_claim, "consumer", self._endpoint[0], lib.omni_consumer_name)

    def _unclaim(self, claim: Any) -> None:
        lib.omni_consumer_unclaim(claim[0])

    def close(self) -> None:
        self._end(words.BY_CLOSE)

    def __exit__(self, *exception: object) -> None:
        self._end(words.BY_WITH)

    def _end(self, how: str) -> None:
        handle, token = self._endpoint
        if handle is not None:
            lib.slot_close_consumer(handle)
            log(token, how)

    def _snapshot(self) -> Snapshot:
        return snapshot("consumer", self._channel_name(), self._endpoint[0])

    def _channel_name(self) -> bytes:
        handle = self._endpoint[0]
        if handle is None or handle[0] == ffi.NULL:
            return self._name
        return channel_name(lib.omni_consumer_name, handle)

    @property
    def name(self) -> str:
        return as_text(self._channel_name())

    def __repr__(self) -> str:
        return represent("consumer", self._snapshot())

    @property
    def native_handle(self) -> NativeHandle:
        return native_handle("consumer", *self._endpoint)

    def _blocking(self, timeout: Timeout, make: Callable[[PopResult, list[Message], Any], Answer | None]) -> Answer:
        nanoseconds = as_nanoseconds(timeout)
        return self._pop(1, nanoseconds, make, lib.OMNI_POP_EMPTY if nanoseconds else lib.OMNI_POP_TIMEOUT)

    def _pop(
        self,
        most: int,
        timeout: int,
        make: Callable[[PopResult, list[Message], Any], Answer | None],
        otherwise: int = lib.OMNI_POP_EMPTY,
    ) -> Answer:
        """What `make` makes of the result and of up to `most` messages, which are taken when it has [POP-6].

        `make` gives None where the messages have expired meanwhile: a handler or a finaliser has popped or closed. It
        is given the open pop as well, or this where there are no messages.
        `otherwise` is the answer where nothing waits and there is no time.
        """
        handle = self._endpoint[0]
        if handle is None:
            return make(PopResult.CHANNEL_CLOSED, [], self)  # type: ignore[return-value]
        most = min(most, lib.omni_consumer_capacity(handle[0]))
        left = clock(timeout)
        raws, count = ffi.new(_MESSAGES, most), ffi.new(COUNT)
        pop = ffi.gc(ffi.new(_POP), lib.omni_pop_abandon)
        while True:
            try:
                if handle[1]:  # detached meanwhile: it is somebody else's
                    return make(PopResult.CHANNEL_CLOSED, [], self)  # type: ignore[return-value]
                code = lib.omni_pop_begin(handle[0], most, otherwise, raws, count, pop)
                if code == lib.OMNI_POP_SUCCESS:
                    messages = [Message(handle, ffi.new(_MESSAGE, raws[i])) for i in range(count[0])]
                    answer = make(PopResult.SUCCESS, messages, pop)
                    # Unpacked and not called: after a call CPython may run handlers, which here could lose the answer
                    end = map(lib.omni_pop_end, [handle[0]], [pop], [count[0] if answer is not None else 0])
                    [code] = end
                    if code == 0 and answer is not None:
                        return answer
                    continue
            except BaseException:
                lib.omni_pop_abandon(pop)
                raise
            if code < 0:
                _refused(code, handle)
            if code != lib.OMNI_POP_EMPTY or timeout == 0 or most == 0:
                return make(POP_RESULTS[code], [], self)  # type: ignore[return-value]
            code = wait(lib.omni_consumer_wait, handle, left)
            if code < 0:
                _refused(code, handle)
            if code == lib.OMNI_POP_TIMEOUT:
                otherwise = code


def _refused(code: int, handle: Any) -> NoReturn:
    refuse(code, "consumer", channel_name(lib.omni_consumer_name, handle))


# ---- answers, which are made before their messages are taken ----


def _one(result: PopResult, messages: list[Message], source: Any) -> tuple[PopResult, Message | None]:
    return result, messages[0] if messages else None


def _all(result: PopResult, messages: list[Message], source: Any) -> tuple[PopResult, list[Message]]:
    return result, messages


def _joined(result: PopResult, messages: list[Message], source: Any) -> tuple[PopResult, Batch | None] | None:
    if not messages:
        return result, None
    joined = batch(messages, source)
    return None if joined is None else (result, joined)


def _copied_or_none(result: PopResult, messages: list[Message], source: Any) -> bytes | None:
    return messages[0]._copy() if messages else None


def _copied(result: PopResult, messages: list[Message], source: Any) -> bytes | None:
    return messages[0]._copy() if messages else unreceived(result, source._snapshot())


def _all_copied(result: PopResult, messages: list[Message], source: Any) -> list[bytes] | None:
    return payloads(messages) if messages else unreceived(result, source._snapshot())


def _all_with_result(result: PopResult, messages: list[Message], source: Any) -> tuple[PopResult, list[bytes]] | None:
    copies = payloads(messages) if messages else []
    return None if copies is None else (result, copies)


def _none_copied(result: PopResult, messages: list[Message], source: Any) -> list[bytes]:
    return unreceived(result, source._snapshot()) if result is PopResult.CHANNEL_CLOSED else []
