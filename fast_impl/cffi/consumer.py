"""The receiving end of a channel (§6)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, SupportsIndex

from fast_impl._arguments import Timeout, as_count, as_nanoseconds
from fast_impl._handle import Ending
from fast_impl._raising import refuse, unreceived
from fast_impl.cffi.batch import Batch
from fast_impl.cffi.core import POP_RESULTS, blocking, ffi, lib, owned
from fast_impl.cffi.message import Message
from spec_model.config import ChannelConfig
from spec_model.errors import ChannelClosedError
from spec_model.vocabulary import ConsumerStats, PopResult


class ConsumerCore:
    """What `move()` carries: the core's handle, and messages that a signal kept from being handed out."""

    __slots__ = ("handle", "undelivered")

    def __init__(self, handle: Any) -> None:
        self.handle = owned(handle, lib.omni_consumer_free)
        self.undelivered: deque[Message] = deque()

    def close(self) -> None:
        lib.omni_consumer_close(self.handle)
        self.undelivered.clear()


class ConsumerHandle(Ending):
    """Receives messages from a channel (§6). One thread at a time may use it [CON-1].

    A second thread that enters meanwhile gets ConcurrentUseError [CON-2]; `close`, `move`
    aside, and the queries may be called from any thread. Made by `request_channel`.
    """

    __slots__ = ("__weakref__", "_core")

    def __init__(self, core: ConsumerCore | None) -> None:
        self._core = core

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
        core = self._core
        if core is None:
            return PopResult.CHANNEL_CLOSED, []
        if core.undelivered and wanted:
            count = min(wanted, len(core.undelivered))
            return PopResult.SUCCESS, [core.undelivered.popleft() for _ in range(count)]
        wanted = min(wanted, self.capacity())
        raw, taken = ffi.new("omni_message[]", max(wanted, 1)), ffi.new("size_t *")
        try:
            code = blocking(lambda left: lib.omni_batch_pop(core.handle, wanted, left, raw, taken), nanoseconds)
            if code < 0:
                refuse(code)
            return POP_RESULTS[code], _messages(core, raw, taken[0])
        except BaseException:  # a signal's, after the messages had been taken: the next pop hands them out
            core.undelivered.extend(_messages(core, raw, taken[0]))
            raise

    def batch_pop_buffer(self, max_count: SupportsIndex, timeout: Timeout = 0) -> tuple[PopResult, Batch | None]:
        """As `batch_pop`, with the messages as one buffer, or None where that gives none."""
        result, messages = self.batch_pop(max_count, timeout)
        return result, Batch(messages) if messages else None

    def receive(self, timeout: Timeout = None) -> bytes:
        """`blocking_pop` for those who would rather have exceptions: a copy that the caller owns.

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
        return self._core is not None and bool(lib.omni_consumer_is_connected(self._core.handle))

    def capacity(self) -> int:
        """How many messages fit; 0 once moved from (§6.4) [LIF-5]."""
        return 0 if self._core is None else int(lib.omni_consumer_capacity(self._core.handle))

    def max_message_size(self) -> int:
        """Bytes of the largest message; 0 once moved from (§6.4) [LIF-5]."""
        return 0 if self._core is None else int(lib.omni_consumer_max_message_size(self._core.handle))

    def available_messages(self) -> int:
        """How many messages wait, possibly stale (§6.4) [STA-3]; 0 when inactive."""
        return 0 if self._core is None else int(lib.omni_consumer_available_messages(self._core.handle))

    def get_config(self) -> ChannelConfig:
        """The normalised configuration; zeros once moved from (§6.4)."""
        return ChannelConfig(self.capacity(), self.max_message_size())

    def get_stats(self) -> ConsumerStats:
        """The counters; zeros once moved from (§6.4) [STA-2]."""
        if self._core is None:
            return ConsumerStats()
        stats = ffi.new("omni_handle_stats *")
        lib.omni_consumer_get_stats(self._core.handle, stats)
        return ConsumerStats(stats.messages, stats.bytes, stats.failed)

    def move(self) -> ConsumerHandle:
        """A new handle carrying everything; this one is inactive from now on (§6.5) [LIF-3]."""
        core, self._core = self._core, None
        return ConsumerHandle(core)

    def close(self) -> None:
        """End the consumer, from any thread; a blocked producer wakes and sees it (§6.5) [LIF-2, LIF-8]."""
        if self._core is not None:
            self._core.close()

    def __del__(self) -> None:
        self.close()

    @property
    def native_handle(self) -> int:
        """The address of the `omni_consumer`, for code that calls the C ABI; 0 once moved from."""
        return 0 if self._core is None else int(ffi.cast("uintptr_t", self._core.handle))

    def _pop_one(self, pop: Callable[[Any, Any], int]) -> tuple[PopResult, Message | None]:
        core = self._core
        if core is None:
            return PopResult.CHANNEL_CLOSED, None
        if core.undelivered:
            return PopResult.SUCCESS, core.undelivered.popleft()
        raw = ffi.new("omni_message *")
        try:
            code = pop(core.handle, raw)
            if code < 0:
                refuse(code)
            return POP_RESULTS[code], Message(core, raw) if code == lib.OMNI_POP_SUCCESS else None
        except BaseException:  # a signal's, after the message had been taken: the next pop hands it out
            if raw.size:
                core.undelivered.append(Message(core, raw))
            raise


def _messages(core: ConsumerCore, raw: Any, count: int) -> list[Message]:
    return [Message(core, ffi.new("omni_message *", raw[i])) for i in range(count)]
