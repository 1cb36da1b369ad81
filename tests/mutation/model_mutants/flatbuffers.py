"""Wrong models: FlatBuffers."""

from __future__ import annotations

from tests.mutation.mutant import Mutant

FLATBUFFERS = (
    Mutant(
        "build_is_the_front_of_the_memory", ("FLB-1",), "handles/producer.py",
        "output = bytes(self._builder.Output())", "output = bytes(self._builder.Bytes[: self._builder.Offset()])",
    ),
    Mutant(
        "build_loses_its_end", ("FLB-1",), "handles/producer.py",
        "self._producer.commit(len(output))", "self._producer.commit(len(output) - 1)",
    ),
    Mutant(
        "build_is_not_rolled_back", ("FLB-1", "FLB-2"), "handles/producer.py",
        "            self._producer.rollback()", "            pass",
    ),
    Mutant(
        "build_is_sent_on_errors", ("FLB-1",), "handles/producer.py",
        "            if error is None:\n", "            if error is None or self._builder.finished:\n",
    ),
    Mutant(
        "build_too_large_is_cut", ("FLB-2",), "handles/producer.py",
        "            raise FlatBufferTooLarge(len(output), self._available)\n",
        "            output = output[: self._available]\n",
    ),
    Mutant(
        "build_too_large_for_what", ("FLB-2",), "handles/producer.py",
        "            raise FlatBufferTooLarge(len(output), self._available)\n",
        '            raise ValueError("too large")\n',
    ),
    Mutant(
        "expired_is_a_table", ("FLB-3",), "handles/message.py",
        "data, begin = self.data,", "data, begin = memoryview(self._data),",
    ),
    Mutant(
        "table_begins_with_its_offset", ("FLB-3",), "handles/message.py",
        "T.GetRootAs(data, begin)", "T.GetRootAs(data, begin + 4)",
    ),
    Mutant(
        "everything_is_verified", ("FLB-4",), "handles/message.py",
        "        return verify(\n", "        return bool(self._read()) or verify(\n",
    ),
    Mutant(
        "nothing_is_verified", ("FLB-4",), "handles/message.py",
        "        return verify(\n", "        return not self._read() and verify(\n",
    ),
)  # fmt: skip
