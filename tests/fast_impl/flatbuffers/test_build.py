"""`producer.build()`: what the block does with the slot, and what it raises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import flatbuffers
import numpy as np
import pytest
from flatbuffers.builder import BuilderNotFinishedError

from tests.fast_impl.flatbuffers import everything_generated as everything


@pytest.fixture
def pair(omni: ModuleType) -> Iterator[Any]:
    """A channel of eight slots of 128 bytes."""
    with omni.open_channel(capacity=8, max_message_size=128) as channel:
        yield channel


def finish(builder: Any, text: str = "seven") -> None:
    """A Note."""
    string = builder.CreateString(text)
    everything.NoteStart(builder)
    everything.NoteAddText(builder, string)
    builder.Finish(everything.NoteEnd(builder))


def ordinary(text: str = "seven") -> bytes:
    """The same message from an ordinary Builder."""
    builder = flatbuffers.Builder(16)
    finish(builder, text)
    return bytes(builder.Output())


def nothing_happened(pair: Any) -> bool:
    """Nothing was sent, and no reservation is outstanding."""
    assert pair.producer.get_stats().messages_sent == 0
    pair.producer.send(b"next", 0)
    return bytes(pair.consumer.try_pop()[1]) == b"next"


def test_it_is_a_builder_and_its_message_is_sent(pair: Any) -> None:
    """The block gives a flatbuffers.Builder; leaving it sends and counts one message, the finished buffer alone."""
    with pair.producer.build() as builder:
        assert isinstance(builder, flatbuffers.Builder)
        finish(builder)
        assert pair.consumer.available_messages() == 0
    assert bytes(pair.consumer.try_pop()[1]) == ordinary()
    assert pair.producer.get_stats().bytes_sent == len(ordinary())


def test_output_is_a_copy(pair: Any) -> None:
    """Output() gives a bytearray that does not export the slot, and raises before Finish."""
    with pair.producer.build() as builder:
        with pytest.raises(BuilderNotFinishedError):
            builder.Output()
        finish(builder)
        output = builder.Output()
    assert type(output) is bytearray
    assert output == ordinary()


def test_an_exception_rolls_back(pair: Any) -> None:
    """It comes out of the block, and nothing is sent."""
    with pytest.raises(KeyError), pair.producer.build() as builder:  # noqa: PT012
        finish(builder)
        raise KeyError("on the way")
    assert nothing_happened(pair)


def test_without_finish_nothing_is_sent(pair: Any) -> None:
    """Leaving the block without Finish raises BuilderNotFinishedError."""
    with pytest.raises(BuilderNotFinishedError, match=r"without builder\.Finish"), pair.producer.build() as builder:
        builder.CreateString("seven")
    assert nothing_happened(pair)


@pytest.mark.parametrize("text", ["x" * 140, "x" * 10**6])
def test_too_large_for_the_slot(omni: ModuleType, pair: Any, text: str) -> None:
    """FlatBufferTooLarge, a ValueError, has both sizes, also in its message; nothing is sent."""
    with pytest.raises(ValueError, match=r"needs at least \d+ bytes, and 128 are available") as caught:  # noqa: SIM117
        with pair.producer.build() as builder:
            finish(builder, text)
    assert type(caught.value) is omni.FlatBufferTooLarge
    assert len(text) < caught.value.needed <= len(ordinary(text))
    assert caught.value.available == 128
    assert nothing_happened(pair)


@pytest.mark.parametrize("size", range(64, 100))
def test_exactly_what_fits_is_sent(omni: ModuleType, size: int) -> None:
    """A buffer of exactly the slot's size is sent, whatever the size, and one byte more is refused; likewise for
    max_bytes in a larger slot."""
    fits = {True: 0, False: 0}
    for slot, max_bytes in ((size, None), (size + 50, size)):
        with omni.open_channel(capacity=8, max_message_size=slot) as pair:
            for length in range(30, 90):
                wanted = ordinary("x" * length)
                try:
                    with pair.producer.build(max_bytes) as builder:
                        finish(builder, "x" * length)
                except omni.FlatBufferTooLarge as error:
                    assert error.available == size < error.needed <= len(wanted)  # noqa: PT017
                    fits[False] += 1
                else:
                    assert len(wanted) <= size
                    assert bytes(pair.consumer.try_pop()[1]) == wanted
                    fits[True] += 1
    assert fits[True]
    assert fits[False]


@pytest.mark.parametrize("max_bytes", [None, 64])
def test_the_refusal_comes_while_building(fast: ModuleType, max_bytes: int | None) -> None:
    """As soon as the bytes cannot fit: a loop that fills a message until it is refused terminates."""
    strings = 0
    with fast.open_channel(max_message_size=992) as pair:
        with pytest.raises(fast.FlatBufferTooLarge), pair.producer.build(max_bytes) as builder:  # noqa: PT012
            while strings < 100:
                builder.CreateString("15 bytes and one")
                strings += 1
        assert strings == (max_bytes or 992) // 24


def test_starting_again_in_the_block(omni: ModuleType, pair: Any) -> None:
    """After FlatBufferTooLarge, Clear() starts again with the whole slot."""
    with pair.producer.build() as builder:
        for text in ("x" * 200, "y" * 90):
            builder.Clear()
            try:
                finish(builder, text)
                len(builder.Output()) > 128 and builder.Clear()
            except omni.FlatBufferTooLarge:
                assert text[0] == "x"
    assert bytes(pair.consumer.try_pop()[1]) == ordinary("y" * 90)


def test_where_no_slot_is_free(pair: Any) -> None:
    """A full queue raises TimeoutError, as send does with a timeout of 0, and counts nothing."""
    assert pair.producer.batch_push([b"waiting"] * 8) == 8
    with pytest.raises(TimeoutError, match="slot"):
        pair.producer.build().__enter__()
    assert pair.producer.get_stats().failed_pushes == 0
    pair.consumer.try_pop()
    with pair.producer.build() as builder:
        finish(builder)


def test_a_slot_that_becomes_free_concurrently(fast: ModuleType) -> None:
    """A pop just after the refusal does not make it look like an outstanding reservation: the core says why."""
    from fast_impl.flatbuffers.building import build

    with fast.open_channel(capacity=8, max_message_size=128) as pair:
        assert pair.producer.batch_push([b"waiting"] * 8) == 8

        class Slow:
            def _reserve(self, n: int, timeout: Any) -> Any:
                answer = pair.producer._reserve(n, timeout)
                pair.consumer.try_pop()
                return answer

            def __getattr__(self, name: str) -> Any:
                return getattr(pair.producer, name)

        with pytest.raises(TimeoutError):
            build(Slow()).__enter__()  # type: ignore[arg-type]
        with build(Slow()) as builder:  # type: ignore[arg-type]
            finish(builder)
        assert bytes(pair.consumer.batch_pop(8)[1][-1]) == ordinary()


def test_with_a_reservation_outstanding(pair: Any) -> None:
    """RuntimeError, since waiting could not help. The reservation stays, whether of a build or of reserve()."""
    with pair.producer.build() as builder:
        with pytest.raises(RuntimeError, match="a reservation is outstanding"):
            pair.producer.build().__enter__()
        finish(builder)
    assert bytes(pair.consumer.try_pop()[1]) == ordinary()
    assert pair.producer.reserve(4) is not None
    with pytest.raises(RuntimeError, match="a reservation is outstanding"):
        pair.producer.build().__enter__()
    assert pair.producer.commit(4)


def close_consumer(pair: Any) -> Any:
    """The peer is closed."""
    pair.consumer.close()
    return pair.producer


def close_producer(pair: Any) -> Any:
    """The handle itself is closed."""
    pair.producer.close()
    return pair.producer


def move_producer(pair: Any) -> Any:
    """The handle itself is moved from."""
    moved, old = pair.producer.move(), pair.producer
    pair.producer = moved
    return old


@pytest.mark.parametrize("end", [close_consumer, close_producer, move_producer])
def test_a_closed_or_moved_end(omni: ModuleType, pair: Any, end: Callable[[Any], Any]) -> None:
    """ChannelClosedError on entry, and no failed push is counted."""
    producer = end(pair)
    with pytest.raises(omni.ChannelClosedError):
        producer.build().__enter__()
    assert producer.get_stats().failed_pushes == 0


@pytest.mark.parametrize("end", [close_consumer, close_producer, move_producer])
def test_an_end_closed_or_moved_during_the_block(omni: ModuleType, pair: Any, end: Callable[[Any], Any]) -> None:
    """ChannelClosedError on exit, since nothing was sent."""
    with pytest.raises(omni.ChannelClosedError), pair.producer.build() as builder:  # noqa: PT012
        finish(builder)
        end(pair)
    assert pair.producer.get_stats().messages_sent == 0


@pytest.mark.parametrize(
    ("max_bytes", "error"), [(-1, ValueError), ("8", TypeError), (True, TypeError), (8.0, TypeError)]
)
def test_bad_max_bytes(pair: Any, max_bytes: Any, error: type[Exception]) -> None:
    """The call itself refuses a value that is no size [ARG-3]."""
    with pytest.raises(error, match="max_bytes"):
        pair.producer.build(max_bytes)


@pytest.mark.parametrize("max_bytes", [0, 129, 2**70])
def test_max_bytes_out_of_range(pair: Any, max_bytes: int) -> None:
    """A size that no message can have is refused on entry."""
    with pytest.raises(ValueError, match=r"max_bytes must be (from )?1 to 128, the channel's max_message_size"):
        pair.producer.build(max_bytes=max_bytes).__enter__()
    assert nothing_happened(pair)


def test_moving_with_a_used_builder(pair: Any) -> None:
    """A moved handle builds like the one that it was moved from."""
    for _ in range(3):
        with pair.producer.build() as builder:
            finish(builder)
        pair.producer = pair.producer.move()
    assert [bytes(each) for each in pair.consumer.batch_pop(3)[1]] == [ordinary()] * 3


def test_a_block_can_be_entered_again(pair: Any) -> None:
    """One block object serves any number of messages, one after the other."""
    block = pair.producer.build()
    for text in ("a", "b"):
        with block as builder:
            finish(builder, text)
    assert [bytes(each) for each in pair.consumer.batch_pop(2)[1]] == [ordinary("a"), ordinary("b")]


def test_two_producers_build_at_the_same_time(omni: ModuleType, pair: Any) -> None:
    """Each has its own builder."""
    with omni.open_channel(max_message_size=128) as other, pair.producer.build() as one:
        with other.producer.build() as two:
            finish(two, "two")
        finish(one, "one")
        assert bytes(other.consumer.try_pop()[1]) == ordinary("two")
    assert bytes(pair.consumer.try_pop()[1]) == ordinary("one")


def test_a_builder_kept_after_its_block_has_no_memory(fast: ModuleType) -> None:
    """Writing with it raises ValueError; another producer's slot is never written."""
    with fast.open_channel(max_message_size=128) as pair:
        with pair.producer.build() as builder:
            finish(builder)
        with pytest.raises(ValueError, match="released"):
            builder.CreateString("late")
        with pytest.raises(ValueError, match="released"):
            builder.Clear()


