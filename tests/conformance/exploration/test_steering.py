"""How the explorer is watched, stopped, split and told what is allowed; and how parts of a tree are put together."""

from __future__ import annotations

import pytest

from conformance.exploration.explorer import Result
from conformance.exploration.litmus.interpreter import run
from conformance.exploration.litmus.program import program
from conformance.exploration.result import merged

pytestmark = pytest.mark.once
MANY = program(
    "x = 1 rlx; r0 = y rlx; y = 2 rlx",
    "y = 1 rlx; r0 = x rlx; r1 = y rlx; x = 2 rlx",
    "r0 = x rlx; r1 = y rlx; x = 3 rlx",
)
RACES = program(
    "plain x = 1; y = 1 rlx",
    "r0 = y rlx; r1 = y rlx; if r1 == 1: r2 = plain x",
    "r0 = y rlx; if r0 == 1: r1 = plain x",
)


def in_parts(first: Result) -> Result:
    """What is left of MANY, explored too."""
    total = first.alone()
    for prefix in first.open:
        total = merged(total, run(MANY, prefix=prefix).alone())
    return total


def test_a_stop_leaves_the_rest_open() -> None:
    """Told to stop at the first word of its progress, it has what it met, and prefixes of all the rest."""
    whole = run(MANY)
    words: list[int] = []
    first = run(MANY, progress=lambda report: words.append(report.complete))
    assert len(words) == 1 and 0 < first.complete < whole.complete and not first.proved
    assert in_parts(first) == whole


def test_progress_is_told_until_the_end() -> None:
    """As long as it is told to go on, it explores everything, and says how much there was at each word."""
    words: list[int] = []

    def go_on(report: object) -> bool:
        words.append(report.complete)  # type: ignore[attr-defined]
        return True

    assert run(MANY, progress=go_on) == run(MANY)
    assert len(words) > 3 and words == sorted(words)


@pytest.mark.parametrize("split", [1, 7, 40])
def test_parts_have_every_count_of_the_whole(split: int) -> None:
    """Executions, outcomes, dropped runs and consistency checks add up: none is lost, none is counted twice."""
    assert in_parts(run(MANY, split=split)) == run(MANY)


def test_what_a_hook_raises_is_raised() -> None:
    """An exception in Python code that the engine calls stops the exploration, and is not swallowed."""

    def interrupt(_: object) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(MANY, progress=interrupt)
    with pytest.raises(TypeError, match="unhashable"):
        run(MANY, allowed=Unhashable())


class Unhashable:
    """Cannot be asked what it has."""

    def __contains__(self, _: object) -> bool:
        raise TypeError("unhashable")


def test_an_outcome_that_is_not_allowed_is_a_failure() -> None:
    """It has a trace, and a string that replays it; with the outcome on the list, nothing fails."""
    outcomes = set(run(MANY).outcomes)
    missing = max(outcomes)
    result = run(MANY, allowed=outcomes - {missing})
    assert result.failure == "forbidden" and result.message.endswith(" ".join(map(str, missing)))
    assert result.trace
    again = run(MANY, allowed=outcomes - {missing}, prefix=result.path)
    assert (again.failure, again.trace, again.complete) == ("forbidden", result.trace, 1)
    assert run(MANY, allowed=outcomes).proved


def test_after_a_failure_a_shorter_one_is_looked_for() -> None:
    """It goes on for as many runs as it is told; the shortest it meets is kept, as when it goes on to the end."""
    results = [run(RACES, further=further) for further in (0, 1, 2, 10**6)]
    assert [len(result.trace) for result in results] == [3, 3, 2, 2]
    assert [result.failures["data race"] for result in results] == [1, 2, 3, 3]
    assert run(RACES) == results[0] and run(RACES, every_failure=True) == results[-1]


def test_the_shorter_failure_of_two_parts_is_kept() -> None:
    """Whichever part comes first."""
    long, none = run(RACES), run(MANY)
    short = run(program("plain x = 1", "plain x = 2"))
    assert len(short.trace) < len(long.trace)
    for one, other in ((long, short), (short, long)):
        total = merged(merged(none, one), other)
        assert (total.trace, total.path, total.failures) == (short.trace, short.path, {"data race": 2})


def test_a_prefix_longer_than_the_execution_is_refused() -> None:
    """Decisions of another client are an error, not an execution that passes."""
    result = run(program("x = 1 rlx", "r0 = x rlx"), prefix=(0, 0, 0))
    assert result.failure == "misuse" and "does not fit" in result.message


def test_runs_by_chance_tell_how_many_there_are() -> None:
    """On average over many seeds the estimate is the number of runs; each is one run, and tells its decisions."""
    whole, probes = run(MANY), [run(MANY, seed=seed) for seed in range(1, 2001)]
    assert {probe.runs for probe in probes} == {1} and len({probe.path for probe in probes}) > 50
    assert sum(probe.estimate for probe in probes) / len(probes) == pytest.approx(whole.runs, rel=0.05)
    assert run(MANY, prefix=probes[0].path).runs == 1
