"""What only the model is: sequential, without anything installed, and made of values."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

import spec_model as omni
from spec_model.channel import lifecycle, popping, pushing, queries, reserving
from spec_model.channel.value import Blocked, Channel, Refused, Side, well_formed
from spec_model.config import ChannelConfig
from spec_model.registry import Registry, request_channel, shutdown, with_channel
from spec_model.vocabulary import ChannelError, PopResult, PushResult

# ---- it never waits, and it runs where nothing is installed ----


WHERE = Path(omni.__file__).parents[1]
"""The folder that has the package: the tree, or where it was installed."""

CALLS: dict[str, tuple[Callable[[Any], object], str]] = {
    "blocking_push": (lambda channel: channel.producer.blocking_push(b"x"), "a free slot"),
    "send": (lambda channel: channel.producer.send(b"x"), "a free slot"),
    "blocking_pop": (lambda channel: channel.consumer.blocking_pop(), "a message"),
    "batch_pop": (lambda channel: channel.consumer.batch_pop(4, timeout=None), "a message"),
    "receive": (lambda channel: channel.consumer.receive(), "a message"),
    "iteration": (lambda channel: next(iter(channel.consumer)), "a message"),
    "send_many": (lambda channel: channel.producer.send_many([b"x"]), "a free slot"),
    "reserve": (lambda channel: channel.producer.reserve(1, None), "a free slot"),
    "producer.wait": (lambda channel: channel.producer.wait(), "a free slot"),
    "receive_many": (lambda channel: channel.consumer.receive_many(4), "a message"),
    "consumer.wait": (lambda channel: channel.consumer.wait(), "a message"),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_wait_without_timeout_is_an_error_that_names_what_it_waits_for(call: str) -> None:
    """Nothing is counted, nothing changes, and the channel continues to work."""
    operation, awaited = CALLS[call]
    with omni.open_channel(capacity=8) as channel:
        if awaited == "a free slot":
            assert channel.producer.batch_push([b"x"] * 8) == 8
        before = channel.producer.get_stats(), channel.consumer.get_stats()
        with pytest.raises(omni.WouldBlockForever, match=awaited):
            operation(channel)
        assert (channel.producer.get_stats(), channel.consumer.get_stats()) == before
        if awaited == "a free slot":
            assert channel.consumer.receive() == b"x"
        channel.producer.send(b"y")


def test_a_shutdown_without_timeout_is_an_error_while_handles_are_alive() -> None:
    """The error names what it waits for; the channel is shut, and once its handles are closed shutdown succeeds."""
    broker = omni.MailboxBroker()
    with omni.open_channel("held", broker=broker) as channel:
        with pytest.raises(omni.WouldBlockForever, match="handles to be closed"):
            broker.shutdown()
        assert not channel.producer.is_connected()
    assert broker.shutdown() is True


def test_a_wait_with_timeout_times_out_at_once() -> None:
    """A wait with a timeout returns the result that it would have after that time, at once."""
    with omni.open_channel(capacity=8) as channel:
        assert channel.consumer.blocking_pop(timeout=3600.0)[0] is omni.PopResult.TIMEOUT
        assert channel.consumer.batch_pop(3, timeout=3600.0) == (omni.PopResult.TIMEOUT, [])
        channel.producer.batch_push([b"x"] * 8)
        assert channel.producer.blocking_push(b"x", timeout=3600.0) is omni.PushResult.TIMEOUT


PROGRAM = f"""
import sys
sys.path.insert(0, {str(WHERE)!r})
before = set(sys.modules)
import spec_model as omni
foreign = sorted(
    name for name in set(sys.modules) - before
    if name.split(".")[0] != "spec_model" and "site-packages" in (getattr(sys.modules[name], "__file__", None) or "")
)
assert not foreign, foreign
with omni.open_channel(capacity=8, max_message_size=64) as channel:
    region = channel.producer.reserve(4)
    region.data[2:6] = b"held"
    del region
    assert channel.producer.commit(4, offset=2)
    result, message = channel.consumer.try_pop()
    view = message.data
    for number in range(8):
        channel.producer.send(bytes([number]))
    assert channel.consumer.receive() == bytes([0])
    try:
        message.data
    except omni.MessageExpiredError:
        assert bytes(view) == b"held"
        print("kept")
