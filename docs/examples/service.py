"""An asyncio service fed by a worker thread: the bound slows the worker down, and a SIGTERM loses nothing.

python docs/examples/service.py
"""

from __future__ import annotations

import asyncio
import signal
import threading

import fast_impl as omni

CAPACITY = 8
STOP_AFTER = 200
"""Readings, after which the service gets the signal that a supervisor would send."""


class Readings:
    """What a worker thread reads, stored by a coroutine."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.read = self.stored = self.most_behind = 0

    def work(self, producer: omni.ProducerHandle) -> None:
        """A driver that knows nothing of asyncio. While the service is CAPACITY readings behind, `send` waits."""
        # Leaving the block closes the producer, which ends the service's iteration when everything is stored.
        with producer:
            while not self.stopping.is_set():
                self.read += 1
                try:
                    producer.send(b"%d" % self.read)
                except omni.ChannelClosedError:
                    return  # the service has failed; this reading goes nowhere

    async def serve(self, consumer: omni.ConsumerHandle) -> None:
        """Store one reading after another; if that fails, leaving the block sends the worker home."""
        with consumer:
            async for payload in consumer:
                self.most_behind = max(self.most_behind, self.read - self.stored)
                await self.store(int(payload))

    async def store(self, reading: int) -> None:
        """Slower than the worker, as a database is."""
        await asyncio.sleep(0.001)
        self.stored += 1
        assert reading == self.stored, "in order, each once"
        if reading == STOP_AFTER:
            signal.raise_signal(signal.SIGTERM)


async def main() -> None:
    """Run both until the signal comes, and check that nothing was lost."""
    readings = Readings()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, readings.stopping.set)
    producer, consumer = omni.open_channel("readings", capacity=CAPACITY, max_message_size=64)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asyncio.to_thread(readings.work, producer))
        tasks.create_task(readings.serve(consumer))
    assert readings.stored == readings.read >= STOP_AFTER
    # Those that wait, the one in the worker's hand, and the one that is being stored.
    assert readings.most_behind <= CAPACITY + 2
    print(f"{readings.stored} readings stored, all that were read, never more than {CAPACITY + 2} behind")


if __name__ == "__main__":
    asyncio.run(main())
