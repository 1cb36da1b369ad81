"""Blocked calls answer signals, keep their deadline, lose no message to a handler, and use no processor [CON-6]."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import starmap
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest

import fast_impl
from tests.asleep import wait_until_asleep
from tests.workers import Worker, needs_proc

CHILD = "import sys; from tests.fast_impl.threads.test_signals import be_interrupted; be_interrupted(sys.argv[1])"

PROMPT = 1.0
"""Seconds within which Ctrl-C must be answered: a machine under load is generously allowed for."""

COUNT = 20_000
ENOUGH = 5
"""Signals that must have come inside a call: the producer goes on until they have."""
NUMBER = struct.Struct("<Q")


@pytest.fixture
def channel(fast: ModuleType) -> Any:
    return fast.MailboxBroker().request_channel("signals", fast.ChannelConfig(capacity=8, max_message_size=64))[1]


def be_interrupted(call: str) -> None:
    """The child of `test_interrupt`: block, be interrupted, and go on; lines on standard output say how far it got."""
    # A shell that starts a job in the background has it ignore Ctrl-C, and so would this process.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    broker = fast_impl.MailboxBroker()
    _, pair = broker.request_channel("interrupted", fast_impl.ChannelConfig(capacity=8, max_message_size=64))
    assert pair is not None
    producer, consumer = pair.producer, pair.consumer
    before: list[bytes] = []
    if call == "blocking_push":
        before = [b"%d" % number for number in range(8)]
        assert producer.batch_push(before) == 8
    calls: dict[str, Callable[[], object]] = {
        "blocking_pop": lambda: consumer.blocking_pop(),
        "blocking_pop with a limit": lambda: consumer.blocking_pop(40),
        "batch_pop": lambda: consumer.batch_pop(8, timeout=40),
        "blocking_push": lambda: producer.blocking_push(b"blocked"),
        "shutdown": lambda: broker.shutdown(),
    }
    print("entering", flush=True)
    try:
        answer = calls[call]()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    else:
        print(f"returned {answer}", flush=True)
    if call == "shutdown":  # its channels stay closed; a new one works
        _, pair = broker.request_channel("afterwards")
        assert pair is not None
        producer, consumer = pair.producer, pair.consumer
    received = [bytes(message) for message in consumer.batch_pop(8)[1]]
    pushed = producer.try_push(b"afterwards")
    received += [bytes(message) for message in consumer.batch_pop(8)[1]]
    assert pushed is fast_impl.PushResult.SUCCESS
    assert received == [*before, b"afterwards"], received
    assert (producer.get_stats().failed_pushes, consumer.get_stats().failed_pops) == (0, 0)
    print("nothing lost", flush=True)


@needs_proc
@pytest.mark.parametrize(
    "call", ["blocking_pop", "blocking_pop with a limit", "batch_pop", "blocking_push", "shutdown"]
)
def test_interrupt(call: str) -> None:
    """Ctrl-C raises KeyboardInterrupt in a blocked call within a second, and the channel goes on with nothing lost."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, call],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "entering\n"
        wait_until_asleep(child.pid, child.pid)
        begin = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "interrupted\n"
        assert time.monotonic() - begin < PROMPT
        assert child.stdout.readline() == "nothing lost\n"
        assert child.wait(20) == 0
    finally:
        child.kill()
        child.communicate()


@pytest.mark.parametrize("call", ["blocking_pop", "batch_pop", "blocking_push", "shutdown"])
def test_deadline_is_kept_across_signals(fast: ModuleType, call: str) -> None:
    """Signals handled during a call neither end it early nor restart its time."""
    broker = fast.MailboxBroker()
    _, (producer, consumer) = broker.request_channel("deadline", fast.ChannelConfig(capacity=8, max_message_size=64))
    if call == "blocking_push":
        producer.batch_push([b"filler"] * 8)
    calls: dict[str, Callable[[], Any]] = {
        "blocking_pop": lambda: consumer.blocking_pop(0.3)[0],
        "batch_pop": lambda: consumer.batch_pop(3, 0.3)[0],
        "blocking_push": lambda: producer.blocking_push(b"message", 0.3),
        "shutdown": lambda: broker.shutdown(0.3),
    }
    expected = {"blocking_push": fast.PushResult.TIMEOUT, "shutdown": False}.get(call, fast.PopResult.TIMEOUT)
    handled: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: handled.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        begin = time.monotonic()
        result = calls[call]()
        elapsed = time.monotonic() - begin
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert result is expected
    assert len(handled) >= 3, "handlers must run during the call"
    assert 0.29 <= elapsed < 5