"""


@pytest.mark.parametrize("interpreter", ["python", "pypy3"])
def test_a_program_runs_with_nothing_installed(interpreter: str) -> None:
    """No environment variable, no site-packages: import, reserve in place, pop, and hold a view."""
    path = sys.executable if interpreter == "python" else shutil.which(interpreter)
    if path is None:
        pytest.skip(f"no {interpreter} on this machine")
    command = [path, "-I", "-S", "-B", "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "kept\n"), done.stderr


AT_EXIT = """
import sys
import spec_model
from spec_model.handles import endpoint
producer, consumer = spec_model.open_channel("a", capacity=8, max_message_size=64)
reservation = producer.reserve(4)
endpoint.later = [producer, consumer]
del producer, consumer
sys.kept = endpoint
"""
"""Handles that are collected when the interpreter has emptied the modules that they need."""


def test_the_end_of_the_interpreter_prints_nothing() -> None:
    """However long handles live [LIF-11]."""
    done = subprocess.run([sys.executable, "-c", AT_EXIT], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


# ---- an operation returns a new state and leaves the old one unchanged ----


CONFIG = ChannelConfig(8, 64)


def _filled(count: int) -> Channel:
    """A channel in which `count` messages wait."""
    channel, pushed = pushing.batch_push(Channel(CONFIG), [bytes([number]) for number in range(count)])
    assert pushed == count
    return channel


def test_a_state_is_unchanged_hashable_and_comparable() -> None:
    """The state before a push still reads as before it; equal sequences of operations give equal states."""
    before = _filled(3)
    after, result = pushing.try_push(before, b"x")
    assert result is PushResult.SUCCESS
    assert before == _filled(3) and hash(before) == hash(_filled(3))
    assert after != before and after.waiting == (*before.waiting, b"x")


def test_a_state_cannot_be_changed() -> None:
    """Nothing can be assigned to a channel or a registry."""
    with pytest.raises(FrozenInstanceError):
        Channel(CONFIG).shut = True  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        Registry().created = 1  # type: ignore[misc]


def test_one_state_can_have_two_successors() -> None:
    """Operations on one state give independent successors."""
    fork = _filled(2)
    popped, result, taken = popping.try_pop(fork)
    closed = lifecycle.close_producer(fork)
    assert (result, taken) == (PopResult.SUCCESS, (b"\x00",))
    assert popping.batch_pop(closed, 8)[1:] == (PopResult.SUCCESS, (b"\x00", b"\x01"))
    assert popped.producer is Side.LIVE and closed.producer is Side.CLOSED


def test_a_blocked_call_says_what_it_waits_for_and_changes_nothing() -> None:
    """Without space or message, the state is unchanged; the timeout is an operation of its own."""
    full, empty = _filled(8), Channel(CONFIG)
    assert pushing.blocking_push(full, b"x") == (full, Blocked.FOR_SPACE)
    assert popping.blocking_pop(empty) == (empty, Blocked.FOR_MESSAGE, ())
    after, result = pushing.push_timed_out(full)
    assert result is PushResult.TIMEOUT and after.sent.failed_pushes == 1
    after, result = popping.pop_timed_out(empty)
    assert result is PopResult.TIMEOUT and after.received.failed_pops == 1


def test_a_pop_that_an_export_forbids_is_refused_and_takes_nothing() -> None:
    """`capacity` messages exported: the next pop is refused, and succeeds once one export is gone [MSG-3]."""
    channel = popping.batch_pop(_filled(8), 8)[0]
    for number in range(8):
        channel = popping.take_export(channel, number)
    channel = pushing.try_push(channel, b"next")[0]
    refused, why, taken = popping.try_pop(channel)
    assert (why, taken) == (Refused.BY_EXPORT, ()) and refused.waiting == (b"next",)
    assert refused.received == channel.received
    assert popping.try_pop(popping.release_export(refused, 0))[1:] == (PopResult.SUCCESS, (b"next",))


OPERATIONS = {
    "try_push": lambda channel: pushing.try_push(channel, b"data")[0],
    "blocking_push": lambda channel: pushing.blocking_push(channel, b"data")[0],
    "batch_push": lambda channel: pushing.batch_push(channel, [b"a", b"b"])[0],
    "reserve": lambda channel: reserving.reserve(channel, 8)[0],
    "commit": lambda channel: reserving.commit(channel, b"region", 3, 1)[0],
    "rollback": lambda channel: reserving.rollback(channel)[0],
    "try_pop": lambda channel: popping.try_pop(channel)[0],
    "batch_pop": lambda channel: popping.batch_pop(channel, 3)[0],
    "close_producer": lifecycle.close_producer,
    "close_consumer": lifecycle.close_consumer,
    "shut": lifecycle.shut,
}


def test_every_short_sequence_keeps_the_invariant() -> None:
    """After any four operations on an empty and on a full channel, the state is well formed."""
    for start in (_filled(0), _filled(8)):
        reached = {start}
        for _ in range(4):
            reached = {operation(channel) for channel in reached for operation in OPERATIONS.values()}
            assert all(map(well_formed, reached))
        assert len(reached) > 100


def test_queries_of_a_moved_from_handle_read_zero() -> None:
    """A moved-from handle has no slots and no statistics, and the new handle has both [LIF-5]."""
    new, old = lifecycle.move_producer(_filled(3))
    assert queries.available_slots(old) == 0 and tuple(queries.producer_stats(old)) == (0, 0, 0)
    assert queries.available_slots(new) == 5 and queries.producer_stats(new).messages_sent == 3


def test_shutdown_of_a_registry_waits_only_while_handles_are_alive() -> None:
    """With a live channel it is Blocked, and every channel is shut; with its handles closed it is True [SHD-2]."""
    registry, error = request_channel(Registry(), "a", CONFIG)
    assert error is ChannelError.SUCCESS
    registry, result = shutdown(registry)
    assert result is Blocked.FOR_HANDLES and registry.channels[0][1].shut
    gone = lifecycle.close_consumer(lifecycle.close_producer(registry.channels[0][1]))
    assert shutdown(with_channel(registry, "a", gone))[1] is True
