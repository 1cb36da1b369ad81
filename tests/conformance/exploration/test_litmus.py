"""The explorer agrees with RC11: on classical tests, on published counts, and with brute force on random programs."""

from __future__ import annotations

import pytest

from conformance.exploration.litmus import program, run
from conformance.exploration.litmus.counted import CLIENTS, COUNTED, Counted, client
from conformance.exploration.litmus.differential import compare, compared
from conformance.exploration.litmus.suite import SUITE, Litmus, explored, mistake

pytestmark = [pytest.mark.once, pytest.mark.timeout(180)]
SLEEPS = {"sleep", "wake"}


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
    seen = compared(test.program, test.cxx20)
    assert seen is not None and seen[1] is None


@pytest.mark.parametrize(
    "first", [pytest.param(first, marks=[pytest.mark.slow] if first >= 96 else []) for first in range(0, 480, 48)]
)
def test_random_programs_have_the_same_executions(first: int) -> None:
    """Of random programs, the engine meets each execution that the axioms allow, and each once."""
    total = compare(range(first, first + 48))
    assert total.programs > 20 and not total.wrong


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


@pytest.mark.parametrize(
    "each",
    [pytest.param(each, marks=[pytest.mark.slow] if each.executions > 5_000 else []) for each in COUNTED],
    ids=lambda each: each.name,
)
def test_a_program_has_its_known_number_of_executions(each: Counted) -> None:
    """Of a program in the short notation, the published number of executions is explored, none twice."""
    result = run(each.program, cxx20=each.cxx20, check_repetition=True)
    assert (result.failure, result.complete, result.repeated, result.cut) == (None, each.executions, 0, 0)


@pytest.mark.parametrize(
    ("name", "size"),
    [pytest.param(*each, marks=[pytest.mark.slow] if CLIENTS[each][0] > 10_000 else []) for each in CLIENTS],
)
def test_a_program_that_computes_has_its_known_number_of_executions(name: str, size: int) -> None:
    """So it is where what is stored, and what is done next, depends on what was read."""
    result = client(name, size)
    assert result.clean and result.complete == CLIENTS[name, size][0]


def test_no_program_is_counted_twice() -> None:
    """Each has a name of its own."""
    assert len({each.name for each in COUNTED}) == len(COUNTED)
