"""States for CrossHair to start the contracts from.

Left to itself, CrossHair fills a Channel field by field, and never in its time meets a
state that `well_formed` accepts: every contract would hold for want of a case. Here the
fields that depend on each other are derived, so that nearly every attempt is well formed;
counters, held messages and arguments stay symbolic, and the precondition is still asked.

What is enumerated: both sides x shut x reserved x no, one, all but one and all slots
waiting x exports of none, the newest, the oldest that still lets the state be, and both.
What is fixed: capacity 8 or 16, the bytes of the waiting messages, at most two channels.
"""

from __future__ import annotations

from typing import Any, TypeVar

from crosshair import ResumedTracing, SymbolicFactory, register_type
from crosshair.util import IgnoreAttempt

from spec_model.channel.value import Channel, Side
from spec_model.config import ChannelConfig
from spec_model.registry import Registry
from spec_model.vocabulary import ConsumerStats, ProducerStats

T = TypeVar("T")


def _pick(factory: SymbolicFactory, *options: T) -> T:
    """One of the options; CrossHair tries each."""
    for option in options[:-1]:
        if factory(bool, "_pick"):
            return option
    return options[-1]


def _from(factory: SymbolicFactory, least: Any) -> Any:
    """An integer from `least` up, kept symbolic."""
    number = factory(int, "_from")
    if number < least:
        raise IgnoreAttempt
    return number


def _channel(factory: SymbolicFactory, sides: tuple[Side, ...]) -> Channel:
    config = ChannelConfig(_pick(factory, 8, 16), _pick(factory, 64, 1000))
    full = config.capacity
    waiting = tuple(bytes([number]) * (1 + number % 3) for number in range(_pick(factory, 0, 1, full - 1, full)))
    producer, consumer = _pick(factory, *sides), _pick(factory, *sides)
    popped = _from(factory, 0)
    received = ConsumerStats(popped, _from(factory, popped), _from(factory, 0))
    sent = ProducerStats(popped + len(waiting), received.bytes_received + sum(map(len, waiting)), _from(factory, 0))
    exported = _pick(factory, (), (popped - 1,), (popped - full,), (popped - full, popped - 1))
    return Channel(
        config=config,
        producer=producer,
        consumer=consumer,
        shut=factory(bool, "_shut"),
        waiting=waiting,
        reserved=_pick(factory, False, True),
        held=_pick(factory, 0, _from(factory, 1)),
        exported=exported,
        sent=sent,
        received=received,
    )


def make_channel(factory: SymbolicFactory) -> Channel:
    """A channel as some handle may see it."""
    with ResumedTracing():
        return _channel(factory, (Side.LIVE, Side.CLOSED, Side.MOVED))


def make_registry(factory: SymbolicFactory) -> Registry:
    """A broker with up to two channels, with and without a memory limit."""
    with ResumedTracing():
        names = _pick(factory, (), ("a",), ("b", "a"))
        registry = Registry(channels=tuple((name, _channel(factory, (Side.LIVE, Side.CLOSED))) for name in names))
        messages = _pick(factory, 0, _from(factory, 1))
        return Registry(
            memory_limit=_pick(factory, None, registry.memory + _from(factory, 0)),
            channels=registry.channels,
            created=len(names) + _from(factory, 0),
            retired_messages=messages,
            retired_bytes=_from(factory, messages),
        )


register_type(Channel, make_channel)
register_type(Registry, make_registry)
