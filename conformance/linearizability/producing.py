"""What the producer's thread does in a recording."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from conformance.linearizability.plan import Plan
from conformance.linearizability.scribe import Scribe
from conformance.linearizability.token import payload

TIMEOUTS = (0, 0.00002, 0.0005, None)
PATIENCE = 6
"""Calls in vain after which it waits: else most of a recording would be QUEUE_FULL."""


class Producing:
    """Makes the planned calls, each with tokens of its own, until they are made or the channel has ended."""

    def __init__(self, plan: Plan, producer: Any, scribe: Scribe, reached: Callable[[], None]) -> None:
        self._plan, self._producer, self._scribe, self._reached = plan, producer, scribe, reached
        self._random = plan.random("producer")
        self._tokens = count(1)
        self._over = self._vain = 0

    def run(self) -> None:
        """To the end, and close."""
        plan, scribe = self._plan, self._scribe
        calls = {"try_push": self._try, "blocking_push": self._wait, "batch_push": self._batch, "reserve": self._write}
        try:
            for number, name in enumerate(self._random.choices(plan.pushes, k=plan.calls)):
                if number == plan.after:
                    self._reached()
                (self._wait if self._vain > PATIENCE else calls[name])()
                if self._over > 2:  # told often enough that nobody receives
                    break
        finally:
            self._reached()
        if plan.side != "close_producer":
            scribe.call("close_producer", None, self._producer.close)

    def _note(self, result: Any) -> None:
        self._vain = 0 if result else self._vain + 1
        self._over += getattr(result, "name", "") == "CHANNEL_CLOSED"

    def _try(self) -> None:
        token = next(self._tokens) if self._random.random() < 0.98 else self._random.choice((0, -1))
        data = payload(token, self._plan.size)
        self._note(self._scribe.call("try_push", token, self._producer.try_push, data))

    def _wait(self) -> None:
        token = next(self._tokens)
        timeout = self._random.choice(TIMEOUTS)
        data = payload(token, self._plan.size)
        push = self._producer.blocking_push
        self._note(self._scribe.call("blocking_push", token, push, data, timeout, timeout=timeout))

    def _batch(self) -> None:
        tokens = tuple(next(self._tokens) for _ in range(self._random.randrange(self._plan.capacity + 3)))
        if self._random.random() < 0.05:
            tokens = (*tokens, 0, next(self._tokens))
        data = [payload(token, self._plan.size) for token in tokens]
        self._note(self._scribe.call("batch_push", tokens, self._producer.batch_push, data))

    def _write(self) -> None:
        """Reserve, write in place and commit; or find that a reservation is in the way, and roll it back."""
        producer, scribe, size = self._producer, self._scribe, self._plan.size
        token = next(self._tokens)
        data = payload(token, size)
        reservation = None

        def reserve() -> bool:
            nonlocal reservation
            reservation = producer.reserve(len(data))
            return reservation is not None

        self._note(scribe.call("reserve", len(data), reserve))
        if reservation is None:
            return
        chance = self._random.random()
        if chance < 0.1:
            self._try()
        elif chance < 0.15:
            self._wait()
        if chance > 0.9:
            scribe.call("rollback", None, producer.rollback)
            return
        try:
            reservation.data[: len(data)] = data
        except ValueError:  # the handle was closed meanwhile, and the reservation with it [RSV-6]
            if self._plan.side != "close_producer":
                raise
        self._note(scribe.call("commit", token, producer.commit, len(data)))
