"""A pool of workers, a channel each; a job goes to the least busy one, and `shutdown` stops them all.

python docs/examples/workers.py
"""

from __future__ import annotations

import hashlib
import threading
from contextlib import ExitStack

import fast_impl as omni

WORKERS = 4
ENOUGH = 400
"""Jobs, after which the pool is stopped."""
JOB = bytes(64 * 1024)
DIGEST = hashlib.sha256(JOB).digest()


class Pool:
    """Hashes blocks: work that releases the GIL, for which threads suffice."""

    def __init__(self, broker: omni.MailboxBroker) -> None:
        self.sent, self.done = 0, [0] * WORKERS
        self.enough = threading.Event()
        self._producers: list[omni.ProducerHandle] = []
        self._threads = [threading.Thread(target=self._dispatch)]
        for index in range(WORKERS):
            channel = omni.open_channel(f"worker {index}", capacity=8, max_message_size=len(JOB), broker=broker)
            self._producers.append(channel.producer)
            self._threads.append(threading.Thread(target=self._work, args=(index, channel.consumer)))
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait for the threads."""
        for thread in self._threads:
            thread.join()

    def _dispatch(self) -> None:
        with ExitStack() as ends:
            for producer in self._producers:
                ends.enter_context(producer)
            while True:
                able = omni.wait_any(self._producers)  # those with a free slot, and those that were closed
                producer = max(able, key=lambda each: each.available_slots())
                try:
                    producer.send(JOB)
                except omni.ChannelClosedError:
                    return  # it has not been sent: whoever asked for this job can be told
                self.sent += 1

    def _work(self, index: int, consumer: omni.ConsumerHandle) -> None:
        # After a shutdown the iteration gives what was sent before, and ends; leaving the block tells the broker.
        with consumer:
            for job in consumer:
                assert hashlib.sha256(job).digest() == DIGEST
                self.done[index] += 1
                if sum(self.done) >= ENOUGH:
                    self.enough.set()


def main() -> None:
    """Let the pool work for a while, stop it, and check that each job that was sent is done."""
    broker = omni.MailboxBroker()  # of its own: a shutdown of the process's would close other channels too
    pool = Pool(broker)
    assert pool.enough.wait(30), "a worker has failed"
    assert broker.shutdown(timeout=30), "the handles are gone when the workers have finished"
    assert broker.get_stats().active_channels == 0
    pool.join()
    assert sum(pool.done) == pool.sent >= ENOUGH
    print(f"{pool.sent} jobs sent, all done, by {WORKERS} workers")


if __name__ == "__main__":
    main()
