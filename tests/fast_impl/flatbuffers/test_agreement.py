"""The verifier in C agrees with the model, and with C++'s own verifiers where this machine has them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spec_model
from conformance.checks.sample import MALFORMED, WELL_FORMED
from fast_impl.flatbuffers import Schema
from spec_model.errors import SchemaError
from spec_model.flatbuffers.load import load
from spec_model.flatbuffers.verifier import Limits, is_well_formed
from tests.fast_impl.flatbuffers import ratio
from tests.fast_impl.flatbuffers.agree import LIMITS, Agreement, compare, report, requests, shipped
from tests.fast_impl.flatbuffers.buffers import CORNERS, Generator, mutated
from tests.fast_impl.flatbuffers.generic import DEVIATIONS
from tests.fast_impl.flatbuffers.oracle import Missing, Oracle, Request
from tests.fast_impl.flatbuffers.schemas import INCONSISTENT, NAMES, fast, model, path

# ---- the model, on buffers and on schemas, which needs nothing installed ----


EXAMPLES = settings(max_examples=100, deadline=None, derandomize=True)


@cache
def _buffers(name: str, size_prefixed: bool) -> list[bytes]:
    random, root = Random(name), model(name).root
    assert root is not None
    return [Generator(model(name), random, random.randrange(1, 5)).buffer(root, size_prefixed) for _ in range(60)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size_prefixed", [False, True], ids=["plain", "size-prefixed"])
def test_built_buffers_are_well_formed(name: str, size_prefixed: bool) -> None:
    """With every feature of FlatBuffers."""
    assert all(fast(name).verify(data, size_prefixed=size_prefixed) for data in _buffers(name, size_prefixed))


@pytest.mark.once
@pytest.mark.parametrize("name", NAMES)
@EXAMPLES
@given(data=st.data())
def test_the_same_verdict_on_mutated_buffers(name: str, data: st.DataObject) -> None:
    """Flipped bits, splices, truncations, changed offsets, under any limits."""
    size_prefixed = data.draw(st.booleans())
    buffers = _buffers(name, size_prefixed)
    buffer = data.draw(st.sampled_from(buffers))
    if data.draw(st.booleans()):
        buffer = mutated(buffer, buffers, Random(data.draw(st.integers(0, 2**64))))
    if buffer and data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(buffer) - 1))
        buffer = buffer[:at] + data.draw(st.binary(max_size=8)) + buffer[at + data.draw(st.integers(0, 8)) :]
    depth = data.draw(st.one_of(st.just(64), st.integers(1, 70)))
    tables = data.draw(st.one_of(st.just(1_000_000), st.integers(1, 40)))
    root, limits = model(name).root, Limits(depth, tables)
    assert root is not None
    expected = is_well_formed(model(name), root, buffer, size_prefixed=size_prefixed, limits=limits)
    found = fast(name).verify(buffer, size_prefixed=size_prefixed, max_depth=depth, max_tables=tables)
    assert found is expected


@pytest.mark.once
@EXAMPLES
@given(buffer=st.binary(max_size=64), name=st.sampled_from(NAMES))
def test_the_same_verdict_on_arbitrary_bytes(buffer: bytes, name: str) -> None:
    """Not derived from any buffer."""
    root = model(name).root
    assert root is not None
    assert fast(name).verify(buffer) is is_well_formed(model(name), root, buffer)


def _same(data: bytes) -> None:
    """Both load it with the same result, or both refuse it."""
    try:
        definitions = load(data)
    except SchemaError:
        with pytest.raises(SchemaError):
            Schema.load(data, register=False)
        return
    schema = Schema.load(data, register=False)
    assert (schema.tables, schema.root) == (tuple(definitions.tables), definitions.root)
    assert schema.file_identifier == definitions.file_identifier


@pytest.mark.parametrize("what", INCONSISTENT)
def test_inconsistent_schemas_are_refused(what: str) -> None:
    """By both."""
    for loaded in (load, lambda data: Schema.load(data, register=False)):
        with pytest.raises(SchemaError):
            loaded(INCONSISTENT[what])


@pytest.mark.once
@EXAMPLES
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 2**64))
def test_the_same_result_on_mutated_schemas(name: str, seed: int) -> None:
    """A schema is a FlatBuffer as well, and is checked as one."""
    whole = [path(one).read_bytes() for one in NAMES]
    _same(mutated(path(name).read_bytes(), whole, Random(seed)))


PROGRAM = f"""
import sys
sys.path.insert(0, {str(Path(spec_model.__file__).parents[1])!r})
from spec_model.flatbuffers import Schema
schema = Schema.load({str(path("tree"))!r})
node = bytes([8, 0, 0, 0, 4, 0, 4, 0, 4, 0, 0, 0, 0])
print(schema.root, schema.verify(node), schema.verify(node[:11]))
"""


@pytest.mark.parametrize("interpreter", ["python", "pypy3"])
def test_the_model_needs_nothing_installed(interpreter: str) -> None:
    """It loads a schema and verifies with neither environment variables nor site-packages."""
    found = sys.executable if interpreter == "python" else shutil.which(interpreter)
    if found is None:
        pytest.skip(f"no {interpreter} on this machine")
    done = subprocess.run([found, "-I", "-S", "-B", "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "judged.tree.Node True False\n"), done.stderr


# ---- C++'s own verifiers (Debian: libflatbuffers-dev, flatbuffers-compiler) ----


def with_cpp(test: Callable[..., None]) -> Callable[..., None]:
    """Marks a test that compiles and runs C++."""
    for mark in (pytest.mark.once, pytest.mark.slow, pytest.mark.timeout(180)):
        test = mark(test)
    return test


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    """C++'s verifiers, in a process."""
    try:
        compiled = Oracle(tmp_path_factory.mktemp("oracle"))
    except Missing as missing:
        pytest.skip(str(missing))
    with compiled as running:
        yield running


@with_cpp
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


@with_cpp
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


@with_cpp
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


@with_cpp
def test_the_buffers_are_the_same_each_time() -> None:
    """A seed reproduces a run."""
    one, other = (list(islice(requests("telemetry", Random(5)), 100)) for _ in range(2))
    assert one == other


@with_cpp
def test_it_takes_at_most_three_times_as_long_as_flatbuffers_verify(tmp_path: Path) -> None:
    """On the same buffers, in alternating rounds."""
    try:
        program = ratio.build(tmp_path)
    except Missing as missing:
        pytest.skip(str(missing))
    assert ratio.measure(program, "telemetry", 201).generic < 3
