"""What the model allows a client to see: its operations in every order that respects each thread's own."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.exploration.clients.client import BROKERS, PRODUCERS, Client, Operation
from conformance.exploration.clients.steps import broker, consumer, producer
from conformance.exploration.clients.steps.world import (
    NOTHING_COUNTED,
    Code,
    Entry,
    Outcome,
    SmallConfig,
    Stage,
    Step,
    Thread,
    World,
)
from spec_model.channel.value import Channel


def outcomes(client: Client) -> frozenset[Outcome]:
    """Every outcome of the client that some order explains; deadlocks have none."""
    prepared = client._replace(threads=(client.setup,))
    entries = () if client.bare else (Entry("\0", Channel(SmallConfig(client.capacity, 64))),)
    first = World(prepared, (Thread(-1 if client.bare else 0),), entries)
    starts = [_started(client, world) for world in _ends([first])]
    return frozenset(
        (*(result for thread in world.threads for result in thread.results), world.allocated) for world in _ends(starts)
    )


def _started(client: Client, prepared: World) -> World:
    """Every thread begins with what the setup has left."""
    left = prepared.threads[0]
    known = NOTHING_COUNTED if left.channel < 0 else prepared.entries[left.channel].history[-1]
    thread = Thread(left.channel, held=left.held, pinned=left.pinned, ticket=left.ticket, known=known)
    return prepared._replace(client=client, threads=(thread,) * len(client.threads))


def _ends(starts: list[World]) -> Iterator[World]:
    """The worlds in which every thread has ended."""
    seen, waiting = set(starts), list(starts)
    while waiting:
        world = waiting.pop()
        if all(thread.next == len(script) for thread, script in zip(world.threads, world.client.threads, strict=True)):
            yield world
        for after in _successors(world):
            if after not in seen:
                seen.add(after)
                waiting.append(after)


def _successors(world: World) -> Iterator[World]:
    for number, script in enumerate(world.client.threads):
        thread = world.threads[number]
        if thread.next == len(script):
            continue
        others = world.threads[:number], world.threads[number + 1 :]
        for after, at in _steps(number, script[thread.next], world):
            yield after._replace(threads=(*others[0], at, *others[1]))


def _steps(number: int, operation: Operation, world: World) -> Iterator[Step]:
    thread, kind = world.threads[number], operation.kind
    if kind == "hand":
        yield world._replace(handed=(thread.held, thread.pinned)), thread.done()
    elif kind == "take":
        if world.handed is not None:
            held, pinned = world.handed
            yield world, thread._replace(held=held, pinned=pinned).done()
    elif kind in BROKERS:
        yield from broker.steps(operation, world, thread)
    elif thread.channel < 0:
        yield world, thread.done()  # it got no channel: nothing is done
    else:
        yield from _handle_steps(number, operation, world)


def _handle_steps(number: int, operation: Operation, world: World) -> Iterator[Step]:
    thread, kind = world.threads[number], operation.kind
    side, of_side = ("producer", producer) if kind in PRODUCERS else ("consumer", consumer)
    if kind in of_side.GATED and not thread.inside:
        if _may_meet(number, world, of_side.GATED):
            yield world, thread.done(Code.CONCURRENT_USE)  # CON-2
        entry = world.entries[thread.channel]
        stage = entry.producer if side == "producer" else entry.consumer
        if stage is Stage.OPEN and world.is_inside(thread.channel, side):
            return
    for after, at in of_side.steps(operation, world, thread):
        yield after, at.knowing(side, after.entries[thread.channel]) if kind in of_side.GATED else at


def _may_meet(number: int, world: World, gated: frozenset[str]) -> bool:
    """Whether another thread may be inside the same handle, or on its way: in the operation to come, or the one done.

    Two on their way at once may both be turned away: each has told the other before it looked.
    """
    for other, (thread, script) in enumerate(zip(world.threads, world.client.threads, strict=True)):
        if other == number or thread.channel != world.threads[number].channel:
            continue
        near = script[max(0, thread.next - 1) : thread.next + 1]
        if any(operation.kind in gated for operation in near):
            return True
    return False
