"""A thread that ends inside a handle, or with a reservation, holds up nobody [LIF-12]."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers import run_program

C = """
import ctypes
from fast_impl import native

class Pop(ctypes.Structure):
    _fields_ = [("consumer", ctypes.c_void_p), ("number", ctypes.c_uint64)]

addresses, pointer, size = native.functions(), ctypes.c_void_p, ctypes.c_size_t
_begin = ctypes.CFUNCTYPE(ctypes.c_int, pointer, size, ctypes.c_int, pointer, pointer, ctypes.POINTER(Pop))
_end = ctypes.CFUNCTYPE(ctypes.c_int, pointer, ctypes.POINTER(Pop), size)
_begin, _end = _begin(addresses["omni_pop_begin"]), _end(addresses["omni_pop_end"])

def begin(handle):
    "A pop of up to 8 that has begun: how many it was shown, and what ends it."
    pop, count = Pop(), size()
    assert _begin(int(handle), 8, 3, None, ctypes.addressof(count), pop) == 0
    return count.value, lambda taken: _end(int(handle), pop, taken)

def channel(name="a"):
    return broker.request_channel(name, omni.ChannelConfig(8, 64))[1]

def in_a_thread(body):
    thread = threading.Thread(target=body)
    thread.start()
    ends_for_the_system(thread)

def ends_for_the_system(thread):
    "Before 3.13, join() returns when Python has done with it."
    thread.join()
    while os.path.exists(f"/proc/self/task/{thread.native_id}"):
        time.sleep(0.001)

broker = omni.MailboxBroker()
"""


def test_between_the_two_steps_of_a_pop(tmp_path: Path) -> None:
    """Its messages wait on, the next pop has them, and its end comes too late; a close does not wait for it."""
    run_program(
        C
        + """
for _ in range(10):  # the next thread may have its address
    producer, consumer = channel()
    producer.send_many([b"1", b"2"])
    native, ended = consumer.native_handle, []
    in_a_thread(lambda: ended.append(begin(native)))
    assert ended[0][0] == 2
    assert consumer.receive(0) == b"1" and consumer.get_stats().messages_received == 1
    assert ended[0][1](2) == -4
    in_a_thread(lambda: ended.append(begin(native)))
    consumer.close()
    producer.close()
    assert not broker.has_channel("a")
assert broker.shutdown(0)
""",
        tmp_path,
    )


@pytest.mark.parametrize("waiting", ["close", "shutdown"])
def test_while_another_waits_for_it(tmp_path: Path, waiting: str) -> None:
    """A close and a shutdown that sleep until it leaves go on as it ends."""
    run_program(
        C
        + f"waiting = {waiting!r}\n"
        + """
producer, consumer = channel()
producer.send(b"x")
native, inside, go = consumer.native_handle, threading.Event(), threading.Event()
def body():
    begin(native)
    inside.set()
    go.wait()
thread = threading.Thread(target=body)
thread.start()
inside.wait()
if waiting == "shutdown":
    closing, closed = blocked(consumer.close)
waiter, answers = blocked(consumer.close if waiting == "close" else broker.shutdown)
if waiting == "shutdown":
    producer.close()
go.set()
waiter.join()
thread.join()
assert answers == ([None] if waiting == "close" else [True])
producer.close()
assert not broker.has_channel("a")
""",
        tmp_path,
    )


def test_with_pops_open_in_several_consumers(tmp_path: Path) -> None:
    """In channels of two brokers, one closed meanwhile by the thread itself: all are left, and that close ends."""
    run_program(
        C
        + """
other = omni.MailboxBroker()
pairs = [channel(str(number)) for number in range(3)]
pairs.append(other.request_channel("a", omni.ChannelConfig(8, 64))[1])
natives = [pair.consumer.native_handle for pair in pairs]
for pair in pairs:
    pair.producer.send(b"x")

def body():
    opened.extend(map(begin, natives))
    pairs[1].consumer.close()  # deferred to the end of its own pop
    pairs[1].producer.close()
    assert broker.has_channel("1")

opened = []
in_a_thread(body)
assert not broker.has_channel("1") and broker.get_stats().active_channels == 2
for pair in pairs[0], pairs[2], pairs[3]:
    assert pair.consumer.receive(0) == b"x"
    pair.close()
assert broker.shutdown(0) and other.shutdown(0)
""",
        tmp_path,
    )


def test_with_a_reservation(tmp_path: Path) -> None:
    """It is the handle's: another thread commits it, or closes."""
    run_program(
        C
        + """
producer, consumer = channel()
held = []
in_a_thread(lambda: held.append(producer.reserve(1)))
held[0].data[:1] = b"x"
assert producer.commit(1) and consumer.receive(0) == b"x"
in_a_thread(lambda: held.append(producer.reserve(1)))
producer.close()
raises(ValueError, lambda: held[1].data)
consumer.close()
assert broker.shutdown(0)
""",
        tmp_path,
    )


def test_a_thread_that_ends_as_it_should_is_not_in_the_way(tmp_path: Path) -> None:
    """Many threads, each of which pops from a handle in turn and ends, beside channels opened and closed."""
    run_program(
        """
producer, consumer = omni.open_channel(capacity=8)
for number in range(500):
    producer.send(number.to_bytes(2, "little"))
    received = []
    thread = threading.Thread(target=lambda: received.extend((consumer.receive(), omni.open_channel())))
    thread.start()
    thread.join()
    assert int.from_bytes(received[0], "little") == number
consumer.close()
""",
        tmp_path,
    )
