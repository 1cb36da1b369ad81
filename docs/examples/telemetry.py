"""A telemetry system: one thread samples sensors, another one processes the samples.

The complete example of the API reference's appendix as a program. Samples are built in
place in the queue, popped a hundred at a time, and read there without a copy.

    python docs/examples/telemetry.py                  # 100000 samples
    python docs/examples/telemetry.py --count 5000000
    python docs/examples/telemetry.py --seconds 10
"""

from __future__ import annotations

import argparse
import struct
import sys
import threading
import time
from collections.abc import Callable

import fast_impl as omni

SAMPLE = struct.Struct("<qQd")
"""A sample: time in ns since the epoch, sensor number, value."""

BATCH_SIZE = 100
RATE_LIMIT = 10e-6
"""Seconds between two bursts of samples."""


class TelemetrySystem:
    """A channel with a thread at either end."""

    def __init__(self, broker: omni.MailboxBroker, count: int | None = None) -> None:
        """count: how many samples to take before stopping, None for as many as there is time for."""
        error, channel = broker.request_channel("telemetry", omni.ChannelConfig(capacity=32768, max_message_size=512))
        if channel is None:
            raise RuntimeError(f"Failed to create channel: {error.name}")
        self._producer, self._consumer = channel.producer, channel.consumer
        self._count = count
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self._threads = [
            threading.Thread(target=self._guard, args=(loop,)) for loop in (self._producer_loop, self._consumer_loop)
        ]
        self.value_sum = 0.0
        """The sum of the values processed."""

    def start(self) -> None:
        """Begin to take and to process samples."""
        for thread in self._threads:
            thread.start()

    def wait(self, timeout: float) -> bool:
        """Wait until everything is processed, `timeout` seconds at most; True if it is."""
        self._threads[-1].join(timeout)
        return not self._threads[-1].is_alive()

    def stop(self) -> None:
        """Take no more samples, process those taken, and raise what went wrong in a thread, if anything did."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        if self._failure is not None:
            raise self._failure

    def processed(self) -> int:
        """How many samples were processed so far."""
        return self._consumer.get_stats().messages_received

    def print_stats(self) -> None:
        """Print what either side counted. Closed handles remember their figures."""
        sent, received = self._producer.get_stats(), self._consumer.get_stats()
        print(
            "Producer Stats:\n"
            f"  Sent: {sent.messages_sent} messages\n"
            f"  Bytes: {sent.bytes_sent} bytes\n"
            f"  Failed: {sent.failed_pushes}\n"
        )
        print(
            "Consumer Stats:\n"
            f"  Received: {received.messages_received} messages\n"
            f"  Bytes: {received.bytes_received} bytes\n"
            f"  Failed: {received.failed_pops}"
        )

    def _guard(self, loop: Callable[[], None]) -> None:
        """Run a loop; when it fails, keep the error for `stop`, and end both."""
        try:
            loop()
        except Exception as error:
            self._failure = error
            self._stopping.set()

    def _producer_loop(self) -> None:
        sensor_id = 0
        # Leaving the block closes the producer, which is how the consumer learns that nothing more will come.
        with self._producer as producer:
            while not self._stopping.is_set():
                for _ in range(BATCH_SIZE):
                    if sensor_id == self._count:
                        return
                    reservation = producer.reserve(SAMPLE.size)
                    if reservation is None:
                        if not producer.is_connected():
                            return
                        break  # queue full: let the consumer catch up
                    SAMPLE.pack_into(reservation.data, 0, time.time_ns(), sensor_id, self._measure())
                    producer.commit(SAMPLE.size)
                    sensor_id += 1
                time.sleep(RATE_LIMIT)

    def _consumer_loop(self) -> None:
        with self._consumer as consumer:
            while True:
                result, messages = consumer.batch_pop(BATCH_SIZE, timeout=0.01)
                for message in messages:
                    self._process(*SAMPLE.unpack_from(message.data))
                # It comes only after the last sample: whatever was sent before the close is drained first.
                if result is omni.PopResult.CHANNEL_CLOSED:
                    return

    def _measure(self) -> float:
        return 42.0

    def _process(self, timestamp: int, sensor_id: int, value: float) -> None:
        self.value_sum += value


def main() -> int:
    """Run the system as the command line says."""
    parser = argparse.ArgumentParser(description="Send telemetry samples from one thread to another.")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--count", type=int, default=100_000, help="stop after this many (default: %(default)s)")
    length.add_argument("--seconds", type=float, help="stop after this long instead")
    arguments = parser.parse_args()
    if arguments.count < 0 or (arguments.seconds is not None and not arguments.seconds >= 0):
        parser.error("--count and --seconds must not be negative")

    system = TelemetrySystem(omni.MailboxBroker.instance(), None if arguments.seconds is not None else arguments.count)
    end = float("inf") if arguments.seconds is None else time.monotonic() + arguments.seconds
    system.start()
    try:
        while not system.wait(min(2.0, max(0.0, end - time.monotonic()))):
            if time.monotonic() >= end:
                break
            print(f"{system.processed()} samples so far", file=sys.stderr)
    except KeyboardInterrupt:
        print("stopping", file=sys.stderr)
    finally:
        system.stop()
    system.print_stats()
    return 0


if __name__ == "__main__":
    sys.exit(main())
