"""Fan-in: fifty producers, a channel each, and one consumer thread that waits for all of them at once.

python docs/examples/fan_in.py
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack

import fast_impl as omni

PRODUCERS = 50
COUNT = 500
"""Messages of each producer."""
BATCH = 32
"""The most that one producer may have in a turn, so that a busy one does not keep the others waiting."""


def produce(producer: omni.ProducerHandle) -> None:
    """Send numbers; the producer has a bound of its own, and waits for nobody but the consumer."""
    with producer:
        producer.send_many(b"%d" % number for number in range(COUNT))


def merge(consumers: Iterable[omni.ConsumerHandle]) -> Iterator[tuple[omni.ConsumerHandle, list[bytes]]]:
    """Batches and where they came from, until every channel is closed and drained."""
    with_more = list(consumers)
    while with_more:
        for consumer in omni.wait_any(with_more):
            try:
                yield consumer, consumer.receive_many(BATCH, timeout=0)
            except omni.ChannelClosedError:  # which is something too
                with_more.remove(consumer)


def main() -> None:
    """Start the producers, merge what they send, and check that each one's messages came in order."""
    received: dict[omni.ConsumerHandle, int] = {}
    threads = []
    turns = 0
    with ExitStack() as consumers:  # closed also after an error, which sends the producers home
        for _ in range(PRODUCERS):
            producer, consumer = omni.open_channel(capacity=64, max_message_size=64)
            received[consumers.enter_context(consumer)] = 0
            threads.append(threading.Thread(target=produce, args=(producer,)))
            threads[-1].start()
        for consumer, batch in merge(received):
            turns += 1
            assert 0 < len(batch) <= BATCH
            for payload in batch:
                assert int(payload) == received[consumer], "of one producer, in order; nothing is said across producers"
                received[consumer] += 1
    for thread in threads:
        thread.join()
    assert list(received.values()) == [COUNT] * PRODUCERS
    print(f"{sum(received.values())} messages of {PRODUCERS} producers in {turns} batches")


if __name__ == "__main__":
    main()
