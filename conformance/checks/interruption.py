"""What comes in between: handlers that raise or call the same handle, finalisers, and a close from another thread."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

from conformance.checks.blocking import handled
from conformance.checks.registry import function
from conformance.threads import Task, open_pair, wait_until_blocked

ROUNDS = 10
"""Of each kind of call: the moment at which something comes in between is not exactly the same twice."""

SENT = [b"first", b"second", b"third"]


class Stop(Exception):
    """What a handler raises."""


def _payloads(answer: Any) -> list[bytes]:
    """The bytes that a pop of any kind answered with."""
    if isinstance(answer, bytes):
        return [answer]
    if isinstance(answer, list):
        return answer
    _, taken = answer
    return [bytes(each) for each in (taken if isinstance(taken, list) else [taken] if taken is not None else [])]


POPS: dict[str, Callable[[Any], Any]] = {
    "blocking_pop": lambda consumer: consumer.blocking_pop(10),
    "batch_pop": lambda consumer: consumer.batch_pop(2, 10),
}
RECEIVES: dict[str, Callable[[Any], Any]] = {
    "receive": lambda consumer: consumer.receive(10),
    "receive_many": lambda consumer: consumer.receive_many(2, 10),
    "iteration": lambda consumer: next(iter(consumer)),
}


def _calls(omni: Any) -> dict[str, Callable[[Any], Any]]:
    """The pops that wait, with the conveniences that the target has."""
    has = {"receive": "receive", "receive_many": "receive_many", "iteration": "__iter__"}
    receives = {name: call for name, call in RECEIVES.items() if hasattr(omni.ConsumerHandle, has[name])}
    return {**POPS, **receives}


@contextmanager
def _no_switch() -> Iterator[None]:
    """Keep Python's lock in this thread, so that a thread that wakes meanwhile waits for it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(10)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _spin(seconds: float = 0.01) -> None:
    """Compute for as long as a thread that sleeps takes to wake up, without letting go of Python's lock."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def _rest(consumer: Any) -> list[bytes]:
    """What still waits, popped one by one."""
    rest: list[bytes] = []
    while (popped := consumer.try_pop())[0]:
        rest += _payloads(popped)
    return rest


def _accounted(call: str, seen: list[bytes], consumer: Any, sent: list[bytes] = SENT) -> None:
    """Every message has been seen or still waits, in order, and none counts as received that does."""
    received = consumer.get_stats().messages_received
    rest = _rest(consumer)
    assert rest == sent[received:], f"after {call} {received} of {sent} count as received, and {rest} waited"
    assert seen == sent[: len(seen)], f"{call} gave {seen} of {sent}"


def _in_main_thread() -> bool:
    """Whether handlers run in this thread."""
    return threading.current_thread() is threading.main_thread()


@function("POP-6", "threads signals", layer="blocking")
def a_handler_that_raises_leaves_the_messages(omni: Any) -> None:
    """A handler raises in a pop that was just woken: what does not count as received still waits, in order."""
    if not _in_main_thread():
        return

    def stop(number: int, frame: object) -> None:
        raise Stop

    with handled(signal.SIGUSR1, stop):
        for name, call in _calls(omni).items():
            for _ in range(ROUNDS):
                _, pair = open_pair(omni)
                seen: list[bytes] = []
                try:
                    sender = Task(_send_and_signal, pair.producer)
                    seen = _payloads(call(pair.consumer))
                    sender.finish()
                except Stop:
                    sender.finish()
                _accounted(name, seen, pair.consumer)
                pair.close()


def _send_and_signal(producer: Any) -> None:
    """Send messages to the main thread, asleep in a pop, and a signal before it has Python's lock again."""
    wait_until_blocked(threading.main_thread(), lambda: False)
    with _no_switch():
        producer.batch_push(SENT)
        _spin()
        os.kill(os.getpid(), signal.SIGUSR1)