def test_exception_of_a_handler_ends_the_call(channel: Any) -> None:
    """What a signal handler raises comes out of the blocked call, and the handle can be used afterwards."""

    class Handled(Exception):
        pass

    def handler(number: int, frame: object) -> None:
        raise Handled

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Handled):
            channel.consumer.blocking_pop(40)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    channel.producer.try_push(b"afterwards")
    assert bytes(channel.consumer.try_pop()[1]) == b"afterwards"


@pytest.mark.parametrize("call", ["blocking_pop", "batch_pop", "blocking_push"])
def test_a_blocked_call_uses_no_processor(fast: ModuleType, channel: Any, call: str) -> None:
    """A call that waits half a second uses less than a tenth of that."""
    producer, consumer = channel
    if call == "blocking_push":
        producer.batch_push([b"filler"] * 8)
    calls: dict[str, Callable[[], Any]] = {
        "blocking_pop": lambda: consumer.blocking_pop(0.5)[0],
        "batch_pop": lambda: consumer.batch_pop(1, 0.5)[0],
        "blocking_push": lambda: producer.blocking_push(b"message", 0.5),
    }

    def measured() -> tuple[Any, float]:
        begin = time.thread_time()
        return calls[call](), time.thread_time() - begin

    result, used = Worker(measured).result()
    assert result.name == "TIMEOUT"
    assert used < 0.05


def test_a_blocked_call_lets_other_threads_run(fast: ModuleType, channel: Any) -> None:
    """While one thread is blocked, Python runs on in the others: the very message it waits for is made there."""
    made = threading.Event()

    def make() -> None:
        assert sum(range(100_000)) == 4_999_950_000
        made.set()
        channel.producer.try_push(b"made meanwhile")

    popped = Worker(lambda: bytes(channel.consumer.blocking_pop(40)[1]))
    Worker(make).result()
    assert popped.result() == b"made meanwhile"
    assert made.is_set()


# ---- a handler that raises inside a pop ----


class Interruption(Exception):
    """What the handler raises."""


@pytest.mark.parametrize("way", ["blocking_pop", "batch_pop"])
def test_a_message_taken_when_the_signal_came_is_handed_out_by_the_next_pop(fast: ModuleType, way: str) -> None:
    """Every message arrives once and in order, however often the call that takes it is interrupted."""
    package, in_c = str(Path(fast.__file__ or "").parent), fast.binding == "c"
    interruptions = 0

    def interrupt(signum: int, frame: FrameType | None) -> None:
        # Only inside a call: once it has returned, what becomes of its answer is the caller's business. A call in C has
        # no frame of its own.
        if frame is None:
            return
        inside = frame.f_code.co_filename.startswith(package) and "_pop" in frame.f_code.co_name
        if inside or (in_c and frame.f_code is pop.__code__):
            raise Interruption

    producer, consumer = fast.open_channel(capacity=64, max_message_size=64)

    sent = 0

    def send() -> None:
        nonlocal sent
        while sent < COUNT or (interruptions < ENOUGH and sent < 50 * COUNT):
            producer.blocking_push(NUMBER.pack(sent))
            sent += 1
        producer.close()

    call = partial(consumer.batch_pop, 16, 30) if way == "batch_pop" else partial(consumer.blocking_pop, 30)
    answers: list[tuple[Any, Any]] = []

    def pop() -> None:
        # In C from the call to the list: no signal is handled between them, and so no answer is lost there.
        answers.extend(starmap(call, [()]))

    sender = threading.Thread(target=send, daemon=True)
    before = signal.signal(signal.SIGALRM, interrupt)
    received = 0
    try:
        sender.start()
        signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
        while True:
            try:
                pop()
            except Interruption:
                interruptions += not answers
            if not answers:
                continue
            result, messages = answers.pop()
            if result is fast.PopResult.CHANNEL_CLOSED:
                break
            assert result is fast.PopResult.SUCCESS
            for message in messages if way == "batch_pop" else [messages]:
                assert NUMBER.unpack(bytes(message)) == (received,)
                received += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        consumer.close()
    sender.join(30)
    assert received == sent
    assert interruptions >= ENOUGH, f"only {interruptions} signals came inside a call on {sys.version}"
