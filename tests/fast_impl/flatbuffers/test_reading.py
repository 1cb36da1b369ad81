"""`message.get_flatbuffer(T)`: tables that read the ring's memory."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.fast_impl.flatbuffers.everything_generated import Everything, EverythingT, Note, NoteT


@pytest.fixture
def pair(omni: ModuleType) -> Iterator[Any]:
    """A channel of eight slots of 1000 bytes."""
    with omni.open_channel(capacity=8, max_message_size=1000) as channel:
        yield channel


def send(pair: Any, stamp: int = 7, identifier: bytes | None = None, size_prefixed: bool = False) -> Any:
    """Send a Note and return the received message."""
    sent = NoteT()
    sent.text, sent.stamp = "seven", stamp
    with pair.producer.build() as builder:
        (builder.FinishSizePrefixed if size_prefixed else builder.Finish)(sent.Pack(builder), identifier)
    return pair.consumer.try_pop()[1]


def test_a_table_reads_what_was_built(pair: Any) -> None:
    """It is of the requested class."""
    note = send(pair).get_flatbuffer(Note)
    assert type(note) is Note
    assert (note.Text(), note.Stamp()) == (b"seven", 7)


def test_the_object_api_reads_what_it_packed(pair: Any) -> None:
    """Strings, vectors, structs and a nested table."""
    sent = EverythingT()
    sent.name, sent.doubles, sent.names, sent.note = "name", [1.5, 2.5], ["a", "b"], NoteT()
    with pair.producer.build() as builder:
        builder.Finish(sent.Pack(builder))
    found = EverythingT.InitFromObj(pair.consumer.try_pop()[1].get_flatbuffer(Everything))
    assert (found.name, list(found.doubles), found.names) == (b"name", [1.5, 2.5], [b"a", b"b"])
    assert found.note is not None
    del found


@pytest.mark.parametrize("size_prefixed", [False, True])
@pytest.mark.parametrize("identifier", [None, b"NOTE"])
def test_identifier_and_size(pair: Any, identifier: bytes | None, size_prefixed: bool) -> None:
    """Both are checked on request."""
    message = send(pair, 7, identifier, size_prefixed)
    note = message.get_flatbuffer(Note, size_prefixed=size_prefixed, file_identifier=identifier)
    assert note.Stamp() == 7
    with pytest.raises(ValueError, match=r"file identifier is b'.*', not b'ELSE'"):
        message.get_flatbuffer(Note, size_prefixed=size_prefixed, file_identifier=b"ELSE")


def test_a_missing_size_prefix(pair: Any) -> None:
    """ValueError for a message that does not begin with its size."""
    with pytest.raises(ValueError, match="size-prefixed"):
        send(pair).get_flatbuffer(Note, size_prefixed=True)


@pytest.mark.parametrize(("size", "size_prefixed"), [(1, False), (7, False), (11, True)])
def test_a_message_too_short(pair: Any, size: int, size_prefixed: bool) -> None:
    """A message too short for a root is refused."""
    pair.producer.send(b"\0" * size)
    message = pair.consumer.try_pop()[1]
    with pytest.raises(ValueError, match=rf"\b{size}\b"):
        message.get_flatbuffer(Note, size_prefixed=size_prefixed)


@pytest.mark.parametrize(
    ("arguments", "keywords", "error"),
    [
        ((object,), {}, TypeError), ((None,), {}, TypeError), ((), {}, TypeError),
        ((Note,), {"file_identifier": 4}, TypeError), ((Note,), {"file_identifier": b"NOT"}, ValueError),
        ((Note,), {"prefixed": True}, TypeError),
    ],
)  # fmt: skip
def test_bad_arguments(pair: Any, arguments: tuple[Any, ...], keywords: Any, error: type[Exception]) -> None:
    """They are refused, also by an expired message [ARG-4]."""
    message = send(pair)
    for _ in range(2):
        with pytest.raises(error):
            message.get_flatbuffer(*arguments, **keywords)
        pair.consumer.try_pop()


def test_an_expired_message_is_not_read(omni: ModuleType, pair: Any) -> None:
    """MessageExpiredError after the next pop, and after the close [MSG-2]."""
    message = send(pair)
    newer = send(pair)
    with pytest.raises(omni.MessageExpiredError):
        message.get_flatbuffer(Note)
    pair.consumer.close()
    with pytest.raises(omni.MessageExpiredError):
        newer.get_flatbuffer(Note)


def test_a_table_outlives_the_next_pop(omni: ModuleType, pair: Any) -> None:
    """Its bytes stay as long as it lives, while the stream goes on [MSG-3]."""
    note = send(pair, 1).get_flatbuffer(Note)
    for stamp in range(2, 50):
        send(pair, stamp)
        assert note.Stamp() == 1


def test_a_table_outlives_the_channel(pair: Any) -> None:
    """The memory is freed after the table."""
    note = send(pair).get_flatbuffer(Note)
    pair.close()
    assert (note.Text(), note.Stamp()) == (b"seven", 7)


def test_arrays_lie_in_the_ring(fast: ModuleType) -> None:
    """A NumPy accessor gives a read-only view of the message's bytes."""
    with fast.open_channel(capacity=8, max_message_size=1000) as pair:
        sent = EverythingT()
        sent.doubles = np.arange(9.0)
        with pair.producer.build() as builder:
            builder.Finish(sent.Pack(builder))
        message = pair.consumer.try_pop()[1]
        array = message.get_flatbuffer(Everything).DoublesAsNumpy()
        assert np.array_equal(array, np.arange(9.0))
        assert np.shares_memory(array, np.frombuffer(message.data, np.uint8))
        assert not array.flags.writeable
        del array
