"""`verify`: its arguments, its verdicts and its limits."""

from __future__ import annotations

import threading
import time
from struct import pack
from typing import Any

import pytest

from conformance.checks.sample import GOOD, MALFORMED, SCHEMA, WELL_FORMED, Sample
from fast_impl.flatbuffers import Schema, verify
from spec_model.flatbuffers.verifier import Limits, is_well_formed
from tests.fast_impl.flatbuffers.agree import shipped
from tests.fast_impl.flatbuffers.corners import CORNERS, bomb, chain, nested_chain
from tests.fast_impl.flatbuffers.schemas import fast, model, path

MISREAD = (
    pack("<I", 12)  # the root
    + pack("<4H", 8, 8, 0, 4)  # its vtable: no number, and a name
    + pack("<iI", 8, 4)
    + pack("<I", 10**6)  # the length of the name
    + b"8 bytes."
)
"""A Sample of 32 bytes, whose name claims a million."""


@pytest.fixture(autouse=True)
def sampling() -> None:
    """The schema of Sample is loaded."""
    Schema.load(SCHEMA)


def test_the_runtime_misreads_a_refused_buffer() -> None:
    """A name of a million bytes in a buffer of 32: the runtime returns the eight that exist, without an error."""
    pytest.importorskip("flatbuffers")
    assert len(MISREAD) == 32
    assert Sample.GetRootAs(MISREAD).Name() == b"8 bytes."
    assert not verify(MISREAD, Sample)
    assert verify(MISREAD.replace(pack("<I", 10**6), pack("<I", 7)).replace(b".", b"\0"), Sample)


@pytest.mark.parametrize("what", [*WELL_FORMED, *MALFORMED])
def test_hand_made_buffers(what: str) -> None:
    """Each has the verdict of C++."""
    assert verify({**WELL_FORMED, **MALFORMED}[what], Sample) is (what in WELL_FORMED)


@pytest.mark.parametrize("what", CORNERS)
def test_corner_cases(what: str) -> None:
    """In C and in the model."""
    request, verdict = CORNERS[what]
    definitions = model(request.schema)
    assert definitions.root is not None
    limits = Limits(request.max_depth, request.max_tables)
    assert shipped(request) is verdict
    assert is_well_formed(definitions, definitions.root, request.data, limits=limits) is verdict


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview], ids=lambda kind: kind.__name__)
def test_any_bytes_like_object_is_accepted(kind: Any) -> None:
    """And its export is released."""
    data = kind(GOOD)
    assert verify(data, Sample) is True
    if kind is bytearray:
        data.append(0)  # BufferError if it were still exported


def test_alignment_is_relative_to_the_buffer() -> None:
    """The verdict does not depend on the address."""
    assert all(verify(memoryview(bytes(shift) + GOOD)[shift:], Sample) for shift in range(8))


def test_other_objects_are_refused(implementation: Any) -> None:
    """TypeError, and BufferError for memory that is not C-contiguous [ARG-1]."""
    schema_type, verify = implementation
    schema_type.load(SCHEMA)
    for data in ("text", None, [1, 2]):
        with pytest.raises(TypeError, match="bytes-like"):
            verify(data, Sample)
    with pytest.raises(BufferError, match="contiguous"):
        verify(memoryview(GOOD * 2)[::2], Sample)


def test_the_size_prefix_is_exact(implementation: Any) -> None:
    """Alignment is counted from the start of the prefix."""
    schema_type, verify = implementation
    schema_type.load(SCHEMA)
    body = GOOD[4:]
    prefixed = pack("<II", len(GOOD) + 4, 20) + bytes(4) + body
    assert verify(prefixed, Sample, size_prefixed=True)
    assert not verify(prefixed, Sample)
    assert not verify(pack("<I", len(GOOD)) + prefixed[4:], Sample, size_prefixed=True)
    assert not verify(GOOD, Sample, size_prefixed=True)


def test_the_file_identifier_is_checked_on_request(implementation: Any) -> None:
    """The four bytes after the root offset."""
    schema_type, verify = implementation
    schema_type.load(SCHEMA)
    marked = pack("<I", 20) + b"SMPL" + GOOD[4:]
    for identifier in (None, b"SMPL", "SMPL"):
        assert verify(pack("<I", 20) + b"SMPL" + GOOD[4:], Sample, file_identifier=identifier)
    assert not verify(marked, Sample, file_identifier=b"SMPX")
    with pytest.raises(ValueError, match="four bytes, not 3"):
        verify(marked, Sample, file_identifier="SMP")
    with pytest.raises(TypeError, match="not int"):
        verify(marked, Sample, file_identifier=4)


def test_threads_verify_concurrently() -> None:
    """They share only the schema, which is immutable."""
    deep = chain(500)
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(500):
            if not fast("tree").verify(deep, max_depth=500) or fast("tree").verify(deep, max_depth=499):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == [] and not any(thread.is_alive() for thread in threads)


def test_the_limits_and_their_ranges(implementation: Any) -> None:
    """1 to 10,000 levels, 1 to 2**32 - 1 tables."""
    tree = implementation[0].load(path("tree"), register=False)
    deep = chain(10_000)
    assert not tree.verify(deep)
    assert tree.verify(deep, max_depth=10_000)
    assert not tree.verify(deep, max_depth=9999)
    assert not tree.verify(deep, max_depth=10_000, max_tables=9999)
    assert tree.verify(deep, max_depth=10_000, max_tables=2**32 - 1)
    for limit in ({"max_depth": 0}, {"max_depth": 10_001}, {"max_tables": 0}, {"max_tables": 2**32}):
        with pytest.raises(ValueError, match="must be from 1 to"):
            tree.verify(deep, **limit)
    with pytest.raises(TypeError, match="max_depth must be an integer"):
        tree.verify(deep, max_depth=65.0)


def test_the_limits_include_nested_buffers() -> None:
    """C++ counts from 0 in each, so nesting escapes its limits."""
    tree = fast("tree")
    assert tree.verify(nested_chain(64))
    assert not tree.verify(nested_chain(65))
    assert not tree.verify(nested_chain(10), max_tables=9)


def _bomb(levels: int) -> bytes:
    """Nodes whose `left` and `right` are the same Node: there are 2**levels paths."""
    parts = [pack("<I", 16) + pack("<5H2x", 10, 12, 0, 4, 8)]
    for level in range(levels):
        at, last = 16 + 12 * level, level == levels - 1
        parts.append(pack("<iII", at - 4, 0 if last else 8, 0 if last else 4))
    data = bytearray(b"".join(parts))
    if levels:  # the last has neither: a vtable of its own
        data += pack("<2H", 4, 4)
        at = 16 + 12 * (levels - 1)
        data[at : at + 4] = pack("<i", at - (len(data) - 4))
    return bytes(data)


def test_a_bomb_of_tables_is_bounded() -> None:
    """2**60 paths through 61 tables: at most a million tables are checked."""
    assert fast("tree").verify(_bomb(10))
    began = time.monotonic()
    assert not fast("tree").verify(_bomb(61))
    assert time.monotonic() - began < 10


def test_a_bomb_of_strings_is_bounded() -> None:
    """20,000 times the same 100,000 strings: a bounded number are checked, where C++ checks every one."""
    assert fast("creature").verify(bomb(5, 100_000))
    began = time.monotonic()
    assert not fast("creature").verify(bomb(20_000, 100_000))
    assert time.monotonic() - began < 30
