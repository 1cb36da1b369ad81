"""The fast implementation with one thing wrong now and then, each a thin wrapper about a handle."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from types import SimpleNamespace
from typing import Any

import fast_impl
from spec_model import PopResult, ProducerStats, PushResult

RARELY = 200
"""One call in so many goes wrong."""


class Around:
    """A handle that passes everything on, but for what a subclass does otherwise."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def due(self) -> bool:
        """Whether this call is the one in so many."""
        self.calls += 1
        return self.calls % RARELY == 0


class Loses(Around):
    def try_push(self, data: bytes) -> Any:
        return PushResult.SUCCESS if data and self.due() else self.inner.try_push(data)


class Doubles(Around):
    def try_push(self, data: bytes) -> Any:
        if data and self.due():
            self.inner.try_push(data)
        return self.inner.try_push(data)


class Tears(Around):
    last = b""

    def try_push(self, data: bytes) -> Any:
        half = len(data) // 2
        if self.due() and len(self.last) > half:
            data = self.last[:half] + data[half:]
        self.last = data
        return self.inner.try_push(data)


class Reorders(Around):
    kept = b""

    def try_push(self, data: bytes) -> Any:
        if data and not self.kept and self.due() and self.inner.available_slots() > 2:
            self.kept = data
            return PushResult.SUCCESS
        result = self.inner.try_push(data)
        if result and self.kept:
            self.inner.blocking_push(self.kept)
            self.kept = b""
        return result


class SaysFull(Around):
    def try_push(self, data: bytes) -> Any:
        if data and self.due() and self.inner.available_slots() > 4:
            return PushResult.QUEUE_FULL
        return self.inner.try_push(data)


class TimesOutEarly(Around):
    def blocking_push(self, data: bytes, timeout: Any = None) -> Any:
        if self.due() and self.inner.available_slots() > 4:
            return PushResult.TIMEOUT
        return self.inner.blocking_push(data, timeout)


class CountsTwice(Around):
    def get_stats(self) -> Any:
        sent, size, failed = self.inner.get_stats()
        return ProducerStats(sent + 1, size, failed)


class SaysEmpty(Around):
    def try_pop(self) -> Any:
        if self.due() and self.inner.available_messages() > 2:
            return PopResult.EMPTY, None
        return self.inner.try_pop()


class ClosesEarly(Around):
    def try_pop(self) -> Any:
        if not self.inner.is_connected() and self.inner.available_messages():
            return PopResult.CHANNEL_CLOSED, None
        return self.inner.try_pop()


class Rewrites(Around):
    """Its messages read otherwise the second time."""

    def batch_pop(self, most: int, timeout: Any = 0) -> Any:
        result, messages = self.inner.batch_pop(most, timeout)
        return result, [Rewritten(message) if self.due() else message for message in messages]


class Rewritten(Around):
    def __bytes__(self) -> bytes:
        self.calls += 1
        data = bytes(self.inner)
        return data if self.calls == 1 else data[::-1]


class NeverWakes(Around):
    """A pop that waits for ever does so, whatever comes; `rescue` ends it when the test is over."""

    rescue = Event()

    def blocking_pop(self, timeout: Any = None) -> Any:
        if timeout is None:
            self.rescue.wait()
        return self.inner.blocking_pop(timeout)


def spoilt(producer: Callable[[Any], Any] = Around, consumer: Callable[[Any], Any] = Around) -> Any:
    """The names of the fast implementation, with its handles wrapped."""

    class MailboxBroker:
        def __init__(self) -> None:
            self.inner = fast_impl.MailboxBroker()

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        def request_channel(self, name: str, config: Any) -> Any:
            error, pair = self.inner.request_channel(name, config)
            if pair is None:
                return error, None
            return error, Pair(producer(pair.producer), consumer(pair.consumer))

    names = {name: getattr(fast_impl, name) for name in fast_impl.__all__}
    return SimpleNamespace(**{**names, "MailboxBroker": MailboxBroker})


class Pair:
    """Two handles."""

    def __init__(self, producer: Any, consumer: Any) -> None:
        self.producer, self.consumer = producer, consumer

    def __iter__(self) -> Any:
        return iter((self.producer, self.consumer))

    def close(self) -> None:
        self.producer.close()
        self.consumer.close()
