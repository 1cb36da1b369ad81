"""Every contender, in Python and in C, moves all messages in order, and one that does not is detected."""

from __future__ import annotations

import collections
import io
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fast_impl
from tests.bench import large, native, one_thread, streaming, two_threads
from tests.bench.measuring import InvalidMeasurement, Progress
from tests.bench.native import RIGTORP, program
from tests.bench.one_thread import _loops, _not_waiting, _peer
from tests.bench.peers import ALL_PEERS, Open, Peer, installed, missing
from tests.bench.results import base
from tests.bench.two_threads import _ping_pong, _stream
from tests.bench.workload import OURS, CannotRun, Workload, WrongMessages

# ---- in Python ----


WORKLOADS = (*one_thread.WORKLOADS, *two_threads.WORKLOADS, *large.IN_PLACE)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_all_messages_come_out_in_order(workload: Workload) -> None:
    """Each contender carries numbered messages, and each one is checked."""
    try:
        contenders = workload.contenders()
    except CannotRun as why:
        pytest.skip(str(why))
    for contender in contenders:
        assert contender.carry(4 * contender.unit, True) > 0, contender.name
        assert contender.carry(2 * contender.unit, False) > 0, contender.name


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_ours_is_among_them(workload: Workload) -> None:
    """The contender that the others are compared with is present, and names are unique."""
    try:
        names = [contender.name for contender in workload.contenders()]
    except CannotRun as why:
        pytest.skip(str(why))
    assert {OURS, *(row.ours for row in workload.rows)} <= set(names)
    assert len(names) == len(set(names))


@pytest.mark.once
def test_peers_are_here_or_named_as_missing() -> None:
    """A peer that cannot be imported is left out by name; those of the standard library never are."""
    assert {peer.name for peer in installed()} | set(missing()) == {peer.name for peer in ALL_PEERS}
    assert {"SimpleQueue", "queue.Queue", "deque", "mp.Pipe"} <= {peer.name for peer in installed()}


def _wrong(get: Callable[[Any], Any]) -> Peer:
    """A queue whose get is not right."""

    def make() -> Open:
        q: collections.deque[bytes] = collections.deque()
        return Open(q.append, lambda: _taken(get, q), q.append, lambda: _taken(get, q))

    return Peer("wrong", make)


def _taken(get: Callable[[Any], Any], q: Any) -> Any:
    while True:
        try:
            return get(q)
        except IndexError:
            continue


WRONG = {
    "the newest first": lambda q: q.pop(),
    "another's bytes": lambda q: q.popleft()[:-1] + b"!",
    "the first again and again": lambda q: q[0],
}


@pytest.mark.once
@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_queue_is_detected(how: str) -> None:
    """Batches in one thread, two threads and ping-pong detect a queue that reorders, changes or repeats messages."""
    peer = _wrong(WRONG[how])
    with pytest.raises(WrongMessages, match="wrong"):
        _loops(peer, 64, 32, 320, True)
    if how != "the newest first":  # in these two, there may never be two messages at once
        with pytest.raises(WrongMessages, match="wrong"):
            _ping_pong(peer, 64, 20, True)
        with pytest.raises(WrongMessages, match="wrong"):
            _peer(peer, _not_waiting, 64, 20, True)
        with pytest.raises(WrongMessages, match="wrong"):
            _stream(peer, 64, 2000, True)


# ---- in C, and the producer in C beside a consumer in Python ----


@pytest.fixture(scope="module")
def compiled() -> Path:
    """The program, once for all tests."""
    try:
        return program()
    except CannotRun as why:
        pytest.skip(str(why))


