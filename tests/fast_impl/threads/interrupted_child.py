"""Run by `test_signals.py` in a process of its own: block, be interrupted, and go on.

The first argument names the blocking call. Lines on standard output say how far it got.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

import fast_impl as omni


def main(call: str) -> None:
    # A shell that starts a job in the background has it ignore Ctrl-C, and so would this process.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    broker = omni.MailboxBroker()
    _, pair = broker.request_channel("interrupted", omni.ChannelConfig(capacity=8, max_message_size=64))
    assert pair is not None
    producer, consumer = pair.producer, pair.consumer
    before: list[bytes] = []
    if call == "blocking_push":
        before = [b"%d" % number for number in range(8)]
        assert producer.batch_push(before) == 8
    calls: dict[str, Callable[[], object]] = {
        "blocking_pop": lambda: consumer.blocking_pop(),
        "blocking_pop with a limit": lambda: consumer.blocking_pop(40),
        "batch_pop": lambda: consumer.batch_pop(8, timeout=40),
        "blocking_push": lambda: producer.blocking_push(b"blocked"),
        "shutdown": lambda: broker.shutdown(),
    }
    print("entering", flush=True)
    try:
        answer = calls[call]()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    else:
        print(f"returned {answer}", flush=True)
    if call == "shutdown":  # its channels stay closed; a new one works
        _, pair = broker.request_channel("afterwards")
        assert pair is not None
        producer, consumer = pair.producer, pair.consumer
    received = [bytes(message) for message in consumer.batch_pop(8)[1]]
    pushed = producer.try_push(b"afterwards")
    received += [bytes(message) for message in consumer.batch_pop(8)[1]]
    assert pushed is omni.PushResult.SUCCESS
    assert received == [*before, b"afterwards"], received
    assert (producer.get_stats().failed_pushes, consumer.get_stats().failed_pops) == (0, 0)
    print("nothing lost", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
