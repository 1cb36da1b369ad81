"""The verifier compared with C++'s own, if this machine has it (Debian: libflatbuffers-dev, flatbuffers-compiler)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest

from conformance.checks.sample import MALFORMED, WELL_FORMED
from tests.fast_impl.flatbuffers import ratio
from tests.fast_impl.flatbuffers.agree import LIMITS, Agreement, compare, report, requests, shipped
from tests.fast_impl.flatbuffers.corners import CORNERS
from tests.fast_impl.flatbuffers.generic import DEVIATIONS
from tests.fast_impl.flatbuffers.oracle import Missing, Oracle, Request
from tests.fast_impl.flatbuffers.schemas import NAMES

pytestmark = [pytest.mark.once, pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    """C++'s verifiers, in a process."""
    try:
        compiled = Oracle(tmp_path_factory.mktemp("oracle"))
    except Missing as missing:
        pytest.skip(str(missing))
    with compiled as running:
        yield running


def test_twenty_thousand_buffers(oracle: Oracle, capsys: pytest.CaptureFixture[str]) -> None:
    """Every verdict is that of flatc's generated verifiers; every difference to flatbuffers::Verify is explained."""
    agreement = compare(oracle, 20_000, seed=2)
    report(agreement)
    assert agreement.unexplained == [], capsys.readouterr().out
    assert set(agreement.generated) <= {LIMITS} and sum(agreement.generated.values()) < 20
    assert sum(agreement.buffers.values()) == 20_000
    deviations = {name for reason, _ in agreement.generic for name in reason.split(" + ")}
    assert deviations <= {*DEVIATIONS, "several"}
    assert deviations >= {"nested", "required", "zero", "unknown", "by index", "root", "types", "deprecated"}
    assert "\n0 differences unexplained\n" in capsys.readouterr().out


def test_corner_cases_and_hand_made_buffers(oracle: Oracle) -> None:
    """Their expected verdicts are those of C++."""
    known: dict[str, tuple[Request, bool]] = dict(CORNERS)
    for verdict, buffers in ((True, WELL_FORMED), (False, MALFORMED)):
        known.update({what: (Request("sampling", data), verdict) for what, data in buffers.items()})
    verdicts = oracle.verify([request for request, _ in known.values()])
    wrong = {
        what: theirs for (what, (_, ours)), theirs in zip(known.items(), verdicts, strict=True) if ours != theirs[0]
    }
    assert wrong == {}


@pytest.fixture(scope="module")
def some() -> list[Request]:
    """A few buffers of each schema."""
    return [request for name in NAMES for request in islice(requests(name, Random(f"3 {name}")), 100)]


@pytest.mark.parametrize(
    "wrong",
    [lambda _: True, lambda _: False, lambda one: shipped(one) and len(one.data) % 32 != 0],
    ids=["True of all", "False of all", "False of some sizes"],
)
def test_a_wrong_verifier_is_detected(oracle: Oracle, some: list[Request], wrong: Any) -> None:
    """Its differences are listed as unexplained."""
    agreement = Agreement(wrong)
    agreement.compare(oracle, some)
    assert agreement.unexplained


def test_the_buffers_are_the_same_each_time() -> None:
    """A seed reproduces a run."""
    one, other = (list(islice(requests("telemetry", Random(5)), 100)) for _ in range(2))
    assert one == other


def test_it_takes_at_most_three_times_as_long_as_flatbuffers_verify(tmp_path: Path) -> None:
    """On the same buffers, in alternating rounds."""
    try:
        program = ratio.build(tmp_path)
    except Missing as missing:
        pytest.skip(str(missing))
    assert ratio.measure(program, "telemetry", 201).generic < 3
