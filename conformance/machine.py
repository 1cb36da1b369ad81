"""A random program, one operation at a time, on model and target in lockstep (Hypothesis)."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from conformance import strategies as some
from conformance.lockstep import Tally
from conformance.state import Driver, config
from conformance.targets.target import Target

pick = st.integers(0, 11)
PROGRAMS = {"quick": 100, "long": 600}
"""How many random programs one check runs in each profile."""


PLAIN = ("try_push", "blocking_push", "try_pop", "blocking_pop", "batch_pop")
"""Ways to push and pop that every target has."""


class Machine(RuleBasedStateMachine):
    """A rule per operation; `target`, `tally` and `provides` are set by `machine_for`."""

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

    @precondition(lambda self: len(self.d.brokers) < 3)
    @rule(argument=some.memory_limits)
    def new_broker(self, argument: str) -> None:
        """Another broker, with or without a limit."""
        self._broker(f"memory_limit={argument}" if "memory-limit" in self.provides else "")

    @rule(broker=pick, name=some.names, size=some.configs)
    def request(self, broker: int, name: Any, size: Any) -> None:
        """Ask for a channel."""
        on, pair = self._one(self.d.brokers, broker), self.d.fresh("k")
        into = ("_", pair)
        outcome = self.d.call(on, "request_channel", name, size, into=into)
        if outcome[0] is some.GRANTED:
            self.d.unpack(pair)
        self.d.trim()

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

    def _sized(self, producer: int, data: Any) -> Any:
        """Data of a size relative to the largest, where `data` is one."""
        if not isinstance(data, some.Size):
            return data
        largest = self.d.model(self._one(self.d.producers, producer)).max_message_size()
        return bytes([data.fill]) * max(0, data.of(largest if largest <= 4096 else 64))

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

    @precondition(lambda self: self.d.producers and self.d.consumers)
    @rule(which=pick, rounds=st.integers(1, 35), batch=st.integers(1, 9), export=st.booleans())
    def burst(self, which: int, rounds: int, batch: int, export: bool) -> None:
        """Fill and drain, over and over: the ring goes round many times."""
        producer, consumer = self._facing(which)
        for number in range(rounds):
            for each in range(batch):
                self.d.call(producer, "try_push", bytes([number, each]) * (1 + number), look=False)
            if export and number == rounds - 1:
                self._pop(consumer, "try_pop", True)
                return
            for _ in range(batch):
                self.d.call(consumer, "try_pop", look=False)
        self.d.lockstep.look()

    @precondition(lambda self: self.d.producers and self.d.consumers)
    @rule(which=pick, how=st.sampled_from(["try_pop", "blocking_pop", "batch_pop", "receive", "iterate"]))
    def hoard(self, which: int, how: str) -> None:
        """Keep an export, and pop until that is refused."""
        producer, consumer = self._facing(which)
        how = self._provided(how, "batch_pop")
        if self.d.model(consumer).capacity() > 64:
            return
        self.d.call(producer, "batch_push", [b"first", b"second"])
        self._pop(consumer, "try_pop", True)
        if self.d.messages:
            self.export(0, "")
        self.d.call(producer, "batch_push", [b"more"] * 64)
        self.d.call(consumer, "batch_pop", 64)
        self.d.call(producer, "batch_push", [b"again"] * 64)
        if how == "iterate":
            self.d.call(producer, "close")
            if not self.d.model(consumer).is_connected():
                self.d.source("list", f"list({consumer})")
        else:
            self.d.call(consumer, how, *([] if how == "try_pop" else [3] if how == "batch_pop" else [0]))

    @precondition(lambda self: self.d.producers)
    @rule(
        which=pick, size=st.sampled_from([1, 2, 64, 65]), offset=some.offsets, export=st.booleans(), roll=st.booleans()
    )
    def build(self, which: int, size: int, offset: Any, export: bool, roll: bool) -> None:
        """Reserve, write and commit in one go, with or without an export in the way."""
        on = self._one(self.d.producers, which)
        self.reserve(which, 1)
        self._fill(on)
        mine = [each for each in self.d.reservations if self.d.owner.get(each) == on]
        if mine and export:
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
        """Close a producer with messages waiting, and take them."""
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
        """Close a consumer, and push what fits and what does not."""
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


def machine_for(target: Target, tally: Tally) -> type[Machine]:
    """The machine against one target."""
    return type("Lockstep", (Machine,), {"target": target.omni, "tally": tally, "provides": target.provides})


def run(target: Target, tally: Tally, number: int = 0, programs: int = 0) -> None:
    """Run random programs, in the quick profile always the same for one `number`.

    Raises Divergence at the first program that shows a difference.
    """
    quick = tally.profile == "quick"
    factory = seed(number)(machine_for(target, tally)) if quick else machine_for(target, tally)
    run_state_machine_as_test(
        factory,
        settings=settings(
            max_examples=programs or PROGRAMS[tally.profile],
            stateful_step_count=50,
            database=None if quick else DirectoryBasedExampleDatabase(".hypothesis"),
            deadline=None,
            phases=(Phase.generate,) if quick else (Phase.reuse, Phase.generate),
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
            report_multiple_bugs=False,
            print_blob=False,
        ),
    )
