"""The suite as a function: no command, no pytest, no process but the caller's."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import spec_model
from conformance.causes import explained
from conformance.checks import CHECKS
from conformance.execution import execute_check
from conformance.learned import Learned
from conformance.results import Report
from conformance.rules import RULES
from conformance.runner import Selection, enter, environment, excused
from conformance.targets import FEATURES, SHARED, Target, Unusable, absent, check_features
from conformance.targets.singleton import own_names
from conformance.workers.process import Outcome


class NotConforming(AssertionError):
    """Rules are broken; `report` has everything that was found."""

    def __init__(self, report: Report) -> None:
        broken = [rule for rule in RULES if report.verdict(rule) == "broken"]
        first = f"; first: {report.failures[0].seen}" if report.failures else ""
        super().__init__(f"{report.target} breaks {', '.join(broken) or 'no rule, but was not judged in full'}{first}")
        self.report = report


def check(
    make_broker: Callable[..., Any],
    make_full_channel: Callable[[], tuple[Any, Any]] | None = None,
    *,
    without: Iterable[str] = (),
    only: Iterable[str] = (),
    profile: str = "quick",
    **names: Any,
) -> Report:
    """Test the implementation whose brokers `make_broker` makes; raises NotConforming, with the report, if it fails.

    make_broker: called with nothing, or with `memory_limit` where it takes that.
    make_full_channel: a broker and a pair of capacity 8 and size 64 with eight messages waiting, where filling
        a channel by pushing would not do. without: features that the implementation lacks.
    only: ids, rules, areas or layers. names: public names that cannot be derived from a broker's objects,
        such as `open_channel`, or exceptions that are not the model's.

    Everything runs in this process: a target that crashes takes it along. `omni-conformance run` does not.
    """
    target = _target(make_broker, make_full_channel, frozenset(without), names)
    selection = Selection(tuple(only))
    report = Report(
        target.name, profile, whole=not selection.only, not_provided=dict(target.lacks), environment=environment()
    )
    known = Learned()
    for each in selection.chosen(CHECKS):
        excuse = excused(each, target.provides, selection)
        if excuse is None:
            result, tally, failures = execute_check(each, target, profile, known=known)
            enter(report, Outcome(result, failures, tally.coverage, tally.figures))
            known.learn(fact for failure in failures for fact in failure.facts)
        else:
            report.checks.append(excuse)
    report.failures = explained(report.failures)
    if not report.holds:
        raise NotConforming(report)
    return report


def _target(
    make_broker: Callable[..., Any],
    make_full: Callable[[], tuple[Any, Any]] | None,
    without: frozenset[str],
    given: dict[str, Any],
) -> Target:
    """The names that checks use, made from a broker and what it makes; Unusable where that fails."""
    check_features(without)
    broker = make_broker()
    error, pair = broker.request_channel("conformance", spec_model.ChannelConfig(8, 64))
    if pair is None:
        raise Unusable(f"make_broker made a broker that refuses a channel: {error}")
    with pair:
        reservation = pair.producer.reserve(1)
        pair.producer.rollback()
        pair.producer.try_push(b"x")
        message = pair.consumer.try_pop()[1]
        types = {
            "ChannelPair": type(pair), "ProducerHandle": type(pair.producer), "ConsumerHandle": type(pair.consumer),
            "Message": type(message), "Reservation": type(reservation),
        }  # fmt: skip
    names = {**{name: getattr(spec_model, name) for name in SHARED}, **types, **given}
    names["MailboxBroker"] = _maker(make_broker, type(broker))
    if make_full is not None:
        names["make_full_channel"] = make_full
    omni: Any = SimpleNamespace(**names)
    lacks = {**absent(omni), **dict.fromkeys(without, "says the caller")}
    if "brokers" in lacks:
        lacks.setdefault("memory-limit", "no brokers of its own")
    if "memory_limit" not in _parameters(make_broker):
        lacks.setdefault("memory-limit", "make_broker takes no memory_limit")
    if "open_channel" not in names:
        lacks.setdefault("conveniences", "no open_channel was given")
    lacks.setdefault("flatbuffers", "not there")
    name = f"{type(broker).__module__}.{type(broker).__qualname__}"
    if "brokers" in lacks:
        omni = own_names(omni, make_broker)
    return Target(name, omni, frozenset(FEATURES) - frozenset(lacks), "omni = ...", lacks)


def _maker(make_broker: Callable[..., Any], kind: type) -> type:
    """A class whose calls are `make_broker`'s, and whose instances are its brokers."""
    the_one = functools.cache(kind.instance if hasattr(kind, "instance") else make_broker)

    class Maker(type):
        def __call__(cls, **options: Any) -> Any:
            return make_broker(**options)

        def __getattr__(cls, name: str) -> Any:
            return getattr(kind, name)

        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, kind)

        def instance(cls) -> Any:
            return the_one()

    return Maker(kind.__name__, (), {})


def _parameters(function: Callable[..., Any]) -> Iterable[str]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return ()