@function("POP-6", "threads signals", layer="blocking")
def a_handler_that_pops_and_raises_loses_nothing(omni: Any) -> None:
    """A handler in a pop that was just woken drains the consumer and raises: each message came once, unchanged."""
    if not _in_main_thread():
        return
    later = [b"later %02d" % number for number in range(20)]
    for name, call in _calls(omni).items():
        _, pair = open_pair(omni)
        inside: list[bytes] = []

        def drain(number: int, frame: object, pair: Any = pair, inside: list[bytes] = inside) -> None:
            try:
                for payload in later:
                    inside += _payloads(pair.consumer.try_pop())
                    pair.producer.try_push(payload)
            except omni.ConcurrentUseError:
                pass
            raise Stop

        answered: list[bytes] = []
        with handled(signal.SIGUSR1, drain):
            try:
                sender = Task(_send_and_signal, pair.producer)
                answered = _payloads(call(pair.consumer))
                sender.finish()
            except Stop:
                sender.finish()
        received = pair.consumer.get_stats().messages_received
        sent = pair.producer.get_stats().messages_sent
        rest = _rest(pair.consumer)
        everything = [*SENT, *later][:sent]
        assert rest == everything[received:], f"after {name} {received} count as received, and {rest} waited"
        # The call was served before the handler's pops or after them; what it was given may be lost with its answer.
        before = everything[: received - len(inside)], everything[received - len(inside) : received]
        after = everything[len(inside) : received], everything[: len(inside)]
        served = [outside for outside, drained in (before, after) if drained == inside]
        assert any(answered in (outside, []) for outside in served), f"{name} gave {answered}, the handler {inside}"
        pair.close()


@function("CON-2", "threads signals concurrent-use", layer="blocking")
def a_handler_that_pops_keeps_its_view(omni: Any) -> None:
    """A handler pops from the consumer in which its own thread sleeps, and keeps a view: that never changes."""
    if not _in_main_thread():
        return
    for name, call in _calls(omni).items():
        _, pair = open_pair(omni)
        kept: list[memoryview] = []

        def pop(number: int, frame: object, pair: Any = pair, kept: list[memoryview] = kept) -> None:
            pair.producer.try_push(b"A" * 64)
            try:
                _, message = pair.consumer.try_pop()
            except omni.ConcurrentUseError:
                return
            if message is not None:
                kept.append(message.data)

        with handled(signal.SIGUSR1, pop):
            sender = Task(_signal_and_send, pair.producer)
            got = _payloads(call(pair.consumer))
            sender.finish()
        assert set(got) <= {b"A" * 64, b"sent"}, f"{name} gave {got}"
        for number in range(40):
            assert pair.producer.try_push(bytes([97 + number % 26]) * 64)
            assert pair.consumer.batch_pop(9)[0], "one view stopped the stream"
        assert all(view == b"A" * 64 for view in kept), f"a view changed: {bytes(kept[0])!r}"
        pair.close()


def _signal_and_send(producer: Any) -> None:
    wait_until_blocked(threading.main_thread(), lambda: False)
    os.kill(os.getpid(), signal.SIGUSR1)
    wait_until_blocked(threading.main_thread(), lambda: False)
    producer.blocking_push(b"sent", 10)


@function("CON-2", "threads concurrent-use", layer="blocking")
def a_pop_beside_a_blocked_pop(omni: Any) -> None:
    """A pop beside one that was just woken gets ConcurrentUseError, or is served whole; nothing is lost."""
    for name, call in _calls(omni).items():
        for _ in range(ROUNDS):
            _, (producer, consumer) = open_pair(omni)
            sleeper = Task(_caught, omni, _received, call, consumer)
            assert sleeper.asleep()
            with _no_switch():
                producer.batch_push(SENT)
                _spin()
                mine = _caught(omni, _received, consumer.__class__.try_pop, consumer)
            theirs = sleeper.finish()
            received = consumer.get_stats().messages_received
            rest = _rest(consumer)
            came = sorted((*mine, *theirs, *rest))
            # A message that one of the two was given may have expired by the other's pop before it was read.
            lost = set(SENT) - set(came)
            assert len(came) == len(set(came)), f"{name} gave {theirs}, a pop beside it {mine}, and {rest} waited"
            assert rest == SENT[received:], f"after {name} {received} count as received, and {rest} waited"
            at_most = int(not mine) if name in RECEIVES else received
            assert len(lost) <= at_most, f"{sorted(lost)} were lost: {theirs}, {mine}"
            producer.close()
            consumer.close()


