"""Arguments for random programs: mostly plain ones, some at the limits, some bad."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from conformance.differential.program import Expr
from conformance.differential.stateful.state import config
from spec_model.vocabulary import ChannelError, PopResult

GRANTED = ChannelError.SUCCESS
POPPED = PopResult.SUCCESS


class Size(NamedTuple):
    """A size relative to the largest message, or an absolute one, and what to fill it with."""

    fill: int
    delta: int = 0
    relative: bool = False

    def of(self, largest: int) -> int:
        """In bytes."""
        return largest + self.delta if self.relative else self.delta


NAMES = ("a", "b", "c", "a", "b", "", "a\0b", "\ud800", "é", "e\u0301", None, b"a", 3)
names = st.sampled_from(NAMES)
limits = st.sampled_from([None, None, 2048, 100_000])
"""Of the first broker; some so low that requests are refused."""
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
timeouts = st.sampled_from([0, 0.0, 1e-6, 1e-5, 1e-4, None, None, Expr("timedelta(microseconds=1)"), *BAD_TIMEOUTS])
shutdowns = st.sampled_from([0, 0.0, 1e-6, *BAD_TIMEOUTS[:2], *BAD_TIMEOUTS[2:]])
counts = st.sampled_from([0, 1, 1, 2, 3, 8, 9, 63, 64, 65, 10**30, -1, "1", 1.0, None, True])
offsets = st.sampled_from([0, 0, 0, 0, 1, 63, 64, 10**30, -1, "1"])
copies = st.sampled_from(["copy.copy({})", "copy.deepcopy({})", "pickle.dumps({})"])
