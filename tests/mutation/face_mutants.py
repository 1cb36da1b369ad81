"""The bank of wrong faces: the Python in front of the core, which differs in one place."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

BUILDING, BUILDER, READING = "flatbuffers/building.py", "flatbuffers/building.py", "flatbuffers/reading.py"

FACE_MUTANTS = (
    Mutant(
        "build_is_committed_from_the_front", ("FLB-1",), BUILDING,
        "self._producer.commit(size, offset)", "self._producer.commit(size)",
    ),
    Mutant(
        "build_is_copied", ("FLB-1",), BUILDER,
        "        self.Bytes = self._slot\n", "        self.Bytes = bytearray(self._available + SLACK)\n",
    ),
    Mutant(
        "build_keeps_the_slot", ("FLB-1", "FLB-2"), BUILDING,
        "            self._producer.rollback()\n", "            pass\n",
    ),
    Mutant(
        "build_hides_the_exception", ("FLB-1", "FLB-2"), BUILDING,
        "            self._give_up(error)\n            return\n",
        "            self._give_up(error)\n            return True\n",
    ),
    Mutant(
        "build_is_sent_despite_the_exception", ("FLB-1",), BUILDING,
        "        if error is not None:\n", "        if error is not None and not self._builder.finished:\n",
    ),
    Mutant(
        "build_is_sent_unfinished", ("FLB-1",), BUILDER,
        "            if not self.finished:\n", "            if False:\n",
    ),
    Mutant("padding_is_what_the_slot_held", ("FLB-1",), BUILDER, "        if padding:\n", "        if False:\n"),
    Mutant(
        "builder_is_not_cleared", ("FLB-1",), BUILDER,
        "        self.Clear()\n", "        self.Bytes, self.head, self.finished = self._slot, len(self._slot), False\n",
    ),
    Mutant(
        "output_is_the_slot", ("FLB-1",), BUILDER,
        "            return bytearray(output)\n", "            return memoryview(output)\n",
    ),
    Mutant(
        "build_may_use_less_than_the_slot", ("FLB-2",), BUILDER,
        "        if used + more > self._available:\n", "        if True:\n",
    ),
    Mutant(
        "outgrown_without_the_size", ("FLB-2",), BUILDER,
        "            raise FlatBufferTooLarge(used + more, self._available)\n",
        '            raise ValueError("too large")\n',
    ),
    Mutant("a_copy_is_read", ("FLB-3",), READING, "data = message.data\n", "data = memoryview(bytes(message.data))\n"),
    Mutant(
        "the_offset_is_taken_for_the_table", ("FLB-3",), READING,
        "T.GetRootAs(data, begin)", "T.GetRootAs(data, begin + 4)",
    ),
)  # fmt: skip
"""Each broken in the rules that it is tagged with."""
