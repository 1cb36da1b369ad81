"""What the random driver has in hand: variables of each kind, and operations made of them."""

from __future__ import annotations

from typing import Any

from conformance.differential.lockstep import Lockstep, Tally
from conformance.differential.program import Expr, Operation

KEPT = 6
"""How many handles of a kind, and how many messages and exports, are kept: more are dropped, oldest first."""


class Driver:
    """A lockstep with its variables by kind, oldest first."""

    def __init__(self, target: Any, tally: Tally) -> None:
        self.lockstep = Lockstep(target, tally)
        self.brokers: list[str] = []
        self.pairs: list[str] = []
        self.producers: list[str] = []
        self.consumers: list[str] = []
        self.messages: list[str] = []
        self.exports: list[str] = []
        self.reservations: list[str] = []
        self.regions: list[str] = []
        self.owner: dict[str, str] = {}
        self.channel: dict[str, str] = {}
        self._count = 0

    def fresh(self, prefix: str) -> str:
        """A variable not used before."""
        self._count += 1
        return f"{prefix}{self._count}"

    def model(self, variable: str) -> Any:
        """The model's object in a variable."""
        return self.lockstep.expected[variable]

    def call(self, on: str, kind: str, *args: Any, into: tuple[str, ...] = (), look: bool = True) -> Any:
        """A method call on both."""
        return self.lockstep.run(Operation(kind, on, args, into), look)

    def source(self, kind: str, source: str, into: tuple[str, ...] = ()) -> Any:
        """An expression on both."""
        return self.lockstep.run(Operation(kind, into=into, source=source))

    def statement(self, kind: str, source: str) -> Any:
        """A statement on both."""
        return self.lockstep.run(Operation(kind, source=source, statement=True))

    def drop(self, variables: list[str]) -> None:
        """Give up the last reference to some variables, and to what was taken through them."""
        gone = [each for each in variables if each in self.lockstep.expected]
        gone += [
            each
            for each, owner in list(self.owner.items())
            if owner in variables and each not in gone and each in self.lockstep.expected
        ]
        if not gone:
            return
        for bundle in (
            self.pairs, self.producers, self.consumers, self.messages, self.exports, self.reservations, self.regions,
        ):  # fmt: skip
            bundle[:] = [each for each in bundle if each not in gone]
        for each in gone:
            self.owner.pop(each, None)
        self.statement("del", f"del {', '.join(gone)}")

    def trim(self) -> None:
        """Keep the state small, so that a step stays fast."""
        for bundle in (self.messages, self.exports):
            if len(bundle) > KEPT:
                self.drop(bundle[: len(bundle) - KEPT])
        if len(self.reservations) > 3:
            self.drop(self.reservations[:1])
        if len(self.producers) > KEPT:
            self.drop([self.producers[0]])
        if len(self.consumers) > KEPT:
            self.drop([self.consumers[0]])
        if len(self.pairs) > KEPT:
            self.drop([self.pairs[0]])

    def unpack(self, pair: str) -> None:
        """Both handles of a new pair, as variables; the pair itself is kept only if there is use for it."""
        producer, consumer = self.fresh("p"), self.fresh("c")
        self.source("unpack", pair, (producer, consumer))
        self.channel[producer] = self.channel[consumer] = pair
        self.pairs.append(pair)
        self.producers.append(producer)
        self.consumers.append(consumer)

    def would_wait(self, handle: str) -> bool:
        """Whether a blocking call on the handle could wait in the model's state."""
        subject = self.model(handle)
        if handle in self.consumers:
            return bool(subject.is_connected() and subject.available_messages() == 0)
        return bool(subject.is_connected() and subject.available_slots() == 0)


def config(capacity: int, size: int) -> Expr:
    """A configuration as an argument."""
    return Expr(f"omni.ChannelConfig({capacity}, {size})")
