"""Several messages as one buffer, for those who compute on it."""

from __future__ import annotations

from array import array
from itertools import accumulate

from fast_impl.cffi.core import ffi
from fast_impl.cffi.message import Message


class Batch:
    """Popped messages as one buffer in the ring, readable until the consumer's next pop or close [MSG-1].

    Message i is `data[offsets[i]:offsets[i] + lengths[i]]`. Reading `data` later raises
    MessageExpiredError [MSG-2]; a view taken in time stays valid [MSG-3].
    """

    __slots__ = ("_copy", "_lengths", "_offsets", "_span")

    def __init__(self, messages: list[Message]) -> None:
        raws = [message._raw for message in messages]
        addresses = [int(ffi.cast("uintptr_t", raw.data)) for raw in raws]
        lengths = [raw.size for raw in raws]
        self._lengths = array("Q", lengths)
        if addresses[-1] >= addresses[0]:  # they are never a whole ring's worth
            self._copy: bytes | None = None
            self._offsets = array("Q", [address - addresses[0] for address in addresses])
        else:
            self._copy = b"".join(map(bytes, messages))
            self._offsets = array("Q", accumulate(lengths[:-1], initial=0))
        # As long as this is pinned, no pop lets the producer reach the others either [MSG-3].
        first, size = raws[0], self._offsets[-1] + lengths[-1]
        span = ffi.new("omni_message *", {"data": first.data, "size": size, "number": first.number, "pop": first.pop})
        self._span = Message(messages[0]._core, span)

    @property
    def data(self) -> memoryview:
        """A new read-only view of the messages' memory; what lies between them means nothing."""
        if self._copy is None:
            return self._span.data
        len(self._span)  # raises where it has expired
        return memoryview(self._copy)

    @property
    def offsets(self) -> memoryview:
        """Where in `data` each message begins: a memoryview of uint64."""
        return memoryview(self._offsets).toreadonly()

    @property
    def lengths(self) -> memoryview:
        """How many bytes each message has: a memoryview of uint64."""
        return memoryview(self._lengths).toreadonly()

    @property
    def copied(self) -> bool:
        """Whether `data` is a copy, since the ring's end came in between."""
        return self._copy is not None

    def __len__(self) -> int:
        return len(self._lengths)

    def __buffer__(self, flags: int) -> memoryview:
        return self.data
