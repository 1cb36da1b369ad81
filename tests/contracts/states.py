"""States for CrossHair to start the contracts from.

Left to itself, CrossHair fills a Channel field by field, and never in its time meets a
state that `well_formed` accepts: every contract would hold for want of a case. Here the
fields that depend on each other are chosen together, so that every state made is well
formed; the precondition is still asked. Arguments, bytes counted and failures counted
stay symbolic.

Chosen from a few: the states of both sides, shut or not; no, one, all but one and all
slots waiting; reserved or not; no, one, `capacity` and many messages popped, of them none,
one or all held, and exported none, the newest, the oldest that may be, or both.
Fixed: capacity 8, max_message_size 64, the waiting messages' bytes; up to two channels.
"""

from __future__ import annotations

from typing import Any, TypeVar

from crosshair import ResumedTracing, SymbolicFactory, register_type

from spec_model.channel.value import Channel, Side
from spec_model.config import ChannelConfig
from spec_model.registry import Registry
from spec_model.vocabulary import ConsumerStats, ProducerStats

T = TypeVar("T")

CONFIG = ChannelConfig(8, 64)
MESSAGES = tuple(bytes([number]) * (1 + number % 3) for number in range(CONFIG.capacity))


def _pick(factory: SymbolicFactory, *options: T) -> T:
    """One of the options; CrossHair tries each."""
    if len(options) == 1:
        return options[0]
    middle = len(options) // 2
    return _pick(factory, *(options[:middle] if factory(bool, "_pick") else options[middle:]))


def _natural(factory: SymbolicFactory) -> Any:
    """An integer from 0 up, kept symbolic."""
    number = factory(int, "_natural")
    factory.space.add(number.var >= 0)
    return number


def _channel(factory: SymbolicFactory, *sides: tuple[Side, Side]) -> Channel:
    full = CONFIG.capacity
    producer, consumer = _pick(factory, *sides)
    waiting = MESSAGES[: _pick(factory, 0, 1, full - 1, full)]
    popped = _pick(factory, 0, 1, full, 3 * full)
    oldest, newest = max(0, popped - full), popped - 1
    exports = [(), (newest,)] if popped == 1 else [(), (newest,), (oldest,), (oldest, newest)]
    received = ConsumerStats(popped, popped + _natural(factory) if popped else 0, _natural(factory))
    return Channel(
        config=CONFIG,
        producer=producer,
        consumer=consumer,
        shut=_pick(factory, False, True),
        waiting=waiting,
        reserved=producer is not Side.CLOSED and len(waiting) < full and _pick(factory, False, True),
        held=0 if consumer is Side.CLOSED or popped == 0 else _pick(factory, 0, 1, min(popped, full)),
        exported=_pick(factory, *exports) if popped else (),
        sent=ProducerStats(popped + len(waiting), received.bytes_received + sum(map(len, waiting)), _natural(factory)),
        received=received,
    )


def make_channel(factory: SymbolicFactory) -> Channel:
    """A channel as some handle may see it."""
    with ResumedTracing():
        live = (Side.LIVE, Side.LIVE)  # the one with most to go wrong, so tried most
        return _channel(factory, live, *((producer, consumer) for producer in Side for consumer in Side))


def make_registry(factory: SymbolicFactory) -> Registry:
    """A broker with up to two channels, with and without a memory limit."""
    with ResumedTracing():
        names = _pick(factory, (), ("a",), ("b", "a"))
        sides = ((Side.LIVE, Side.LIVE), (Side.LIVE, Side.CLOSED), (Side.CLOSED, Side.LIVE))
        channels = tuple((name, _channel(factory, *sides)) for name in names)
        memory = len(names) * CONFIG.capacity * CONFIG.max_message_size
        gone, messages = _natural(factory), _natural(factory)
        some_gone = bool(gone > 0)
        return Registry(
            memory_limit=_pick(factory, None, memory + _natural(factory)),
            channels=channels,
            created=len(names) + gone,
            retired_messages=messages if some_gone else 0,
            retired_bytes=messages + _natural(factory) if some_gone else 0,
        )


register_type(Channel, make_channel)
register_type(Registry, make_registry)