@pytest.mark.parametrize("export", [lambda b: b[4:8], lambda b: np.frombuffer(b, np.uint8)], ids=["slice", "array"])
def test_an_export_of_the_slot_forbids_the_commit(fast: ModuleType, export: Callable[[Any], Any]) -> None:
    """BufferError, and nothing is sent, while the slot could still be written [RSV-7]; a note says how to recover."""
    with fast.open_channel(max_message_size=128) as pair:
        with pytest.raises(BufferError) as caught, pair.producer.build() as builder:  # noqa: PT012
            finish(builder)
            kept = export(builder.Bytes)
        assert "until producer.rollback() goes through" in caught.value.__notes__[0]
        assert pair.consumer.available_messages() == 0
        del kept
        pair.producer.rollback()
        assert nothing_happened(pair)


def test_an_exception_with_an_export_alive(fast: ModuleType) -> None:
    """The exception propagates; the error of the rollback becomes a note on it."""
    with fast.open_channel(max_message_size=128) as pair:
        with pytest.raises(KeyError) as caught, pair.producer.build() as builder:  # noqa: PT012
            kept = builder.Bytes[:4]
            raise KeyError("on the way")
        assert "until producer.rollback() goes through" in caught.value.__notes__[0]
        kept.release()
        pair.producer.rollback()
        assert nothing_happened(pair)


