"""Measuring: which contender runs when, for how many messages, and the arithmetic on known numbers."""

from __future__ import annotations

import io
import math
import threading

import pytest

from tests.bench.measuring import (
    MOST,
    Contender,
    InvalidMeasurement,
    Progress,
    Series,
    interleave,
    per_message,
    quartiles,
    ratios,
)
from tests.bench.workload import Threshold, WrongMessages, check_messages, numbered, together

pytestmark = pytest.mark.once


class Steady:
    """A contender that says to take so long for each message, and remembers how it was called."""

    def __init__(self, name: str, each: float, log: list[str]) -> None:
        self.name, self.each, self.log = name, each, log
        self.calls: list[tuple[int, bool]] = []

    def __call__(self, count: int, check: bool) -> float:
        self.calls.append((count, check))
        self.log.append(self.name)
        return self.each * count


def quiet() -> Progress:
    """Progress without output."""
    return Progress(1, io.StringIO())


def test_each_contender_runs_once_per_round_in_rotated_order() -> None:
    """In every round each contender runs once, and the first one changes."""
    log: list[str] = []
    steady = [Steady(name, 100.0, log) for name in "abc"]
    found = interleave([Contender(each.name, each) for each in steady], 3, 1e-5, quiet())
    assert "".join(log[-9:]) == "abcbcacab"
    assert [(series.name, series.ns) for series in found] == [(name, (100.0,) * 3) for name in "abc"]


def test_a_turn_lasts_as_long_for_the_slow_as_for_the_fast() -> None:
    """The number of messages follows from the time that a turn has, in whole units, up to a limit."""
    fast, slow, free = Steady("fast", 10.0, []), Steady("slow", 1000.0, []), Steady("free", 0.001, [])
    contenders = [Contender("fast", fast, 512), Contender("slow", slow), Contender("free", free)]
    interleave(contenders, 1, 0.001, quiet())
    assert fast.calls[-1] == (1_000_000 // 10 // 512 * 512, False)
    assert slow.calls[-1] == (1000, False)
    assert free.calls[-1] == (MOST, False)


def test_messages_are_checked_before_the_rounds() -> None:
    """Before the rounds, and outside of them, the messages of each contender are checked."""
    steady = Steady("a", 100.0, [])
    interleave([Contender("a", steady)], 2, 1e-5, quiet())
    assert [check for _, check in steady.calls] == [True] + [False] * (len(steady.calls) - 1)


@pytest.mark.parametrize("each", [0.0, -1.0, math.nan, math.inf])
def test_an_invalid_measurement_ends_the_run(each: float) -> None:
    """A contender that takes no time, or less, or no number, is not measured."""
    with pytest.raises(InvalidMeasurement, match="broken"):
        interleave([Contender("broken", Steady("broken", each, []))], 1, 1e-5, quiet())


def test_every_wrong_order_of_messages_is_detected() -> None:
    """Neighbours differ at every size, so that a lost, doubled or swapped one shows."""
    for size in (8, 64, 4096, 2**20):
        sent = numbered(size, 20)
        assert {len(data) for data in sent} == {size}
        for wrong in (sent[1:], [*sent, sent[-1]], [sent[1], sent[0], *sent[2:]], [*sent[:5], sent[4], *sent[6:]]):
            with pytest.raises(WrongMessages, match="somebody"):
                check_messages("somebody", sent, wrong)
        check_messages("somebody", sent, [bytearray(data) for data in sent])


def test_an_exception_of_a_thread_is_raised_at_once() -> None:
    """One side's error ends the turn, though the other waits for what will never come."""
    never = threading.Event()

    def fail() -> None:
        raise WrongMessages("as raised")

    with pytest.raises(WrongMessages, match="as raised"):
        together(never.wait, fail)
    never.set()


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
    assert ratios((ours, fast, slow), "ours", ("slow", "absent")) == [4.0, 2.0, 1.0]


def test_without_a_rival_there_is_no_ratio() -> None:
    """There is no ratio where none of the rivals was measured."""
    assert ratios((Series("ours", (1.0,)),), "ours", ("fast",)) == []


def test_rounds_that_do_not_match_are_refused() -> None:
    """A rival with fewer rounds has no ratio in the others."""
    with pytest.raises(ValueError):
        ratios((Series("ours", (1.0, 2.0)), Series("fast", (1.0,))), "ours", ("fast",))


@pytest.mark.parametrize(
    ("nanoseconds", "count"), [(100.0, 0), (100.0, -1), (0.0, 5), (-1.0, 5), (math.nan, 5), (math.inf, 5)]
)
def test_an_invalid_measurement_is_refused(nanoseconds: float, count: int) -> None:
    """No messages, no time, a negative or non-finite one: none of these is a measurement."""
    with pytest.raises(InvalidMeasurement, match="someone"):
        per_message("someone", nanoseconds, count)


def test_a_measurement_is_nanoseconds_per_message() -> None:
    """What took 100 ns for 5 messages took 20 for each."""
    assert per_message("someone", 100.0, 5) == 20.0


def test_thresholds_in_their_own_terms() -> None:
    """`at_least` is about the speedup, `at_most` about the share of the rival's time."""
    faster, quicker = Threshold("", "", (), at_least=2.0), Threshold("", "", (), at_most=0.5)
    assert [faster.met(faster.shown(ratio)) for ratio in (1.99, 2.0)] == [False, True]
    assert [quicker.met(quicker.shown(ratio)) for ratio in (1.99, 2.0)] == [False, True]
    assert (faster.shown(4.0), quicker.shown(4.0)) == (4.0, 0.25)
    assert [Threshold("", "", (), below=8.0).met(shown) for shown in (7.99, 8.0)] == [True, False]
    assert Threshold("", "", ()).met(0.1) is None
