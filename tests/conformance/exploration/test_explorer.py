"""What the explorer does with clients that fail, do not end, or cannot be explored; and how it is stopped and split."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conformance.exploration import explorer
from conformance.exploration.explorer import Options, Report, explore
from conformance.exploration.litmus import operation, program, run
from conformance.exploration.result import (
    Execution,
    Result,
    decisions,
    merged,
    replay_string,
    source_lines,
    table,
    worded,
)

pytestmark = pytest.mark.once
FREEING, ENDLESS, FICKLE, MISUSING, NONATOMIC, SLEEPING, ASSERTING, CHANGING, WAKING_LATE, ADDING = range(10)
STORE_BUFFERING = program(
    "x = 1 rlx; r0 = y rlx; y = 2 rlx", "y = 1 rlx; r0 = x rlx; r1 = y rlx", "r0 = x rlx; r1 = y rlx"
)
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


@cache
def clients() -> ctypes.CDLL:
    """The clients of clients.c."""
    return ctypes.CDLL(str(explorer.shared_library([Path(__file__).with_name("clients.c")])))


def client(number: int, mode: int = 0, **options: Any) -> Result:
    """One of them, explored."""

    def start(given: Options, report: Report) -> None:
        clients().client_explore(number, mode, ctypes.byref(given), ctypes.byref(report))

    return explore(clients(), start, **options)


def test_memory_handed_over_and_freed_is_no_failure() -> None:
    """Plain memory that is written, published, read and freed in order is clean in its one execution."""
    result = client(FREEING)
    assert result.clean and result.complete == 1


def test_a_sleep_that_nobody_ends_is_a_lost_wakeup() -> None:
    """Also where its time may be up: it may be so late that it counts as never."""
    assert client(SLEEPING).failure == "lost wakeup"
    timed = client(SLEEPING, 1, every_failure=True)
    assert timed.failure == "lost wakeup" and set(timed.outcomes) == {(1, 0)}


IN_ONE_STEP, UNWOKEN = 1, 2


def test_a_sleep_until_a_change_in_one_step_leaves_nothing_out() -> None:
    """The outcomes of a loop over a futex step by step, in fewer executions; and a store that wakes nobody is found."""
    loop, one_step = client(CHANGING), client(CHANGING, IN_ONE_STEP)
    assert loop.clean and one_step.clean and loop.outcomes.keys() == one_step.outcomes.keys()
    assert len(one_step.outcomes) > 4 and 2 * one_step.complete < loop.complete
    assert {client(CHANGING, mode | UNWOKEN).failure for mode in (0, IN_ONE_STEP)} == {"lost wakeup"}


def test_a_wake_that_waits_for_the_sleeper_is_none() -> None:
    """It comes only where the sleeper had not fallen asleep."""
    assert {client(WAKING_LATE, mode).failure for mode in (0, IN_ONE_STEP)} == {"lost wakeup"}


def test_read_modify_writes_are_cut_by_the_largest_bound_as_by_one_below() -> None:
    """Where there is no room for the second half, none is tried."""
    below, largest = client(ADDING, steps=249), client(ADDING)
    assert largest.complete == below.complete == 0 and 0 < largest.cut - below.cut <= 1


def test_freed_memory_must_not_be_touched() -> None:
    """A read after a free is found, although it comes after it in happens-before."""
    result = client(FREEING, 1)
    assert result.failure == "freed memory" and "clients.c" in result.message


def test_an_exploration_cut_by_a_bound_is_not_clean() -> None:
    """A client that never ends is cut, and is not clean."""
    result = client(ENDLESS, steps=5)
    assert result.cut == 1 and result.complete == 0 and not result.clean


def test_a_bound_on_executions_leaves_the_rest_cut() -> None:
    """Executions beyond the bound count as cut."""
    result = run(STORE_BUFFERING, executions=3)
    assert result.complete == 3 and result.cut > 0 and not result.clean


def test_no_complete_execution_is_not_clean() -> None:
    """A client all of whose executions wait for ever is not clean."""
    result = run(program("await x 0 rlx"), blocking_allowed=True)
    assert (result.complete, result.blocked, result.clean) == (0, 1, False)


def test_a_client_that_is_not_deterministic_is_refused() -> None:
    """A client that does something else when it is run again is reported."""
    result = client(FICKLE)
    assert result.failure == "misuse" and "does not do the same" in result.message


@pytest.mark.parametrize(("mode", "says"), [(0, "with 4 and with 2 bytes"), (1, "plain write")])
def test_what_cannot_be_explored_is_refused(mode: int, says: str) -> None:
    """Mixed sizes, and plain writes to what was atomic, are reported, not explored wrongly."""
    result = client(MISUSING, mode)
    assert result.failure == "misuse" and says in result.message


def test_what_is_ordered_need_not_be_atomic() -> None:
    """An access taken as nonatomic is clean where happens-before orders it, and a data race where nothing does."""
    assert client(NONATOMIC).clean
    result = client(NONATOMIC, 1)
    assert result.failure == "data race" and "write by thread 0" in result.message


def test_a_failure_is_replayed_by_its_string() -> None:
    """The replay string of a race leads to the same trace."""
    race = program("plain x = 1; y = 1 rlx", "r0 = y acq; if r0 == 1: r1 = plain x", "r0 = y rlx")
    result = run(race)
    again = run(race, prefix=decisions(replay_string(result.path)))
    assert result.failure == again.failure == "data race"
    assert again.trace == result.trace and again.complete == 0
    assert "thread 1" in table(result) and table(result).endswith(f"replay: {replay_string(result.path)}")


def test_a_prefix_that_does_not_fit_is_refused() -> None:
    """A decision that there is not is an error, not an empty result."""
    assert run(STORE_BUFFERING, prefix=(99,)).failure == "misuse"


def test_a_message_names_files_and_not_where_they_are() -> None:
    """Addresses become source lines, and folders go."""
    said = worded("write at 0x12:0, and read at /some/where/ring.h:7", {"0x12": "guard.h:3"})
    assert said == "write at guard.h:3, and read at ring.h:7"


@pytest.mark.skipif(not all(map(shutil.which, ("cc", "nm", "addr2line"))), reason="no cc, nm or addr2line on the PATH")
def test_a_line_is_found_in_any_folder(tmp_path: Path) -> None:
    """Also in one whose name has a space."""
    source, library = tmp_path / "a b" / "one.c", tmp_path / "one.so"
    source.parent.mkdir()
    source.write_text("int one(void) {\n  return 1;\n}\n")
    subprocess.run(["cc", "-g", "-shared", "-fPIC", "-o", str(library), str(source)], check=True, timeout=60)
    symbols = subprocess.run(["nm", str(library)], capture_output=True, text=True, check=True, timeout=60).stdout
    address = next(f"0x{line.split()[0]}" for line in symbols.splitlines() if line.endswith(" T one"))
    assert source_lines(library, [address]) == {address: "one.c:1"}


def test_a_bad_replay_string_is_refused() -> None:
    """Anything but numbers and dots is named."""
    with pytest.raises(ValueError, match="replay string"):
        decisions("x.1")


def test_every_failure_is_counted_by_its_kind() -> None:
    """Asked to go on, the explorer meets all kinds of failure of a client and keeps the shortest."""
    both = program("plain x = 1; y = 1 rlx; sleep y 1", "r0 = y rlx; if r0 == 1: r1 = plain x")
    result = run(both, every_failure=True)
    assert result.failures == {"data race": 1, "lost wakeup": 1}
    assert len(result.trace) == 2


def whole(given: tuple[Any, ...], **options: Any) -> list[Execution]:
    """Every execution of a program, as each is handed over."""
    found: list[Execution] = []
    run(given, every_failure=True, ended=found.append, **options)
    return found


def test_each_execution_is_handed_over_whole() -> None:
    """All of them, with what each load reads; none twice, though they share their beginnings."""
    found = whole(STORE_BUFFERING)
    assert len(found) == run(STORE_BUFFERING).complete
    assert {len(each.steps) for each in found} == {8} and all(all(each.led) for each in found)
    for each in found:
        for at, step in enumerate(each.steps):
            if step.kind != "read":
                continue
            assert step.source is not None and step.source < at
            source = None if step.source < 0 else each.steps[step.source]
            assert (step.value, step.place) == ((source.value, source.place) if source else (0, step.place))


def test_an_execution_that_fails_goes_on() -> None:
    """Behind a race the others go on, and what one of them then makes a load read is an execution too."""
    racing = program("plain x = 1; y = 1 rlx", "r0 = y rlx; if r0 == 1: r1 = plain x", "y = 2 rlx; z = 1 rlx")
    found = whole(racing)
    assert {(each.failure, len(each.steps)) for each in found} == {("data race", 4), (None, 4)}
    (race, *_) = [each for each in found if each.failure]
    assert sum(race.led) == 2 and race.stopped == 1 and "data race" in race.message
    without = program("x = 1 rlx", "r0 = x rlx", "x = 2 rlx; y = 1 rlx")
    assert len(found) == run(without).complete


def test_a_thread_that_fails_an_assertion_goes_no_further() -> None:
    """It takes no step after it, and the others do."""
    found: list[Execution] = []
    client(ASSERTING, every_failure=True, ended=found.append)
    (failing,) = [each for each in found if each.failure]
    assert failing.failure == "assertion" and [step.thread for step in failing.steps].count(1) == 1
    assert sum(step.thread == 0 for step in failing.steps) == 2
    others = [each for each in found if not each.failure]
    assert len(others) == 2 and all([step.thread for step in each.steps].count(1) == 2 for each in others)


def test_without_a_taker_the_first_failure_ends_an_execution() -> None:
    """The trace of a failure has the steps that led to it, with or without one who takes all executions."""
    assert client(ASSERTING).trace == client(ASSERTING, every_failure=True, ended=lambda _: None).trace


def test_without_a_compiler_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """No compiler on the PATH is a clear error."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(explorer.CompilerError, match="no C compiler on the PATH"):
        explorer.compiler()


