"""Brokers and what they are asked (§4)."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from conformance.differential.stateful import strategies as some
from conformance.differential.stateful.base import Base, pick


class Channels(Base):
    """Requests, questions and shutdowns."""

    @precondition(lambda self: len(self.d.brokers) < 3)
    @rule(argument=some.memory_limits)
    def new_broker(self, argument: str) -> None:
        """Another broker, with or without a limit."""
        self._broker(f"memory_limit={argument}" if "memory-limit" in self.provides else "")

    @precondition(lambda self: "conveniences" in self.provides)
    @rule(broker=pick, name=some.names, arguments=some.openings)
    def open_channel(self, broker: int, name: Any, arguments: str) -> None:
        """Ask for a channel by the shorter way."""
        on, pair = self._one(self.d.brokers, broker), self.d.fresh("k")
        source = f"omni.open_channel({name!r}, {arguments}, broker={on})"
        if getattr(self.d.source("open_channel", source, (pair,)), "what", "") == "ChannelPair":
            self.d.unpack(pair)
        self.d.trim()

    @rule(broker=pick, name=some.names, what=st.sampled_from(["has_channel", "remove_channel"]))
    def ask(self, broker: int, name: Any, what: str) -> None:
        """Whether a name is registered, or can be removed."""
        self.d.call(self._one(self.d.brokers, broker), what, name)

    @rule(broker=pick, timeout=some.shutdowns, really=st.integers(0, 3))
    def shutdown(self, broker: int, timeout: Any, really: int) -> None:
        """Shut a broker's channels, or be refused; not so often that nothing else happens."""
        if really == 0 or timeout in some.BAD_TIMEOUTS:
            self.d.call(self._one(self.d.brokers, broker), "shutdown", timeout)
