"""A message built in a slot has the bytes that an ordinary Builder gives, and needs no other memory (FLB-1, FLB-2)."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from flatbuffers import Builder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fast_impl.flatbuffers import everything_generated as everything
from tests.fast_impl.flatbuffers.everything_generated import Attachment, LabelT, LineT, NoteT, PointT

Message = Callable[[Any], None]
"""A function that builds and finishes one message."""

IDENTIFIER = b"EVRY"


def filled(kind: type, fields: dict[str, Any]) -> Any:
    """An object of the object API with these fields."""
    made = kind()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def objects(made: type, optional: bool = True, /, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects of the object API, with any subset of the fields or, if not `optional`, with all."""
    given = st.fixed_dictionaries({}, optional=fields) if optional else st.fixed_dictionaries(fields)
    return st.builds(filled, st.just(made), given)


def few(elements: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Short lists."""
    return st.lists(elements, max_size=5)


def integers(bits: int, signed: bool = True) -> st.SearchStrategy[int]:
    """The domain of a scalar."""
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else st.integers(0, 2**bits - 1)


TEXTS = st.sampled_from(["", "a", "seven", "é" * 9, "the same again"]) | st.text(max_size=30).filter(str.isprintable)
SINGLES = st.floats(width=32, allow_nan=False)
DOUBLES = st.floats(allow_nan=False)
POINTS = objects(PointT, x=DOUBLES, y=SINGLES, tag=integers(16))
LINES = objects(
    LineT, False, from_=POINTS, to=POINTS, kind=st.sampled_from([0, 1, 8]),
    weights=st.lists(integers(32), min_size=3, max_size=3),
)  # fmt: skip
NOTES = objects(NoteT, text=TEXTS, stamp=integers(64, False))
LABELS = objects(LabelT, False, name=TEXTS, at=POINTS)
NESTED = NOTES.map(lambda note: list(_packed(note)))


def _packed(packable: Any) -> bytes:
    builder = Builder(16)
    builder.Finish(packable.Pack(builder))
    return bytes(builder.Output())


def _attached(fields: dict[str, Any]) -> dict[str, Any]:
    kinds = {NoteT: Attachment.Note, LabelT: Attachment.Label}
    return {**fields, "attachmentType": kinds.get(type(fields.get("attachment")), Attachment.NONE)}


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "flag": st.booleans(), "tiny": integers(8), "small": integers(16, False), "count": integers(32),
    "total": integers(64, False), "ratio": SINGLES, "precise": DOUBLES, "colour": st.sampled_from([0, 1, 8]),
    "name": TEXTS, "origin": POINTS, "edge": LINES, "note": NOTES, "attachment": NOTES | LABELS,
    "flags": few(st.booleans()), "bytes": few(integers(8, False)), "shorts": few(integers(16)),
    "longs": few(integers(64)), "doubles": few(DOUBLES), "names": few(TEXTS), "points": few(POINTS),
    "notes": few(NOTES), "nested": NESTED, "last": integers(32),
}  # fmt: skip

PACKED = st.builds(
    lambda fields: lambda builder: filled(everything.EverythingT, _attached(fields)).Pack(builder),
    st.fixed_dictionaries({}, optional=FIELDS),
)
"""Builds an Everything with the object API and returns its root."""

ARRAYS = st.tuples(st.sampled_from(["<u1", ">i2", "<i8", ">f8"]), few(st.integers(0, 100)))


@st.composite
def by_hand(draw: st.DrawFn) -> Callable[[Any], int]:
    """With the Builder's methods: shared strings, repeated vtables, vectors from bytes and arrays, forced defaults."""
    defaults, names, nested = draw(st.booleans()), draw(few(TEXTS)), draw(NOTES.map(_packed))
    raw, (kind, values), stamps = draw(st.binary(max_size=40)), draw(ARRAYS), draw(few(integers(64, False)))

    def build(builder: Any) -> int:
        builder.ForceDefaults(defaults)
        shared = [builder.CreateSharedString(name) for name in names]
        data = builder.CreateByteVector(raw)
        inner = everything.EverythingMakeNestedVectorFromBytes(builder, nested)
        array = builder.CreateNumpyVector(np.array(values, kind))
        notes = []
        for stamp in stamps:
            text = builder.CreateSharedString("the same again")
            everything.NoteStart(builder)
            everything.NoteAddText(builder, text)
            everything.NoteAddStamp(builder, stamp)
            notes.append(everything.NoteEnd(builder))
        everything.EverythingStartNotesVector(builder, len(notes))
        for offset in notes:
            builder.PrependUOffsetTRelative(offset)
        all_notes = builder.EndVector()
        everything.EverythingStartNamesVector(builder, len(shared))
        for offset in shared:
            builder.PrependUOffsetTRelative(offset)
        all_names = builder.EndVector()
        everything.EverythingStart(builder)
        everything.EverythingAddNames(builder, all_names)
        everything.EverythingAddNotes(builder, all_notes)
        everything.EverythingAddBytes(builder, data)
        everything.EverythingAddNested(builder, inner)
        everything.EverythingAddLongs(builder, array)
        return int(everything.EverythingEnd(builder))

    return build


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """Finished with or without a file identifier and a size prefix."""
    build = draw(PACKED | by_hand())
    size_prefixed, identifier = draw(st.booleans()), draw(st.sampled_from([None, IDENTIFIER]))

    def message(builder: Any) -> None:
        finish = builder.FinishSizePrefixed if size_prefixed else builder.Finish
        finish(build(builder), file_identifier=identifier)

    return message


def ordinary(message: Message) -> bytes:
    """The message of an ordinary Builder."""
    builder = Builder(16)
    message(builder)
    return bytes(builder.Output())


SIZES = st.integers(64, 1200)
"""Most are not a multiple of an alignment."""


def opened(omni: ModuleType, size: int) -> Any:
    """A channel whose slots have all held other messages."""
    pair = omni.open_channel(capacity=8, max_message_size=size)
    for _ in range(4):
        assert pair.producer.batch_push([b"\xff" * size] * 8) == 8
        pair.consumer.batch_pop(8)
    return pair


def sent(omni: ModuleType, pair: Any, message: Message) -> bytes | Exception:
    """The received bytes of a message built in place, or the error that refused it."""
    try:
        with pair.producer.build() as builder:
            message(builder)
    except omni.FlatBufferTooLarge as error:
        assert pair.consumer.available_messages() == 0
        return error
    return bytes(pair.consumer.try_pop()[1])


def compare(size: int, batch: list[Message]) -> None:
    """Every message that fits has the same bytes; every other is refused."""
    import fast_impl

    with opened(fast_impl, size) as pair:
        for message in batch:
            bytes_wanted, found = ordinary(message), sent(fast_impl, pair, message)
            if len(bytes_wanted) <= size:
                assert found == bytes_wanted
            else:
                assert isinstance(found, fast_impl.FlatBufferTooLarge)
                assert found.available == size < found.needed <= len(bytes_wanted)


BATCHES = st.lists(messages(), min_size=6, max_size=8)
EXAMPLES = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(EXAMPLES, max_examples=15)
@given(size=SIZES, batch=BATCHES)
def test_a_hundred_messages(size: int, batch: list[Message]) -> None:
    """In slots of any size: an ordinary Builder's bytes if they fit, FlatBufferTooLarge if not."""
    compare(size, batch)


@pytest.mark.slow
@pytest.mark.timeout(240)
@settings(EXAMPLES, max_examples=350)
@given(size=SIZES, batch=BATCHES)
def test_thousands_of_messages(size: int, batch: list[Message]) -> None:
    """Likewise."""
    compare(size, batch)


LARGE = 1 << 20
allocation = pytest.mark.skipif(sys.implementation.name != "cpython", reason="counts what CPython allocates")


@pytest.fixture
def built(fast: ModuleType) -> Any:
    """A function that builds, sends and receives one message with the given data."""
    with fast.open_channel(capacity=8, max_message_size=LARGE) as pair:

        def once(data: bytes) -> None:
            with pair.producer.build() as builder:
                vector = builder.CreateByteVector(data)
                name = builder.CreateSharedString("name")
                everything.EverythingStart(builder)
                everything.EverythingAddBytes(builder, vector)
                everything.EverythingAddName(builder, name)
                builder.Finish(everything.EverythingEnd(builder))
            assert pair.consumer.try_pop()[0]

        yield once


@allocation
def test_no_buffer_is_allocated(built: Callable[[bytes], None]) -> None:
    """Messages of a megabyte are built with some kilobytes of memory."""
    data = bytes(LARGE - 1000)
    built(b"first")
    tracemalloc.start()
    try:
        for _ in range(20):
            built(data)
        current, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000
    assert current < 4_000


@allocation
def test_nothing_leaks(built: Callable[[bytes], None]) -> None:
    """After ten thousand messages fewer than 500 more blocks are in use."""
    built(b"first")
    gc.collect()
    gc.disable()
    try:
        before = sys.getallocatedblocks()
        for _ in range(10_000):
            built(b"again")
        assert sys.getallocatedblocks() - before < 500
    finally:
        gc.enable()


@allocation
def test_the_builder_is_reused(fast: ModuleType) -> None:
    """A producer has one builder, freed with the producer."""
    from fast_impl.flatbuffers import building

    with fast.open_channel(max_message_size=128) as pair:
        builders = set()
        for _ in range(3):
            with pytest.raises(KeyError), pair.producer.build() as builder:  # noqa: PT012
                builders.add(id(builder))
                raise KeyError
        assert len(builders) == 1
    before = len(building._builders)
    del pair, builder
    gc.collect()
    assert len(building._builders) < before
