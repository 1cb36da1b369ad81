"""FlatBuffers in the slot, for targets that provide them (§5.3, §6.1, §9.3)."""

from __future__ import annotations

import tracemalloc
from typing import Any

from conformance.checks.known_buffers import MALFORMED, WELL_FORMED
from conformance.checks.registry import function
from conformance.checks.sample import SCHEMA, Sample, finish
from conformance.threads.waiting import open_pair

CONTENTS = ((0, "", b""), (7, "seven", b"\x07" * 7), (2**32 - 1, "é" * 40, bytes(range(256))))


def _ordinary(number: int, name: str, data: bytes) -> bytes:
    """What an ordinary Builder makes of it."""
    from flatbuffers import Builder

    builder = Builder(16)
    finish(builder, number, name, data)
    return bytes(builder.Output())


@function("FLB-1", "flatbuffers")
def a_buffer_built_in_the_slot_equals_an_ordinary_one(omni: Any) -> None:
    """What is built in place arrives as the bytes that an ordinary Builder gives."""
    _, pair = open_pair(omni, size=1024)
    for content in CONTENTS * 7:
        with pair.producer.build() as builder:
            finish(builder, *content)
        result, message = pair.consumer.try_pop()
        assert result, result
        assert bytes(message) == _ordinary(*content), f"{content}: {bytes(message)!r}"
    pair.close()


@function("FLB-1", "flatbuffers")
def an_exception_inside_a_build_rolls_back(omni: Any) -> None:
    """Nothing is published, and the slot is free again."""
    _, pair = open_pair(omni)
    try:
        with pair.producer.build():
            raise KeyError("on the way")
    except KeyError:
        pass
    assert pair.consumer.available_messages() == 0
    assert pair.producer.try_push(b"next")
    pair.close()


@function("FLB-2", "flatbuffers")
def a_build_that_outgrows_the_slot_is_refused(omni: Any) -> None:
    """The error tells the size of the slot; nothing is published, and the slot is free again."""
    _, pair = open_pair(omni)
    refused = None
    try:
        with pair.producer.build() as builder:
            finish(builder, 1, "x" * 100)
    except Exception as error:
        refused = error
    assert refused is not None, "a buffer of more than 100 bytes went into a slot of 64"
    assert "64" in str(refused), f"the error does not tell the slot's size, 64: {refused!r}"
    assert pair.consumer.available_messages() == 0
    assert pair.producer.try_push(b"next")
    pair.close()


@function("FLB-3", "flatbuffers")
def a_table_is_read_in_the_ring(omni: Any) -> None:
    """get_flatbuffer gives what was sent, unchanged by a full queue's worth of pushes, and copies nothing."""
    size = 1 << 20
    _, pair = open_pair(omni, size=size)
    assert pair.producer.try_push(_ordinary(7, "seven", bytes(size - 256)))
    _, message = pair.consumer.try_pop()
    tracemalloc.start()
    try:
        sample = message.get_flatbuffer(Sample)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < size // 4, f"{peak} bytes were allocated to read a message of {size}"
    assert isinstance(sample, Sample)
    assert pair.producer.batch_push([b"\xff" * size] * 8) == 8
    assert (sample.Number(), sample.Name()) == (7, b"seven")
    pair.close()


@function("FLB-4", "flatbuffers")
def verify_tells_good_from_bad(omni: Any) -> None:
    """True for what a Builder made, False for every truncation of it and for offsets that lead out of it."""
    if hasattr(omni, "Schema"):
        omni.Schema.load(SCHEMA)
    _, pair = open_pair(omni, size=1024)

    def verified(data: bytes) -> bool:
        assert pair.producer.try_push(data)
        return bool(pair.consumer.try_pop()[1].verify(Sample))

    good = _ordinary(7, "seven", b"\x07" * 7)
    assert verified(good)
    for length in range(1, len(good) - 8):
        assert not verified(good[:length]), f"the first {length} of {len(good)} bytes were taken for a Sample"
    assert not verified(b"\xff" * 32), "offsets out of the buffer were followed"
    text = good.index(b"seven") - 4
    long = good[:text] + (10**6).to_bytes(4, "little") + good[text + 4 :]
    assert not verified(long), "a string of a million bytes was found in a small buffer"
    pair.close()


@function("FLB-4", "flatbuffers")
def verify_judges_each_buffer_as_cpp_does(omni: Any) -> None:
    """Buffers laid out by hand: each True or False as C++'s Verifier says of it."""
    if hasattr(omni, "Schema"):
        omni.Schema.load(SCHEMA)
    _, pair = open_pair(omni, size=1024)
    for expected, buffers in ((True, WELL_FORMED), (False, MALFORMED)):
        for what, data in buffers.items():
            assert pair.producer.try_push(data)
            verdict = pair.consumer.try_pop()[1].verify(Sample)
            assert verdict is expected, f"{what}: {verdict}, not {expected}"
    pair.close()