def _received(call: Callable[[Any], Any], consumer: Any) -> list[bytes]:
    return _payloads(call(consumer))


def _caught(omni: Any, call: Callable[..., list[bytes]], *arguments: Any) -> list[bytes]:
    """What a pop gave; nothing where it was refused, or expired by a pop beside it."""
    try:
        return call(*arguments)
    except (omni.ConcurrentUseError, omni.MessageExpiredError):
        return []


@function("LIF-8", "threads", layer="blocking")
def a_close_beside_a_woken_pop(omni: Any) -> None:
    """A pop that was just woken when its handle is closed gives the message, or ends as after the close."""
    for name, call in _calls(omni).items():
        for _ in range(ROUNDS):
            _, (producer, consumer) = open_pair(omni)
            sleeper = Task(_ended, omni, name, call, consumer)
            assert sleeper.asleep()
            with _no_switch():
                producer.try_push(b"one")
                _spin()
                consumer.close()
            answer = sleeper.finish()
            received = consumer.get_stats().messages_received
            assert answer == bool(received), f"{name} gave {answer} messages, and {received} count as received"
            producer.close()


def _ended(omni: Any, name: str, call: Callable[[Any], Any], consumer: Any) -> int:
    """How many messages a pop gave, up to the close of its handle."""
    try:
        answer = call(consumer)
    except omni.MessageExpiredError:
        raise AssertionError(f"{name} raised MessageExpiredError") from None
    except (omni.ChannelClosedError, StopIteration):
        return 0
    if name in POPS:
        result, taken = answer
        assert result.name in ("SUCCESS", "CHANNEL_CLOSED"), f"{name} answered {result.name}"
        return len(taken) if isinstance(taken, list) else int(taken is not None)
    assert _payloads(answer) == [b"one"], f"{name} gave {answer!r}"
    return 1


@function("STA-4", "threads", layer="blocking")
def a_call_that_its_own_close_ends_is_not_counted(omni: Any) -> None:
    """A pop and a push that a close of their own handle ends answer CHANNEL_CLOSED, and are not counted as failed."""
    _, (producer, consumer) = open_pair(omni)
    blocked = Task(consumer.blocking_pop, 60)
    assert blocked.asleep()
    consumer.close()
    assert blocked.finish()[0].name == "CHANNEL_CLOSED"
    assert consumer.get_stats().failed_pops == 0
    producer.close()
    _, (producer, consumer) = open_pair(omni)
    producer.batch_push([b"x"] * 8)
    blocked = Task(producer.blocking_push, b"x", 60)
    assert blocked.asleep()
    producer.close()
    assert blocked.finish().name == "CHANNEL_CLOSED"
    assert producer.get_stats().failed_pushes == 0
    consumer.close()


