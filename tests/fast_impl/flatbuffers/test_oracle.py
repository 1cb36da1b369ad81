"""The verifier beside C++'s own, where this machine has it (Debian: libflatbuffers-dev, flatbuffers-compiler)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest

from conformance.checks.known_buffers import MALFORMED, WELL_FORMED
from tests.fast_impl.flatbuffers import ratio
from tests.fast_impl.flatbuffers.agree import LIMITS, compare, report, requests, shipped
from tests.fast_impl.flatbuffers.corners import CORNERS
from tests.fast_impl.flatbuffers.generic import WAYS
from tests.fast_impl.flatbuffers.oracle import Missing, Oracle, Request

pytestmark = [pytest.mark.once, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    """C++'s verifiers, as a process."""
    try:
        compiled = Oracle(tmp_path_factory.mktemp("oracle"))
    except Missing as missing:
        pytest.skip(str(missing))
    with compiled as running:
        yield running


def test_twenty_thousand_buffers(oracle: Oracle, capsys: pytest.CaptureFixture[str]) -> None:
    """No verdict is another than that of what flatc generates, nor another than flatbuffers::Verify's unexplained."""
    agreement = compare(oracle, 20_000, seed=2)
    report(agreement)
    assert agreement.unexplained == [], capsys.readouterr().out
    assert set(agreement.generated) <= {LIMITS} and sum(agreement.generated.values()) < 20
    assert sum(agreement.buffers.values()) == 20_000
    ways = {way for reason, _ in agreement.generic for way in reason.split(" + ")}
    assert ways <= {*WAYS, "several"}
    assert ways >= {"nested", "required", "zero", "unknown", "by index", "root", "types", "deprecated"}
    assert "\n0 differences unexplained\n" in capsys.readouterr().out


def test_corners_and_buffers_laid_out_by_hand(oracle: Oracle) -> None:
    """C++ says what is said of them here."""
    known: dict[str, tuple[Request, bool]] = dict(CORNERS)
    for verdict, buffers in ((True, WELL_FORMED), (False, MALFORMED)):
        known.update({what: (Request("sampling", data), verdict) for what, data in buffers.items()})
    verdicts = oracle.judge([request for request, _ in known.values()])
    wrong = {
        what: theirs for (what, (_, ours)), theirs in zip(known.items(), verdicts, strict=True) if ours != theirs[0]
    }
    assert wrong == {}


@pytest.mark.parametrize(
    "wrong",
    [lambda _: True, lambda _: False, lambda one: shipped(one) and len(one.data) % 32 != 0],
    ids=["True of all", "False of all", "False of some sizes"],
)
def test_a_verifier_that_judges_otherwise_is_told(oracle: Oracle, wrong: Any) -> None:
    """What the comparison cannot explain, it lists."""
    assert compare(oracle, 500, seed=3, verify=wrong).unexplained


def test_the_buffers_are_the_same_each_time() -> None:
    """So that what was found is found again."""
    one, other = (list(islice(requests("telemetry", Random(5)), 100)) for _ in range(2))
    assert one == other


def test_it_takes_no_more_than_three_times_as_long_as_cpp(tmp_path: Path) -> None:
    """Of its generic verifier's time, on the same buffers, in rounds that alternate."""
    try:
        program = ratio.build(tmp_path)
    except Missing as missing:
        pytest.skip(str(missing))
    assert ratio.measure(program, "telemetry", 201).generic < 3