def test_commit_and_rollback_inside_the_block(fast: ModuleType) -> None:
    """They raise BufferError: the builder still writes to the slot."""
    with fast.open_channel(max_message_size=128) as pair, pair.producer.build() as builder:
        with pytest.raises(BufferError):
            pair.producer.rollback()
        with pytest.raises(BufferError):
            pair.producer.commit(8)
        finish(builder)


def long_vector(builder: Any, numbers: Any) -> None:
    """An Everything with doubles."""
    vector = builder.CreateNumpyVector(numbers)
    everything.EverythingStart(builder)
    everything.EverythingAddDoubles(builder, vector)
    everything.EverythingAddTiny(builder, 1)
    builder.Finish(everything.EverythingEnd(builder))


@pytest.mark.parametrize("size", range(1000, 1032, 3))
def test_numbers_lie_aligned_in_memory(fast: ModuleType, size: int) -> None:
    """Also in slots whose size is not a multiple of 8."""
    with fast.open_channel(capacity=8, max_message_size=size) as pair:
        for count in range(100, 128):
            try:
                with pair.producer.build() as builder:
                    long_vector(builder, np.arange(count, dtype=float))
            except fast.FlatBufferTooLarge:
                continue
            _, message = pair.consumer.try_pop()
            array = message.get_flatbuffer(everything.Everything).DoublesAsNumpy()
            assert array.flags.aligned
            assert np.array_equal(array, np.arange(count))
            del array, message