class _Garbage:
    """A cycle whose finaliser makes a call."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.itself, self.call = self, call

    def __del__(self) -> None:
        self.call()


@contextmanager
def _collected_after(allocations: int, call: Callable[[], object]) -> Iterator[None]:
    """Garbage is collected after so many allocations of the block, and its finaliser makes a call.

    What that raises fails the check, as does anything else that nobody sees. Only CPython lets its collector be set so.
    """
    if not hasattr(gc, "freeze"):
        yield
        return
    unseen: list[BaseException | None] = []
    hook, enabled, threshold = sys.unraisablehook, gc.isenabled(), gc.get_threshold()
    sys.unraisablehook = lambda said: unseen.append(said.exc_value)
    gc.disable()
    gc.freeze()  # so that a collection looks at nothing else
    _Garbage(call)
    gc.set_threshold(allocations, 1000, 1000)
    gc.enable()
    try:
        yield
    finally:
        gc.disable()
        gc.set_threshold(*threshold)
        gc.collect()
        gc.unfreeze()
        sys.unraisablehook = hook
        if enabled:
            gc.enable()
    assert not unseen, f"a finaliser's call raised {unseen[0]!r}"


@function("POP-6", "threads concurrent-use")
def a_finaliser_that_pops_amid_a_pop(omni: Any) -> None:
    """A finaliser pops while the collector makes room for a pop's answer: each message comes once, in order."""
    calls: dict[str, Callable[[Any], Any]] = {
        "try_pop": lambda consumer: consumer.try_pop(),
        "batch_pop": lambda consumer: consumer.batch_pop(2),
        "blocking_pop": lambda consumer: consumer.blocking_pop(0),
    }
    if hasattr(omni.ConsumerHandle, "receive"):
        calls["receive"] = lambda consumer: consumer.receive(0)
    if hasattr(omni.ConsumerHandle, "receive_many"):
        calls["receive_many"] = lambda consumer: consumer.receive_many(2, 0)
    sent = [bytes([97 + number]) * 8 for number in range(6)]
    for name, call in calls.items():
        for allocations in range(1, 30):
            _, (producer, consumer) = open_pair(omni)
            producer.batch_push(sent)
            inside: list[bytes] = []

            def pop(consumer: Any = consumer, inside: list[bytes] = inside) -> None:
                with suppress(omni.ConcurrentUseError):
                    inside += _payloads(consumer.try_pop())

            with _collected_after(allocations, pop):
                answer = call(consumer)
            try:
                outside = _payloads(answer)
            except omni.MessageExpiredError:  # the finaliser's pop came after this one
                assert name not in RECEIVES
                outside = [each for each in sent[: consumer.get_stats().messages_received] if each not in inside]
            received = consumer.get_stats().messages_received
            assert sorted(inside + outside) == sent[:received], f"{name} gave {outside}, the finaliser's pop {inside}"
            assert _rest(consumer) == sent[received:]
            producer.close()
            consumer.close()


@function("RSV-6", "threads concurrent-use")
def a_finaliser_that_closes_amid_data(omni: Any) -> None:
    """A finaliser closes the producer while `Reservation.data` makes its view: that view has ended, too."""
    for allocations in range(1, 15):
        _, (producer, consumer) = open_pair(omni)
        reservation = producer.reserve(8)
        view: memoryview | None = None
        with _collected_after(allocations, producer.close), suppress(ValueError):
            view = reservation.data
        assert not producer.is_connected()
        _has_ended(reservation.__getattribute__, "data")
        if view is not None:
            _has_ended(view.__getitem__, 0)
        consumer.close()


def _has_ended(use: Callable[[Any], object], argument: object) -> None:
    try:
        use(argument)
    except ValueError:
        return
    raise AssertionError("a region can be used after the close of its producer")


@function("RSV-6", "threads concurrent-use")
def a_finaliser_amid_commit(omni: Any) -> None:
    """A finaliser closes, rolls back or commits while commit releases its view: it ends, and nothing is sent twice."""
    calls: tuple[Callable[[Any], object], ...] = (
        lambda producer: producer.close(),
        lambda producer: producer.rollback(),
        lambda producer: producer.commit(8),
    )
    for call in calls:
        for allocations in range(1, 20):
            _, (producer, consumer) = open_pair(omni)
            reservation = producer.reserve(8)
            reservation.data[:8] = b"12345678"

            def inside(call: Callable[[Any], object] = call, producer: Any = producer) -> None:
                with suppress(omni.ConcurrentUseError, BufferError):
                    call(producer)

            with _collected_after(allocations, inside):
                try:
                    committed = producer.commit(8)
                except BufferError:
                    committed = None
            sent = producer.get_stats().messages_sent
            got = _rest(consumer)
            assert got == [b"12345678"] * sent and sent <= 1, f"{sent} count as sent, and {got} came"
            assert sent == 1 or not committed
            producer.close()
            consumer.close()


