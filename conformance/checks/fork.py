"""What a child of fork has of its parent's channels (an addition)."""

from __future__ import annotations

import os
import select
import signal
import traceback
from collections.abc import Callable
from typing import Any

from conformance.checks.registry import function
from conformance.threads import LIMIT, Hung, Task, open_pair


def in_child(body: Callable[[], None], meanwhile: Callable[[], None] = lambda: None) -> None:
    """Run `body` in a child, and `meanwhile` here; raises what the first raised, as text, or Hung."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            body()
        except BaseException:
            os.write(writing, traceback.format_exc()[-4000:].encode())
        os._exit(0)
    os.close(writing)
    try:
        meanwhile()
        if not select.select([reading], [], [], LIMIT)[0]:
            raise Hung(f"in a child of fork: it did not end within {LIMIT:g} s")
        said = os.read(reading, 4096).decode()
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    assert not said, f"in a child of fork: {said}"
    assert status in (0, signal.SIGKILL), f"a child of fork ended with status {status}"


def _is_inactive(omni: Any, producer: Any, consumer: Any) -> None:
    closed, none = omni.PushResult.CHANNEL_CLOSED, (omni.PopResult.CHANNEL_CLOSED, None)
    assert producer.try_push(b"x") is closed and producer.blocking_push(b"x") is closed
    assert producer.batch_push([b"x"]) == 0 and producer.reserve(1) is None and producer.commit(1) is False
    producer.rollback()
    assert consumer.try_pop() == none and consumer.blocking_pop() == none
    assert consumer.batch_pop(8, None) == (omni.PopResult.CHANNEL_CLOSED, [])
    assert not producer.is_connected() and not consumer.is_connected()
    assert producer.available_slots() == 0 == consumer.available_messages()


@function("LIF-9", "fork descriptors")
def an_inherited_descriptor_is_left_alone(omni: Any) -> None:
    """A child's close wakes nobody of the parent's, and its handle has no descriptor."""
    _, pair = open_pair(omni)
    descriptor = pair.consumer.fileno()
    assert pair.consumer.try_pop()[0].name == "EMPTY"

    def child() -> None:
        try:
            raise AssertionError(f"an inherited handle has descriptor {pair.consumer.fileno()}")
        except ValueError:
            pass
        pair.close()

    in_child(child)
    assert not select.select([descriptor], [], [], 0)[0], "the child has written to its parent's descriptor"
    assert pair.producer.try_push(b"x")
    assert select.select([descriptor], [], [], 0)[0], "a message waits, and the descriptor is not readable"
    pair.close()


@function("LIF-9", "fork")
def an_inherited_handle_is_inactive(omni: Any) -> None:
    """Calls answer as after a close, with the statistics of the fork; a reservation has ended; the parent has both."""
    broker, pair = open_pair(omni)
    producer, consumer = pair
    assert producer.try_push(b"1") and producer.try_push(b"22") and consumer.try_pop()[0]
    reservation = producer.reserve(1)

    def child() -> None:
        _is_inactive(omni, producer, consumer)
        try:
            raise AssertionError(f"the reservation still gives {reservation.data}")
        except ValueError:
            pass
        assert producer.capacity() == 8 == consumer.capacity()
        for _ in range(2):
            assert producer.get_stats() == omni.ProducerStats(2, 3, 0), producer.get_stats()
            assert consumer.get_stats() == omni.ConsumerStats(1, 1, 0), consumer.get_stats()
            pair.close()
        moved = producer.move()
        assert moved.try_push(b"x") is omni.PushResult.CHANNEL_CLOSED and moved.capacity() == 8

    in_child(child)
    in_child(lambda: in_child(child))
    counting = Task(broker.get_stats)
    assert counting.ends(LIMIT), "another thread of the parent's waits for a lock that the fork has left"
    assert counting.finish().active_channels == 1
    assert producer.commit(1) and len(consumer.batch_pop(9)[1]) == 2
    pair.close()


@function("LIF-9", "fork memory-limit brokers")
def every_broker_of_a_child_is_as_new(omni: Any) -> None:
    """Nothing registered, counted or used of a limit; what is requested there works, and the parent has what it had."""
    config = omni.ChannelConfig(8, 64)
    broker, shared = omni.MailboxBroker(memory_limit=8 * 64), omni.MailboxBroker.instance()
    _, pair = broker.request_channel("a", config)
    _, other = shared.request_channel("LIF-9", config)
    _, gone = shared.request_channel("LIF-9, gone", config)
    gone.close()
    assert pair.producer.try_push(b"x")
    before = shared.get_stats()

    def child() -> None:
        assert omni.MailboxBroker.instance() is shared
        for each, name in ((broker, "a"), (shared, "LIF-9")):
            assert each.get_stats() == omni.BrokerStats(0, 0, 0, 0), each.get_stats()
            assert not each.has_channel(name), f"{name} is registered"
            assert each.shutdown() is True
            error, own = each.request_channel(name, config)
            assert error is omni.ChannelError.SUCCESS, error
            pair.close()
            other.close()
            assert each.has_channel(name), "the end of an inherited handle ended a channel of the child's"
            assert own.producer.try_push(b"own") and bytes(own.consumer.try_pop()[1]) == b"own"
            assert each.get_stats() == omni.BrokerStats(1, 1, 1, 3), each.get_stats()
            assert each.shutdown(0) is False
            own.close()
            assert each.get_stats() == omni.BrokerStats(0, 1, 1, 3), each.get_stats()

    in_child(child)
    assert broker.has_channel("a") and shared.get_stats() == before
    assert bytes(pair.consumer.try_pop()[1]) == b"x"
    pair.close()
    other.close()


@function("LIF-9", "fork threads")
def no_call_of_a_child_waits_for_a_thread_of_its_parents(omni: Any) -> None:
    """Threads are blocked in a pop, a push and a shutdown: the child closes all of it, and the parent's go on."""
    broker, pair = open_pair(omni)
    full = broker.request_channel("full", omni.ChannelConfig(8, 64))[1]
    while full.producer.try_push(b"x"):
        pass
    blocked = Task(pair.consumer.blocking_pop), Task(full.producer.blocking_push, b"y"), Task(broker.shutdown, 1000)
    popping, pushing, shutting = blocked
    # The shutdown wakes the others; each of them goes on when it may.
    assert shutting.asleep()
    assert popping.finish()[0] is omni.PopResult.CHANNEL_CLOSED
    assert pushing.finish() is omni.PushResult.CHANNEL_CLOSED
    again = broker.request_channel("again", omni.ChannelConfig(8, 64))[1]
    popping = Task(again.consumer.blocking_pop)
    assert popping.asleep()

    def child() -> None:
        for each in (pair, full, again):
            _is_inactive(omni, each.producer, each.consumer)
            each.close()
        assert broker.shutdown() is True
        assert broker.request_channel("again")[0] is omni.ChannelError.SUCCESS

    in_child(child)
    assert again.producer.try_push(b"x")
    result, message = popping.finish()
    assert result and bytes(message) == b"x"
    pair.close()
    full.close()
    assert shutting.finish() is True
    again.close()


