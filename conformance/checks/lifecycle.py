"""How handles end and move (§2.2, §5.5, §6.5)."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
from typing import Any

from conformance.checks.registry import function, measured, program
from conformance.differential.lockstep import Tally
from conformance.targets.target import Target
from conformance.threads import LIMIT, Hung, Task, open_pair

_REFUSED = (0, -1, 2**64, 2**70)

program(
    "LIF-1",
    "every way for a handle to end",
    """
    p.close()
    p.close()
    with c: pass
    _, k = b.request_channel("a", omni.ChannelConfig(8, 64))
    p, c = k
    with k: pass
    _, k = b.request_channel("a", omni.ChannelConfig(8, 64))
    p, c = k
    del k
    p.try_push(b"x")
    del p
    c.is_connected()
    c.try_pop()
    c.try_pop()
    del c
    b.has_channel("a")
    """,
)
program(
    "LIF-2",
    "the end of one side is seen by the other",
    """
    p.try_push(b"x")
    p.close()
    c.try_pop()
    c.try_pop()
    _, k2 = b.request_channel("b", omni.ChannelConfig(8, 64))
    p2, c2 = k2
    p2.batch_push([b"x"] * 8)
    c2.close()
    p2.try_push(b"x")
    p2.blocking_push(b"x")
    p2.batch_push([b"x"])
    c.blocking_pop()
    c.batch_pop(1, None)
    """,
)
program(
    "LIF-3",
    "a move carries everything",
    """
    c.blocking_pop(0)
    p.batch_push([b"x"] * 8)
    p.blocking_push(b"x", 0)
    c.batch_pop(9)
    p.try_push(b"1")
    p.try_push(b"2")
    _, m = c.try_pop()
    x = m.data
    r = p.reserve(1)
    r.data.__setitem__(slice(0, 2), b"ab")
    c2 = c.move()
    p2 = p.move()
    p2.commit(2)
    p2.try_push(b"3")
    c2.try_pop()
    p.close()
    c.close()
    p2.try_push(b"4")
    del p
    del c
    p2.try_push(b"5")
    c2.batch_pop(9)
    """,
)
_INACTIVE = """
    p.try_push(b"x")
    p.try_push(b"")
    p.blocking_push(b"x")
    p.batch_push([b"x"])
    p.reserve(1)
    p.commit(1)
    p.rollback()
    p.available_slots()
    p.is_connected()
    c.try_pop()
    c.blocking_pop()
    c.batch_pop(1)
    c.batch_pop(0)
    c.available_messages()
    c.is_connected()
    p2 = p.move()
    c2 = c.move()
