"""A signal whose handler raises inside a pop loses no message [CON-6]."""

from __future__ import annotations

import signal
import struct
import sys
import threading
from functools import partial
from itertools import starmap
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest

COUNT = 20_000
ENOUGH = 5
"""Signals that must have come inside a call: the producer goes on until they have."""
NUMBER = struct.Struct("<Q")


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
