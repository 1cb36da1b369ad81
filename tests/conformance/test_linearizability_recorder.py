"""Recorded histories of real threads pass the checker, and those of a faulty implementation fail it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

import fast_impl
from conformance.checks import CHECKS
from conformance.differential.lockstep import new_tally
from conformance.failure import Broken
from conformance.linearizability import Plan, check_history, record
from conformance.linearizability.history import HOLDS, POPS, timestamps
from conformance.linearizability.payloads import decode, payload
from conformance.targets import Target
from conformance.threads import Task
from spec_model import PopResult, ProducerStats, PushResult

# ---- the fast implementation with one thing wrong now and then, each a thin wrapper about a handle ----


RARELY = 200
"""One call in so many goes wrong."""


class Around:
    """A handle that passes everything on, but for what a subclass does otherwise."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def due(self) -> bool:
        """Whether this call is the one in so many."""
        self.calls += 1
        return self.calls % RARELY == 0


class Loses(Around):
    def try_push(self, data: bytes) -> Any:
        return PushResult.SUCCESS if data and self.due() else self.inner.try_push(data)


class Doubles(Around):
    def try_push(self, data: bytes) -> Any:
        if data and self.due():
            self.inner.try_push(data)
        return self.inner.try_push(data)


class Tears(Around):
    last = b""

    def try_push(self, data: bytes) -> Any:
        half = len(data) // 2
        if self.due() and len(self.last) > half:
            data = self.last[:half] + data[half:]
        self.last = data
        return self.inner.try_push(data)


class Reorders(Around):
    kept = b""

    def try_push(self, data: bytes) -> Any:
        if data and not self.kept and self.due() and self.inner.available_slots() > 2:
            self.kept = data
            return PushResult.SUCCESS
        result = self.inner.try_push(data)
        if result and self.kept:
            self.inner.blocking_push(self.kept)
            self.kept = b""
        return result


class SaysFull(Around):
    def try_push(self, data: bytes) -> Any:
        if data and self.due() and self.inner.available_slots() > 4:
            return PushResult.QUEUE_FULL
        return self.inner.try_push(data)


class TimesOutEarly(Around):
    def blocking_push(self, data: bytes, timeout: Any = None) -> Any:
        if self.due() and self.inner.available_slots() > 4:
            return PushResult.TIMEOUT
        return self.inner.blocking_push(data, timeout)


class CountsTwice(Around):
    def get_stats(self) -> Any:
        sent, size, failed = self.inner.get_stats()
        return ProducerStats(sent + 1, size, failed)


class SaysEmpty(Around):
    def try_pop(self) -> Any:
        if self.due() and self.inner.available_messages() > 2:
            return PopResult.EMPTY, None
        return self.inner.try_pop()


class ClosesEarly(Around):
    def try_pop(self) -> Any:
        if not self.inner.is_connected() and self.inner.available_messages():
            return PopResult.CHANNEL_CLOSED, None
        return self.inner.try_pop()


class Rewrites(Around):
    """Its messages read otherwise the second time."""

    def batch_pop(self, most: int, timeout: Any = 0) -> Any:
        result, messages = self.inner.batch_pop(most, timeout)
        return result, [Rewritten(message) if self.due() else message for message in messages]


class Rewritten(Around):
    def __bytes__(self) -> bytes:
        self.calls += 1
        data = bytes(self.inner)
        return data if self.calls == 1 else data[::-1]


class NeverWakes(Around):
    """A pop that waits for ever does so, whatever comes; `rescue` ends it when the test is over."""

    rescue = Event()

    def blocking_pop(self, timeout: Any = None) -> Any:
        if timeout is None:
            self.rescue.wait()
        return self.inner.blocking_pop(timeout)


def spoilt(producer: Callable[[Any], Any] = Around, consumer: Callable[[Any], Any] = Around) -> Any:
    """The names of the fast implementation, with its handles wrapped."""

    class MailboxBroker:
        def __init__(self) -> None:
            self.inner = fast_impl.MailboxBroker()

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        def request_channel(self, name: str, config: Any) -> Any:
            error, pair = self.inner.request_channel(name, config)
            if pair is None:
                return error, None
            return error, Pair(producer(pair.producer), consumer(pair.consumer))

    names = {name: getattr(fast_impl, name) for name in fast_impl.__all__}
    return SimpleNamespace(**{**names, "MailboxBroker": MailboxBroker})


class Pair:
    """Two handles."""

    def __init__(self, producer: Any, consumer: Any) -> None:
        self.producer, self.consumer = producer, consumer

    def __iter__(self) -> Any:
        return iter((self.producer, self.consumer))

    def close(self) -> None:
        self.producer.close()
        self.consumer.close()


# ---- its histories, and those of the fast implementation ----


TRIES = {"pushes": ("try_push",), "pops": ("try_pop",), "calls": 8000}
FAULTY: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "loses": ("CON-3", {"producer": Loses}, TRIES),
    "doubles": ("CON-3", {"producer": Doubles}, TRIES),
    "tears": ("CON-3", {"producer": Tears}, TRIES),
    "reorders": ("CON-3", {"producer": Reorders}, TRIES),
    "says full": ("PSH-2", {"producer": SaysFull}, TRIES),
    "says empty": ("POP-1", {"consumer": SaysEmpty}, TRIES),
    "times out early": ("PSH-4", {"producer": TimesOutEarly}, {**TRIES, "pushes": ("blocking_push",)}),
    "counts twice": ("STA-1", {"producer": CountsTwice}, TRIES),
    "rewrites": ("MSG-1", {"consumer": Rewrites}, {"pops": ("batch_pop", "reread"), "calls": 4000}),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_implementation_is_caught(name: str) -> None:
    """One wrong call in two hundred is found under its rule."""
    rule, handles, plan = FAULTY[name]
    with pytest.raises(Broken) as caught:
        check_history(record(spoilt(**handles), Plan(1, **plan)))
    assert caught.value.rule == rule, caught.value.seen


def test_a_close_before_the_drain_is_caught() -> None:
    """A consumer that checks for the producer's close before it checks for messages is found within some rounds."""

    def rounds() -> None:
        for seed in range(400):
            check_history(record(spoilt(consumer=ClosesEarly), Plan(seed, ("try_push",), ("try_pop",), calls=20)))

    with pytest.raises(Broken) as caught:
        rounds()
    assert caught.value.rule == "CON-4", caught.value.seen


def test_a_hang_is_a_failure() -> None:
    """A pop that never wakes is reported with its call once no thread makes progress for the time allowed."""
    try:
        with pytest.raises(Broken) as caught:
            record(spoilt(consumer=NeverWakes), Plan(1, pops=("blocking_pop",)), hang_limit=1.0)
    finally:
        NeverWakes.rescue.set()
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
        check.run(Target("spoilt", spoilt(producer=Loses), frozenset({"threads"}), ""), tally)
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
