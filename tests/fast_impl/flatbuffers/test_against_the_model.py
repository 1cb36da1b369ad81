"""The verifier in C agrees with the model on buffers and on schemas, and the model needs nothing installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spec_model
from fast_impl.flatbuffers import Schema
from spec_model.errors import SchemaError
from spec_model.flatbuffers.load import load
from spec_model.flatbuffers.verifier import Limits, is_well_formed
from tests.fast_impl.flatbuffers.buffers import Generator, mutated
from tests.fast_impl.flatbuffers.schemas import INCONSISTENT, NAMES, fast, model, path

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
