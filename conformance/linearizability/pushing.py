"""The producer's calls as steps (see `step`)."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.linearizability.event import Event
from conformance.linearizability.step import CLOSING, FOREVER, NO_RECEIVER, PRODUCER_ENDED, Lane, Needs, closing
from spec_model.vocabulary import PushResult

OPEN = Needs(forbid=PRODUCER_ENDED | NO_RECEIVER)
ACTIVE = Needs(forbid=PRODUCER_ENDED)
ENDED = Needs(some=PRODUCER_ENDED)
CLOSED = Needs(some=PRODUCER_ENDED | NO_RECEIVER)
REFUSED = Needs(otherwise=PRODUCER_ENDED | NO_RECEIVER)


class Pushing:
    """Two lanes: the producer's steps, and the looks by which its batches stopped at a full queue."""

    def __init__(self, events: Sequence[Event], capacity: int) -> None:
        self.steps, self.looks = Lane(), Lane()
        self._capacity = capacity
        self._reserved = False
        for number, event in enumerate(events):
            _STEPS[event.call](self, event, number)
        self.steps.seal()
        self.looks.seal()

    @property
    def _full(self) -> int:
        """The highest number of pops at which nothing can be pushed: none for a reservation [PSH-1]."""
        return FOREVER if self._reserved else self.steps.count[-1] - self._capacity

    def _push(self, event: Event, number: int) -> None:
        self._answer(event, number, event.given, event.got)

    def _answer(self, event: Event, number: int, token: int, result: object) -> None:
        """`try_push` of `token`, in the order of precedence [PSH-1], or `blocking_push` [PSH-4]."""
        steps = self.steps
        idle = PushResult.TIMEOUT if event.call == "blocking_push" else PushResult.QUEUE_FULL
        if result is PushResult.SUCCESS and token > 0 and not self._reserved:
            steps.add(event, number, OPEN, low=self._full + 1, moves=1)
        elif result is idle and token > 0 and (event.timeout is not None or self._reserved):
            steps.add(event, number, OPEN, high=self._full)
        elif result is PushResult.CHANNEL_CLOSED:
            steps.add(event, number, CLOSED if token > 0 else ENDED)
        elif result is PushResult.INVALID_SIZE and token <= 0:
            steps.add(event, number, ACTIVE)
        else:
            steps.never(event, number)

    def _batch(self, event: Event, number: int) -> None:
        """`try_push` on each until one does not go through [PSH-6]."""
        tokens, pushed = event.given, event.got
        for token in tokens[:pushed]:
            self._answer(event, number, token, PushResult.SUCCESS)
        if pushed > len(tokens):
            self.steps.never(event, number)
        elif pushed < len(tokens):
            self._stop(event, number, tokens[pushed], pushed)
        elif not pushed:
            self.steps.add(event, number)

    def _stop(self, event: Event, number: int, token: int, pushed: int) -> None:
        """The look at the one that did not go through."""
        if token <= 0:
            self.steps.add(event, number)
        elif pushed == 0:
            self.steps.add(event, number, REFUSED, high=self._full)
        else:
            # Exactly full: the push before went through, and an index once seen is never seen older.
            self.looks.add(event, number, REFUSED, low=self._full, high=self._full)

    def _reserve(self, event: Event, number: int) -> None:
        """RSV-1."""
        if event.got and not self._reserved:
            self.steps.add(event, number, OPEN, low=self._full + 1)
            self._reserved = True
        elif event.got:
            self.steps.never(event, number)
        else:
            self.steps.add(event, number, REFUSED, high=self._full)

    def _commit(self, event: Event, number: int) -> None:
        """RSV-3, RSV-4."""
        if not self._reserved:
            self.steps.never(event, number) if event.got else self.steps.add(event, number)
        elif event.got:
            self.steps.add(event, number, OPEN, moves=1)
        else:
            self.steps.add(event, number, CLOSED)
        self._reserved = False

    def _rollback(self, event: Event, number: int) -> None:
        """RSV-5."""
        self.steps.add(event, number)
        self._reserved = False

    def _close(self, event: Event, number: int) -> None:
        """LIF-2."""
        closing(self.steps, event, number, CLOSING["close_producer"])
        self._reserved = False


_STEPS = {
    "try_push": Pushing._push,
    "blocking_push": Pushing._push,
    "batch_push": Pushing._batch,
    "reserve": Pushing._reserve,
    "commit": Pushing._commit,
    "rollback": Pushing._rollback,
    "close_producer": Pushing._close,
}
