"""Building in place needs no memory beside the slot, however often."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.fast_impl.building.everything import Everything as everything

SIZE = 1 << 20
pytestmark = pytest.mark.skipif(sys.implementation.name != "cpython", reason="counts what CPython allocates")


@pytest.fixture
def built(fast: ModuleType) -> Any:
    """Builds, sends and receives one message with so many bytes of data."""
    with fast.open_channel(capacity=8, max_message_size=SIZE) as pair:

        def once(data: bytes) -> None:
            with pair.producer.build() as builder:
                vector = builder.CreateByteVector(data)
                name = builder.CreateSharedString("name")
                everything.Start(builder)
                everything.AddBytes(builder, vector)
                everything.AddName(builder, name)
                builder.Finish(everything.End(builder))
            assert pair.consumer.try_pop()[0]

        yield once


def test_no_buffer_is_allocated(built: Callable[[bytes], None]) -> None:
    """Not for the first message, nor for those after it: a megabyte is built with some kilobytes of memory."""
    data = bytes(SIZE - 1000)
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


def test_what_is_allocated_is_given_back(built: Callable[[bytes], None]) -> None:
    """Ten thousand messages leave no blocks in use but some dozens, which do not grow with their number."""
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


def test_the_builder_is_used_again(fast: ModuleType) -> None:
    """A producer has one, for as long as it lives."""
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
