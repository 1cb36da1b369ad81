"""What people read of channels: errors, the same of the model and of both bindings; logs; status and metrics."""

from __future__ import annotations

import doctest
import errno
import gc
import logging
import os
import re
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import fast_impl
from conformance.checks.fork import in_child
from fast_impl import __main__ as command
from fast_impl import status
from tests.fast_impl.bindings.test_binding import run

# ---- errors ----


def words_of(call: Any, *arguments: Any) -> str:
    """The text of the error that a call raises."""
    with pytest.raises(Exception) as caught:
        call(*arguments)
    return str(caught.value)


def test_a_closed_channel_says_whose_end_it_was(omni: ModuleType, broker: Any, channel: Any) -> None:
    """This handle's own, by a close or a move, or its peer's, or a shutdown; by name."""
    producer, consumer = channel
    moved = consumer.move()
    gone = "of channel 'channel' was moved from or detached: another handle has its end"
    assert words_of(consumer.receive) == f"the consumer {gone}"
    broker.shutdown(0)
    for call in (lambda: producer.send(b"x"), lambda: producer.send_many([b"x"])):
        assert words_of(call).removeprefix("element 0: ") == "channel 'channel' was shut down"
    for call in (moved.receive, lambda: moved.receive_many(2)):
        assert words_of(call) == "channel 'channel' was shut down, and it is drained"
    moved.close()
    assert words_of(producer.send, b"x") == "channel 'channel' is closed: its consumer is gone"
    for call in (moved.receive, lambda: moved.receive_many(0)):
        assert words_of(call) == "the consumer of channel 'channel' is closed"
    producer.close()
    assert words_of(producer.send, b"x") == "the producer of channel 'channel' is closed"
    _other = producer.move()
    assert words_of(producer.send, b"x") == f"the producer {gone}"
    pair = omni.open_channel("\udc80", broker=broker)
    pair.producer.close()
    assert words_of(pair.consumer.receive) == r"channel '\udc80' is closed: its producer is gone, and it is drained"


def test_building_in_a_closed_channel(omni: ModuleType, channel: Any) -> None:
    """As `send`: on entry, and where the channel is closed meanwhile."""
    pytest.importorskip("flatbuffers")
    producer, consumer = channel

    def build() -> None:
        with producer.build() as builder:
            builder.StartObject(0)
            builder.Finish(builder.EndObject())
            consumer.close()

    assert words_of(build) == "channel 'channel' is closed: its consumer is gone"
    assert words_of(producer.build().__enter__) == "channel 'channel' is closed: its consumer is gone"
    producer.close()
    assert words_of(producer.build().__enter__) == "the producer of channel 'channel' is closed"


def test_sizes_and_times(omni: ModuleType, channel: Any) -> None:
    """What was asked for, and what is granted."""
    producer, consumer = channel
    assert words_of(producer.send, b"x" * 65) == (
        "a message of channel 'channel' has 1 to 64 bytes, its max_message_size, not 65"
    )
    assert words_of(producer.send_many, [b"x", b""]).startswith("element 1: a message of channel 'channel' has 1 to 64")
    consumer.try_pop()
    late = "no message came to channel 'channel' in time"
    assert words_of(consumer.receive, 0) == words_of(consumer.receive_many, 2, 0) == late
    producer.batch_push([b"x"] * 8)
    assert words_of(producer.send, b"x", 0) == "no slot of channel 'channel' became free in time"


