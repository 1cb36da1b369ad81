"""Pushing and reserving (§5)."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from conformance.differential.stateful import strategies as some
from conformance.differential.stateful.base import Base, pick


class Pushing(Base):
    """A rule per operation of a producer."""

    @precondition(lambda self: self.d.producers)
    @rule(producer=pick, data=some.payloads)
    def try_push(self, producer: int, data: Any) -> None:
        """Push without waiting."""
        self.d.call(self._one(self.d.producers, producer), "try_push", self._sized(producer, data))

    @precondition(lambda self: self.d.producers)
    @rule(producer=pick, data=some.payloads, timeout=some.timeouts)
    def blocking_push(self, producer: int, data: Any, timeout: Any) -> None:
        """Push, waiting only where the model says that there is no wait, or not for long."""
        on = self._one(self.d.producers, producer)
        if timeout is None and self.d.would_wait(on):
            timeout = 0
        self.d.call(on, "blocking_push", self._sized(producer, data), timeout)

    @precondition(lambda self: self.d.producers and "conveniences" in self.provides)
    @rule(producer=pick, data=some.payloads, timeout=some.timeouts)
    def send(self, producer: int, data: Any, timeout: Any) -> None:
        """Push with exceptions."""
        on = self._one(self.d.producers, producer)
        if timeout is None and self.d.would_wait(on):
            timeout = 1e-6
        self.d.call(on, "send", self._sized(producer, data), timeout)

    @precondition(lambda self: self.d.producers)
    @rule(producer=pick, batch=st.lists(some.payloads, max_size=3) | some.full_batches)
    def batch_push(self, producer: int, batch: list[Any]) -> None:
        """Push several."""
        self.d.call(self._one(self.d.producers, producer), "batch_push", [self._sized(producer, x) for x in batch])

    @precondition(lambda self: self.d.producers)
    @rule(producer=pick, size=some.counts)
    def reserve(self, producer: int, size: Any) -> None:
        """Reserve a slot."""
        on, name = self._one(self.d.producers, producer), self.d.fresh("r")
        outcome = self.d.call(on, "reserve", size, into=(name,))
        if getattr(outcome, "what", "") == "Reservation":
            self.d.reservations.append(name)
            self.d.owner[name] = on
        self.d.trim()

    @precondition(lambda self: self.d.reservations)
    @rule(which=pick, offset=st.sampled_from([0, 1, 60]), data=st.binary(min_size=1, max_size=4))
    def write(self, which: int, offset: int, data: bytes) -> None:
        """Write into a region."""
        name = self._one(self.d.reservations, which)
        self.d.source("write", f"{name}.data.__setitem__(slice({offset}, {offset + len(data)}), {data!r})")

    @precondition(lambda self: self.d.reservations)
    @rule(which=pick, part=st.sampled_from(["", "[0:3]", "[8:]"]))
    def region(self, which: int, part: str) -> None:
        """Take an export of a region."""
        reservation, name = self._one(self.d.reservations, which), self.d.fresh("_v")
        outcome = self.d.source("region", f"{reservation}.data{part}", (name,))
        if getattr(outcome, "what", "") == "memoryview":
            self.d.regions.append(name)
            self.d.owner[name] = reservation

    @precondition(lambda self: self.d.regions)
    @rule(which=pick)
    def drop_region(self, which: int) -> None:
        """Give up an export of a region."""
        self.d.drop([self._one(self.d.regions, which)])

    @precondition(lambda self: self.d.producers)
    @rule(producer=pick, size=some.counts, offset=some.offsets)
    def commit(self, producer: int, size: Any, offset: Any) -> None:
        """Publish a part of the region."""
        self._fill(self._one(self.d.producers, producer))
        self.d.call(self._one(self.d.producers, producer), "commit", size, offset)

    def _fill(self, producer: str) -> None:
        """Write the whole region first, for what it holds before is anybody's guess."""
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
