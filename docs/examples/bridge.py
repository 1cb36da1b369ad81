"""Beyond one process: a thread moves messages from ZeroMQ into a channel, whose consumer does not see the difference.

python docs/examples/bridge.py
"""

from __future__ import annotations

import subprocess
import sys
import threading

import zmq

import fast_impl as omni

COUNT = 2000
PATIENCE = 10_000
"""Milliseconds for which the other machine waits for a bridge that does not receive."""
FAREWELL = b""
"""ZeroMQ does not say that a sender ended; this does. No message of a channel is empty."""


def other_machine(address: str, count: int) -> None:
    """Send numbers, and the farewell."""
    with zmq.Context() as context, context.socket(zmq.PUSH) as socket:
        socket.setsockopt(zmq.SNDTIMEO, PATIENCE)
        socket.setsockopt(zmq.LINGER, PATIENCE)
        socket.connect(address)
        for number in range(count):
            socket.send(b"%d" % number)  # it waits while the buffers of both sides are full
        socket.send(FAREWELL)


class Bridge:
    """A thread that receives from the one sender that connects to `address`."""

    def __init__(self, producer: omni.ProducerHandle) -> None:
        self.complete = False
        """Whether the other side said farewell, which is after everything it sent."""
        self._producer, self._context = producer, zmq.Context()
        self._socket = self._context.socket(zmq.PULL)
        # A machine that is cut off closes no connection: without an answer for three seconds it counts as gone.
        self._socket.setsockopt(zmq.HEARTBEAT_IVL, 1000)
        self._socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 3000)
        self._gone = self._socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        self.address = f"tcp://127.0.0.1:{self._socket.bind_to_random_port('tcp://127.0.0.1')}"
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._gone, zmq.POLLIN)
        with self._context, self._socket, self._gone, self._producer:
            while not self.complete:
                if self._socket in dict(poller.poll()):
                    payload = self._socket.recv()
                    if payload == FAREWELL:
                        self.complete = True
                    else:
                        self._producer.send(payload)  # while this waits, the buffers fill, and the sender waits too
                elif not self._socket.poll(0):
                    return  # it is gone, and what had arrived is in the channel


def receive(sent: int) -> tuple[int, bool]:
    """How many messages came of a machine that is cut off after COUNT, and whether these are all that it sent."""
    producer, consumer = omni.open_channel("from there", capacity=64, max_message_size=64)
    bridge = Bridge(producer)
    bridge.thread.start()
    with subprocess.Popen([sys.executable, __file__, bridge.address, str(sent)]) as other, consumer:
        count = 0
        for payload in consumer:
            assert int(payload) == count, "in order and without a gap"
            count += 1
            if count == COUNT < sent:
                other.kill()
    bridge.thread.join()
    return count, bridge.complete


def main() -> None:
    """Receive from a machine that ends as it should, and from one that does not."""
    assert receive(COUNT) == (COUNT, True)
    print(f"{COUNT} messages and a farewell")
    count, complete = receive(1_000_000_000)
    assert count >= COUNT and not complete
    print(f"{count} messages and no farewell: what was on its way is lost")


if __name__ == "__main__":
    other_machine(sys.argv[1], int(sys.argv[2])) if sys.argv[1:] else main()