@pytest.mark.once
@pytest.mark.timeout(120)
@pytest.mark.parametrize("workload", native.WORKLOADS, ids=lambda workload: workload.name)
def test_each_workload_in_c_gives_all_rounds(workload: Workload, compiled: Path) -> None:
    """Every contender of the C side runs in every round, ours among them, and finds its messages right."""
    try:
        series = native.interleave(workload.name, 2, 0.001, Progress(1, io.StringIO()))
    except CannotRun as why:
        pytest.skip(str(why))
    names = {each.name for each in series}
    assert {OURS, *(row.ours for row in workload.rows)} <= names
    assert {len(each.ns) for each in series} == {2}
    for row in workload.rows:
        assert {rival for rival in row.rivals if base(rival) not in native.PEERS} <= names


def _instead(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """A program in place of the compiled one."""
    path = folder / "main"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(native, "program", lambda: path)


@pytest.mark.once
@pytest.mark.parametrize(
    ("script", "error", "says"),
    [
        ("printf 'boost\\t0\\t5\\n'", InvalidMeasurement, "0 messages"),
        ("printf 'boost\\t5\\t-1\\n'", InvalidMeasurement, "-1.0 ns"),
        ("printf 'boost\\t5\\tnan\\n'", InvalidMeasurement, "nan ns"),
        ("printf 'boost\\t5\\t1\\n'", WrongMessages, "not 2 rounds of boost"),
        ("true", WrongMessages, "not 2 rounds of anything"),
        ("echo 'boost: message 3 came where 2 was due' >&2; exit 1", WrongMessages, "message 3 came where 2 was due"),
        ("echo 'two processors are needed' >&2; exit 3", CannotRun, "two processors"),
    ],
)
def test_the_output_of_the_program_is_validated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, error: type[Exception], says: str
) -> None:
    """Invalid measurements, missing rounds and a failure on the C side are errors; a lacking machine is CannotRun."""
    _instead(monkeypatch, tmp_path, script)
    with pytest.raises(error, match=says):
        native.interleave("c-8", 2, 0.001, Progress(1, io.StringIO()))


@pytest.mark.once
def test_a_program_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The C side has a limit on its time."""
    _instead(monkeypatch, tmp_path, "exec sleep 50")
    monkeypatch.setattr(native, "LIMIT", 0.2)
    with pytest.raises(TimeoutError, match="c-8"):
        native.interleave("c-8", 2, 0.001, Progress(1, io.StringIO()))


@pytest.mark.once
def test_a_path_that_does_not_lead_to_rigtorp_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error names the variable and what it should lead to."""
    monkeypatch.setenv(RIGTORP, str(tmp_path))
    with pytest.raises(CannotRun, match=r"OMNI_RIGTORP=.* SPSCQueue.h"):
        program.__wrapped__()


def test_a_producer_in_c_beside_a_consumer_in_python() -> None:
    """All that the thread in C pushes comes out in order, and so does what filled the ring before."""
    try:
        contenders = [contender for workload in streaming.WORKLOADS for contender in workload.contenders()]
    except CannotRun as why:
        pytest.skip(str(why))
    for contender in contenders:
        assert contender.carry(20 * contender.unit, True) > 0, contender.name
        assert contender.carry(20 * contender.unit, False) > 0, contender.name


def test_the_feeder_stops_when_the_consumer_leaves() -> None:
    """A producer in C that sleeps on a full ring wakes when the consumer closes."""
    try:
        feeder = streaming.feeder()
    except CannotRun as why:
        pytest.skip(str(why))
    with fast_impl.open_channel(capacity=8, max_message_size=64) as (producer, consumer):
        running = feeder.feeder_start(producer.native_handle, 64, 0, 1000)
        while consumer.available_messages() < 8:
            pass
        consumer.close()
        feeder.feeder_join(running)
    assert producer.get_stats().messages_sent < 1000


@pytest.mark.once
def test_messages_of_the_feeder_are_checked() -> None:
    """A message that is missing, short or not of this number is an error."""
    right = [number.to_bytes(8, "little").ljust(64, b".") for number in range(3)]
    streaming._check("it", right)
    for wrong in (right[1:], [right[0], right[0]], [right[0][:-1]]):
        with pytest.raises(WrongMessages, match="it"):
            streaming._check("it", wrong)
