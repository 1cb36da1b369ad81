"""A logging handler that never waits for the disk: where the queue is full, lines are dropped, counted and reported.

python docs/examples/log_handler.py
"""

from __future__ import annotations

import io
import logging
import re
import threading

import fast_impl as omni

CAPACITY = 64
LINES = 500
PATIENCE = 10.0
"""Seconds that `close` waits for space at most."""


class MailboxHandler(logging.Handler):
    """Puts formatted lines into a channel. `logging` lets one thread at a time into a handler, as a producer must."""

    def __init__(self, producer: omni.ProducerHandle) -> None:
        super().__init__()
        self.dropped = 0
        self._producer, self._untold = producer, 0

    def emit(self, record: logging.LogRecord) -> None:
        """Send the line, after a word on those dropped before it, or drop it."""
        try:
            if self._untold and self._send(self._word()):
                self._untold = 0
            if not self._send(self.format(record)):
                self.dropped += 1
                self._untold += 1
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Send the last word, the only one that waits, and end the writer."""
        with self._producer:
            if self._untold:
                self._producer.blocking_push(self._encode(self._word()), PATIENCE)
        super().close()

    def _word(self) -> str:
        return f"({self._untold} lines dropped)"

    def _encode(self, line: str) -> bytes:
        return line.encode(errors="replace")[: self._producer.max_message_size() - 1] + b"\n"

    def _send(self, line: str) -> bool:
        try:
            return bool(self._producer.try_push(self._encode(line)))
        except omni.ConcurrentUseError:
            return False  # a signal's handler logs, inside a line of the same thread


def write(consumer: omni.ConsumerHandle, disk: threading.Event, file: io.StringIO) -> None:
    """The only thread that waits for the disk."""
    with consumer:
        for line in consumer:
            disk.wait()
            file.write(line.decode(errors="replace"))


def main() -> None:
    """Log while the disk hangs and after that, and check that what is missing is reported."""
    disk, file = threading.Event(), io.StringIO()
    producer, consumer = omni.open_channel("log", capacity=CAPACITY, max_message_size=4096)
    handler = MailboxHandler(producer)
    writer = threading.Thread(target=write, args=(consumer, disk, file))
    writer.start()
    logger = logging.Logger("service")
    logger.addHandler(handler)
    for number in range(LINES):
        logger.warning("line %d", number)  # it returns, though nobody writes
    disk.set()
    handler.close()
    writer.join()
    lines = file.getvalue().splitlines()
    reported = sum(int(dropped) for dropped in re.findall(r"^\((\d+) lines dropped\)$", file.getvalue(), re.MULTILINE))
    kept = [line for line in lines if line.startswith("line ")]
    assert CAPACITY <= len(kept) <= CAPACITY + 1, "the queue's worth, and the one in the writer's hand"
    assert reported == handler.dropped == LINES - len(kept)
    print(f"{LINES} lines logged while the disk hung: {len(kept)} kept, {reported} dropped and reported")


if __name__ == "__main__":
    main()
