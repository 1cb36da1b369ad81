"""What the consumer's thread does in a recording."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.linearizability.event import Event
from conformance.linearizability.plan import Plan
from conformance.linearizability.scribe import Scribe
from spec_model.channel.value import Refused

TIMEOUTS = (0, 0.00002, 0.0005, None)
PATIENCE = 6
"""Calls in vain after which it waits: else most of a recording would be EMPTY."""
LINGER = 50
"""How often it looks whether the producer has filled the queue, before it reads again what it holds."""


class Consuming:
    """Makes planned calls until the channel has ended; holds messages and reads them again where it is to."""

    def __init__(self, plan: Plan, omni: Any, consumer: Any, scribe: Scribe) -> None:
        self._plan, self._omni, self._consumer, self._scribe = plan, omni, consumer, scribe
        self._random = plan.random("consumer")
        self._popped = self._vain = 0
        self._over = False
        self._held: list[Any] = []
        self._views: dict[int, memoryview] = {}

    def run(self) -> None:
        """To the end, and close."""
        calls = {
            "try_pop": self._try,
            "blocking_pop": self._wait,
            "batch_pop": self._batch,
            "reread": self._reread,
            "take_export": self._hold,
            "release_export": self._drop,
        }
        for name in iter(lambda: self._random.choice(self._plan.pops), None):
            (self._wait if self._vain > PATIENCE else calls[name])()
            if self._over:
                break
        while self._views:
            self._reread()
            self._drop()
        if self._plan.side != "close_consumer":
            self._scribe.call("close_consumer", None, self._consumer.close)

    def _try(self) -> None:
        self._pop("try_pop", 1, 0, self._consumer.try_pop)

    def _wait(self) -> None:
        if self._random.random() < 0.3:
            self._batch()
        else:
            timeout = self._random.choice(TIMEOUTS)
            self._pop("blocking_pop", 1, timeout, self._consumer.blocking_pop, timeout)

    def _batch(self) -> None:
        most = self._random.randrange(self._plan.capacity + 3)
        timeout = self._random.choice(TIMEOUTS)
        self._pop("batch_pop", most, timeout, self._consumer.batch_pop, most, timeout)

    def _pop(self, name: str, most: int, timeout: float | None, pop: Callable[..., Any], *arguments: Any) -> None:
        scribe = self._scribe
        begin = scribe.ticket()
        scribe.doing = name, begin, most, timeout
        try:
            result, got = pop(*arguments)
            end = scribe.ticket()
        except BufferError:
            end = scribe.ticket()
            result, got = Refused.BY_EXPORT, None
        scribe.doing = None
        messages = got if isinstance(got, list) else [] if got is None else [got]
        read = tuple(self._read(message) for message in messages)
        scribe.events.append(Event(name, begin, end, most, (result, read), timeout))
        if most:  # else it was no pop, and what is held is still to be read [MSG-5]
            self._held = messages
        self._popped += len(messages)
        self._vain = 0 if messages else self._vain + 1
        if result is Refused.BY_EXPORT:
            self._drop()
        self._over = getattr(result, "name", "") == "CHANNEL_CLOSED"

    def _read(self, message: Any) -> bytes | None:
        """The bytes now, or None where the consumer was closed and the message has expired [MSG-2]."""
        try:
            return bytes(message)
        except self._omni.MessageExpiredError:
            return None

    def _reread(self) -> None:
        """Read again all that is held, once the producer has had time to fill the queue."""
        for _ in range(LINGER):
            if self._consumer.available_messages() == self._plan.capacity:
                break
        for number, view in self._views.items():
            self._scribe.call("reread", number, bytes, view)
        for number, message in enumerate(self._held, self._popped - len(self._held)):
            self._scribe.call("reread", number, self._read, message)

    def _hold(self) -> None:
        """Keep an export of the newest message, beyond the next pop [MSG-3]."""
        number = self._popped - 1
        if not self._held or number in self._views:
            return

        def take() -> None:
            self._views[number] = self._held[-1].data

        try:
            self._scribe.call("take_export", number, take)
        except self._omni.MessageExpiredError:
            if self._plan.side != "close_consumer":
                raise

    def _drop(self) -> None:
        """Release the oldest export."""
        if self._views:
            number = min(self._views)
            self._scribe.call("release_export", number, self._views.pop(number).release)