def test_what_the_compiler_refuses_is_shown(tmp_path: Path) -> None:
    """A client that does not compile is an error with the compiler's words."""
    broken = tmp_path / "broken.c"
    broken.write_text("int broken(void) { return nothing; }\n")
    with pytest.raises(explorer.CompilerError, match="nothing"):
        explorer.shared_library([broken])


def test_a_typing_error_in_a_program_is_named() -> None:
    """An operation that does not parse is shown, with one that would."""
    with pytest.raises(ValueError, match="not an operation: 'x := 1'"):
        operation("x := 1")


# ---- progress, stopping, splitting, and merging parts of a tree ----


def in_parts(first: Result) -> Result:
    """What is left of MANY, explored too."""
    total = first.alone()
    for prefix in first.open:
        total = merged(total, run(MANY, prefix=prefix).alone())
    return total


def test_a_stop_leaves_the_rest_open() -> None:
    """Stopped at the first call of its progress hook, it has what it met, and prefixes of all the rest."""
    whole = run(MANY)
    words: list[int] = []
    first = run(MANY, progress=lambda report: words.append(report.complete))
    assert len(words) == 1 and 0 < first.complete < whole.complete and not first.clean
    assert in_parts(first) == whole


def test_progress_is_reported_until_the_end() -> None:
    """As long as the hook says so it goes on, and reports how much there was at each call."""
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
    assert run(MANY, allowed=outcomes).clean


def test_after_a_failure_a_shorter_one_is_searched_for() -> None:
    """It goes on for as many runs as are given; the shortest it meets is kept, as when it goes on to the end."""
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


def test_runs_by_chance_estimate_how_many_there_are() -> None:
    """On average over many seeds the estimate is the number of runs; each is one run, and reports its decisions."""
    whole, probes = run(MANY), [run(MANY, seed=seed) for seed in range(1, 2001)]
    assert {probe.runs for probe in probes} == {1} and len({probe.path for probe in probes}) > 50
    assert sum(probe.estimate for probe in probes) / len(probes) == pytest.approx(whole.runs, rel=0.05)
    assert run(MANY, prefix=probes[0].path).runs == 1
