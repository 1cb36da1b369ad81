"""Several popped messages as one buffer."""

from __future__ import annotations

from array import array
from itertools import accumulate

from spec_model.handles.message import Message
from spec_model.handles.unique import Granted


class Batch(Granted):
    """Messages that a pop took, readable until the next pop on their consumer or its close [MSG-1].

    Message i is `data[offsets[i]:offsets[i] + lengths[i]]`. Reading `data` later raises
    MessageExpiredError [MSG-2]; a view taken in time stays valid [MSG-3].
    """

    _span: Message
    _lengths: list[int]

    @classmethod
    def _of(cls, messages: list[Message]) -> Batch:
        batch = cls.__new__(cls)
        first = messages[0]
        batch._span = Message._of(first._seat, first._number, b"".join(message._data for message in messages))
        batch._lengths = [len(message._data) for message in messages]
        return batch

    @property
    def data(self) -> memoryview:
        """A new read-only view of the messages' memory; what lies between them means nothing."""
        return self._span.data

    @property
    def offsets(self) -> memoryview:
        """Where in `data` each message begins: a memoryview of uint64."""
        return memoryview(array("Q", accumulate(self._lengths[:-1], initial=0))).toreadonly()

    @property
    def lengths(self) -> memoryview:
        """How many bytes each message has: a memoryview of uint64."""
        return memoryview(array("Q", self._lengths)).toreadonly()

    @property
    def copied(self) -> bool:
        """Whether `data` is a copy; the model has no ring, so it always is."""
        return True

    def __len__(self) -> int:
        return len(self._lengths)

    def __buffer__(self, flags: int) -> memoryview:
        return self.data

    def __repr__(self) -> str:
        return f"<Batch of {len(self)} messages from {self._span!r}>"
