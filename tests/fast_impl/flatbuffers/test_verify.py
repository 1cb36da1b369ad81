"""`verify`: its arguments, its verdicts and its limits."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import threading
import time
from pathlib import Path
from random import Random
from struct import pack
from typing import Any

import pytest

from conformance.checks.sample import GOOD, MALFORMED, SCHEMA, WELL_FORMED, Sample
from fast_impl.flatbuffers import Schema, verify
from spec_model.flatbuffers.verifier import Limits, is_well_formed
from tests.fast_impl.flatbuffers.agree import shipped
from tests.fast_impl.flatbuffers.buffers import CORNERS, bomb, chain, deep, flexbuffers, flexible, nested_chain
from tests.fast_impl.flatbuffers.schemas import FLEXIBLE, fast, model, path

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


FLEX = {
    "an inline integer": (b"\x07\x04\x01", True),
    "nothing": (b"", False),
    "two bytes": (b"\x04\x01", False),
    "a root of three bytes": (b"\0\0\0\x04\x03", False),
    "a root that is not there": (b"\x04\x04\x08", False),
    "a type that there is not": (b"\x01\x01" + bytes([37 << 2, 1]), False),
    "a type that is in a gap": (b"\x01\x01" + bytes([30 << 2, 1]), False),
    "a string": (b"\x02ab\0\x03" + bytes([5 << 2, 1]), True),
    "a string without its end": (b"\x07ab\0\x03" + bytes([5 << 2, 1]), False),
    "an offset out of it": (b"\x02ab\0\x09" + bytes([5 << 2, 1]), False),
    "an unaligned indirect integer": (b"\0\x01\x02\x02" + bytes([6 << 2 | 1, 1]), False),
    "an indirect integer": (b"\x01\x02\x02" + bytes([6 << 2 | 1, 1]), True),
    "vectors nested 64 deep": (deep(64), True),
    "vectors nested 65 deep": (deep(65), False),
    "a vector that contains itself": (b"\x01\0\x28\x02" + bytes([10 << 2, 1]), False),
    "a vector longer than the buffer": (b"\xff\x01\x02\x01\x04" + bytes([10 << 2, 1]), False),
    "a fixed vector": (b"\x01\x02\x03\x03" + bytes([19 << 2, 1]), True),
    "a fixed vector beyond the end": (b"\x01\x01" + bytes([24 << 2 | 1, 1]), False),
    "a map": (b"a\0\x01\x03\x01\x01\x01\x07\x04\x02" + bytes([9 << 2, 1]), True),
    "a map without room for its keys": (b"\x01\x07\x04\x02" + bytes([9 << 2, 1]), False),
    "a map whose keys are three bytes wide": (b"a\0\x01\x03\x01\x03\x01\x07\x04\x02" + bytes([9 << 2, 1]), False),
}
"""FlexBuffers, and the verdict of flexbuffers::VerifyBuffer of 2.0.8."""

FLEX_ORACLE = """
#include <flatbuffers/flexbuffers.h>
#include <cstdio>
#include <vector>
int main() {
  for (uint32_t size; fread(&size, 4, 1, stdin) == 1;) {
    std::vector<uint8_t> data(size + 1);
    if (size && fread(data.data(), 1, size, stdin) != size) return 1;
    putchar(flexbuffers::VerifyBuffer(data.data(), size, nullptr) ? '1' : '0');
  }
}
"""


def _flexible(data: bytes) -> bool:
    """The verdict of C, which is that of the model."""
    verdict = fast(FLEXIBLE).verify(flexible(data), "T")
    assert is_well_formed(model(FLEXIBLE), "T", flexible(data)) is verdict, data
    return verdict


@pytest.mark.parametrize("what", FLEX)
def test_a_flexbuffer_in_a_field(what: str) -> None:
    """In C and in the model; an absent one is none."""
    data, verdict = FLEX[what]
    assert _flexible(data) is verdict
    assert fast(FLEXIBLE).verify(pack("<IHHi", 8, 4, 4, 4), "T")


def test_flexbuffers_in_fields_have_the_same_verdict_in_c_and_in_the_model() -> None:
    """Whole ones are well-formed; of those that were changed, many are not."""
    made = list(itertools.islice(flexbuffers(Random(1)), 3000))
    verdicts = [_flexible(data) for data in made]
    assert all(verdicts[::10])
    assert 500 < verdicts.count(False) < 2500


def test_elements_of_flexbuffers_are_limited() -> None:
    """One vector of 50, which 100 elements refer to, counts as often: 5,100 elements in a few hundred bytes."""
    inner = bytes([50]) + bytes(50) + bytes(50)
    outer = bytes([100]) + bytes(range(101, 201)) + bytes([10 << 2] * 100)
    buffer = flexible(inner + outer + bytes([200, 10 << 2, 1]))
    for most, verdict in ((5_100 - len(buffer), True), (5_099 - len(buffer), False)):
        assert fast(FLEXIBLE).verify(buffer, "T", max_tables=most) is verdict
        assert is_well_formed(model(FLEXIBLE), "T", buffer, limits=Limits(max_tables=most)) is verdict


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.timeout(180)
def test_flexbuffers_have_the_verdict_of_cpp(tmp_path: Path) -> None:
    """The corner cases, and ten thousand that were made and changed, by the library that is installed."""
    header = Path("/usr/include/flatbuffers/flexbuffers.h")
    if shutil.which("g++") is None or not header.exists() or "VerifyBuffer" not in header.read_text():
        pytest.skip("no g++ on the PATH, or no flatbuffers/flexbuffers.h with a verifier")
    (tmp_path / "oracle.cpp").write_text(FLEX_ORACLE)
    command = ["g++", "-std=c++17", "-O1", str(tmp_path / "oracle.cpp"), "-o", str(tmp_path / "oracle")]
    subprocess.run(command, check=True, timeout=100)
    made = [data for data, _ in FLEX.values()] + list(itertools.islice(flexbuffers(Random(2)), 10_000))
    given = b"".join(pack("<I", len(data)) + data for data in made)
    done = subprocess.run([str(tmp_path / "oracle")], input=given, capture_output=True, check=True, timeout=60)
    for data, verdict in zip(made, done.stdout.decode(), strict=True):
        assert _flexible(data) is (verdict == "1"), data
