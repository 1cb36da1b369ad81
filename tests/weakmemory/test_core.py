"""The shipped core compiles against the explorer's seam and is explored; that it is right is for others to show."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from conformance.weakmemory.compile import core_library
from conformance.weakmemory.explorer import Options, Report, Result, explore

SUCCESS, CLOSED = 0, 2


def core(*flags: str) -> Result:
    """The client of core_client.c, explored."""
    library = ctypes.CDLL(str(core_library(Path(__file__).with_name("core_client.c"), flags)))

    def start(options: Options, report: Report) -> None:
        library.core_explore(ctypes.byref(options), ctypes.byref(report))

    return explore(library, start, check_repetition=True)


@pytest.mark.parametrize(
    ("flags", "outcome"),
    [
        (("-DMESSAGES=1",), (SUCCESS, SUCCESS, 1)),
        (("-DMESSAGES=2",), (SUCCESS, SUCCESS, SUCCESS, 1, SUCCESS, 2)),
        (("-DMESSAGES=1", "-DLEAVES"), (SUCCESS, SUCCESS, 1, CLOSED, 0)),
    ],
    ids=["one", "two", "one-and-close"],
)
def test_blocking_calls_have_one_outcome(flags: tuple[str, ...], outcome: tuple[int, ...]) -> None:
    """Whatever the order, blocking pushes and pops give every message in turn, and nobody sleeps for ever."""
    result = core(*flags)
    assert result.proved and not result.repeated, result.message
    assert set(result.outcomes) == {outcome}


@pytest.mark.parametrize("fence", ["SEAM_LIGHT", "SEAM_HEAVY"])
def test_with_a_fence_too_weak_a_wakeup_is_lost(fence: str) -> None:
    """Where the waker's or the sleeper's fence only acquires and releases, the core loses a wakeup."""
    result = core("-DMESSAGES=2", f"-D{fence}=wm_acq_rel")
    assert result.failure == "lost wakeup" and result.trace