DELAYS = tuple(20e-6 + 7e-6 * number for number in range(40))
"""Seconds after which a signal comes: anywhere in a loop of calls of a few microseconds."""


def _interrupted(loop: Callable[[], object], delay: float) -> int:
    """Run a loop until a signal ends it, and then how many signals nobody saw."""
    swallowed: list[object] = []

    def stop(number: int, frame: object) -> None:
        raise Stop

    hook, sys.unraisablehook = sys.unraisablehook, swallowed.append
    try:
        with handled(signal.SIGALRM, stop):
            try:
                signal.setitimer(signal.ITIMER_REAL, delay)
                while not swallowed:
                    loop()
            except Stop:
                pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = hook
    return len(swallowed)


@function("CON-6", "threads signals")
def an_interrupt_amid_pops_leaves_nothing(omni: Any) -> None:
    """A handler's exception anywhere in a loop of pops comes out; then `capacity` messages can be popped at once."""
    if not _in_main_thread() or not hasattr(signal, "setitimer"):
        return
    for delay in DELAYS:
        _, (producer, consumer) = open_pair(omni)

        def loop(producer: Any = producer, consumer: Any = consumer) -> None:
            producer.batch_push([b"x" * 8] * 8)
            _payloads(consumer.try_pop())
            _payloads(consumer.blocking_pop(0))
            _payloads(consumer.batch_pop(8))

        assert not _interrupted(loop, delay), "a handler's exception was swallowed"
        _rest(consumer)
        assert producer.batch_push([b"y"] * 9) == 8
        result, messages = consumer.batch_pop(9)
        assert result and len(messages) == 8, f"after an interrupt only {len(messages)} of 8 messages could be popped"
        assert all(bytes(message) == b"y" for message in messages)
        producer.close()
        consumer.close()


@function("CON-6", "threads signals")
def an_interrupt_amid_reservations_leaves_nothing(omni: Any) -> None:
    """A handler's exception anywhere in a loop of reserve and commit comes out, and rollback frees the slot."""
    if not _in_main_thread() or not hasattr(signal, "setitimer"):
        return
    for delay in DELAYS:
        _, (producer, consumer) = open_pair(omni)
        reserved: list[Any] = []

        def loop(producer: Any = producer, consumer: Any = consumer, reserved: list[Any] = reserved) -> None:
            reserved[:] = [producer.reserve(8)]
            reserved[0].data[:2] = b"ab"
            producer.commit(2)
            consumer.try_pop()

        assert not _interrupted(loop, delay), "a handler's exception was swallowed"
        reserved.clear()
        producer.rollback()
        _rest(consumer)
        assert producer.batch_push([b"x"] * 9) == 8, "a slot stayed reserved after an interrupt and a rollback"
        producer.close()
        consumer.close()


@function("BRK-5", "threads")
def a_failed_allocation_registers_nothing(omni: Any) -> None:
    """Whichever of Python's allocations fails in a request, nothing stays registered that nobody has a handle of."""
    try:
        testcapi: Any = import_module("_testcapi")
    except ImportError:
        return
    broker, config = omni.MailboxBroker(), omni.ChannelConfig(8, 64)
    for allocation in range(40):
        answer = None
        try:
            testcapi.set_nomemory(allocation, allocation + 1)
            answer = broker.request_channel("a", config)
        except MemoryError:
            pass
        finally:
            testcapi.remove_mem_hooks()
        del answer
        gc.collect()
        assert not broker.has_channel("a"), f"the channel stays registered when allocation {allocation} fails"
