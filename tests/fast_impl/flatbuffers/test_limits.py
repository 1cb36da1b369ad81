"""How deep and how many: no buffer makes `verify` wait, nor run out of stack."""

from __future__ import annotations

import time
from struct import pack
from typing import Any

import pytest

from tests.fast_impl.flatbuffers.bomb import bomb
from tests.fast_impl.flatbuffers.corners import chain, nested_chain
from tests.fast_impl.flatbuffers.schemas import fast, path


def test_limits_are_settable_and_have_limits(implementation: Any) -> None:
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


def test_limits_go_on_into_nested_buffers() -> None:
    """Where C++ counts anew, and could be led on and on."""
    tree = fast("tree")
    assert tree.verify(nested_chain(64))
    assert not tree.verify(nested_chain(65))
    assert not tree.verify(nested_chain(10), max_tables=9)


def _bomb(levels: int) -> bytes:
    """Nodes whose `left` and `right` are the same one, so that there are 2**levels ways down."""
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


def test_a_bomb_of_tables_ends() -> None:
    """2**60 ways through 61 tables: no more than a million are gone."""
    assert fast("tree").verify(_bomb(10))
    began = time.monotonic()
    assert not fast("tree").verify(_bomb(61))
    assert time.monotonic() - began < 10


def test_a_bomb_of_strings_ends() -> None:
    """20,000 times the same 100,000 strings, which C++ looks at one by one: no more than a million and a bit are."""
    assert fast("creature").verify(bomb(5, 100_000))
    began = time.monotonic()
    assert not fast("creature").verify(bomb(20_000, 100_000))
    assert time.monotonic() - began < 30
