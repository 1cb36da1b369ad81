"""The explorer agrees with RC11: on classical tests, and with brute force on random ones."""

from __future__ import annotations

import pytest

from conformance.weakmemory.explorer import Result
from conformance.weakmemory.litmus.brute_force import Found, executions
from conformance.weakmemory.litmus.interpreter import run
from conformance.weakmemory.litmus.judge import explored, mistake
from conformance.weakmemory.litmus.program import Program, program
from conformance.weakmemory.litmus.random_programs import random_program
from conformance.weakmemory.litmus.suite import SUITE, Litmus

SLEEPS = {"sleep", "doze", "wake"}


def differs(found: Found, result: Result) -> str | None:
    """What brute force and the engine say otherwise, outcomes with their numbers of executions."""
    if found.races:
        return None if result.failure == "data race" else f"no race found: {result}"
    if result.failure is not None:
        return f"{result.failure}: {result.message}"
    same = dict(found.outcomes) == dict(result.outcomes) and found.blocked == result.blocked
    return None if same and not result.repeated else f"{found} but {result} with {dict(result.outcomes)}"


def compared(threads: Program, cxx20: bool) -> str | None:
    """What differs on this program; None too where the engine says that it cannot explore it."""
    result = run(threads, cxx20=cxx20, check_repetition=True, blocking_allowed=True)
    if result.failure == "misuse":
        return None
    return differs(executions(threads, cxx20), result)


def test_the_suite_has_no_name_twice() -> None:
    """Each test of the suite has an id of its own, and there are at least forty different programs."""
    assert len({test.id for test in SUITE}) == len(SUITE)
    assert len({test.name for test in SUITE}) >= 40


@pytest.mark.parametrize("test", SUITE, ids=lambda test: test.id)
def test_the_explorer_gives_the_known_verdict(test: Litmus) -> None:
    """What RC11 allows is met, what it forbids is not, and known numbers of executions are hit exactly."""
    assert mistake(test, explored(test)) is None


@pytest.mark.parametrize(
    "test",
    [each for each in SUITE if not SLEEPS & {o.kind for thread in each.program for o in thread}],
    ids=lambda test: test.id,
)
def test_brute_force_gives_the_same_executions(test: Litmus) -> None:
    """Of each classical test, the axioms alone allow the same outcomes, each as often."""
    if len(test.program) > 3 and test.name == "CoRR2":
        pytest.skip("takes brute force too long")
    assert compared(test.program, test.cxx20) is None


@pytest.mark.parametrize("first", range(0, 200, 20))
@pytest.mark.parametrize("more", [False, True])
def test_random_programs_have_the_same_executions(first: int, more: bool) -> None:
    """Of random programs, the engine meets each execution that the axioms allow, and each once."""
    for seed in range(first, first + 20):
        threads = random_program(seed, threads=2 + seed % 2, length=2 + (seed + 1) % 2, more=more)
        assert compared(threads, cxx20=seed % 4 > 1) is None, (seed, threads)


@pytest.mark.parametrize("writers", range(2, 7))
def test_increments_come_in_every_order(writers: int) -> None:
    """n fetch-and-adds have n! executions, as each order of them is one."""
    factorial = 1
    for each in range(2, writers + 1):
        factorial *= each
    result = run(program(*["add x 1 rlx"] * writers), check_repetition=True)
    assert (result.complete, result.repeated, set(result.outcomes)) == (factorial, 0, {(writers,)})


@pytest.mark.parametrize("readers", range(1, 8))
def test_readers_of_one_store_double(readers: int) -> None:
    """One store and n readers have 2^n executions."""
    result = run(program("x = 1 rlx", *["r0 = x rlx"] * readers), check_repetition=True)
    assert (result.complete, result.repeated) == (2**readers, 0)
