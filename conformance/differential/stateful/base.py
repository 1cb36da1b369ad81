"""What every group of rules works with: the driver, and how a step chooses its handles."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from conformance.differential.lockstep import Tally
from conformance.differential.stateful import strategies as some
from conformance.differential.stateful.state import Driver, config

pick = st.integers(0, 11)

PLAIN = ("try_push", "blocking_push", "try_pop", "blocking_pop", "batch_pop")
"""Ways to push and pop that every target has."""


class Base(RuleBasedStateMachine):
    """A broker with two channels to begin with; `target`, `tally` and `provides` are set by `machine_for`."""

    target: Any = "spec_model"
    tally: Tally
    provides: frozenset[str] = frozenset({"memory-limit", "conveniences"})

    def __init__(self) -> None:
        super().__init__()
        self.d = Driver(self.target, self.tally)

    def teardown(self) -> None:
        """Leave no handle open."""
        self.d.lockstep.close()

    @initialize(limit=some.limits)
    def begin(self, limit: int | None) -> None:
        """A broker and two channels to begin with."""
        self._broker(f"memory_limit={limit}" if "memory-limit" in self.provides else "")
        self.request(0, "a", config(8, 64))
        self.request(0, "b", config(8, 64))

    def _broker(self, argument: str) -> None:
        name = self.d.fresh("b")
        if self.d.source("broker", f"omni.MailboxBroker({argument})", (name,))[0] == "MailboxBroker":
            self.d.brokers.append(name)

    @rule(broker=pick, name=some.names, size=some.configs)
    def request(self, broker: int, name: Any, size: Any) -> None:
        """Ask for a channel."""
        on, pair = self._one(self.d.brokers, broker), self.d.fresh("k")
        into = ("_", pair)
        outcome = self.d.call(on, "request_channel", name, size, into=into)
        if outcome[0] is some.GRANTED:
            self.d.unpack(pair)
        self.d.trim()

    def _one(self, bundle: list[str], number: int) -> str:
        """A variable of a bundle, three times in four a connected handle where there is one."""
        if number < 9 and (bundle is self.d.producers or bundle is self.d.consumers):
            live = [each for each in bundle if self.d.model(each).is_connected()]
            if not live and number < 6:
                self.request(number, self.d.fresh("n"), config(8, 64))
                live = [each for each in bundle if self.d.model(each).is_connected()]
            bundle = live or bundle
        return bundle[-1 - number % len(bundle)]

    def _facing(self, number: int) -> tuple[str, str]:
        """A producer, and where there is one its own channel's consumer."""
        producer = self._one(self.d.producers, number)
        same = [each for each in self.d.consumers if self.d.channel[each] == self.d.channel[producer]]
        live = [each for each in same if self.d.model(each).is_connected()]
        # Not `_one`: the channel it may ask for could push the producer just chosen out.
        return producer, (live or same or self.d.consumers)[-1]

    def _provided(self, kind: str, instead: str) -> str:
        """`kind`, or another where that is a convenience and the target has none."""
        return kind if "conveniences" in self.provides or kind in PLAIN else instead

    def _sized(self, producer: int, data: Any) -> Any:
        """Data of a size relative to the largest, where `data` is one."""
        if not isinstance(data, some.Size):
            return data
        largest = self.d.model(self._one(self.d.producers, producer)).max_message_size()
        return bytes([data.fill]) * max(0, data.of(largest if largest <= 4096 else 64))
