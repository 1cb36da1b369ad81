"""The stateful test (Hypothesis): random programs on model and target in lockstep, with a rule for each operation."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from conformance.differential.lockstep import Tally
from conformance.differential.stateful.driver import offsets, timeouts
from conformance.differential.stateful.handles import BrokerRules, LifecycleRules, pick
from conformance.differential.stateful.operations import ConsumerRules, ProducerRules
from conformance.targets.target import Target

POPS = ("try_pop", "blocking_pop", "batch_pop", "receive", "receive_many", "iterate")
"""Ways to pop: the conveniences too, for targets that have them."""


class Scenarios(ProducerRules, ConsumerRules):
    """Full rings, retained exports, drains, and pushes without a consumer."""

    @precondition(lambda self: self.d.producers and self.d.consumers)
    @rule(which=pick, rounds=st.integers(1, 35), batch=st.integers(1, 9), export=st.booleans())
    def burst(self, which: int, rounds: int, batch: int, export: bool) -> None:
        """Fill and drain repeatedly, so that the ring wraps many times."""
        producer, consumer = self._facing(which)
        for number in range(rounds):
            for each in range(batch):
                self.d.call(producer, "try_push", bytes([number, each]) * (1 + number), compare=False)
            if export and number == rounds - 1:
                self._pop(consumer, "try_pop", True)
                return
            for _ in range(batch):
                self.d.call(consumer, "try_pop", compare=False)
        self.d.lockstep.compare()

    @precondition(lambda self: self.d.producers and self.d.consumers and "pins" in self.provides)
    @rule(which=pick, how=st.sampled_from(POPS), fewer=st.sampled_from([0, 0, 1]), kept=st.booleans())
    def hoard(self, which: int, how: str, fewer: int, kept: bool) -> None:
        """Export as many messages as a channel holds, or fewer, pop, and let go of one after the other."""
        producer, consumer = self._facing(which)
        how = self._provided(how, "batch_pop")
        capacity = self.d.model(consumer).capacity()
        if not 0 < capacity <= 64 or not self.d.model(producer).is_connected():
            return
        self.d.call(producer, "batch_push", [b"hoarded"] * capacity)
        self._pop(consumer, "batch_pop", True, capacity)
        if not self.d.messages or not isinstance(self.d.model(self.d.messages[-1]), list):
            return
        if self._readable(self.d.messages[-1]):
            exports = self._export_all(self.d.messages[-1], fewer)
            self.d.call(producer, "batch_push", [b"more"] * 3)
            self._pop_somehow(producer, consumer, how)
            for _ in range(min(2, len(self.d.model(exports)))):
                self.d.source("release", f"{exports}.pop().release()")
                self._pop_somehow(producer, consumer, how)
            if not kept:
                self.d.source("release", f"{exports}.clear()")
                self.d.drop([exports])
        self.d.trim()

    def _readable(self, messages: str) -> bool:
        """Whether the model's messages have not expired."""
        return "expired" not in repr(self.d.model(messages)[0])

    def _pop_somehow(self, producer: str, consumer: str, how: str) -> None:
        """Pop what waits, in one of the ways that a target has."""
        if how == "iterate":
            self.d.call(producer, "close")
            if not self.d.model(consumer).is_connected():
                self.d.source("list", f"list({consumer})")
        else:
            self.d.call(consumer, how, *{"try_pop": [], "batch_pop": [3], "receive_many": [3, 0]}.get(how, [0]))

    @precondition(lambda self: self.d.producers and {"flatbuffers", "waiting"} <= self.provides)
    @rule(
        which=pick,
        most=st.sampled_from([None, None, 16, 64, 0, 65, -1, "1"]),
        timeout=timeouts,
        full=st.sampled_from([False, False, True]),
    )
    def flatbuffer(self, which: int, most: Any, timeout: Any, full: bool) -> None:
        """Build a FlatBuffer as the next message; without a limit only where the model does not block."""
        on = self._one(self.d.producers, which)
        if full and self.d.model(on).capacity() <= 64:
            self.d.call(on, "batch_push", [b"full"] * self.d.model(on).capacity())
        if timeout is None and self.d.would_wait(on):
            timeout = 1e-6
        if most in (-1, "1"):
            timeout = 0  # which of two bad arguments is refused is open
        arguments = f"{most!r}, {timeout!r}"
        self.d.statement("build", f"with {on}.build({arguments}) as z: z.Finish(z.CreateString('built'))")

    @precondition(lambda self: self.d.producers)
    @rule(which=pick, size=st.sampled_from([1, 2, 64, 65]), offset=offsets, export=st.booleans(), roll=st.booleans())
    def build(self, which: int, size: int, offset: Any, export: bool, roll: bool) -> None:
        """Reserve, write and commit or roll back, with or without an export of the region."""
        on = self._one(self.d.producers, which)
        self.reserve(which, 1)
        self._fill(on)
        mine = [each for each in self.d.reservations if self.d.owner.get(each) == on]
        if mine and export and "pins" in self.provides:
            self.region(-1 - self.d.reservations.index(mine[-1]) + len(self.d.reservations), "[0:3]")
        if roll:
            self.d.call(on, "rollback")
        else:
            self.d.call(on, "commit", size, offset)
        if self.d.regions and not export:
            self.drop_region(0)

    @precondition(lambda self: self.d.producers and self.d.consumers)
    @rule(which=pick, how=st.sampled_from(["list", "receive", "batch_pop"]))
    def drain(self, which: int, how: str) -> None:
        """Close a producer with messages waiting, and pop them."""
        producer, consumer = self._facing(which)
        how = self._provided(how, "batch_pop")
        self.d.call(producer, "batch_push", [b"last", b"words"])
        self.d.call(producer, "close")
        if how != "list":
            self.d.call(consumer, how, 1)
        if "conveniences" in self.provides and not self.d.model(consumer).is_connected():
            self.d.source("list", f"list({consumer})")

    @precondition(lambda self: self.d.producers and self.d.consumers)
    @rule(which=pick, kind=st.sampled_from(["try_push", "blocking_push", "send"]), reserved=st.booleans())
    def push_to_nobody(self, which: int, kind: str, reserved: bool) -> None:
        """Close a consumer, and push messages of valid and invalid sizes."""
        producer, consumer = self._facing(which)
        kind = self._provided(kind, "try_push")
        if reserved:
            self.d.call(producer, "reserve", 1)
        self.d.call(consumer, "close")
        for size in (0, 1, 8, 20_000):
            self.d.call(producer, kind, bytes(size), *([] if kind == "try_push" else [0]))
        if reserved:
            self.d.call(producer, "commit", 0)
            self.d.call(producer, "commit", 1)


