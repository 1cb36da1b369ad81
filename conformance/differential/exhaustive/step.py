"""One operation in one state: how a program does it, and where it leads by the model."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.differential.exhaustive.state import State
from conformance.differential.program import Expr, Operation

TINY = 1e-6
"""Seconds: long enough to go to sleep, and to be told that the time is up."""

QUEUE_KINDS = frozenset(
    [
        *("try_push", "blocking_push", "batch_push", "reserve", "region", "commit", "rollback"),
        *("try_pop", "blocking_pop", "batch_pop", "export", "release"),
    ]
)
"""Operations on the queue itself: what they do depends on where in the ring it lies."""


@dataclass(frozen=True)
class Step:
    """Operations that belong together, and the state after them; None where the search does not go on."""

    operations: tuple[Operation, ...]
    after: State | None

    @property
    def on_queue(self) -> bool:
        """Whether it works on the queue, and not on the life of its ends."""
        return self.operations[0].kind in QUEUE_KINDS

    def stays(self, state: State) -> bool:
        """Whether it leaves `state` as it is, failures counted apart, so that other steps can follow it."""
        return self.after is not None and (self.after is state or self.after.is_like(state))


def call(on: str, kind: str, *args: object, into: tuple[str, ...] = ()) -> Operation:
    """A method call."""
    return Operation(kind, on, args, into)


def payload(number: int, size: int) -> bytes | Expr:
    """`size` bytes that tell a program's `number`-th message from its others."""
    letter = content(number, 1)
    return letter * size if size < 4 else Expr(f"{letter!r} * {size}")


def content(number: int, size: int) -> bytes:
    """What `payload` evaluates to."""
    return bytes([ord("a") + number % 26]) * size
