"""The arithmetic of the benchmark, on numbers whose answers are known."""

from __future__ import annotations

import math

import pytest

from tests.bench.series import Nonsense, Series, quartiles, ratios, sensible
from tests.bench.workload import Threshold

pytestmark = pytest.mark.once


def test_quartiles() -> None:
    """Quartiles lie between the nearest two values, and one value is all three of its own."""
    assert quartiles([5.0, 1.0, 3.0, 2.0, 4.0]) == (2.0, 3.0, 4.0)
    assert quartiles([1.0, 2.0]) == (1.25, 1.5, 1.75)
    assert quartiles([7.0]) == (7.0, 7.0, 7.0)


def test_ratios_are_taken_round_by_round_against_the_best() -> None:
    """Each round's ratio is of that round's best rival: a median of ratios, not a ratio of medians."""
    ours = Series("ours", (10.0, 100.0, 20.0))
    fast, slow = Series("fast", (10.0, 400.0, 30.0)), Series("slow", (40.0, 200.0, 20.0))
    assert ratios((ours, fast, slow), "ours", ("fast", "slow")) == [1.0, 2.0, 1.0]
    assert ratios((ours, fast, slow), "ours", ("slow", "who is not here")) == [4.0, 2.0, 1.0]


def test_without_a_rival_there_is_no_ratio() -> None:
    """Nothing is said where none of the rivals was measured."""
    assert ratios((Series("ours", (1.0,)),), "ours", ("fast",)) == []


def test_rounds_that_do_not_match_are_refused() -> None:
    """A rival with fewer rounds has no ratio in the others."""
    with pytest.raises(ValueError):
        ratios((Series("ours", (1.0, 2.0)), Series("fast", (1.0,))), "ours", ("fast",))


@pytest.mark.parametrize(
    ("nanoseconds", "count"), [(100.0, 0), (100.0, -1), (0.0, 5), (-1.0, 5), (math.nan, 5), (math.inf, 5)]
)
def test_nonsense_is_refused(nanoseconds: float, count: int) -> None:
    """No messages, no time, a negative or non-finite one: none of these is a measurement."""
    with pytest.raises(Nonsense, match="someone"):
        sensible("someone", nanoseconds, count)


def test_sense_is_nanoseconds_per_message() -> None:
    """What took 100 ns for 5 messages took 20 for each."""
    assert sensible("someone", 100.0, 5) == 20.0


def test_thresholds_in_their_own_terms() -> None:
    """`at_least` is asked of how many times as fast, `at_most` of how much of the rival's time."""
    faster, quicker = Threshold("", (), at_least=2.0), Threshold("", (), at_most=0.5)
    assert [faster.met(ratio) for ratio in (1.99, 2.0)] == [False, True]
    assert [quicker.met(ratio) for ratio in (1.99, 2.0)] == [False, True]
    assert (faster.shown(4.0), quicker.shown(4.0)) == (4.0, 0.25)
