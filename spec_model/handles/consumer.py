"""The consumer handle (§6)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import SupportsIndex

from spec_model import arguments, words
from spec_model.channel import lifecycle, popping, queries
from spec_model.channel.value import Blocked, Channel, Refused, Side
from spec_model.errors import ChannelClosedError
from spec_model.handles.endpoint import Endpoint, Handle, time_up, turn
from spec_model.handles.message import Batch, Message, MessageExports
from spec_model.vocabulary import ConsumerStats, PopResult, Timeout


class ConsumerHandle(Handle):
    """The receiving endpoint of a channel, made by `request_channel`.

    A pop that finds a message raises BufferError, and takes nothing, where `capacity` earlier ones have an export
    alive [MSG-3].
    """

    _endpoint: Endpoint[MessageExports]
    _kind = "consumer"

    def try_pop(self) -> tuple[PopResult, Message | None]:
        """Take the oldest message if one waits (§6.3)."""
        result, messages = self._finish(popping.try_pop(self._current()), PopResult.EMPTY)
        return result, messages[0] if messages else None

    def blocking_pop(self, timeout: Timeout = None) -> tuple[PopResult, Message | None]:
        """Take the oldest message, waiting up to `timeout` seconds, None for ever, for one (§6.2).

        In a sequential program nothing can be sent meanwhile: instead of waiting it answers TIMEOUT at once, and
        raises WouldBlockForever where there is no timeout.
        """
        limit = arguments.seconds(timeout)
        result, messages = self._finish(popping.blocking_pop(self._current()), PopResult.TIMEOUT, limit)
        return result, messages[0] if messages else None

    def batch_pop(self, max_count: SupportsIndex, timeout: Timeout = 0) -> tuple[PopResult, list[Message]]:
        """Take up to `max_count` messages, waiting up to `timeout` seconds for the first (§6.3) [POP-5]."""
        max_count, limit = arguments.count("max_count", max_count), arguments.seconds(timeout)
        if_blocked = PopResult.EMPTY if limit == 0 else PopResult.TIMEOUT
        return self._finish(popping.batch_pop(self._current(), max_count), if_blocked, limit)

    def batch_pop_buffer(self, max_count: SupportsIndex, timeout: Timeout = 0) -> tuple[PopResult, Batch | None]:
        """As `batch_pop`, with the messages as one buffer, or None where that gives none."""
        result, messages = self.batch_pop(max_count, timeout)
        return result, Batch._of(messages) if messages else None

    def wait(self, timeout: Timeout = None) -> PopResult:
        """SUCCESS when a message waits, waiting up to `timeout` seconds, None for ever, for one [WAI-1].

        CHANNEL_CLOSED when none ever will, TIMEOUT where the time is up. It takes, expires and counts nothing. In a
        sequential program nothing can be sent meanwhile: instead of waiting it answers TIMEOUT at once, and raises
        WouldBlockForever where there is no timeout.
        """
        limit = arguments.seconds(timeout)
        result = popping.wait(self._endpoint.channel)
        if isinstance(result, Blocked):
            time_up("wait", result, limit)
            self._endpoint.looked(PopResult.TIMEOUT)
            return PopResult.TIMEOUT
        return result

    def available_messages(self) -> int:
        """Messages waiting (§6.4) [STA-3]."""
        return queries.available_messages(self._endpoint.channel)

    def get_stats(self) -> ConsumerStats:
        """The counters, also after the close (§6.4) [STA-2, LIF-5]."""
        return queries.consumer_stats(self._endpoint.channel)

    def move(self) -> ConsumerHandle:
        """A new handle with everything this one has, which becomes inactive (§2.2) [LIF-3]."""
        endpoint = self._endpoint
        endpoint.channel, moved_from = lifecycle.move_consumer(endpoint.channel)
        self._endpoint = endpoint.moved_from(moved_from, MessageExports())
        return ConsumerHandle._of(endpoint)

    def receive(self, timeout: Timeout = None) -> bytes:
        """The oldest message as a copy, waiting up to `timeout` seconds, None for ever, for one.

        Raises TimeoutError, or ChannelClosedError once the channel is closed and drained.
        """
        result, message = self.blocking_pop(timeout)
        if result is PopResult.TIMEOUT:
            raise words.no_message(self.name)
        if message is None:
            raise words.closed("consumer", self.name, self._handle_state())
        return bytes(message)

    def receive_many(self, max_count: SupportsIndex, timeout: Timeout = None) -> list[bytes]:
        """Up to `max_count` messages as copies, waiting up to `timeout` seconds, None for ever, for the first [WAI-5].

        Raises TimeoutError, or ChannelClosedError once the channel is closed and drained; `[]` for a `max_count` of 0.
        """
        result, messages = self.batch_pop(max_count, timeout)
        if result is PopResult.CHANNEL_CLOSED:
            raise words.closed("consumer", self.name, self._handle_state())
        if not messages and arguments.count("max_count", max_count) > 0:
            raise words.no_message(self.name)
        return [bytes(message) for message in messages]

    async def receive_async(self, timeout: Timeout = None) -> bytes:
        """`receive` for a coroutine [ASY-1]; in a sequential program it finds what that finds."""
        await turn()
        return self.receive(timeout)

    async def receive_many_async(self, max_count: SupportsIndex, timeout: Timeout = None) -> list[bytes]:
        """`receive_many` for a coroutine [ASY-1]."""
        await turn()
        return self.receive_many(max_count, timeout)

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Copies of the messages until the channel is closed and drained [ASY-1]."""
        return Payloads(self)

    def __iter__(self) -> Iterator[bytes]:
        """Copies of the messages until the channel is closed and drained."""
        while True:
            try:
                payload = self.receive()
            except ChannelClosedError:
                return
            yield payload

    @staticmethod
    def _has_something(channel: Channel) -> bool:
        return not isinstance(popping.wait(channel), Blocked)

    def _release(self) -> tuple[Channel, Refused | None]:
        return lifecycle.detach_consumer(self._current())

    def _side(self) -> Side:
        return self._endpoint.channel.consumer

    def _current(self) -> Channel:
        """The channel as a pop finds it: exports that are dead by now limit nothing [MSG-3]."""
        return self._endpoint.resources.release_dead(self._endpoint.channel)

    def _finish(
        self,
        popped: tuple[Channel, PopResult | Refused | Blocked, tuple[bytes, ...]],
        if_blocked: PopResult,
        limit: float | None = 0,
    ) -> tuple[PopResult, list[Message]]:
        """Store the channel that a pop returned, and give its result as the caller sees it."""
        self._endpoint.channel, result, taken = popped
        if isinstance(result, Refused):
            raise BufferError(
                f"no message can be popped while {self.capacity()} earlier ones have an export (memoryview, array) "
                "alive: delete one, or copy with bytes(message)"
            )
        if isinstance(result, Blocked):
            time_up("a pop", result, limit)
            result = if_blocked
            if if_blocked is PopResult.TIMEOUT:
                self._endpoint.channel, result = popping.pop_timed_out(self._endpoint.channel)
        self._endpoint.looked(result)
        first = self._endpoint.channel.received.messages_received - len(taken)
        return result, [Message._of(self._endpoint, first + index, data) for index, data in enumerate(taken)]


class Payloads:
    """Of `async for`. No generator, which the exception of a cancelled step would end [ASY-2]."""

    def __init__(self, consumer: ConsumerHandle) -> None:
        self._consumer = consumer

    def __aiter__(self) -> Payloads:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await self._consumer.receive_async()
        except ChannelClosedError:
            raise StopAsyncIteration from None
