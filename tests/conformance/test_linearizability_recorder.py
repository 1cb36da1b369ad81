"""Recorded histories of real threads pass the checker, and those of a faulty implementation fail it."""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import pytest
import spoilt

import fast_impl
from conformance.checks import CHECKS
from conformance.differential.lockstep import new_tally
from conformance.failure import Broken
from conformance.linearizability import Plan, check_history, record
from conformance.linearizability.payloads import decode, payload
from conformance.linearizability.recorder import HOLDS, POPS, timestamps
from conformance.targets import Target
from conformance.threads import Task
from spec_model import PopResult, PushResult

TRIES = {"pushes": ("try_push",), "pops": ("try_pop",), "calls": 8000}
FAULTY: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "loses": ("CON-3", {"producer": spoilt.Loses}, TRIES),
    "doubles": ("CON-3", {"producer": spoilt.Doubles}, TRIES),
    "tears": ("CON-3", {"producer": spoilt.Tears}, TRIES),
    "reorders": ("CON-3", {"producer": spoilt.Reorders}, TRIES),
    "says full": ("PSH-2", {"producer": spoilt.SaysFull}, TRIES),
    "says empty": ("POP-1", {"consumer": spoilt.SaysEmpty}, TRIES),
    "times out early": ("PSH-4", {"producer": spoilt.TimesOutEarly}, {**TRIES, "pushes": ("blocking_push",)}),
    "counts twice": ("STA-1", {"producer": spoilt.CountsTwice}, TRIES),
    "rewrites": ("MSG-1", {"consumer": spoilt.Rewrites}, {"pops": ("batch_pop", "reread"), "calls": 4000}),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_implementation_is_caught(name: str) -> None:
    """One wrong call in two hundred is found under its rule."""
    rule, handles, plan = FAULTY[name]
    with pytest.raises(Broken) as caught:
        check_history(record(spoilt.spoilt(**handles), Plan(1, **plan)))
    assert caught.value.rule == rule, caught.value.seen


def test_a_close_before_the_drain_is_caught() -> None:
    """A consumer that checks for the producer's close before it checks for messages is found within some rounds."""

    def rounds() -> None:
        for seed in range(400):
            check_history(
                record(spoilt.spoilt(consumer=spoilt.ClosesEarly), Plan(seed, ("try_push",), ("try_pop",), calls=20))
            )

    with pytest.raises(Broken) as caught:
        rounds()
    assert caught.value.rule == "CON-4", caught.value.seen


def test_a_hang_is_a_failure() -> None:
    """A pop that never wakes is reported with its call once no thread makes progress for the time allowed."""
    try:
        with pytest.raises(Broken) as caught:
            record(spoilt.spoilt(consumer=spoilt.NeverWakes), Plan(1, pops=("blocking_pop",)), hang_limit=1.0)
    finally:
        spoilt.NeverWakes.rescue.set()
    assert (caught.value.rule, caught.value.kind) == ("CON-5", "hang")
    assert "the consumer is in blocking_pop(None)" in caught.value.seen
    assert "has not returned" in [call["result"] for call in caught.value.details["timeline"]]


def test_a_recording_has_every_result() -> None:
    """The mix of calls reaches every result: full and empty queues, timeouts, refusals by exports, and closes."""
    seen: Counter[Any] = Counter()
    for seed, third in enumerate(("", "shutdown", "close_producer", "close_consumer", "requests", "statistics")):
        history = record(fast_impl, Plan(seed, calls=1500, pops=(*POPS, *HOLDS), third=third, after=1200))
        check_history(history)
        seen.update(event.got for event in history.producer if isinstance(event.got, PushResult))
        seen.update(event.got[0] for event in history.consumer if event.call in POPS)
        seen.update(event.call for event in history.third)
    assert set(PushResult) | set(PopResult) <= set(seen)
    assert {"shutdown", "close_producer", "close_consumer", "has_channel", "producer_stats"} <= set(seen)


def test_a_failing_check_reports_its_plan() -> None:
    """The checks count the operations checked and put the plan into the failure."""
    tally = new_tally()
    check = next(each for each in CHECKS if each.id == "CON-3/linearizability-try")
    check.run(Target("fast", fast_impl, frozenset({"threads"}), ""), tally)
    assert tally.operations == tally.figures["history operations"] > 25_000
    with pytest.raises(Broken) as caught:
        check.run(Target("spoilt", spoilt.spoilt(producer=spoilt.Loses), frozenset({"threads"}), ""), tally)
    assert Plan(**caught.value.details["plan"]).pops == ("try_pop",)


def test_a_plan_refuses_unknown_calls() -> None:
    """A call that the thread cannot make is refused."""
    with pytest.raises(ValueError, match="one of try_push, blocking_push, batch_push, reserve, not try_pop"):
        Plan(1, pushes=("try_pop",))


def test_payloads_determine_their_id() -> None:
    """Every id is decoded from its payload, and any byte of another payload is noticed."""
    sizes = Counter(len(payload(payload_id, 64)) for payload_id in range(1, 2000))
    assert (min(sizes), max(sizes)) == (8, 64)
    for payload_id in range(1, 2000):
        data = payload(payload_id, 64)
        assert decode(data, 64) == payload_id
        other = payload(payload_id + 57, 64)  # as long
        assert len(other) == len(data)
        for at in (payload_id % len(data), len(data) - 1):
            torn = data[:at] + other[at : at + 1] + data[at + 1 :]
            assert torn == data or decode(torn, 64) != payload_id
    assert decode(None, 64) is None
    assert decode(b"short", 64) == b"short"


@pytest.mark.parametrize("locked", [True, False])
def test_timestamps_are_unique(locked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Concurrent threads never take the same timestamp, with the interpreter's lock or without."""
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: locked, raising=False)
    take = timestamps()
    tasks = [Task(lambda: [take() for _ in range(20_000)]) for _ in range(3)]
    taken = [task.finish() for task in tasks]
    assert all(mine == sorted(mine) for mine in taken)
    assert sorted(timestamp for mine in taken for timestamp in mine) == list(range(1, 60_001))
