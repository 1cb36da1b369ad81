"""FlatBuffers built in the slot, read in the ring and verified, for targets that provide them (§5.3, §6.1, §9.3)."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

from conformance.checks.registry import function
from conformance.checks.sample import MALFORMED, SCHEMA, WELL_FORMED, Sample, finish, root
from conformance.threads import open_pair, room

CONTENTS = ((0, "", b""), (7, "seven", b"\x07" * 7), (2**32 - 1, "é" * 40, bytes(range(256))))


def _ordinary(number: int, name: str, data: bytes = b"") -> bytes:
    """The message of an ordinary Builder."""
    from flatbuffers import Builder

    builder = Builder(16)
    finish(builder, number, name, data)
    return bytes(builder.Output())


def _nothing_was_sent(pair: Any) -> None:
    assert pair.consumer.available_messages() == 0, "something was published"
    assert pair.producer.try_push(b"next"), "the slot is still reserved"


def _allocated(call: Callable[[], Any]) -> tuple[Any, int]:
    """The result of the second call, and the peak of bytes that Python allocated during it.

    The first call may import modules.
    """
    call()
    tracemalloc.start()
    try:
        return call(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@function("FLB-1", "flatbuffers")
def a_buffer_built_in_the_slot_equals_an_ordinary_one(omni: Any) -> None:
    """A message built in place has the bytes that an ordinary Builder gives, whatever the slots held before."""
    _, pair = open_pair(omni, size=1024)
    for _ in range(4):
        assert pair.producer.batch_push([b"\xff" * 1024] * room()) == room()
        pair.consumer.batch_pop(8)
    for content in CONTENTS * 7:
        with pair.producer.build() as builder:
            finish(builder, *content)
        result, message = pair.consumer.try_pop()
        assert result, result
        assert bytes(message) == _ordinary(*content), f"{content}: {bytes(message)!r}"
    pair.close()


@function("FLB-1", "flatbuffers")
def every_way_to_finish_gives_the_same_bytes(omni: Any) -> None:
    """With a file identifier, with the size before, with both, and once more after Clear."""
    from flatbuffers import Builder

    _, pair = open_pair(omni, size=1024)
    for identifier in (None, b"SMPL"):
        for way in ("Finish", "FinishSizePrefixed"):
            wanted = Builder(16)
            root(wanted, 7, "seven", b"\x07", getattr(wanted, way), identifier)
            with pair.producer.build() as builder:
                finish(builder, 8, "eight")
                builder.Clear()
                root(builder, 7, "seven", b"\x07", getattr(builder, way), identifier)
                output = builder.Output()  # a copy, so that it does not export the slot
                assert output == wanted.Output(), f"Output() after {way}: {bytes(output)!r}"
            found = bytes(pair.consumer.try_pop()[1])
            assert found == wanted.Output(), f"{way}, identifier {identifier!r}: {found!r}"
    pair.close()


@function("FLB-1", "flatbuffers in-place")
def a_build_copies_nothing(omni: Any) -> None:
    """A message of a megabyte is built with no memory of that size beside the slot."""
    size = 1 << 20
    _, pair = open_pair(omni, size=size)
    data = bytes(size - 256)

    def build() -> None:
        with pair.producer.build() as builder:
            finish(builder, 7, "seven", data)

    _, peak = _allocated(build)
    assert peak < size // 4, f"{peak} bytes were allocated to build a message of {size}"
    pair.close()


@function("FLB-1", "flatbuffers")
def an_exception_inside_a_build_rolls_back(omni: Any) -> None:
    """Nothing is published, and the slot is free again."""
    _, pair = open_pair(omni)
    try:
        with pair.producer.build() as builder:
            finish(builder, 7, "seven")
            raise KeyError("inside the block")
    except KeyError:
        pass
    else:
        raise AssertionError("the exception did not propagate out of the block")
    _nothing_was_sent(pair)
    pair.close()


@function("FLB-1", "flatbuffers")
def an_unfinished_build_is_not_sent(omni: Any) -> None:
    """Leaving the block without Finish raises; nothing is published, and the slot is free again."""
    _, pair = open_pair(omni)
    try:
        with pair.producer.build() as builder:
            builder.CreateString("seven")
    except Exception:
        pass
    else:
        raise AssertionError("a block was left without Finish, and nothing was raised")
    _nothing_was_sent(pair)
    pair.close()


@function("FLB-2", "flatbuffers")
def a_build_that_outgrows_the_slot_is_refused(omni: Any) -> None:
    """The error names the size of the slot; nothing is published, and the slot is free again."""
    for length in (100, 10_000):
        _, pair = open_pair(omni)
        refused = None
        try:
            with pair.producer.build() as builder:
                finish(builder, 1, "x" * length)
        except Exception as error:
            refused = error
        assert refused is not None, f"a buffer of more than {length} bytes went into a slot of 64"
        assert "64" in str(refused), f"the error does not name the slot's size, 64: {refused!r}"
        _nothing_was_sent(pair)
        pair.close()


@function("FLB-2", "flatbuffers")
def a_buffer_is_sent_exactly_if_it_fits(omni: Any) -> None:
    """In slots of neighbouring sizes, a buffer is sent exactly if an ordinary one is no larger than the slot."""
    for size in range(64, 84):
        _, pair = open_pair(omni, size=size)
        for length in range(12, 44):
            wanted, refused = _ordinary(7, "x" * length), None
            try:
                with pair.producer.build() as builder:
                    finish(builder, 7, "x" * length)
            except Exception as error:
                refused = error
            if len(wanted) > size:
                assert refused is not None, f"{len(wanted)} bytes went into a slot of {size}"
                assert pair.consumer.available_messages() == 0, "something was published"
            else:
                assert refused is None, f"{len(wanted)} bytes did not go into a slot of {size}: {refused!r}"
                assert pair.consumer.try_pop()[0], "nothing was published"
        pair.close()


@function("FLB-3", "flatbuffers pins")
def a_table_is_read_in_the_ring(omni: Any) -> None:
    """get_flatbuffer gives what was sent, unchanged by a full queue's worth of pushes, and by pops."""
    _, pair = open_pair(omni, size=1024)
    assert pair.producer.try_push(_ordinary(7, "seven"))
    sample = pair.consumer.try_pop()[1].get_flatbuffer(Sample)
    assert isinstance(sample, Sample), f"asked for a Sample: {sample!r}"
    assert pair.producer.batch_push([b"\xff" * 1024] * room()) == room()
    assert (sample.Number(), sample.Name()) == (7, b"seven")
    pair.consumer.batch_pop(4)
    assert pair.producer.batch_push([b"\xff" * 1024] * 4) == 4
    assert (sample.Number(), sample.Name()) == (7, b"seven")
    pair.close()


