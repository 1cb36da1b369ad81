"""A state of the exhaustive search, its abstraction, and a transition out of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from conformance.differential.program import Expr, Operation
from spec_model.channel.lifecycle import is_abandoned
from spec_model.channel.value import Channel, Side

CAPACITY = 8
SIZE = 64
"""The smallest that a normalised config allows [CFG-2]: all boundaries, and the fewest states."""


@dataclass(frozen=True)
class State:
    """A channel as its live handles see it, and the variables of a program that leads to it.

    producer, consumer: the newest handle of each side. moved_from_*: the handle that it was moved from, if any.
    message: the newest messages popped, several in a list. export: an export of the oldest of them, `x`, or of a
    whole batch, in the list `xs`.
    region: an export of the reserved region other than `r.data`.
    """

    channel: Channel
    producer: str = "p"
    consumer: str = "c"
    moved_from_producer: str = ""
    moved_from_consumer: str = ""
    message: str = ""
    export: str = ""
    region: str = ""

    @property
    def registered(self) -> bool:
        """Whether a handle is alive [BRK-8]."""
        return not is_abandoned(self.channel)

    def become(self, channel: Channel, **variables: str) -> State:
        """The state with another channel and other variables."""
        return replace(self, channel=channel, **variables)

    def is_like(self, other: State) -> bool:
        """Whether only the numbers of failed calls differ, so that the same transitions lead on from both."""
        if self.channel.waiting != other.channel.waiting:
            return False  # the most frequent case
        return self._without_failures() == other._without_failures()

    def _without_failures(self) -> State:
        channel = self.channel
        sent, received = channel.sent._replace(failed_pushes=0), channel.received._replace(failed_pops=0)
        return replace(self, channel=replace(channel, sent=sent, received=received))


class Abstract(NamedTuple):
    """A state without payload bytes and counters.

    held: messages that can still be read: 0, 1, or 2 for several.
    exported: messages with a live export; 1 for any number with no consumer. earlier: those of them that can be read
    no more, and count against what a pop may take [MSG-3].
    """

    waiting: int
    reserved: bool
    region_exported: bool
    producer: Side
    producer_moved: bool
    consumer: Side
    consumer_moved: bool
    shut: bool
    held: int
    exported: int
    earlier: int


def abstract(state: State) -> Abstract:
    """The abstraction of a state."""
    channel = state.channel
    live = channel.consumer is Side.LIVE
    return Abstract(
        waiting=len(channel.waiting),
        reserved=channel.reserved,
        region_exported=bool(state.region),
        producer=channel.producer,
        producer_moved=bool(state.moved_from_producer),
        consumer=channel.consumer,
        consumer_moved=bool(state.moved_from_consumer),
        shut=channel.shut,
        held=min(channel.held, 2),
        exported=len(channel.exported) if live else min(len(channel.exported), 1),
        earlier=channel.exported_earlier if live else 0,
    )


TINY = 1e-6
"""Seconds: long enough to block and to time out."""

QUEUE_KINDS = frozenset(
    [
        *("try_push", "blocking_push", "batch_push", "send_many", "reserve", "region", "commit", "rollback"),
        *("try_pop", "blocking_pop", "batch_pop", "receive_many", "tobytes", "export", "release", "wait"),
    ]
)
"""Operations on the queue itself, whose effect depends on its position in the ring."""


@dataclass(frozen=True)
class Transition:
    """Operations that belong together and the state after them; None where the search does not continue."""

    operations: tuple[Operation, ...]
    after: State | None

    @property
    def on_queue(self) -> bool:
        """Whether it works on the queue rather than on the lifecycle of handles."""
        return self.operations[0].kind in QUEUE_KINDS

    @property
    def needs(self) -> frozenset[str]:
        """The features of a target that it needs."""
        return frozenset(filter(None, map(_feature, self.operations)))

    def stays(self, state: State) -> bool:
        """Whether it leaves `state` unchanged except for counts of failures, so that others can follow it."""
        return self.after is not None and (self.after is state or self.after.is_like(state))


def _feature(operation: Operation) -> str:
    """The feature that an operation needs, if it needs one."""
    if operation.kind == "wait" or (operation.kind == "reserve" and len(operation.args) > 1):
        return "waiting"
    if operation.kind in ("export", "region"):
        return "pins"
    return "conveniences" if operation.kind in ("send_many", "receive_many", "tobytes") else ""


def call(on: str, kind: str, *args: object, into: tuple[str, ...] = ()) -> Operation:
    """A method call."""
    return Operation(kind, on, args, into)


def payload(number: int, size: int) -> bytes | Expr:
    """`size` bytes that distinguish a program's `number`-th message from its others."""
    letter = content(number, 1)
    return letter * size if size < 4 else Expr(f"{letter!r} * {size}")


def content(number: int, size: int) -> bytes:
    """The value of `payload`."""
    return bytes([ord("a") + number % 26]) * size
