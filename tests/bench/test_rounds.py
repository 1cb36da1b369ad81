"""Interleaving: who runs when, and for how many messages."""

from __future__ import annotations

import io
import math
import threading

import pytest

from tests.bench.messages import WrongMessages, compare, numbered
from tests.bench.progress import Progress
from tests.bench.rounds import MOST, Contender, interleave
from tests.bench.series import Nonsense
from tests.bench.threads import together

pytestmark = pytest.mark.once


class Steady:
    """A contender that says to take so long for each message, and remembers how it was called."""

    def __init__(self, name: str, each: float, log: list[str]) -> None:
        self.name, self.each, self.log = name, each, log
        self.calls: list[tuple[int, bool]] = []

    def __call__(self, count: int, look: bool) -> float:
        self.calls.append((count, look))
        self.log.append(self.name)
        return self.each * count


def quiet() -> Progress:
    """Progress that nobody reads."""
    return Progress(1, io.StringIO())


def test_everyone_once_in_each_round_another_one_first() -> None:
    """In every round each contender runs once, and who is first changes."""
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


def test_what_comes_out_is_looked_at_first() -> None:
    """Before the rounds, and outside them, each contender shows that its messages are right."""
    steady = Steady("a", 100.0, [])
    interleave([Contender("a", steady)], 2, 1e-5, quiet())
    assert [look for _, look in steady.calls] == [True] + [False] * (len(steady.calls) - 1)


@pytest.mark.parametrize("each", [0.0, -1.0, math.nan, math.inf])
def test_nonsense_ends_the_run(each: float) -> None:
    """A contender that takes no time, or less, or no number, is not measured."""
    with pytest.raises(Nonsense, match="broken"):
        interleave([Contender("broken", Steady("broken", each, []))], 1, 1e-5, quiet())


def test_messages_tell_each_other_apart() -> None:
    """Neighbours differ at every size, so that a lost, doubled or swapped one shows."""
    for size in (8, 64, 4096, 2**20):
        sent = numbered(size, 20)
        assert {len(data) for data in sent} == {size}
        for wrong in (sent[1:], [*sent, sent[-1]], [sent[1], sent[0], *sent[2:]], [*sent[:5], sent[4], *sent[6:]]):
            with pytest.raises(WrongMessages, match="somebody"):
                compare("somebody", sent, wrong)
        compare("somebody", sent, [bytearray(data) for data in sent])


def test_what_a_thread_raises_is_raised_at_once() -> None:
    """One side's error ends the turn, though the other waits for what will never come."""
    never = threading.Event()

    def fail() -> None:
        raise WrongMessages("as told")

    with pytest.raises(WrongMessages, match="as told"):
        together(never.wait, fail)
    never.set()
