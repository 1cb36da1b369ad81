"""The explorer meets exactly as many executions as others have counted."""

from __future__ import annotations

import pytest

from conformance.exploration.litmus.counted import CLIENTS, COUNTED, Counted, client
from conformance.exploration.litmus.interpreter import run

pytestmark = [pytest.mark.once, pytest.mark.timeout(180)]


@pytest.mark.parametrize("each", COUNTED, ids=lambda each: each.name)
def test_a_program_has_its_known_number_of_executions(each: Counted) -> None:
    """Of a program in the short notation, the published number of executions is explored, none twice."""
    result = run(each.program, cxx20=each.cxx20, check_repetition=True)
    assert (result.failure, result.complete, result.repeated, result.cut) == (None, each.executions, 0, 0)


@pytest.mark.parametrize(("name", "size"), CLIENTS)
def test_a_program_that_computes_has_its_known_number_of_executions(name: str, size: int) -> None:
    """So it is where what is stored, and what is done next, depends on what was read."""
    result = client(name, size)
    assert result.proved and result.complete == CLIENTS[name, size][0]


def test_no_program_is_counted_twice() -> None:
    """Each has a name of its own."""
    assert len({each.name for each in COUNTED}) == len(COUNTED)
