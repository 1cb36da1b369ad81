"""A face in Python over the steps of the model, right at every bytecode; the test changes a line of a copy of it."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

import spec_model
from spec_model import *  # noqa: F403
from spec_model.errors import SEND_ERRORS, not_all_sent
from tests.conformance.interruption import steps


class Message:
    """A popped message."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    @property
    def data(self) -> memoryview:
        return self._inner.data

    def __bytes__(self) -> bytes:
        return bytes(self._inner)

    def tobytes(self) -> bytes:
        return self._inner.tobytes()


class Reservation:
    """A region."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    @property
    def data(self) -> memoryview:
        return self._inner.data


class Handle:
    """What both sides have."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def wait(self, timeout: float) -> Any:
        until = monotonic() + timeout
        while True:
            result = self._inner.wait(0)
            if result not in steps.TIME_UP or monotonic() >= until:
                return result
            steps.wait(until - monotonic())

    def move(self) -> Any:
        return type(self)(self._inner.move())

    def close(self) -> None:
        self._inner.close()
        steps.tell()


class ConsumerHandle(Handle):
    """Receives."""

    def try_pop(self) -> Any:
        result, message = self._inner.try_pop()
        steps.tell()
        return result, None if message is None else Message(message)

    def blocking_pop(self, timeout: float) -> Any:
        until = monotonic() + timeout
        while True:
            result, message = self._inner.try_pop()
            if result not in steps.GO_ON:
                return result, None if message is None else Message(message)
            if monotonic() >= until and (late := steps.timed_out(self._inner)) is not None:
                return late, None
            steps.wait(until - monotonic())

    def batch_pop(self, most: int, timeout: float = 0) -> Any:
        until = monotonic() + timeout
        while True:
            result, messages = self._inner.batch_pop(most)
            if not timeout or result not in steps.GO_ON:
                return result, [Message(each) for each in messages]
            if monotonic() >= until and (late := steps.timed_out(self._inner)) is not None:
                return late, []
            steps.wait(until - monotonic())

    def batch_pop_buffer(self, most: int) -> Any:
        return steps.pop_as_buffer(self._inner, most)

    def receive(self, timeout: float = 60) -> Any:
        return self._received(steps.receive, timeout)

    def receive_many(self, most: int, timeout: float) -> Any:
        return self._received(lambda inner: steps.receive_many(inner, most), timeout)

    def _received(self, step: Callable[[Any], Any], timeout: float) -> Any:
        until = monotonic() + timeout
        while True:
            got = step(self._inner)
            if isinstance(got, (bytes, list)):
                return got
            if got not in steps.GO_ON:
                raise spec_model.ChannelClosedError("closed")
            if monotonic() >= until and steps.timed_out(self._inner) is not None:
                raise TimeoutError("late")
            steps.wait(until - monotonic())

    def __iter__(self) -> Any:
        while True:
            try:
                payload = self.receive()
            except spec_model.ChannelClosedError:
                return
            yield payload


class ProducerHandle(Handle):
    """Sends."""

    def try_push(self, data: bytes) -> Any:
        result = self._inner.try_push(data)
        steps.tell()
        return result

    def blocking_push(self, data: bytes, timeout: float) -> Any:
        until = monotonic() + timeout
        while True:
            result = steps.push(self._inner, data)
            steps.tell()
            if result not in steps.GO_ON:
                return result
            if monotonic() >= until and (late := steps.timed_out(self._inner)) is not None:
                return late
            steps.wait(until - monotonic())

    def send(self, data: bytes, timeout: float) -> None:
        result = self.blocking_push(data, timeout)
        if result is PushResult.CHANNEL_CLOSED:  # noqa: F405
            raise spec_model.ChannelClosedError("closed")
        if result is PushResult.TIMEOUT:  # noqa: F405
            raise TimeoutError("late")

    def send_many(self, messages: Any, timeout: float) -> None:
        until = monotonic() + timeout
        for sent, data in enumerate(messages):
            try:
                self.send(data, max(0, until - monotonic()))
            except SEND_ERRORS as error:
                raise not_all_sent(error, sent) from None

    def reserve(self, n: int, timeout: float = 0) -> Any:
        until = monotonic() + timeout
        while True:
            granted = self._inner.reserve(n)
            if granted is not None:
                return Reservation(granted)
            if monotonic() >= until or not self._inner.is_connected():
                return None
            steps.wait(until - monotonic())

    def commit(self, n: int) -> bool:
        return self._inner.commit(n)

    def rollback(self) -> None:
        self._inner.rollback()


class ChannelPair:
    """The two handles."""

    def __init__(self, producer: Any, consumer: Any) -> None:
        self.producer, self.consumer = producer, consumer

    def __iter__(self) -> Any:
        return iter((self.producer, self.consumer))

    def close(self) -> None:
        self.producer.close()
        self.consumer.close()


class MailboxBroker:
    """Makes channels."""

    def __init__(self) -> None:
        self._inner = spec_model.MailboxBroker()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def request_channel(self, name: str, config: Any) -> Any:
        error, pair = self._inner.request_channel(name, config)
        if pair is None:
            return error, None
        return error, ChannelPair(ProducerHandle(pair.producer), ConsumerHandle(pair.consumer))

    def shutdown(self, timeout: float) -> bool:
        done = self._inner.shutdown(0)
        steps.tell()
        return done


OMNI_NOT_PROVIDED = {"in-place": "a wrapper", "flatbuffers": "a wrapper"}
