"""`conformance.check`: the suite as a function of whatever makes brokers."""

from __future__ import annotations

from typing import Any

import pytest

import conformance
import fast_impl
import spec_model
from conformance.targets import Unusable

ONLY = ("PSH", "POP-2", "LIF-3", "BRK-1")
SEQUENTIAL = ("threads", "signals", "concurrent-use")


def test_a_factory_of_brokers_is_judged() -> None:
    """Its objects' types are found out from what it makes; what it lacks is not provided."""
    report = conformance.check(fast_impl.MailboxBroker, without=SEQUENTIAL, only=ONLY)
    assert report.holds
    assert report.verdict("PSH-2") == "holds"
    assert "conveniences" in report.not_provided


def test_a_factory_without_a_memory_limit_lacks_it() -> None:
    """A callable that takes no memory_limit is not asked for one."""
    report = conformance.check(lambda: spec_model.MailboxBroker(), without=SEQUENTIAL, only=("BRK",))
    assert "memory-limit" in report.not_provided
    assert report.verdict("BRK-3") == "holds"


def test_a_broken_one_raises_with_the_report() -> None:
    """The error names the rule, and has everything that was found."""

    class Producer(spec_model.ProducerHandle):
        def try_push(self, data: Any) -> spec_model.PushResult:
            full = self.available_slots() == 1
            return spec_model.PushResult.QUEUE_FULL if full else super().try_push(data)

    class Broker(spec_model.MailboxBroker):
        def request_channel(self, *arguments: Any) -> Any:
            error, pair = super().request_channel(*arguments)
            if pair is not None:
                pair.producer.__class__ = Producer
            return error, pair

    with pytest.raises(conformance.NotConforming, match="PSH-2") as caught:
        conformance.check(Broker, without=SEQUENTIAL, only=("PSH-2",))
    assert caught.value.report.verdict("PSH-2") == "broken"
    assert caught.value.report.failures[0].python


def test_a_maker_that_makes_no_channels_is_unusable() -> None:
    """The error says what it answered."""
    with pytest.raises(Unusable, match="ALLOCATION_FAILED"):
        conformance.check(lambda: spec_model.MailboxBroker(memory_limit=1))
    with pytest.raises(Unusable, match="no such feature: wings"):
        conformance.check(spec_model.MailboxBroker, without=("wings",))


def test_a_full_channel_of_its_own_is_used() -> None:
    """Checks that need a full queue take the one that make_full_channel makes."""
    made = 0

    def make_full() -> tuple[Any, Any]:
        nonlocal made
        made += 1
        broker = fast_impl.MailboxBroker()
        _, pair = broker.request_channel("full", fast_impl.ChannelConfig(8, 64))
        assert pair is not None
        assert pair.producer.batch_push([b"x"] * 8) == 8
        return broker, pair

    report = conformance.check(
        fast_impl.MailboxBroker, make_full, without=("concurrent-use",), only=("PSH-4/blocking-push-keeps-its-time",)
    )
    assert report.holds
    assert made == 1