PROGRAMS = {"quick": 100, "long": 600}
"""Random programs of one check in each profile."""


class RandomPrograms(BrokerRules, LifecycleRules, Scenarios):
    """All rules. Hypothesis orders them by name: a renamed rule makes other programs of the same seed."""


def stateful_test(target: Target, tally: Tally) -> type[RandomPrograms]:
    """The stateful test for one target."""
    return type("StatefulTest", (RandomPrograms,), {"target": target.omni, "tally": tally, "provides": target.provides})


def run(target: Target, tally: Tally, number: int = 0, programs: int = 0) -> None:
    """Run random programs; in the quick profile, and where a seed is asked for, always the same ones.

    Raises Divergence at the first program that shows a difference.
    """
    chosen = number if tally.seed is None and tally.profile == "quick" else tally.seed
    repeatable = chosen is not None
    factory = stateful_test(target, tally) if chosen is None else seed(chosen)(stateful_test(target, tally))
    run_state_machine_as_test(
        factory,
        settings=settings(
            max_examples=programs or PROGRAMS[tally.profile],
            stateful_step_count=50,
            database=None if repeatable else DirectoryBasedExampleDatabase(".hypothesis"),
            deadline=None,
            phases=(Phase.generate,) if repeatable else (Phase.reuse, Phase.generate),
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
            report_multiple_bugs=False,
            print_blob=False,
        ),
    )
