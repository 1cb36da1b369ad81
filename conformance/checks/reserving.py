"""Reserving, committing and rolling back (§5.3)."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from conformance.checks.registry import function, program
from conformance.failure import Broken
from conformance.threads import open_pair, room

program(
    "RSV-1",
    "when there is no reservation",
    """
    p.reserve(0)
    p.reserve(65)
    p.reserve(2**70)
    r = p.reserve(64)
    p.reserve(1)
    p.rollback()
    p.batch_push([b"x"] * 7)
    r = p.reserve(1)
    p.rollback()
    p.try_push(b"x")
    p.reserve(1)
    c.batch_pop(9)
    c.close()
    p.reserve(1)
    p.close()
    p.reserve(1)
    """,
)
program("RSV-1", "none without a consumer", "c.close()\np.reserve(1)")
program("RSV-1", "none after a shutdown", "b.shutdown(0)\np.reserve(1)")
program(
    "RSV-1",
    "no reservation of a channel that is shut",
    """
    b.shutdown(0)
    p.reserve(1)
    """,
)
program(
    "RSV-2",
    "the region",
    "r = p.reserve(1)\nr.capacity\nlen(r.data)\nr.data.readonly\nr.data.__setitem__(slice(0, 64), bytes(64))\n"
    "c.try_pop()\np.commit(64)\nc.try_pop()",
)


@function("RSV-2", "in-place")
def payloads_are_aligned_to_16(omni: Any) -> None:
    """A region, and a message pushed or committed from its beginning, lie at a multiple of 16 bytes."""
    for size in (64, 65, 72, 100, 4097):
        _, (producer, consumer) = open_pair(omni, 8, size)
        for number in range(40):
            _aligned(f"region {number} of {size} bytes", producer.reserve(1).data)
            producer.commit(number % 64 + 1)
            producer.try_push(bytes(number % 64 + 1))
            for way, message in zip(("committed", "pushed"), consumer.batch_pop(2)[1], strict=True):
                _aligned(f"message {number}, {way}, in a channel of max_message_size {size}", message.data)
        producer.close()
        consumer.close()


def _address(view: memoryview) -> int:
    """Of its first byte."""
    if sys.implementation.name != "cpython":
        from _cffi_backend import FFI  # a part of PyPy

        return int(FFI().cast("uintptr_t", FFI().from_buffer(view)))
    buffer = (ctypes.c_size_t * 16)()  # a Py_buffer, which begins with the address, and room
    ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(view), buffer, 0)
    ctypes.pythonapi.PyBuffer_Release(buffer)
    return buffer[0]


def _aligned(what: str, view: memoryview) -> None:
    address = _address(view)
    if address % 16:
        raise Broken("RSV-2", f"{what} lies at {address:#x}, {address % 16} bytes past a multiple of 16")


program(
    "RSV-3",
    "commit publishes the part asked for",
    """
    r = p.reserve(1)
    r.data.__setitem__(slice(0, 64), bytes(range(64)))
    p.commit(3)
    _, m = c.try_pop()
    r = p.reserve(64)
    r.data.__setitem__(slice(0, 64), bytes(range(64)))
    p.commit(4, 60)
    _, m = c.try_pop()
    r = p.reserve(64)
    r.data.__setitem__(slice(0, 64), bytes(range(64)))
    p.commit(64, 0)
    _, m = c.try_pop()
    """,
)


@function("RSV-3")
def any_part_can_be_committed(omni: Any) -> None:
    """For every offset and size that lie within the region, exactly those bytes arrive."""
    _, pair = open_pair(omni)
    whole = bytes(range(64))
    for offset in range(64):
        for size in {1, 2, 16, 63 - offset, 64 - offset}:
            if not 0 < size <= 64 - offset:
                continue
            pair.producer.reserve(1).data[:] = whole
            assert pair.producer.commit(size, offset), f"commit({size}, {offset}) answered False"
            result, message = pair.consumer.try_pop()
            assert result, result
            got = bytes(message)
            assert got == whole[offset : offset + size], f"commit({size}, {offset}) published {got!r}"
    pair.close()


program(
    "RSV-4",
    "commit that fails",
    """
    p.commit(1)
    r = p.reserve(1)
    p.commit(0)
    p.commit(65)
    p.commit(64, 1)
    p.commit(1, 64)
    p.commit(0, 64)
    p.commit(2**70)
    p.commit(1, 2**70)
    p.try_push(b"x")
    p.commit(63, 1)
    p.commit(1)
    r = p.reserve(1)
    p.commit(64)
    r = p.reserve(1)
    c.close()
    p.commit(0)
    p.commit(1)
    p.commit(1)
    """,
)
program(
    "RSV-4",
    "commit of a channel that is shut",
    """
    r = p.reserve(1)
    b.shutdown(0)
    p.commit(0)
    p.commit(1)
    p.commit(1)
    """,
)
program("RSV-5", "rollback", "p.rollback()\nr = p.reserve(1)\np.rollback()\np.rollback()\np.batch_push([b'x'] * 8)")


@function("RSV-5")
def after_a_rollback_the_slot_is_free(omni: Any) -> None:
    """What was rolled back can be reserved again, pushed into, and leaves the whole queue free."""
    _, pair = open_pair(omni)
    for _ in range(40):
        assert pair.producer.reserve(1) is not None, "no reservation after a rollback"
        pair.producer.rollback()
        assert pair.producer.try_push(b"x").name == "SUCCESS", "no push after a rollback"
        assert pair.consumer.try_pop()[0]
    assert pair.producer.reserve(1) is not None
    pair.producer.rollback()
    assert pair.producer.batch_push([b"x"] * (room() + 1)) == room()
    pair.close()


program(
    "RSV-6",
    "a reservation goes with the handle",
    """
    r = p.reserve(1)
    r.data.__setitem__(slice(0, 2), b"ab")
    q = p.move()
    p.commit(2)
    q.commit(2)
    _, m = c.try_pop()
    r = q.reserve(1)
    v = r.data
    q.rollback()
    r = q.reserve(1)
    w = r.data
    q.commit(1)
    r = q.reserve(1)
    x = r.data
    q.close()
    """,
)
program(
    "RSV-6",
    "a close ends the view of a reservation that nobody looks at",
    """
    x = p.reserve(1).data
    len(x)
    p.close()
    len(x)
    """,
)
program(
    "RSV-7",
    "another export of the region",
    """
    r = p.reserve(1)
    v = r.data[0:2]
    p.commit(2)
    p.rollback()
    p.commit(0)
    r.data.__setitem__(slice(0, 2), b"ab")
    del v
    p.commit(2)
    _, m = c.try_pop()
    """,
)
