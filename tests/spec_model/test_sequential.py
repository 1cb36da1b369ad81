"""The model is sequential and stands alone: it never waits, and it runs where nothing is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spec_model as omni

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
