"""What the model allows a client to see: its operations in every order that respects each thread's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from conformance.weakmemory.core.client import Client, Operation
from spec_model.channel import lifecycle, popping, pushing, reserving
from spec_model.channel.value import Blocked, Channel
from spec_model.config import ChannelConfig
from spec_model.vocabulary import PopResult, PushResult

CONCURRENT_USE = 255
"""OMNI_CONCURRENT_USE as the script reports it."""

SIZE = 64
_PRODUCER = frozenset({"try_push", "blocking_push", "timed_push", "batch_push", "reserve", "commit", "rollback"})
_CONSUMER = frozenset({"try_pop", "blocking_pop", "timed_pop", "batch_pop"})
Outcome = tuple[int, ...]


class _Thread(NamedTuple):
    """next: the operation to come. begun: how far it is, where it takes several steps. held: the token last popped.

    read: how many messages had been popped when a batch of pushes began.
    """

    next: int = 0
    begun: int = 0
    held: int = 0
    read: int = 0
    results: Outcome = ()


class _World(NamedTuple):
    channel: Channel
    threads: tuple[_Thread, ...]


_Step = tuple[Channel, _Thread]


def outcomes(client: Client) -> frozenset[Outcome]:
    """Every outcome of the client that some order explains; deadlocks have none."""
    first = _World(Channel(ChannelConfig(client.capacity, SIZE)), tuple(_Thread() for _ in client.threads))
    seen, waiting, found = {first}, [first], set()
    while waiting:
        world = waiting.pop()
        if all(thread.next == len(script) for thread, script in zip(world.threads, client.threads, strict=True)):
            found.add(tuple(result for thread in world.threads for result in thread.results))
        for after in _successors(client, world):
            if after not in seen:
                seen.add(after)
                waiting.append(after)
    return frozenset(found)


def _successors(client: Client, world: _World) -> Iterator[_World]:
    for number, script in enumerate(client.threads):
        thread = world.threads[number]
        if thread.next == len(script):
            continue
        operation = script[thread.next]
        steps = list(_steps(operation, world.channel, thread))
        if thread.begun == 0 and _shared(client, number, operation.kind):
            steps.append((world.channel, _done(thread, CONCURRENT_USE)))
        for channel, after in steps:
            yield _World(channel, (*world.threads[:number], after, *world.threads[number + 1 :]))


def _shared(client: Client, number: int, kind: str) -> bool:
    """Whether another thread uses the same handle, so that the two may meet inside it [CON-2]."""
    side = _PRODUCER if kind in _PRODUCER else _CONSUMER if kind in _CONSUMER else frozenset()
    others = [script for other, script in enumerate(client.threads) if other != number]
    return any(operation.kind in side for script in others for operation in script)


def _done(thread: _Thread, *results: int) -> _Thread:
    return thread._replace(next=thread.next + 1, begun=0, read=0, results=(*thread.results, *results))


def message(token: int) -> bytes:
    """The message of a token, as the script sends it."""
    return bytes([token]) * (token % 8 + 1)


def _steps(operation: Operation, channel: Channel, thread: _Thread) -> Iterator[_Step]:
    kind, argument = operation
    if kind in ("try_push", "blocking_push", "timed_push"):
        yield from _push(kind, channel, thread, message(argument))
    elif kind == "batch_push":
        yield from _batch_push(channel, thread, argument)
    elif kind in ("try_pop", "blocking_pop", "timed_pop"):
        yield from _pop(kind, channel, thread)
    elif kind == "batch_pop":
        yield from _batch_pop(channel, thread, argument)
    elif kind == "reserve":
        after, granted = reserving.reserve(channel, 1)
        yield after, _done(thread, int(granted))
    elif kind == "commit":
        region = (bytes(8) + message(argument)).ljust(SIZE, b"\0")
        after, answer = reserving.commit(channel, region, len(message(argument)), 8)
        yield after, _done(thread, int(answer is True))
    elif kind == "rollback":
        yield reserving.rollback(channel)[0], _done(thread, 0)
    elif kind == "held":
        yield channel, _done(thread, thread.held)
    elif kind == "statistics":
        yield channel, _done(thread, channel.sent.messages_sent)
    else:
        end = {
            "close_producer": lifecycle.close_producer,
            "close_consumer": lifecycle.close_consumer,
            "shutdown": lifecycle.shut,
        }[kind]
        yield end(channel), _done(thread)


def _push(kind: str, channel: Channel, thread: _Thread, data: bytes) -> Iterator[_Step]:
    if kind == "try_push":
        after, result = pushing.try_push(channel, data)
        yield after, _done(thread, result.value)
        return
    after, answer = pushing.blocking_push(channel, data)
    if not isinstance(answer, Blocked):
        yield after, _done(thread, answer.value)
    elif kind == "timed_push":
        yield pushing.push_timed_out(channel)[0], _done(thread, PushResult.TIMEOUT.value)


def _pop(kind: str, channel: Channel, thread: _Thread) -> Iterator[_Step]:
    after, answer, taken = (popping.try_pop if kind == "try_pop" else popping.blocking_pop)(channel)
    if isinstance(answer, PopResult):
        token = taken[0][0] if taken else 0
        held = thread._replace(held=token) if taken else thread
        yield after, _done(held, answer.value | token << 8)
    elif kind == "timed_pop":
        yield popping.pop_timed_out(channel)[0], _done(thread, PopResult.TIMEOUT.value)


def _batch_push(channel: Channel, thread: _Thread, count: int) -> Iterator[_Step]:
    """One step per message: the peer may come between [PSH-6].

    The look that finds no slot may be older than the batch's own messages: nothing orders the two within one call.
    """
    read = thread.read if thread.begun else channel.received.messages_received
    if channel.sent.messages_sent - read >= channel.config.capacity:
        yield channel, _done(thread, thread.begun)
    after, result = pushing.batch_push(channel, [message(thread.begun + 1)])
    begun = thread.begun + result
    yield after, _done(thread, begun) if begun == count or not result else thread._replace(begun=begun, read=read)


def _batch_pop(channel: Channel, thread: _Thread, count: int) -> Iterator[_Step]:
    """A look, and then a take of what it saw: what comes in between may stay [POP-5]."""
    if thread.begun == 0 and channel.waiting and channel.consumer.value == "live":
        yield channel, thread._replace(begun=min(count, len(channel.waiting)))
        return
    after, answer, taken = popping.batch_pop(channel, thread.begun or count)
    if isinstance(answer, Blocked):
        yield channel, _done(thread, PopResult.EMPTY.value)
    elif isinstance(answer, PopResult):
        value = answer.value | sum(each[0] << 8 * (place + 1) for place, each in enumerate(taken))
        held = thread._replace(held=taken[0][0]) if taken else thread
        yield after, _done(held, value)
