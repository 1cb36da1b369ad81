"""A handle ends: closed, or freed, which closes it first."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.exploration.clients.steps.world import Stage, Step, Thread, World


def end(side: str, world: World, thread: Thread, frees: bool) -> Iterator[Step]:
    """The next stage of the end of that handle; where it has ended already, or another thread ends it, nothing more."""
    entry = world.entries[thread.channel]
    stage = entry.producer if side == "producer" else entry.consumer
    if thread.begun or stage is Stage.OPEN:
        if stage is Stage.INACTIVE and world.is_inside(thread.channel, side):
            return  # it waits for who is inside [LIF-8]
        stage = Stage(stage + 1)
        entry = entry._replace(producer=stage) if side == "producer" else entry._replace(consumer=stage)
        if stage is not Stage.CLOSED:
            yield world.with_entry(thread.channel, entry), thread._replace(begun=1)
            return
        thread = thread.knowing(side, entry)
    yield world.with_entry(thread.channel, entry._replace(freed=entry.freed + frees)), thread.done()
