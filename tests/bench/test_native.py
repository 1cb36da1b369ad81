"""The C side, and the producer in C beside a consumer in Python."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest

import fast_impl
from tests.bench import native, streaming
from tests.bench.measuring import InvalidMeasurement, Progress
from tests.bench.native import RIGTORP, program
from tests.bench.results import base
from tests.bench.workload import OURS, CannotRun, Workload, WrongMessages


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
