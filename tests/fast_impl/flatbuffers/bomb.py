"""A small buffer that takes long to look at, here and in C++: python -m tests.fast_impl.flatbuffers.bomb"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from flatbuffers import Builder

from tests.fast_impl.flatbuffers.oracle.process import Oracle, Request
from tests.fast_impl.flatbuffers.schemas import fast
from tests.fast_impl.flatbuffers.toolchain import Missing

MEMBERS, MOTTOS = 20_000, 100_000


def bomb(members: int, mottos: int) -> bytes:
    """A Creature whose pack has one member so many times, which has one motto so many times."""
    builder = Builder(1024)
    name = builder.CreateString("")

    def offsets(offset: int, count: int) -> int:
        builder.StartVector(4, count, 4)
        for _ in range(count):
            builder.PrependUOffsetTRelative(offset)
        return int(builder.EndVector())

    def creature(slots: dict[int, int]) -> int:
        builder.StartObject(12)
        for slot, offset in {0: name, **slots}.items():
            builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
        builder.Prep(4, 12)
        builder.Pad(12)
        builder.Slot(1)
        return int(builder.EndObject())

    belongings = {6: builder.CreateByteVector(b"\4" * mottos), 7: offsets(name, mottos)}
    vector = offsets(creature(belongings), members)
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(0, vector, 0)
    builder.Finish(creature({9: builder.EndObject()}))
    return bytes(builder.Output())


def main() -> int:
    """0, or 2 where C++'s library is not on this machine."""
    data = bomb(MEMBERS, MOTTOS)
    began = time.monotonic()
    verdict = fast("creature").verify(data)
    print(f"{len(data):,} bytes: {verdict} after {1000 * (time.monotonic() - began):.1f} ms", flush=True)
    print("C++ is asked; this takes some minutes", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            oracle = Oracle(Path(folder))
        except Missing as missing:
            print(f"skipped: {missing}")
            return 2
        with oracle:
            began = time.monotonic()
            theirs = oracle.judge([Request("creature", data)])[0]
            print(f"C++'s two verifiers: {theirs} after {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