def test_memory(omni: ModuleType) -> None:
    """The broker's limit, with the figures, or the system."""
    broker = omni.MailboxBroker(memory_limit=2000)
    kept = omni.open_channel("kept", capacity=8, max_message_size=64, broker=broker)
    assert words_of(lambda: omni.open_channel("a", capacity=9, max_message_size=100, broker=broker)) == (
        "a channel of 16 messages of up to 100 bytes (asked for: 9 of 100) needs 1600 bytes, and the broker's "
        "memory_limit is 2000 bytes, of which 512 are in use"
    )
    assert words_of(lambda: omni.open_channel("kept", broker=broker)) == (
        "a channel named 'kept' exists; close its handles first, or choose another name"
    )
    kept.close()
    if omni.__name__ != "spec_model":
        assert words_of(lambda: omni.open_channel("a", capacity=2**19, max_message_size=2**24)) == (
            "the system has no memory for a channel of 524288 messages of up to 16777216 bytes, "
            "8796093022208 bytes and what holds popped ones"
        )


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # threads of other tests may be left
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_handle_from_before_a_fork_says_so(fast: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    """By its repr, its errors and, as the child lets go of it, the logs [OBS-1, OBS-3]; the parent's goes on."""
    caplog.set_level(logging.DEBUG, "fast_impl.channel")
    pair = fast.open_channel("a", capacity=8, max_message_size=64, broker=fast.MailboxBroker())

    def child() -> None:
        assert repr(pair.producer) == "<ProducerHandle of 'a', capacity 8, from before a fork>"
        assert "is from before a fork, and only the parent process" in words_of(pair.consumer.receive)
        pair.close()
        how = "ended: a fork, before which it was opened"
        assert caplog.messages == [f"the {side} of channel 'a' {how}" for side in ("producer", "consumer")]

    in_child(child)
    assert repr(pair.producer) == "<ProducerHandle of 'a', capacity 8, 0 waiting, open>"
    pair.close()
    assert caplog.messages == [f"the {side} of channel 'a' ended: close()" for side in ("producer", "consumer")]


# ---- logs ----


def test_without_logging_nothing_is_imported() -> None:
    """A program that does not log does not get `logging` from opening and closing channels [OBS-3]."""
    done = run(
        "import sys, fast_impl\n"
        "with fast_impl.open_channel(): pass\n"
        "fast_impl.MailboxBroker.instance().shutdown()\n"
        "print('logging' in sys.modules)",
        OMNI_BINDING=fast_impl.binding,
    )
    assert done.stdout.strip() == "False", done.stderr


def test_what_a_handler_of_logs_raises(
    fast: ModuleType, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes out of close(), which is complete; from the last reference it is reported, and the channel is gone."""
    broker = fast.MailboxBroker()

    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise ZeroDivisionError

    logger, failing = logging.getLogger("fast_impl.channel"), Failing()
    caplog.set_level(logging.DEBUG, "fast_impl.channel")
    logger.addHandler(failing)
    try:
        pair = fast.open_channel("closed", broker=broker)
        for end in pair:
            with pytest.raises(ZeroDivisionError):
                end.close()
        assert not broker.has_channel("closed")
        pair = fast.open_channel("dropped", broker=broker)
        reported: list[Any] = []
        monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: reported.append(unraisable.exc_type))
        del pair, end
        gc.collect()
        assert not broker.has_channel("dropped")
        assert reported == [ZeroDivisionError] * 2
    finally:
        logger.removeHandler(failing)


def test_the_end_of_the_interpreter_is_not_logged() -> None:
    """Handles in globals and cycles end with it, and nothing is printed [LIF-11]."""
    done = run(
        "import logging, fast_impl\n"
        "logging.basicConfig(level=logging.DEBUG, filename='/dev/null')\n"
        "pair = fast_impl.open_channel()\n"
        "cycle = [fast_impl.open_channel()]\n"
        "cycle.append(cycle)",
        OMNI_BINDING=fast_impl.binding,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# ---- a process's status ----


@pytest.fixture
def path(tmp_path: Path) -> Iterator[str]:
    """Where to serve; short enough for a socket's address."""
    before = os.getcwd()
    os.chdir(tmp_path)
    yield "status"
    os.chdir(before)


def test_a_process_says_how_its_channels_stand(path: str) -> None:
    """To its own user, as often as it is asked, until the end of the block; then the path is free."""
    broker = fast_impl.MailboxBroker()
    producer, _consumer = fast_impl.open_channel("\ud800\n", capacity=8, max_message_size=64, broker=broker)
    with fast_impl.serve_status(path, broker) as server:
        assert stat.S_IMODE(os.lstat(path).st_mode) == 0o600
        for count in range(3):
            found = status.fetch(path)
            assert (found["pid"], found["broker"]["total_messages_sent"]) == (os.getpid(), count)
            [channel] = found["channels"]
            assert (channel["name"], channel["waiting"], channel["config"]["capacity"]) == ("\ud800\n", count, 8)
            assert (channel["producer"]["messages_sent"], channel["consumer_open"]) == (count, True)
            producer.send(b"x")
    assert not os.path.exists(path)
    server.close()
    assert repr(server) == f"<StatusServer at {os.path.abspath(path)!r}, closed>"
    with pytest.raises(FileNotFoundError):
        status.fetch(path)


def test_what_is_there_is_not_overwritten(path: str) -> None:
    """A file, or a socket at which somebody listens: FileExistsError; one that was left behind is replaced."""
    Path(path).write_text("precious")
    with pytest.raises(FileExistsError, match="exists, and is no socket"):
        fast_impl.serve_status(path)
    assert Path(path).read_text() == "precious"
    os.unlink(path)
    with fast_impl.serve_status(path), pytest.raises(FileExistsError, match="at which a process listens"):
        fast_impl.serve_status(path)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
        left.listen()
    with fast_impl.serve_status(path):
        assert status.fetch(path)["channels"] is not None
    with fast_impl.serve_status(path):
        os.unlink(path)
        Path(path).write_text("precious")
    assert Path(path).read_text() == "precious"
    with pytest.raises(FileNotFoundError):
        fast_impl.serve_status("nowhere/status")


def test_who_has_gone_again_holds_up_nobody(path: str) -> None:
    """One who connects and does not read gets no answer; the next one does."""
    with fast_impl.serve_status(path):
        for _ in range(3):
            with socket.socket(socket.AF_UNIX) as gone:
                gone.connect(path)
        assert status.fetch(path)["pid"] == os.getpid()


def test_a_server_without_a_descriptor_tries_again_later(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not at once, for ever: who asks goes on waiting to be answered. A close ends the pause."""
    tries: list[float] = []
    tried = threading.Event()

    class Refused(socket.socket):
        def accept(self) -> Any:
            tries.append(time.monotonic())
            tried.set()
            if len(tries) == 2:
                return super().accept()
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    listen = status._listen
    monkeypatch.setattr(status, "_listen", lambda path: Refused(fileno=listen(path).detach()))
    monkeypatch.setattr(status, "_PAUSE", 0.1)
    with fast_impl.serve_status(path):
        assert status.fetch(path)["pid"] == os.getpid()
        assert len(tries) == 2 and tries[1] - tries[0] >= 0.1
    monkeypatch.setattr(status, "_PAUSE", 60)
    begun = time.monotonic()
    with fast_impl.serve_status(path), socket.socket(socket.AF_UNIX) as asking:
        tried.clear()
        asking.connect(path)
        assert tried.wait(30)
    assert time.monotonic() - begun < 30 and len(tries) == 3


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # threads of other tests may be left
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_of_fork_serves_nothing(path: str) -> None:
    """It neither answers at the parent's socket nor removes that, and may serve at one of its own."""
    with fast_impl.serve_status(path) as server:

        def child() -> None:
            server.close()
            with fast_impl.serve_status("own"):
                assert status.fetch("own")["pid"] == os.getpid()

        in_child(child)
        assert status.fetch(path)["pid"] == os.getpid()


def test_top_prints_a_table(path: str) -> None:
    """Of the process that serves, once: names as they can be printed, how full, how fast, how it stands."""
    broker = fast_impl.MailboxBroker()
    producer, consumer = fast_impl.open_channel("red\x1b[31m", capacity=8, max_message_size=64, broker=broker)
    producer.batch_push([b"x"] * 4)
    consumer.try_pop()
    closed = fast_impl.open_channel("half", capacity=8, max_message_size=64, broker=broker)
    closed.consumer.close()
    asked = [sys.executable, "-m", "fast_impl", "top", path, "--once", "--interval", "0.01"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with fast_impl.serve_status(path, broker):
        done = subprocess.run(asked, capture_output=True, text=True, timeout=30, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    title, head, *lines = done.stdout.splitlines()
    assert title.startswith(f"process {os.getpid()}, omnimailbox ")
    assert tuple(re.split("  +", head)) == command.COLUMNS
    assert [re.split("  +", line) for line in lines] == [
        [r"red\x1b[31m", "#####....... 3/8", "0", "4", "1", "open"],
        ["half", "............ 0/8", "0", "0", "0", "consumer closed"],
    ]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=30, env=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("nothing answers at status: ")


def test_rates_and_sleepers() -> None:
    """Messages received between two looks; of a name that another channel has now, all of that one's."""

    def look(received: int, asleep: float | None) -> dict[str, Any]:
        channel = {
            "name": "a", "waiting": 0, "config": {"capacity": 8}, "shut": True, "producer_open": True,
            "consumer_open": True, "producer_sleeps": None, "consumer_sleeps": asleep,
            "producer": {"messages_sent": received}, "consumer": {"messages_received": received},
        }  # fmt: skip
        return {"channels": [channel]}

    [line] = command.rows(look(1000, None), look(6000, 3.21), 2.0)
    assert line[2:] == ("2,500", "6,000", "6,000", "consumer 3.2 s", "shut down")
    assert command.rows(look(1000, None), look(500, None), 0.5)[0][2] == "1,000"


@pytest.mark.skipif(not find_spec("rich"), reason="needs rich")
def test_a_table_that_stays_in_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    """By rich, in which a name is no markup."""
    with command._screen() as show:
        show("title", [("[red]a", "", "", "", "", "", "open")])
    assert "[red]a" in capsys.readouterr().out


# ---- metrics ----


@pytest.mark.skipif(not find_spec("prometheus_client"), reason="needs prometheus-client")
def test_metrics_of_prometheus() -> None:
    """Every figure of the snapshot is there when it is scraped, and goes with its channel; the totals stay."""
    from prometheus_client import CollectorRegistry, generate_latest

    from fast_impl.prometheus import ChannelCollector

    broker, registry = fast_impl.MailboxBroker(), CollectorRegistry()
    registry.register(ChannelCollector(broker))
    pair = fast_impl.open_channel("\ud800", capacity=8, max_message_size=64, broker=broker)
    pair.producer.batch_push([b"1", b"22"])
    pair.consumer.try_pop()
    pair.producer.blocking_push(b"", 0)
    pair.consumer.close()
    pair.producer.blocking_push(b"x", 0)
    channel = {"channel": r"\ud800"}

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"omnimailbox_{name}", labels)

    of_channel = {
        "capacity_messages": 8, "max_message_size_bytes": 64, "waiting_messages": 1, "shut_down": 0,
    }  # fmt: skip
    of_sides = {
        "messages_total": (2, 1), "bytes_total": (3, 1), "failed_calls_total": (1, 0), "open": (1, 0),
        "asleep_seconds": (0, 0),
    }  # fmt: skip
    assert {name: value(f"channel_{name}", **channel) for name in of_channel} == of_channel
    for name, expected in of_sides.items():
        found = tuple(value(f"channel_{name}", **channel, side=side) for side in ("producer", "consumer"))
        assert found == expected, name
    assert (value("channels"), value("channels_created_total"), value("messages_sent_total")) == (1, 1, 2)
    pair.close()
    assert value("channel_waiting_messages", **channel) is None
    assert (value("channels"), value("transferred_bytes_total")) == (0, 3)
    assert b"omnimailbox_channels 0.0" in generate_latest(registry)


def test_the_examples_run() -> None:
    """Those of the docstrings."""
    modules = [status]
    if find_spec("prometheus_client"):
        import fast_impl.prometheus

        modules.append(fast_impl.prometheus)
    for module in modules:
        assert doctest.testmod(module).failed == 0
