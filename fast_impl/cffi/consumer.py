"""The consumer's side of a channel (§6)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, SupportsIndex, final

from fast_impl._common import Closable, Timeout, as_count, as_nanoseconds, refuse, unreceived
from fast_impl.cffi.core import POP_RESULTS, blocking, ffi, lib, owned
from fast_impl.cffi.message import Batch, Message
from spec_model.config import ChannelConfig
from spec_model.errors import ChannelClosedError
from spec_model.vocabulary import ConsumerStats, PopResult


class ConsumerEndpoint:
    """What `move()` carries: the core's handle, and messages pending delivery, taken when a signal's handler raised."""

    __slots__ = ("handle", "pending")

    def __init__(self, handle: Any) -> None:
        self.handle = owned(handle, lib.omni_consumer_free)
        self.pending: deque[Message] = deque()

    def close(self) -> None:
        lib.omni_consumer_close(self.handle)
        self.pending.clear()


@final
class ConsumerHandle(Closable):
    """Receives messages from a channel (§6). Made by `request_channel`.

    One thread at a time may use it [CON-1]; a second one that enters meanwhile gets ConcurrentUseError
    [CON-2]. `close` and the queries may be called from any thread.
    """

    __slots__ = ("__weakref__", "_endpoint")

    def __init__(self, endpoint: ConsumerEndpoint | None) -> None:
        self._endpoint = endpoint

    def try_pop(self) -> tuple[PopResult, Message | None]:
        """Take the oldest message without waiting (§6.3) [POP-1].

        Raises BufferError where an export forbids it [MSG-3].
        """
        return self._pop_one(lib.omni_try_pop)

    def blocking_pop(self, timeout: Timeout = None) -> tuple[PopResult, Message | None]:
        """As `try_pop`, waiting up to `timeout` seconds for a message (§6.2) [POP-4].

        Raises also TypeError or ValueError for a bad timeout [ARG-2].
        """
        nanoseconds = as_nanoseconds(timeout)
        return self._pop_one(
            lambda handle, raw: blocking(lambda left: lib.omni_blocking_pop(handle, left, raw), nanoseconds)
        )

    def batch_pop(self, max_count: SupportsIndex, timeout: Timeout = 0) -> tuple[PopResult, list[Message]]:
        """Take up to `max_count` messages, waiting up to `timeout` seconds for the first (§6.3) [POP-5].

        Raises BufferError where an export forbids even the first [MSG-3]; TypeError or
        ValueError for bad arguments [ARG-2, ARG-3].
        """
        wanted, nanoseconds = as_count("max_count", max_count), as_nanoseconds(timeout)
        endpoint = self._endpoint
        if endpoint is None:
            return PopResult.CHANNEL_CLOSED, []
        if endpoint.pending and wanted:
            count = min(wanted, len(endpoint.pending))
            return PopResult.SUCCESS, [endpoint.pending.popleft() for _ in range(count)]
        wanted = min(wanted, self.capacity())
        raw, taken = ffi.new("omni_message[]", max(wanted, 1)), ffi.new("size_t *")
        try:
            code = blocking(lambda left: lib.omni_batch_pop(endpoint.handle, wanted, left, raw, taken), nanoseconds)
            if code < 0:
                refuse(code)
            return POP_RESULTS[code], _messages(endpoint.handle, raw, taken[0])
        except BaseException:  # of a signal's handler, after the messages were taken: the next pop delivers them
            endpoint.pending.extend(_messages(endpoint.handle, raw, taken[0]))
            raise

    def batch_pop_buffer(self, max_count: SupportsIndex, timeout: Timeout = 0) -> tuple[PopResult, Batch | None]:
        """As `batch_pop`, with the messages as one buffer, or None where that gives none."""
        result, messages = self.batch_pop(max_count, timeout)
        return result, Batch(messages) if messages else None

    def receive(self, timeout: Timeout = None) -> bytes:
        """`blocking_pop` with exceptions in place of result codes: a copy that the caller owns.

        Raises TimeoutError or ChannelClosedError.
        """
        result, message = self.blocking_pop(timeout)
        if message is None:
            unreceived(result)
        return bytes(message)

    def __iter__(self) -> Iterator[bytes]:
        """Payloads, waiting for each, until the channel is closed and drained."""
        while True:
            try:
                payload = self.receive()
            except ChannelClosedError:
                return
            yield payload

    def is_connected(self) -> bool:
        """Whether this handle is active and the producer there (§6.4)."""
        return self._endpoint is not None and bool(lib.omni_consumer_is_connected(self._endpoint.handle))

    def capacity(self) -> int:
        """How many messages fit; 0 once moved from (§6.4) [LIF-5]."""
        return 0 if self._endpoint is None else int(lib.omni_consumer_capacity(self._endpoint.handle))

    def max_message_size(self) -> int:
        """Bytes of the largest message; 0 once moved from (§6.4) [LIF-5]."""
        return 0 if self._endpoint is None else int(lib.omni_consumer_max_message_size(self._endpoint.handle))

    def available_messages(self) -> int:
        """How many messages wait, possibly stale (§6.4) [STA-3]; 0 when inactive."""
        return 0 if self._endpoint is None else int(lib.omni_consumer_available_messages(self._endpoint.handle))

    def get_config(self) -> ChannelConfig:
        """The normalised configuration; zeros once moved from (§6.4)."""
        return ChannelConfig(self.capacity(), self.max_message_size())

    def get_stats(self) -> ConsumerStats:
        """The counters; zeros once moved from (§6.4) [STA-2]."""
        if self._endpoint is None:
            return ConsumerStats()
        stats = ffi.new("omni_handle_stats *")
        lib.omni_consumer_get_stats(self._endpoint.handle, stats)
        return ConsumerStats(stats.messages, stats.bytes, stats.failed)

    def move(self) -> ConsumerHandle:
        """A new handle carrying everything; this one is inactive from now on (§6.5) [LIF-3]."""
        endpoint, self._endpoint = self._endpoint, None
        return ConsumerHandle(endpoint)

    def close(self) -> None:
        """End the consumer, from any thread; a blocked producer wakes and sees it (§6.5) [LIF-2, LIF-8]."""
        if self._endpoint is not None:
            self._endpoint.close()

    def __del__(self) -> None:
        self.close()

    @property
    def native_handle(self) -> int:
        """The address of the `omni_consumer`, for code that calls the C ABI; 0 once moved from."""
        return 0 if self._endpoint is None else int(ffi.cast("uintptr_t", self._endpoint.handle))

    def _pop_one(self, pop: Callable[[Any, Any], int]) -> tuple[PopResult, Message | None]:
        endpoint = self._endpoint
        if endpoint is None:
            return PopResult.CHANNEL_CLOSED, None
        if endpoint.pending:
            return PopResult.SUCCESS, endpoint.pending.popleft()
        raw = ffi.new("omni_message *")
        try:
            code = pop(endpoint.handle, raw)
            if code < 0:
                refuse(code)
            return POP_RESULTS[code], Message(endpoint.handle, raw) if code == lib.OMNI_POP_SUCCESS else None
        except BaseException:  # of a signal's handler, after the message was taken: the next pop delivers it
            if raw.size:
                endpoint.pending.append(Message(endpoint.handle, raw))
            raise


def _messages(consumer: Any, raw: Any, count: int) -> list[Message]:
    return [Message(consumer, ffi.new("omni_message *", raw[i])) for i in range(count)]
