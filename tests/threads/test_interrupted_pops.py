"""A signal whose handler raises inside a pop loses no message [CON-6]."""

from __future__ import annotations

import signal
import struct
import sys
import threading
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
    package = str(Path(fast.__file__ or "").parent)
    interruptions = 0

    def interrupt(signum: int, frame: FrameType | None) -> None:
        nonlocal interruptions
        # Only inside a call: once it has returned, what becomes of its answer is the caller's business.
        if frame is not None and frame.f_code.co_filename.startswith(package) and "_pop" in frame.f_code.co_name:
            interruptions += 1
            raise Interruption

    producer, consumer = fast.open_channel(capacity=64, max_message_size=64)

    sent = 0

    def send() -> None:
        nonlocal sent
        while sent < COUNT or (interruptions < ENOUGH and sent < 50 * COUNT):
            producer.blocking_push(NUMBER.pack(sent))
            sent += 1
        producer.close()

    def pop() -> tuple[Any, list[Any]]:
        if way == "batch_pop":
            return consumer.batch_pop(16, 30)  # type: ignore[no-any-return]
        result, message = consumer.blocking_pop(30)
        return result, [] if message is None else [message]

    sender = threading.Thread(target=send, daemon=True)
    before = signal.signal(signal.SIGALRM, interrupt)
    received = 0
    try:
        sender.start()
        signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
        while True:
            try:
                result, messages = pop()
            except Interruption:
                continue
            if result is fast.PopResult.CHANNEL_CLOSED:
                break
            assert result is fast.PopResult.SUCCESS
            for message in messages:
                assert NUMBER.unpack(bytes(message)) == (received,)
                received += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        consumer.close()
    sender.join(30)
    assert received == sent
    assert interruptions >= ENOUGH, f"only {interruptions} signals came inside a call on {sys.version}"
