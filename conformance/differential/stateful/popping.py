"""Popping, and exports of messages (§6)."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from conformance.differential.stateful import strategies as some
from conformance.differential.stateful.base import Base, pick


class Popping(Base):
    """A rule per operation of a consumer and its messages."""

    @precondition(lambda self: self.d.consumers)
    @rule(consumer=pick, keep=st.booleans())
    def try_pop(self, consumer: int, keep: bool) -> None:
        """Pop without waiting."""
        self._pop(self._one(self.d.consumers, consumer), "try_pop", keep)

    @precondition(lambda self: self.d.consumers)
    @rule(consumer=pick, timeout=some.timeouts, keep=st.booleans())
    def blocking_pop(self, consumer: int, timeout: Any, keep: bool) -> None:
        """Pop, waiting only where the model says that there is no wait, or not for long."""
        on = self._one(self.d.consumers, consumer)
        if timeout is None and self.d.would_wait(on):
            timeout = 0
        self._pop(on, "blocking_pop", keep, timeout)

    @precondition(lambda self: self.d.consumers)
    @rule(consumer=pick, count=some.counts, timeout=some.timeouts, keep=st.booleans())
    def batch_pop(self, consumer: int, count: Any, timeout: Any, keep: bool) -> None:
        """Pop several."""
        on = self._one(self.d.consumers, consumer)
        if timeout is None and self.d.would_wait(on):
            timeout = 0
        self._pop(on, "batch_pop", keep, count, timeout)

    def _pop(self, on: str, kind: str, keep: bool, *arguments: Any) -> None:
        name = self.d.fresh("m")
        outcome = self.d.call(on, kind, *arguments, into=("_", name) if keep else ())
        if keep and outcome[0] is some.POPPED:
            self.d.messages.append(name)
            self.d.owner[name] = on
        self.d.trim()

    @precondition(lambda self: self.d.consumers and "conveniences" in self.provides)
    @rule(consumer=pick, timeout=some.timeouts)
    def receive(self, consumer: int, timeout: Any) -> None:
        """Pop with exceptions."""
        on = self._one(self.d.consumers, consumer)
        if not isinstance(timeout, (int, float)) or timeout in some.BAD_TIMEOUTS or isinstance(timeout, bool):
            timeout = 0
        self.d.call(on, "receive", timeout)

    @precondition(lambda self: self.d.consumers and "conveniences" in self.provides)
    @rule(consumer=pick)
    def iterate(self, consumer: int) -> None:
        """Iterate to the end, where there is one."""
        on = self._one(self.d.consumers, consumer)
        if not self.d.model(on).is_connected():
            self.d.source("list", f"list({on})")

    @precondition(lambda self: self.d.messages)
    @rule(which=pick, part=st.sampled_from(["", "[0:2]", "[1:]"]))
    def export(self, which: int, part: str) -> None:
        """Take an export of a message."""
        message, name = self._one(self.d.messages, which), self.d.fresh("x")
        item = "[0]" if isinstance(self.d.model(message), list) else ""
        outcome = self.d.source("export", f"{message}{item}.data{part}", (name,))
        if getattr(outcome, "what", "") == "memoryview":
            self.d.exports.append(name)
            # a dropped consumer leaves exports behind, as it must
        self.d.trim()

    @precondition(lambda self: self.d.exports)
    @rule(which=pick)
    def release(self, which: int) -> None:
        """Give up an export of a message."""
        name = self._one(self.d.exports, which)
        self.d.call(name, "release", look=False)
        self.d.drop([name])