@function("LIF-9", "fork pins")
def what_was_popped_before_a_fork_stays_readable(omni: Any) -> None:
    """Views always, messages until the child's close: whatever the parent sends meanwhile."""
    _, pair = open_pair(omni)
    producer, consumer = pair
    assert producer.batch_push([b"one", b"two"]) == 2
    first, second = consumer.batch_pop(2)[1]
    view = first.data
    going, go = os.pipe()

    def child() -> None:
        os.close(go)
        os.read(going, 1)
        assert consumer.try_pop()[0] is omni.PopResult.CHANNEL_CLOSED
        assert (bytes(view), bytes(first), bytes(second.data)) == (b"one", b"one", b"two")
        consumer.close()
        assert consumer.try_pop()[0] is omni.PopResult.CHANNEL_CLOSED  # nor is it readable again for a call after that
        producer.close()
        assert bytes(view) == b"one"
        try:
            raise AssertionError(f"after the close in the child, the message reads {bytes(second)!r}")
        except omni.MessageExpiredError:
            pass

    def overwrite() -> None:
        for _ in range(10):
            producer.batch_push([b"other"] * 8)
            consumer.batch_pop(8)
        os.close(go)

    in_child(child, overwrite)
    os.close(going)
    assert bytes(view) == b"one"
    pair.close()


@function("LIF-9", "fork detaching")
def a_token_of_before_a_fork_is_none(omni: Any) -> None:
    """ValueError in the child, whose own tokens are others; the parent attaches the end."""
    _, pair = open_pair(omni)
    token = pair.consumer.detach()

    def child() -> None:
        for call in (omni.attach, omni.close_detached):
            try:
                raise AssertionError(f"{call.__name__} took the token: {call(token)}")
            except ValueError:
                pass
        _, own = open_pair(omni)
        again = own.producer.detach()
        assert again != token
        assert omni.attach(again).try_push(b"x")

    in_child(child)
    assert pair.producer.try_push(b"x")
    consumer = omni.attach(token)
    assert bytes(consumer.try_pop()[1]) == b"x"
    consumer.close()
    pair.close()
