"""The driver of the stateful test: a lockstep with its variables by kind, and strategies for arguments."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from conformance.differential.lockstep import Lockstep, Tally
from conformance.differential.program import Expr, Operation
from spec_model.vocabulary import ChannelError, PopResult

KEPT = 6
"""How many handles of each kind, messages and exports are kept; the oldest are dropped first."""


class Driver:
    """A lockstep with its variables by kind, oldest first."""

    def __init__(self, target: Any, tally: Tally) -> None:
        self.lockstep = Lockstep(target, tally, leaves=True)
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

    def call(self, on: str, kind: str, *args: Any, into: tuple[str, ...] = (), compare: bool = True) -> Any:
        """A method call on both."""
        return self.lockstep.run(Operation(kind, on, args, into), compare)

    def source(self, kind: str, source: str, into: tuple[str, ...] = ()) -> Any:
        """An expression on both."""
        return self.lockstep.run(Operation(kind, into=into, source=source))

    def statement(self, kind: str, source: str) -> Any:
        """A statement on both."""
        return self.lockstep.run(Operation(kind, source=source, statement=True))

    def drop(self, variables: list[str]) -> None:
        """Delete some variables and those that were taken through them."""
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
        """Keep the state small, so that comparing stays fast."""
        for bundle in (self.messages, self.exports):
            if len(bundle) > KEPT:
                self.drop(bundle[: len(bundle) - KEPT])
        if len(self.reservations) > 3:
            self.drop(self.reservations[:1])
        for bundle in (self.producers, self.consumers, self.pairs):
            if len(bundle) > KEPT:
                self.drop(bundle[:1])

    def unpack(self, pair: str) -> None:
        """Assign both handles of a new pair to variables."""
        producer, consumer = self.fresh("p"), self.fresh("c")
        self.source("unpack", pair, (producer, consumer))
        self.channel[producer] = self.channel[consumer] = pair
        self.pairs.append(pair)
        self.producers.append(producer)
        self.consumers.append(consumer)

    def would_wait(self, handle: str) -> bool:
        """Whether a blocking call on the handle could block in the model's state."""
        subject = self.model(handle)
        if handle in self.consumers:
            return bool(subject.is_connected() and subject.available_messages() == 0)
        return bool(subject.is_connected() and subject.available_slots() == 0)


def config(capacity: int, size: int) -> Expr:
    """A configuration as an argument."""
    return Expr(f"omni.ChannelConfig({capacity}, {size})")


GRANTED = ChannelError.SUCCESS
POPPED = PopResult.SUCCESS


class Size(NamedTuple):
    """An absolute size, or one relative to the largest message, and the byte to fill it with."""

    fill: int
    delta: int = 0
    relative: bool = False

    def of(self, largest: int) -> int:
        """In bytes."""
        return largest + self.delta if self.relative else self.delta


NAMES = ("a", "b", "c", "a", "b", "", "a\0b", "\ud800", "é", "e\u0301", None, b"a", 3)
names = st.sampled_from(NAMES)
limits = st.sampled_from([None, None, 2048, 100_000])
"""Memory limits of the first broker; some are so low that requests are refused."""
memory_limits = st.sampled_from(["None", "1024", "0", "100000", "10**30", "-1", "True", "'1'"])
configs = st.sampled_from(
    [config(8, 64)] * 6 + [config(0, 0), config(9, 65), config(16, 100), config(3, 1000), Expr("None"), Expr("(8, 64)")]
)
openings = st.sampled_from(
    ["capacity=8, max_message_size=64"] * 4
    + ["capacity=20, max_message_size=70", "capacity=-1", "capacity='8'", "max_message_size=True, capacity=8"]
)
_bad_data = [Expr("'text'"), Expr("3"), Expr("None"), Expr("memoryview(b'abcdef')[::2]")]
_good_data = [Expr("bytearray(b'array')"), Expr("memoryview(b'view')[1:]"), Expr("array.array('H', [1, 2])")]
payloads = st.one_of(
    st.builds(Size, st.integers(1, 255), st.sampled_from([1, 2, 8, 33])),
    st.builds(Size, st.integers(1, 255), st.sampled_from([-1, 0, 0, 1]), st.just(True)),
    st.builds(Size, st.integers(1, 255), st.sampled_from([0, 1, 5])),
    st.sampled_from(_good_data + _bad_data),
)
full_batches = st.sampled_from(
    [[Size(n, 3)] * 9 for n in (7, 8)] + [[Size(7, 3), Expr("memoryview(b'abcdef')[::2]")], [Size(7, 3), 3]]
)
BAD_TIMEOUTS = (-1, -1e-9, "1", True, Expr("float('nan')"), Expr("timedelta(-1)"))
timeouts = st.sampled_from(
    [0, 0.0, 1e-6, 1e-5, 1e-4, None, None, Expr("timedelta(microseconds=1)"), Expr("Decimal('1e-6')"), *BAD_TIMEOUTS]
)
shutdowns = st.sampled_from([0, 0.0, 1e-6, *BAD_TIMEOUTS[:2], *BAD_TIMEOUTS[2:]])
counts = st.sampled_from([0, 1, 1, 2, 3, 8, 9, 63, 64, 65, 10**30, -1, "1", 1.0, None, True])
offsets = st.sampled_from([0, 0, 0, 0, 1, 63, 64, 10**30, -1, "1"])
copies = st.sampled_from(["copy.copy({})", "copy.deepcopy({})", "pickle.dumps({})"])
