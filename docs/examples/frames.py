"""Frames of 8 MiB from a capture thread to NumPy without a copy, one of which is kept while the stream goes on.

python docs/examples/frames.py
"""

from __future__ import annotations

import threading
import tracemalloc

import numpy as np
from numpy.typing import NDArray

import fast_impl as omni

SHAPE = (2048, 4096)
SIZE = SHAPE[0] * SHAPE[1]
COUNT = 60
KEY = 7
"""The frame to be kept."""

Frame = NDArray[np.uint8]


def expose(frame: Frame, number: int) -> None:
    """In place of a camera that writes to the memory it is given: every pixel is the frame's number."""
    frame.fill(number)


def capture(producer: omni.ProducerHandle) -> None:
    """Each frame is taken into a slot of the channel."""
    with producer:
        for number in range(COUNT):
            slot = producer.reserve(SIZE, timeout=None)
            if slot is None:
                return  # nobody receives
            # The array is gone when the call returns: a commit is refused while one can still write to the slot.
            expose(np.frombuffer(slot.data, np.uint8).reshape(SHAPE), number)
            producer.commit(SIZE)


def watch(consumer: omni.ConsumerHandle) -> Frame:
    """Look at every frame where it lies; the key frame, which is as it was when all others have gone by."""
    kept = None
    for number in range(COUNT):
        _, message = consumer.blocking_pop()
        assert message is not None, "closed before the last frame"
        frame = np.frombuffer(message.data, np.uint8).reshape(SHAPE)
        assert frame.min() == frame.max() == number
        if number == KEY:
            kept = frame  # a view: its slot is not used again while it lives
    assert kept is not None
    return kept


def main() -> None:
    """Let the stream go by, and check that no frame was copied."""
    tracemalloc.start()
    producer, consumer = omni.open_channel("frames", capacity=8, max_message_size=SIZE)
    thread = threading.Thread(target=capture, args=(producer,))
    thread.start()
    with consumer:
        kept = watch(consumer)
    thread.join()
    _, peak = tracemalloc.get_traced_memory()
    assert peak < SIZE / 8, "Python and NumPy have allocated no frame"
    # Even now: the memory lives until the last view is gone.
    assert kept.min() == kept.max() == KEY
    assert not kept.flags.writeable
    print(f"{COUNT} frames of {SIZE >> 20} MiB, frame {KEY} kept; at most {peak >> 10} KiB allocated in Python")


if __name__ == "__main__":
    main()
