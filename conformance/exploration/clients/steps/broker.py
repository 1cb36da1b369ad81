"""The broker's operations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from conformance.exploration.clients.client import Operation
from conformance.exploration.clients.steps import counters
from conformance.exploration.clients.steps.world import (
    MESSAGE_SIZE,
    NOTHING_COUNTED,
    Code,
    Entry,
    SmallConfig,
    Step,
    Thread,
    World,
)
from spec_model import registry
from spec_model.vocabulary import ChannelError


def steps(operation: Operation, world: World, thread: Thread) -> Iterator[Step]:
    """What may come next of this operation."""
    kind, argument = operation
    name = chr(argument)
    if kind == "request":
        yield from _request(world, thread, name)
    elif kind == "has":
        yield world, thread.done(int(registry.has_channel(world.registry, name)))
    elif kind == "remove":
        yield world, thread.done(int(registry.remove_channel(world.registry, name)[1]))
    elif kind == "broker_statistics":
        yield from _statistics(world, thread)
    elif kind == "shutdown":
        yield from _shutdown(world, thread)
    elif kind in ("shutdown_wait", "timed_shutdown_wait"):
        yield from _shutdown_wait(kind, world, thread)
    elif kind == "free_broker":
        yield world._replace(broker=False), thread.done()
    else:
        yield world, thread.done(1)
        if thread.mishaps < world.client.refusals:
            yield world, thread.mishap(0)


def _statistics(world: World, thread: Thread) -> Iterator[Step]:
    """The channels, exactly; the totals sum up what may be stale of a registered channel, and never fall [BRK-11]."""
    stats = registry.get_stats(world.registry)
    histories = [
        [sent for sent, _ in (each.history if each.registered else each.history[-1:])] for each in world.entries
    ]
    totals = [{sum(values) for values in product(*({sent[n] for sent in each} for each in histories))} for n in (0, 1)]
    for messages, size in product(*totals):
        if messages >= thread.totals[0] and size >= thread.totals[1]:
            at = thread._replace(totals=(messages, size))
            yield world, at.done(counters.packed((*stats[:2], messages, size)))


def _request(world: World, thread: Thread, name: str) -> Iterator[Step]:
    config = SmallConfig(world.client.capacity, MESSAGE_SIZE)
    after, error = registry.request_channel(world.registry, name, config)
    nothing = thread._replace(channel=-1, known=NOTHING_COUNTED)
    if error:
        yield world, nothing.done(error.value)
        return
    channel = registry.lookup(after, name)
    assert channel is not None
    made = world._replace(entries=(*world.entries, Entry(name, channel)))
    yield made, nothing._replace(channel=len(world.entries)).done(error.value)
    if thread.mishaps < world.client.refusals:
        yield world, nothing.mishap(ChannelError.ALLOCATION_FAILED.value)  # BRK-5


def _shutdown(world: World, thread: Thread) -> Iterator[Step]:
    """One channel after the other, and of each its two ends, the pushes' first: SHD-1 asks only that all is shut when
    the call returns. In between it waits for who is inside a producer, or its message came after CHANNEL_CLOSED.
    """
    if thread.begun == 0:
        yield world, thread._replace(begun=1, ticket=len(world.entries))
        return
    for number, entry in enumerate(world.entries[: thread.ticket]):
        if entry.shut == 2 or not entry.registered:
            continue
        if entry.shut == 0 or not world.is_inside(number, "producer"):
            yield world.with_entry(number, entry._replace(shut=entry.shut + 1)), thread
        return
    yield world, thread.done()


def _shutdown_wait(kind: str, world: World, thread: Thread) -> Iterator[Step]:
    """Until every channel there was when it began is gone; those made since are no part of it [SHD-2, SHD-3]."""
    if not any(entry.registered for entry in world.entries[: thread.ticket]):
        yield world, thread.done(1)
        return
    if kind == "timed_shutdown_wait":
        yield world, thread.done(0)
    if thread.mishaps < world.client.signals:
        yield world, thread.mishap(Code.INTERRUPTED)
