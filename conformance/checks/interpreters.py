"""Channels of several interpreters of a process, each with a GIL of its own, and without a GIL (an addition)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from conformance.checks.registry import measured
from conformance.differential.lockstep import Tally
from conformance.targets.target import Target
from conformance.threads import LIMIT, Task, open_pair

COUNT = 5_000


class _Interpreter:
    """Another interpreter of this process, in which the target is called `omni`, too."""

    def __init__(self, target: Target) -> None:
        self._all = import_module("_interpreters")
        self._id = self._all.create("isolated")
        self.run(f"import sys\nsys.path[:] = {sys.path!r}\n{target.preamble}")

    def run(self, program: str) -> None:
        """Run a program there, in the thread that calls; an exception fails, and says what it said."""
        failed = self._all.exec(self._id, program)
        assert failed is None, f"in an interpreter with a GIL of its own: {failed.formatted}"

    def end(self) -> None:
        """End it, with all that it has."""
        self._all.destroy(self._id)


@contextmanager
def _another(target: Target) -> Iterator[_Interpreter]:
    """Ended afterwards, but not after a failure, when something may still run in it."""
    other = _Interpreter(target)
    yield other
    other.end()


@measured("CON-9", "a channel from one interpreter to another", "interpreters detaching threads")
def _stream(target: Target, tally: Tally) -> None:
    """Every message arrives once, whole and in order; each interpreter's results are its own enumerators."""
    _, pair = open_pair(target.omni)
    producer, consumer = pair
    with _another(target) as other:
        token = producer.detach()
        sending = Task(
            other.run,
            f"""
producer = omni.attach({token})
assert type(producer) is omni.ProducerHandle, producer
for number in range({COUNT}):
    result = producer.blocking_push(number.to_bytes(8, "little") * 8)
    assert result is omni.PushResult.SUCCESS, result
producer.close()
""",
        )
        for number in range(COUNT):
            result, message = consumer.blocking_pop(LIMIT)
            assert result is target.omni.PopResult.SUCCESS, f"message {number}: {result!r}"
            data, expected = bytes(message), number.to_bytes(8, "little") * 8
            assert data == expected, f"message {number} arrived as {data!r}"
        sending.finish()
        assert consumer.blocking_pop(LIMIT)[0] is target.omni.PopResult.CHANNEL_CLOSED
    tally.operations += 2 * COUNT
    consumer.close()


@measured("CON-9", "one broker for all interpreters", "interpreters detaching")
def _one_broker(target: Target, tally: Tally) -> None:
    """MailboxBroker.instance() has the names and the totals of all of them."""
    omni = target.omni
    broker = omni.MailboxBroker.instance()
    before = broker.get_stats()
    with _another(target) as other:
        other.run(
            """
broker = omni.MailboxBroker.instance()
_, pair = broker.request_channel("CON-9, theirs", omni.ChannelConfig(8, 64))
assert pair.producer.try_push(b"x")
"""
        )
        assert broker.has_channel("CON-9, theirs"), "a name that another interpreter took is not registered here"
        after, sent = broker.get_stats(), before.total_messages_sent + 1
        assert after.total_messages_sent == sent, f"{after} after {before}, and a push in another interpreter"
        error, none = broker.request_channel("CON-9, theirs", omni.ChannelConfig(8, 64))
        assert error is omni.ChannelError.NAME_EXISTS and none is None, f"one name, two channels: {error!r}"
        other.run("pair.close()")
        assert not broker.has_channel("CON-9, theirs"), "a name is registered that another interpreter has closed"


@measured("CON-9", "an interpreter that ends closes its handles", "interpreters detaching threads")
def _ends(target: Target, tally: Tally) -> None:
    """Whoever is blocked at the other end, in another interpreter, sees the channel closed, as by a close [LIF-2]."""
    _, pair = open_pair(target.omni)
    producer, consumer = pair
    with _another(target) as other:
        other.run(
            f"""
import ctypes
kept = omni.attach({producer.detach()})
assert kept.try_push(b"last")
ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))  # nothing ever lets go of it
"""
        )
        assert bytes(consumer.try_pop()[1]) == b"last"
        blocked = Task(consumer.blocking_pop)
        assert blocked.asleep(), blocked.finish()
    result, _ = blocked.finish()
    assert result is target.omni.PopResult.CHANNEL_CLOSED, f"{result!r} when the producer's interpreter had ended"
    consumer.close()


@measured("CON-9", "importing it leaves the GIL off", "free-threading")
def _gil_stays_off(target: Target, tally: Tally) -> None:
    """On a Python without a GIL, in a process that has imported nothing else."""
    program = f"import sys\nsys.path[:] = {sys.path!r}\n{target.preamble}\nprint(sys._is_gil_enabled())"
    environment: dict[str, Any] = {name: text for name, text in os.environ.items() if name != "PYTHON_GIL"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    said = done.stdout.strip().rpartition("\n")[2]
    assert said == "False", f"after the import, sys._is_gil_enabled() is {said or done.stderr.strip()}, not False"