"""
_CALLS = {
    "": _INACTIVE,
    ", with timeouts": """
    p.blocking_push(b"x", None)
    p.blocking_push(b"x", 1e-6)
    c.blocking_pop(None)
    c.blocking_pop(1e-6)
    c.batch_pop(1, None)
    c.batch_pop(1, 1e-6)
    """,
    ", waiting": "\np.wait()\nc.wait()\np.wait(0)\nc.wait(0)\np.reserve(1, None)\np.reserve(1, 1e-6)",
    ", by the conveniences": """
    p.send(b"x")
    p.send(b"x", 0)
    p.send_many([b"x"])
    c.receive()
    c.receive(0)
    c.receive_many(1)
    list(c)
    """,
}
"""Calls on inactive handles, by what they need of the target."""
for _kind, _calls in _CALLS.items():
    program("LIF-4", f"closed handles are safe{_kind}", "p.try_push(b'x')\nk.close()" + _calls)
    program("LIF-4", f"moved handles are safe{_kind}", "p.try_push(b'x')\np9 = p.move()\nc9 = c.move()" + _calls)
program(
    "STA-4",
    "what comes after a close is not counted",
    """
    p.try_push(b"x")
    c.try_pop()
    c.try_pop()
    c.close()
    c.try_pop()
    c.blocking_pop()
    c.batch_pop(1, None)
    p.try_push(b"x")
    p.close()
    p.try_push(b"x")
    p.blocking_push(b"x")
    """,
)
program(
    "LIF-5",
    "what inactive handles read",
    """
    p.try_push(b"123")
    p.try_push(b"4")
    c.try_pop()
    p2 = p.move()
    c2 = c.move()
    p.try_push(b"x")
    c.try_pop()
    p2.try_push(b"22")
    p2.close()
    c2.close()
    """,
)
program(
    "LIF-6",
    "restoring a pair's member",
    """
    moved = p.move()
    k.producer = moved.move()
    q = k.producer
    q.try_push(b"x")
    _, k2 = b.request_channel("b", omni.ChannelConfig(8, 64))
    p2, c2 = k2
    k2.producer = p2
    k2.consumer = c2
    p2.try_push(b"x")
    k2.consumer = k.consumer
    k2.producer = 3
    k2.consumer = p2
    k.producer = p2
    q.try_push(b"x")
    p2.try_push(b"x")
    k2.consumer.try_pop()
    """,
)
program(
    "LIF-7",
    "no copies",
    "\n".join(
        f"copy.copy({each})\ncopy.deepcopy({each})\n"
        + "\n".join(f"pickle.dumps({each}, {protocol})" for protocol in range(6))
        for each in "pck"
    ),
)


def _raises(kind: type[BaseException], call: Any, *arguments: Any) -> None:
    try:
        answer = call(*arguments)
    except kind:
        return
    raise AssertionError(f"{getattr(call, '__name__', call)}{arguments} gave {answer!r}, not {kind.__name__}")


@function("LIF-10", "detaching")
def an_attached_end_has_everything(omni: Any) -> None:
    """What waits, the statistics, the name and the peer are those of before; the handle that it was is inactive."""
    broker, pair = open_pair(omni)
    producer, consumer = pair
    for payload in (b"one", b"two", b"three"):
        assert producer.try_push(payload)
    _, first = consumer.try_pop()
    assert bytes(first) == b"one"
    tokens = [producer.detach(), consumer.detach()]
    assert all(type(token) is int for token in tokens) and len(set(tokens)) == 2
    assert producer.try_push(b"x") is omni.PushResult.CHANNEL_CLOSED and producer.capacity() == 0
    assert consumer.try_pop() == (omni.PopResult.CHANNEL_CLOSED, None) and consumer.max_message_size() == 0
    _raises(omni.MessageExpiredError, bytes, first)
    producer.close()
    consumer.close()
    new_producer, new_consumer = map(omni.attach, tokens)
    assert type(new_producer) is type(producer) and type(new_consumer) is type(consumer)
    assert new_producer.is_connected() and new_consumer.is_connected(), "the end of a detached handle ended the channel"
    assert new_producer.get_stats().messages_sent == 3 and new_consumer.get_stats().messages_received == 1
    assert new_producer.try_push(b"four")
    assert [bytes(message) for message in new_consumer.batch_pop(8)[1]] == [b"two", b"three", b"four"]
    new_producer.close()
    new_consumer.close()
    assert broker.get_stats().active_channels == 0


@function("LIF-10", "detaching")
def a_token_works_once(omni: Any) -> None:
    """ValueError for one that has been used, and for any other number; TypeError for what is no integer."""
    _, pair = open_pair(omni)
    token = pair.producer.detach()
    pair.producer = omni.attach(token)
    again = pair.producer.detach()
    assert again != token, "a token was used again"
    for call in (omni.attach, omni.close_detached):
        for wrong in (token, *_REFUSED):
            _raises(ValueError, call, wrong)
        for wrong in ("1", 1.0, None, True):
            _raises(TypeError, call, wrong)
    omni.close_detached(again)
    _raises(ValueError, omni.attach, again)
    assert pair.consumer.try_pop() == (omni.PopResult.CHANNEL_CLOSED, None), "close_detached did not end the producer"
    pair.consumer.close()


@function("LIF-10", "detaching")
def a_detached_end_is_open(omni: Any) -> None:
    """It keeps the name; its channel can end meanwhile; `shutdown` shuts it, and waits for it."""
    broker, pair = open_pair(omni)
    token = pair.consumer.detach()
    assert pair.producer.try_push(b"kept")
    pair.producer.close()
    assert broker.get_stats().active_channels == 1
    assert broker.shutdown(0) is False, "shutdown did not wait for a detached end"
    consumer = omni.attach(token)
    assert bytes(consumer.try_pop()[1]) == b"kept"
    assert consumer.try_pop() == (omni.PopResult.CHANNEL_CLOSED, None)
    omni.close_detached(consumer.detach())
    assert broker.shutdown(0) is True and broker.get_stats().active_channels == 0


@function("LIF-10", "detaching")
def what_forbids_a_detach(omni: Any) -> None:
    """BufferError for a reservation and for a live export, ValueError for an inactive handle; nothing has happened."""
    _, pair = open_pair(omni)
    producer, consumer = pair
    assert producer.reserve(1) is not None
    _raises(BufferError, producer.detach)
    assert producer.commit(1), "a detach that was refused dropped the reservation"
    _, message = consumer.try_pop()
    view = message.data
    _raises(BufferError, consumer.detach)
    assert len(message) == 1, "a detach that was refused expired a message"
    assert len(view) == 1
    del view
    pair.producer = omni.attach(producer.detach())
    pair.consumer = omni.attach(consumer.detach())
    for inactive in (producer, consumer):
        _raises(ValueError, inactive.detach)
    producer, consumer = pair
    pair.close()
    for closed in (producer, consumer):
        _raises(ValueError, closed.detach)


@function("LIF-10", "detaching threads concurrent-use")
def nobody_detaches_what_another_thread_is_in(omni: Any) -> None:
    """ConcurrentUseError while a thread waits in the handle, which then gets its message."""
    _, pair = open_pair(omni)
    producer, consumer = pair
    receiving = Task(consumer.blocking_pop)
    assert receiving.asleep()
    _raises(omni.ConcurrentUseError, consumer.detach)
    assert producer.try_push(b"x")
    result, message = receiving.finish()
    assert result and bytes(message) == b"x"
    while producer.try_push(b"x"):
        pass
    sending = Task(producer.blocking_push, b"last")
    assert sending.asleep()
    _raises(omni.ConcurrentUseError, producer.detach)
    assert consumer.try_pop()[0] and sending.finish()
    pair.close()


_kept: list[Any] = []
"""What is there until the interpreter has ended."""


class _Closing:
    def __init__(self, *pairs: Any) -> None:
        self._pairs = pairs

    def __del__(self) -> None:
        for pair in self._pairs:
            pair.close()


def _end_beside_blocked(omni: Any) -> None:
    """In a process of its own, which ends when this has returned."""
    broker, pair = open_pair(omni)
    _, full = broker.request_channel("full", omni.ChannelConfig(8, 64))
    while full.producer.try_push(b"x"):
        pass
    blocked = [Task(pair.consumer.blocking_pop), Task(full.producer.blocking_push, b"x")]
    assert all(task.asleep() for task in blocked)
    _kept.append((broker, pair, full, _kept))
    vars(builtins)["closing"] = _Closing(pair, full)


def _the_interpreter_ends(target: Target, tally: Tally) -> None:
    """A finaliser closes what they are blocked in; handles are in globals and in a cycle: status 0, nothing printed."""
    name = _end_beside_blocked.__name__
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    program = f"{target.preamble}\nfrom {__name__} import {name}\n{name}(omni)"
    command = [sys.executable, "-P", "-c", program]
    try:
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        raise Hung(f"the end of the interpreter did not come within {LIMIT:g} s") from None
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0 and not said, f"it ended with status {ended.returncode}, and printed {said[-2000:]!r}"


measured("LIF-11", "the interpreter ends beside blocked daemon threads", "threads", limit=2 * LIMIT)(
    _the_interpreter_ends, _the_interpreter_ends.__doc__
)


@function("LIF-12", "threads")
def a_thread_may_end_with_a_reservation(omni: Any) -> None:
    """It belongs to the handle: any other thread can commit it, and close."""
    _, pair = open_pair(omni)
    producer, consumer = pair
    reservation = Task(producer.reserve, 1).finish()
    reservation.data[:1] = b"x"
    assert producer.commit(1) and bytes(consumer.try_pop()[1]) == b"x"
    assert Task(producer.reserve, 1).finish() is not None
    Task(pair.close).finish()
