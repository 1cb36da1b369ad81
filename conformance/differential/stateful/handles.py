"""Rules of the stateful test for brokers and the lifecycle of handles."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from conformance.differential.lockstep import Tally
from conformance.differential.stateful.driver import (
    BAD_TIMEOUTS,
    GRANTED,
    Driver,
    Size,
    config,
    configs,
    copies,
    limits,
    memory_limits,
    names,
    openings,
    shutdowns,
)

pick = st.integers(0, 11)

PLAIN = ("try_push", "blocking_push", "try_pop", "blocking_pop", "batch_pop")
"""Ways to push and pop that every target has."""


class HandleRules(RuleBasedStateMachine):
    """A broker with two channels to begin with; `target`, `tally` and `provides` are set by `stateful_test`."""

    target: Any = "spec_model"
    tally: Tally
    provides: frozenset[str] = frozenset({"memory-limit", "conveniences", "waiting", "flatbuffers"})

    def __init__(self) -> None:
        super().__init__()
        self.d = Driver(self.target, self.tally)

    def teardown(self) -> None:
        """Close every handle."""
        self.d.lockstep.close()

    @initialize(limit=limits)
    def begin(self, limit: int | None) -> None:
        """A broker and two channels to begin with."""
        self._broker(f"memory_limit={limit}" if "memory-limit" in self.provides else "")
        self.request(0, "a", config(8, 64))
        self.request(0, "b", config(8, 64))

    def _broker(self, argument: str) -> None:
        name = self.d.fresh("b")
        if self.d.source("broker", f"omni.MailboxBroker({argument})", (name,))[0] == "MailboxBroker":
            self.d.brokers.append(name)

    @rule(broker=pick, name=names, size=configs)
    def request(self, broker: int, name: Any, size: Any) -> None:
        """Request a channel."""
        on, pair = self._one(self.d.brokers, broker), self.d.fresh("k")
        into = ("_", pair)
        outcome = self.d.call(on, "request_channel", name, size, into=into)
        if outcome[0] is GRANTED:
            self.d.unpack(pair)
        self.d.trim()

    def _one(self, bundle: list[str], number: int) -> str:
        """A variable of a bundle; in three of four cases a connected handle, if there is one."""
        if number < 9 and (bundle is self.d.producers or bundle is self.d.consumers):
            live = [each for each in bundle if self.d.model(each).is_connected()]
            if not live and number < 6:
                self.request(number, self.d.fresh("n"), config(8, 64))
                live = [each for each in bundle if self.d.model(each).is_connected()]
            bundle = live or bundle
        return bundle[-1 - number % len(bundle)]

    def _facing(self, number: int) -> tuple[str, str]:
        """A producer and the consumer of its channel, if there is one."""
        producer = self._one(self.d.producers, number)
        same = [each for each in self.d.consumers if self.d.channel[each] == self.d.channel[producer]]
        live = [each for each in same if self.d.model(each).is_connected()]
        # Not `_one`: it may request a channel, which could drop the producer just chosen.
        return producer, (live or same or self.d.consumers)[-1]

    def _provided(self, kind: str, instead: str) -> str:
        """`kind`, or `instead` where that is a convenience that the target lacks."""
        return kind if "conveniences" in self.provides or kind in PLAIN else instead

    def _sized(self, producer: int, data: Any) -> Any:
        """The bytes of a `Size`; any other data as it is."""
        if not isinstance(data, Size):
            return data
        largest = self.d.model(self._one(self.d.producers, producer)).max_message_size()
        return bytes([data.fill]) * max(0, data.of(largest if largest <= 4096 else 64))


class BrokerRules(HandleRules):
    """Requests, queries and shutdowns of brokers."""

    @precondition(lambda self: len(self.d.brokers) < 3 and "brokers" in self.provides)
    @rule(argument=memory_limits)
    def new_broker(self, argument: str) -> None:
        """Another broker, with or without a limit."""
        self._broker(f"memory_limit={argument}" if "memory-limit" in self.provides else "")

    @precondition(lambda self: "conveniences" in self.provides)
    @rule(broker=pick, name=names, arguments=openings)
    def open_channel(self, broker: int, name: Any, arguments: str) -> None:
        """Request a channel with `open_channel`."""
        on, pair = self._one(self.d.brokers, broker), self.d.fresh("k")
        source = f"omni.open_channel({name!r}, {arguments}, broker={on})"
        if getattr(self.d.source("open_channel", source, (pair,)), "type_name", "") == "ChannelPair":
            self.d.unpack(pair)
        self.d.trim()

    @rule(broker=pick, name=names, what=st.sampled_from(["has_channel", "remove_channel"]))
    def ask(self, broker: int, name: Any, what: str) -> None:
        """Ask whether a name is registered or can be removed."""
        self.d.call(self._one(self.d.brokers, broker), what, name)

    @rule(broker=pick, timeout=shutdowns, really=st.integers(0, 3))
    def shutdown(self, broker: int, timeout: Any, really: int) -> None:
        """Shut a broker's channels down or be refused; seldom, so that programs stay interesting."""
        if really == 0 or timeout in BAD_TIMEOUTS:
            self.d.call(self._one(self.d.brokers, broker), "shutdown", timeout)


class LifecycleRules(HandleRules):
    """Moves, closes, dropped references, assignments and copies."""

    @rule(which=pick, producer=st.booleans())
    def move(self, which: int, producer: bool) -> None:
        """Move a handle."""
        bundle = self.d.producers if producer else self.d.consumers
        if not bundle:
            return
        old, new = self._one(bundle, which), self.d.fresh("p" if producer else "c")
        self.d.call(old, "move", into=(new,))
        bundle.append(new)
        self.d.channel[new] = self.d.channel[old]
        for name, owner in self.d.owner.items():
            if owner == old:
                self.d.owner[name] = new
        self.d.trim()

    @rule(which=pick, producer=st.booleans(), really=st.integers(0, 3))
    def close(self, which: int, producer: bool, really: int) -> None:
        """Close a handle."""
        bundle = self.d.producers if producer else self.d.consumers
        if bundle and really == 0:
            self.d.call(self._one(bundle, which), "close")

    @precondition(lambda self: self.d.pairs)
    @rule(which=pick, really=st.integers(0, 3))
    def close_pair(self, which: int, really: int) -> None:
        """Close both handles of a pair."""
        if really == 0:
            self.d.call(self._one(self.d.pairs, which), "close")

    @rule(which=pick, kind=st.sampled_from(["pairs", "producers", "consumers", "messages"]))
    def drop(self, which: int, kind: str) -> None:
        """Delete a variable."""
        bundle = getattr(self.d, kind)
        if bundle:
            self.d.drop([self._one(bundle, which)])

    @precondition(lambda self: self.d.pairs)
    @rule(which=pick, other=pick, producer=st.booleans(), bad=st.integers(0, 3), really=st.integers(0, 1))
    def assign(self, which: int, other: int, producer: bool, bad: int, really: int) -> None:
        """Assign a handle or something else to a member of a pair."""
        if not really:
            return
        member, bundle = ("producer", self.d.producers) if producer else ("consumer", self.d.consumers)
        value = self._one(bundle, other) if bad and bundle else "None"
        self.d.statement("assign", f"{self._one(self.d.pairs, which)}.{member} = {value}")

    @rule(which=pick, kind=st.sampled_from(["pairs", "producers", "consumers"]), how=copies)
    def copy(self, which: int, kind: str, how: str) -> None:
        """Try to copy, which is refused."""
        bundle = getattr(self.d, kind)
        if bundle:
            self.d.source("copy", how.format(self._one(bundle, which)))
