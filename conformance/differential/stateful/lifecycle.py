"""The ends of handles (§2.2, §5.5, §6.5)."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from conformance.differential.stateful import strategies as some
from conformance.differential.stateful.base import Base, pick


class Lifecycle(Base):
    """Moves, closes, dropped references, assignments and copies."""

    @rule(which=pick, producer=st.booleans())
    def move(self, which: int, producer: bool) -> None:
        """Move a handle on."""
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
        """Give up a reference."""
        bundle = getattr(self.d, kind)
        if bundle:
            self.d.drop([self._one(bundle, which)])

    @precondition(lambda self: self.d.pairs)
    @rule(which=pick, other=pick, producer=st.booleans(), bad=st.integers(0, 3), really=st.integers(0, 1))
    def assign(self, which: int, other: int, producer: bool, bad: int, really: int) -> None:
        """Put a handle, or something else, into a pair."""
        if not really:
            return
        member, bundle = ("producer", self.d.producers) if producer else ("consumer", self.d.consumers)
        value = self._one(bundle, other) if bad and bundle else "None"
        self.d.statement("assign", f"{self._one(self.d.pairs, which)}.{member} = {value}")

    @rule(which=pick, kind=st.sampled_from(["pairs", "producers", "consumers"]), how=some.copies)
    def copy(self, which: int, kind: str, how: str) -> None:
        """Try to copy what cannot be copied."""
        bundle = getattr(self.d, kind)
        if bundle:
            self.d.source("copy", how.format(self._one(bundle, which)))