@function("FLB-3", "flatbuffers")
def an_expired_message_gives_no_table(omni: Any) -> None:
    """MessageExpiredError, as for every other way of reading it."""
    _, pair = open_pair(omni, size=1024)
    assert pair.producer.batch_push([_ordinary(7, "seven")] * 2) == 2
    message = pair.consumer.try_pop()[1]
    pair.consumer.try_pop()
    try:
        message.get_flatbuffer(Sample)
    except omni.MessageExpiredError:
        pass
    else:
        raise AssertionError("a table was read from an expired message")
    pair.close()


@function("FLB-3", "flatbuffers in-place")
def reading_copies_nothing(omni: Any) -> None:
    """A table of a message of a megabyte needs no memory of that size."""
    size = 1 << 20
    _, pair = open_pair(omni, size=size)
    assert pair.producer.try_push(_ordinary(7, "seven", bytes(size - 256)))
    _, message = pair.consumer.try_pop()
    sample, peak = _allocated(lambda: message.get_flatbuffer(Sample))
    assert peak < size // 4, f"{peak} bytes were allocated to read a message of {size}"
    assert (sample.Number(), sample.Name()) == (7, b"seven")
    pair.close()


@function("FLB-4", "flatbuffers")
def verify_rejects_damaged_buffers(omni: Any) -> None:
    """True for a built buffer, False for every truncation of it and for offsets out of the buffer."""
    if hasattr(omni, "Schema"):
        omni.Schema.load(SCHEMA)
    _, pair = open_pair(omni, size=1024)

    def verified(data: bytes) -> bool:
        assert pair.producer.try_push(data)
        return bool(pair.consumer.try_pop()[1].verify(Sample))

    good = _ordinary(7, "seven", b"\x07" * 7)
    assert verified(good)
    for length in range(1, len(good) - 8):
        assert not verified(good[:length]), f"the first {length} of {len(good)} bytes were accepted as a Sample"
    assert not verified(b"\xff" * 32), "offsets out of the buffer were followed"
    text = good.index(b"seven") - 4
    long = good[:text] + (10**6).to_bytes(4, "little") + good[text + 4 :]
    assert not verified(long), "a string of a million bytes was accepted in a small buffer"
    pair.close()


@function("FLB-4", "flatbuffers")
def verify_agrees_with_cpp_on_hand_made_buffers(omni: Any) -> None:
    """Each has the verdict of C++'s Verifier."""
    if hasattr(omni, "Schema"):
        omni.Schema.load(SCHEMA)
    _, pair = open_pair(omni, size=1024)
    for expected, buffers in ((True, WELL_FORMED), (False, MALFORMED)):
        for what, data in buffers.items():
            assert pair.producer.try_push(data)
            verdict = pair.consumer.try_pop()[1].verify(Sample)
            assert verdict is expected, f"{what}: {verdict}, not {expected}"
    pair.close()
