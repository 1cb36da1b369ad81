"""Rules of the stateful test for pushing, reserving and popping."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from conformance.differential.stateful.driver import (
    BAD_TIMEOUTS,
    POPPED,
    counts,
    full_batches,
    offsets,
    payloads,
    timeouts,
)
from conformance.differential.stateful.handles import HandleRules, pick


class ProducerRules(HandleRules):
    """A rule per operation of a producer."""

    @precondition(lambda self: self.d.producers)
    @rule(producer=pick, data=payloads)
    def try_push(self, producer: int, data: Any) -> None:
        """Push without waiting."""
        self.d.call(self._one(self.d.producers, producer), "try_push", self._sized(producer, data))

    @precondition(lambda self: self.d.producers)
    @rule(producer=pick, data=payloads, timeout=timeouts)
    def blocking_push(self, producer: int, data: Any, timeout: Any) -> None:
        """Push with a timeout; without a limit only where the model does not block."""
        on = self._one(self.d.producers, producer)
        if timeout is None and self.d.would_wait(on):
            timeout = 0
        self.d.call(on, "blocking_push", self._sized(producer, data), timeout)

    @precondition(lambda self: self.d.producers and "conveniences" in self.provides)
    @rule(producer=pick, data=payloads, timeout=timeouts)
    def send(self, producer: int, data: Any, timeout: Any) -> None:
        """Push with exceptions."""
        on = self._one(self.d.producers, producer)
        if timeout is None and self.d.would_wait(on):
            timeout = 1e-6
        self.d.call(on, "send", self._sized(producer, data), timeout)

    @precondition(lambda self: self.d.producers)
    @rule(producer=pick, batch=st.lists(payloads, max_size=3) | full_batches)
    def batch_push(self, producer: int, batch: list[Any]) -> None:
        """Push several."""
        self.d.call(self._one(self.d.producers, producer), "batch_push", [self._sized(producer, x) for x in batch])

    @precondition(lambda self: self.d.producers and "conveniences" in self.provides)
    @rule(producer=pick, batch=st.lists(payloads, max_size=3) | full_batches, timeout=timeouts)
    def send_many(self, producer: int, batch: list[Any], timeout: Any) -> None:
        """Send several; without a limit only where the model does not block."""
        on = self._one(self.d.producers, producer)
        if timeout is None and self.d.model(on).available_slots() < len(batch):
            timeout = 1e-6
        self.d.call(on, "send_many", [self._sized(producer, x) for x in batch], timeout)

    @precondition(lambda self: self.d.producers and "waiting" in self.provides)
    @rule(producer=pick, timeout=timeouts)
    def wait_for_space(self, producer: int, timeout: Any) -> None:
        """Wait for a free slot; without a limit only where the model does not block."""
        on = self._one(self.d.producers, producer)
        self.d.call(on, "wait", 0 if timeout is None and self.d.would_wait(on) else timeout)

    @precondition(lambda self: self.d.producers)
    @rule(producer=pick, size=counts, timeout=timeouts)
    def reserve(self, producer: int, size: Any, timeout: Any = 0) -> None:
        """Reserve a slot; without a limit only where the model does not block."""
        on, name = self._one(self.d.producers, producer), self.d.fresh("r")
        if timeout is None and self.d.would_wait(on):
            timeout = 1e-6
        limit = [timeout] if timeout != 0 and "waiting" in self.provides else []
        outcome = self.d.call(on, "reserve", size, *limit, into=(name,))
        if getattr(outcome, "type_name", "") == "Reservation":
            self.d.reservations.append(name)
            self.d.owner[name] = on
        self.d.trim()

    @precondition(lambda self: self.d.reservations)
    @rule(which=pick, offset=st.sampled_from([0, 1, 60]), data=st.binary(min_size=1, max_size=4))
    def write(self, which: int, offset: int, data: bytes) -> None:
        """Write into a region."""
        name = self._one(self.d.reservations, which)
        self.d.source("write", f"{name}.data.__setitem__(slice({offset}, {offset + len(data)}), {data!r})")

    @precondition(lambda self: self.d.reservations and "pins" in self.provides)
    @rule(which=pick, part=st.sampled_from(["", "[0:3]", "[8:]"]))
    def region(self, which: int, part: str) -> None:
        """Take an export of a region."""
        reservation, name = self._one(self.d.reservations, which), self.d.fresh("_v")
        outcome = self.d.source("region", f"{reservation}.data{part}", (name,))
        if getattr(outcome, "type_name", "") == "memoryview":
            self.d.regions.append(name)
            self.d.owner[name] = reservation

    @precondition(lambda self: self.d.regions)
    @rule(which=pick)
    def drop_region(self, which: int) -> None:
        """Delete an export of a region."""
        self.d.drop([self._one(self.d.regions, which)])

    @precondition(lambda self: self.d.producers)
    @rule(producer=pick, size=counts, offset=offsets)
    def commit(self, producer: int, size: Any, offset: Any) -> None:
        """Publish a part of the region."""
        self._fill(self._one(self.d.producers, producer))
        self.d.call(self._one(self.d.producers, producer), "commit", size, offset)

    def _fill(self, producer: str) -> None:
        """Write the whole region first, because its content is unspecified before."""
        for name in self.d.reservations:
            if self.d.owner.get(name) == producer:
                size = getattr(self.d.model(name), "capacity", 0)
                if 0 < size <= 4096:
                    self.d.source("write", f"{name}.data.__setitem__(slice(0, {size}), bytes(range(64)) * {size // 64}"
                                           f" + bytes({size % 64}))")  # fmt: skip

    @precondition(lambda self: self.d.producers)
    @rule(producer=pick)
    def rollback(self, producer: int) -> None:
        """Drop the reservation."""
        self.d.call(self._one(self.d.producers, producer), "rollback")


class ConsumerRules(HandleRules):
    """A rule per operation of a consumer and its messages."""

    @precondition(lambda self: self.d.consumers)
    @rule(consumer=pick, keep=st.booleans())
    def try_pop(self, consumer: int, keep: bool) -> None:
        """Pop without waiting."""
        self._pop(self._one(self.d.consumers, consumer), "try_pop", keep)

    @precondition(lambda self: self.d.consumers)
    @rule(consumer=pick, timeout=timeouts, keep=st.booleans())
    def blocking_pop(self, consumer: int, timeout: Any, keep: bool) -> None:
        """Pop with a timeout; without a limit only where the model does not block."""
        on = self._one(self.d.consumers, consumer)
        if timeout is None and self.d.would_wait(on):
            timeout = 0
        self._pop(on, "blocking_pop", keep, timeout)

    @precondition(lambda self: self.d.consumers)
    @rule(consumer=pick, count=counts, timeout=timeouts, keep=st.booleans())
    def batch_pop(self, consumer: int, count: Any, timeout: Any, keep: bool) -> None:
        """Pop several."""
        on = self._one(self.d.consumers, consumer)
        if timeout is None and self.d.would_wait(on):
            timeout = 0
        self._pop(on, "batch_pop", keep, count, timeout)

    @precondition(lambda self: self.d.consumers and "waiting" in self.provides)
    @rule(consumer=pick, timeout=timeouts)
    def wait_for_message(self, consumer: int, timeout: Any) -> None:
        """Wait for a message; without a limit only where the model does not block."""
        on = self._one(self.d.consumers, consumer)
        self.d.call(on, "wait", 0 if timeout is None and self.d.would_wait(on) else timeout)

    def _pop(self, on: str, kind: str, keep: bool, *arguments: Any) -> None:
        name = self.d.fresh("m")
        outcome = self.d.call(on, kind, *arguments, into=("_", name) if keep else ())
        if keep and outcome[0] is POPPED:
            self.d.messages.append(name)
            self.d.owner[name] = on
        self.d.trim()

    @precondition(lambda self: self.d.consumers and "conveniences" in self.provides)
    @rule(consumer=pick, timeout=timeouts)
    def receive(self, consumer: int, timeout: Any) -> None:
        """Pop with exceptions."""
        on = self._one(self.d.consumers, consumer)
        if not isinstance(timeout, (int, float)) or timeout in BAD_TIMEOUTS or isinstance(timeout, bool):
            timeout = 0
        self.d.call(on, "receive", timeout)

    @precondition(lambda self: self.d.consumers and "conveniences" in self.provides)
    @rule(consumer=pick, count=counts, timeout=timeouts)
    def receive_many(self, consumer: int, count: Any, timeout: Any) -> None:
        """Pop several with exceptions; without a limit only where the model does not block."""
        on = self._one(self.d.consumers, consumer)
        self.d.call(on, "receive_many", count, 0 if timeout is None and self.d.would_wait(on) else timeout)

    @precondition(lambda self: self.d.messages and "conveniences" in self.provides)
    @rule(which=pick)
    def copy_message(self, which: int) -> None:
        """Copy a message."""
        message = self._one(self.d.messages, which)
        item = "[0]" if isinstance(self.d.model(message), list) else ""
        self.d.source("tobytes", f"{message}{item}.tobytes()")

    @precondition(lambda self: self.d.consumers and "conveniences" in self.provides)
    @rule(consumer=pick)
    def iterate(self, consumer: int) -> None:
        """Iterate over a consumer whose channel has ended."""
        on = self._one(self.d.consumers, consumer)
        if not self.d.model(on).is_connected():
            self.d.source("list", f"list({on})")

    @precondition(lambda self: self.d.messages and "pins" in self.provides)
    @rule(which=pick, part=st.sampled_from(["", "[0:2]", "[1:]"]))
    def export(self, which: int, part: str) -> None:
        """Take an export of a message."""
        message, name = self._one(self.d.messages, which), self.d.fresh("x")
        item = "[0]" if isinstance(self.d.model(message), list) else ""
        outcome = self.d.source("export", f"{message}{item}.data{part}", (name,))
        if getattr(outcome, "type_name", "") == "memoryview":
            self.d.exports.append(name)
        self.d.trim()

    @precondition(lambda self: self.d.exports)
    @rule(which=pick)
    def release(self, which: int) -> None:
        """Release an export of a message."""
        name = self._one(self.d.exports, which)
        if isinstance(self.d.model(name), list):
            self.d.source("release", f"{name}.clear()")
        else:
            self.d.call(name, "release", compare=False)
        self.d.drop([name])

    def _export_all(self, messages: str, but: int = 0) -> str:
        """Take an export of each message in a list, but for some, into one variable."""
        name = self.d.fresh("xs")
        self.d.source("export", f"[each.data for each in {messages}[{but}:]]", (name,))
        self.d.exports.append(name)
        return name
