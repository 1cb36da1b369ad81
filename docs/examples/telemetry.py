"""A telemetry system: one thread samples sensors, another one processes the samples.

It follows the example in the appendix of the API reference. Samples are FlatBuffers (telemetry.fbs), built in
place in the queue, popped a hundred at a time, and read there without a copy.

    python docs/examples/telemetry.py                  # a million samples
    python docs/examples/telemetry.py --count 20000
    python docs/examples/telemetry.py --seconds 10
    python docs/examples/telemetry.py --copy           # built beside the queue and copied in and out, to compare
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable

import flatbuffers
from telemetry import Sample  # flatc's, in the folder telemetry/ beside this file

import fast_impl as omni

BATCH_SIZE = 100
RATE_LIMIT = 10e-6
"""Seconds between two bursts of samples."""

PROGRESS = 2.0
"""Seconds between two progress lines."""


class TelemetrySystem:
    """A channel with a thread at either end."""

    def __init__(self, broker: omni.MailboxBroker, count: int | None = None, copy: bool = False) -> None:
        """count: how many samples to take before stopping, None for as many as there is time for."""
        error, channel = broker.request_channel("telemetry", omni.ChannelConfig(capacity=32768, max_message_size=512))
        if channel is None:
            raise RuntimeError(f"Failed to create channel: {error.name}")
        self._producer, self._consumer = channel.producer, channel.consumer
        self._count = count
        self._copy = copy
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
            f"  Failed: {received.failed_pops}\n"
        )

    def _guard(self, loop: Callable[[], None]) -> None:
        """Run a loop; when it fails, keep the error for `stop`, and end both."""
        try:
            loop()
        except Exception as error:
            self._failure = error
            self._stopping.set()

    def _producer_loop(self) -> None:
        send = self._send_copy if self._copy else self._send_in_place
        sensor_id = 0
        # Leaving the block closes the producer, which is how the consumer learns that nothing more will come.
        with self._producer as producer:
            while not self._stopping.is_set():
                for _ in range(BATCH_SIZE):
                    if sensor_id == self._count:
                        return
                    try:
                        send(producer, sensor_id)
                    except TimeoutError:
                        break  # queue full: let the consumer catch up
                    except omni.ChannelClosedError:
                        return  # nobody receives
                    sensor_id += 1
                time.sleep(RATE_LIMIT)

    def _send_in_place(self, producer: omni.ProducerHandle, sensor_id: int) -> None:
        with producer.build() as builder:
            builder.Finish(self._sample(builder, sensor_id))

    def _send_copy(self, producer: omni.ProducerHandle, sensor_id: int) -> None:
        builder = flatbuffers.Builder(512)
        builder.Finish(self._sample(builder, sensor_id))
        producer.send(builder.Output(), timeout=0)

    def _sample(self, builder: flatbuffers.Builder, sensor_id: int) -> int:
        Sample.Start(builder)
        Sample.AddTimestamp(builder, time.time_ns())
        Sample.AddSensorId(builder, sensor_id)
        Sample.AddValue(builder, self._measure())
        offset: int = Sample.End(builder)
        return offset

    def _consumer_loop(self) -> None:
        with self._consumer as consumer:
            while True:
                result, messages = consumer.batch_pop(BATCH_SIZE, timeout=0.01)
                for message in messages:
                    if self._copy:
                        sample = Sample.Sample.GetRootAs(bytes(message))
                    else:
                        sample = message.get_flatbuffer(Sample.Sample)
                    self._process(sample)
                # It comes only after the last sample: whatever was sent before the close is drained first.
                if result is omni.PopResult.CHANNEL_CLOSED:
                    return

    def _measure(self) -> float:
        return 42.0

    def _process(self, sample: Sample.Sample) -> None:
        self.value_sum += sample.Value()


def main() -> int:
    """Run the system as the command line says."""
    parser = argparse.ArgumentParser(description="Send telemetry samples from one thread to another.")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--count", type=int, default=1_000_000, help="stop after this many (default: %(default)s)")
    length.add_argument("--seconds", type=float, help="stop after this long instead")
    parser.add_argument("--copy", action="store_true", help="build beside the queue, and copy in and out")
    arguments = parser.parse_args()
    if arguments.count < 0 or (arguments.seconds is not None and not arguments.seconds >= 0):
        parser.error("--count and --seconds must not be negative")

    count = None if arguments.seconds is not None else arguments.count
    system = TelemetrySystem(omni.MailboxBroker.instance(), count, arguments.copy)
    begun = time.monotonic()
    end = float("inf") if arguments.seconds is None else begun + arguments.seconds
    system.start()
    try:
        while not system.wait(min(PROGRESS, max(0.0, end - time.monotonic()))):
            if time.monotonic() >= end:
                break
            of = "" if count is None else f" of {count}"
            print(f"{system.processed()}{of} samples", file=sys.stderr)
    except KeyboardInterrupt:
        print("stopping", file=sys.stderr)
    finally:
        system.stop()
    taken = time.monotonic() - begun
    system.print_stats()
    how = "copied" if arguments.copy else "in place"
    print(f"Throughput: {system.processed() / taken:.0f} samples per second, {how}")
    print(f"Sum of values: {system.value_sum:.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
