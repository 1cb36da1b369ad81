"""FlatBuffers of every kind, as functions that build them: on an ordinary Builder as on one in a slot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from flatbuffers import Builder
from hypothesis import strategies as st

from tests.fast_impl.building.everything import Everything as everything
from tests.fast_impl.building.everything import Note as note
from tests.fast_impl.building.everything.Attachment import Attachment
from tests.fast_impl.building.everything.Label import LabelT
from tests.fast_impl.building.everything.Line import LineT
from tests.fast_impl.building.everything.Note import NoteT
from tests.fast_impl.building.everything.Point import PointT

Message = Callable[[Any], None]
"""Builds and finishes one message."""

IDENTIFIER = b"EVRY"


def filled(kind: type, fields: dict[str, Any]) -> Any:
    """One of the object API's objects with these fields."""
    made = kind()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def objects(made: type, optional: bool = True, /, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects of the object API; with some of the fields, or with all."""
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
"""By the object API; gives the root."""

ARRAYS = st.tuples(st.sampled_from(["<u1", ">i2", "<i8", ">f8"]), few(st.integers(0, 100)))


@st.composite
def by_hand(draw: st.DrawFn) -> Callable[[Any], int]:
    """By the Builder's own methods: strings shared, vtables repeated, vectors as bytes and as arrays, all defaults."""
    defaults, names, nested = draw(st.booleans()), draw(few(TEXTS)), draw(NOTES.map(_packed))
    raw, (kind, values), stamps = draw(st.binary(max_size=40)), draw(ARRAYS), draw(few(integers(64, False)))

    def build(builder: Any) -> int:
        builder.ForceDefaults(defaults)
        shared = [builder.CreateSharedString(name) for name in names]
        data = builder.CreateByteVector(raw)
        inner = everything.MakeNestedVectorFromBytes(builder, nested)
        array = builder.CreateNumpyVector(np.array(values, kind))
        notes = []
        for stamp in stamps:
            text = builder.CreateSharedString("the same again")
            note.Start(builder)
            note.AddText(builder, text)
            note.AddStamp(builder, stamp)
            notes.append(note.End(builder))
        everything.StartNotesVector(builder, len(notes))
        for offset in notes:
            builder.PrependUOffsetTRelative(offset)
        all_notes = builder.EndVector()
        everything.StartNamesVector(builder, len(shared))
        for offset in shared:
            builder.PrependUOffsetTRelative(offset)
        all_names = builder.EndVector()
        everything.Start(builder)
        everything.AddNames(builder, all_names)
        everything.AddNotes(builder, all_notes)
        everything.AddBytes(builder, data)
        everything.AddNested(builder, inner)
        everything.AddLongs(builder, array)
        return int(everything.End(builder))

    return build


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """Finished plainly, with a file identifier, with the size before, or with both."""
    build = draw(PACKED | by_hand())
    size_prefixed, identifier = draw(st.booleans()), draw(st.sampled_from([None, IDENTIFIER]))

    def message(builder: Any) -> None:
        finish = builder.FinishSizePrefixed if size_prefixed else builder.Finish
        finish(build(builder), file_identifier=identifier)

    return message


def ordinary(message: Message) -> bytes:
    """What an ordinary Builder makes of it."""
    builder = Builder(16)
    message(builder)
    return bytes(builder.Output())
