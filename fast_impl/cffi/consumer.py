"""The consumer's side of a channel (§6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NoReturn, SupportsIndex, TypeVar, final

from fast_impl._common import Closable, Timeout, as_count, as_nanoseconds, refuse, unreceived
from fast_impl.cffi.core import MOVED, POP_RESULTS, channel_name, clock, ffi, lib, wait
from fast_impl.cffi.message import Batch, Message, batch, payloads
from spec_model.config import ChannelConfig
from spec_model.vocabulary import ConsumerStats, PopResult

Answer = TypeVar("Answer")


@final
class ConsumerHandle(Closable):
    """Receives messages from a channel (§6). Made by `request_channel`.

    One thread at a time may use it [CON-1]; a second one that enters meanwhile gets ConcurrentUseError
    [CON-2]. `close` and the queries may be called from any thread.
    """

    __slots__ = ("__weakref__", "_endpoint")

    def __init__(self, endpoint: tuple[Any, Any]) -> None:
        self._endpoint = endpoint  # a handle of the core, which calls hold, and the token, which they do not [LIF-1]

    def try_pop(self) -> tuple[PopResult, Message | None]:
        """Take the oldest message without waiting (§6.3) [POP-1].

        Raises BufferError where an export forbids it [MSG-3].
        """
        return self._pop(1, 0, _one)

    def blocking_pop(self, timeout: Timeout = None) -> tuple[PopResult, Message | None]:
        """As `try_pop`, waiting up to `timeout` seconds for a message (§6.2) [POP-4].

        Raises also TypeError or ValueError for a bad timeout [ARG-2].
        """
        return self._blocking(timeout, _one)

    def batch_pop(self, max_count: SupportsIndex, timeout: Timeout = 0) -> tuple[PopResult, list[Message]]:
        """Take up to `max_count` messages, waiting up to `timeout` seconds for the first (§6.3) [POP-5].

        Raises BufferError where an export forbids even the first [MSG-3]; TypeError or
        ValueError for bad arguments [ARG-2, ARG-3].
        """
        return self._pop(as_count("max_count", max_count), as_nanoseconds(timeout), _all)

    def batch_pop_buffer(self, max_count: SupportsIndex, timeout: Timeout = 0) -> tuple[PopResult, Batch | None]:
        """As `batch_pop`, with the messages as one buffer, or None where that gives none."""
        return self._pop(as_count("max_count", max_count), as_nanoseconds(timeout), _joined)

    def receive(self, timeout: Timeout = None) -> bytes:
        """`blocking_pop` with exceptions in place of result codes: a copy that the caller owns.

        Raises TimeoutError or ChannelClosedError.
        """
        return self._blocking(timeout, _copied)

    def receive_many(self, max_count: SupportsIndex, timeout: Timeout = None) -> list[bytes]:
        """`batch_pop` with exceptions in place of result codes: copies of up to `max_count` messages [WAI-5].

        It waits up to `timeout` seconds for the first; [] for a `max_count` of 0.
        Raises TimeoutError or ChannelClosedError; BufferError, TypeError or ValueError as `batch_pop`.
        """
        wanted = as_count("max_count", max_count)
        return self._pop(wanted, as_nanoseconds(timeout), _all_copied if wanted else _none_copied)

    def wait(self, timeout: Timeout = None) -> PopResult:
        """Wait up to `timeout` seconds until a message waits; takes, expires and counts nothing [WAI-1].

        SUCCESS when one does, CHANNEL_CLOSED when none ever will, TIMEOUT. Raises TypeError or
        ValueError for a bad timeout [ARG-2].
        """
        nanoseconds, handle = as_nanoseconds(timeout), self._endpoint[0]
        if handle is None:
            return PopResult.CHANNEL_CLOSED
        code = wait(lib.omni_consumer_wait, handle, clock(nanoseconds))
        return _refused(code, handle) if code < 0 else POP_RESULTS[code]

    def __iter__(self) -> Iterator[bytes]:
        """Payloads, waiting for each, until the channel is closed and drained."""
        return iter(partial(self._blocking, None, _copied_or_none), None)

    def is_connected(self) -> bool:
        """Whether this handle is active and the producer there (§6.4)."""
        handle = self._endpoint[0]
        return handle is not None and bool(lib.omni_consumer_is_connected(handle[0]))

    def capacity(self) -> int:
        """How many messages fit; 0 once moved from (§6.4) [LIF-5]."""
        handle = self._endpoint[0]
        return 0 if handle is None else int(lib.omni_consumer_capacity(handle[0]))

    def max_message_size(self) -> int:
        """Bytes of the largest message; 0 once moved from (§6.4) [LIF-5]."""
        handle = self._endpoint[0]
        return 0 if handle is None else int(lib.omni_consumer_max_message_size(handle[0]))

    def available_messages(self) -> int:
        """How many messages wait, possibly stale (§6.4) [STA-3]; 0 when inactive."""
        handle = self._endpoint[0]
        return 0 if handle is None else int(lib.omni_consumer_available_messages(handle[0]))

    def get_config(self) -> ChannelConfig:
        """The normalised configuration; zeros once moved from (§6.4)."""
        return ChannelConfig(self.capacity(), self.max_message_size())

    def get_stats(self) -> ConsumerStats:
        """The counters; zeros once moved from (§6.4) [STA-2]."""
        handle = self._endpoint[0]
        if handle is None:
            return ConsumerStats()
        stats = ffi.new("omni_handle_stats *")
        lib.omni_consumer_get_stats(handle[0], stats)
        return ConsumerStats(stats.messages, stats.bytes, stats.failed)

    def move(self) -> ConsumerHandle:
        """A new handle carrying everything; this one is inactive from now on (§6.5) [LIF-3]."""
        moved = ConsumerHandle(self._endpoint)
        self._endpoint = MOVED
        return moved

    def close(self) -> None:
        """End the consumer, from any thread; a blocked producer wakes and sees it (§6.5) [LIF-2, LIF-8]."""
        handle = self._endpoint[0]
        if handle is not None:
            lib.omni_consumer_close(handle[0])

    @property
    def native_handle(self) -> int:
        """The address of the `omni_consumer`, for code that calls the C ABI; 0 once moved from."""
        handle = self._endpoint[0]
        return 0 if handle is None else int(ffi.cast("uintptr_t", handle[0]))

    def _blocking(self, timeout: Timeout, make: Callable[[PopResult, list[Message]], Answer | None]) -> Answer:
        nanoseconds = as_nanoseconds(timeout)
        return self._pop(1, nanoseconds, make, lib.OMNI_POP_EMPTY if nanoseconds else lib.OMNI_POP_TIMEOUT)

    def _pop(
        self,
        most: int,
        timeout: int,
        make: Callable[[PopResult, list[Message]], Answer | None],
        otherwise: int = lib.OMNI_POP_EMPTY,
    ) -> Answer:
        """What `make` makes of the result and of up to `most` messages, which are taken when it has [POP-6].

        `make` gives None where the messages have expired meanwhile: a handler or a finaliser has popped or closed.
        `otherwise` is the answer where nothing waits and there is no time.
        """
        handle = self._endpoint[0]
        if handle is None:
            return make(PopResult.CHANNEL_CLOSED, [])  # type: ignore[return-value]
        most = min(most, lib.omni_consumer_capacity(handle[0]))
        left = clock(timeout)
        raws, count = ffi.new("omni_message[]", most), ffi.new("size_t *")
        pop = ffi.gc(ffi.new("omni_pop *"), lib.omni_pop_abandon)
        while True:
            try:
                code = lib.omni_pop_begin(handle[0], most, otherwise, raws, count, pop)
                if code == lib.OMNI_POP_SUCCESS:
                    messages = [Message(handle, ffi.new("omni_message *", raws[i])) for i in range(count[0])]
                    answer = make(PopResult.SUCCESS, messages)
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
                return make(POP_RESULTS[code], [])  # type: ignore[return-value]
            code = wait(lib.omni_consumer_wait, handle, left)
            if code < 0:
                _refused(code, handle)
            if code == lib.OMNI_POP_TIMEOUT:
                otherwise = code


def _refused(code: int, handle: Any) -> NoReturn:
    refuse(code, "consumer", channel_name(lib.omni_consumer_name, handle))


# ---- answers, which are made before their messages are taken ----


def _one(result: PopResult, messages: list[Message]) -> tuple[PopResult, Message | None]:
    return result, messages[0] if messages else None


def _all(result: PopResult, messages: list[Message]) -> tuple[PopResult, list[Message]]:
    return result, messages


def _joined(result: PopResult, messages: list[Message]) -> tuple[PopResult, Batch | None] | None:
    if not messages:
        return result, None
    joined = batch(messages)
    return None if joined is None else (result, joined)


def _copied_or_none(result: PopResult, messages: list[Message]) -> bytes | None:
    return messages[0]._copy() if messages else None


def _copied(result: PopResult, messages: list[Message]) -> bytes | None:
    return messages[0]._copy() if messages else unreceived(result)


def _all_copied(result: PopResult, messages: list[Message]) -> list[bytes] | None:
    return payloads(messages) if messages else unreceived(result)


def _none_copied(result: PopResult, messages: list[Message]) -> list[bytes]:
    return unreceived(result) if result is PopResult.CHANNEL_CLOSED else []
