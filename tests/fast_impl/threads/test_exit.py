"""The end of the interpreter, with threads and handles anywhere: no crash, no hang, nothing printed [LIF-11]."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import fast_impl
from tests.workers import needs_proc, run_program

pytestmark = needs_proc

CHANNEL = """
broker = omni.MailboxBroker.instance()
producer, consumer = pair = omni.open_channel("a", capacity=8, max_message_size=1 << 20)
def daemon(body):
    threading.Thread(target=body, daemon=True).start()
def another():
    others.append(omni.open_channel("another", capacity=8))
    return others[-1]
others = []
def full(pair):
    pair.producer.batch_push([b"x"] * 8)
    return pair
class Closing:
    "Daemon threads keep this module, and so what it has; what `builtins` has goes all the same."
    def __del__(self, pairs=[pair], others=others):
        for each in pairs + others:
            each.close()
import builtins
builtins.closing = Closing()
def ready(count=1000, busy=[0]):
    "When the threads that count here have done so often enough."
    while busy[0] < count:
        time.sleep(0.001)
"""

BLOCKED = {
    "blocking_pop": "blocked(consumer.blocking_pop)",
    "receive": "blocked(consumer.receive)",
    "iteration": "blocked(list, consumer)",
    "batch_pop": "blocked(consumer.batch_pop, 3, None)",
    "batch_pop_buffer": "blocked(consumer.batch_pop_buffer, 3, None)",
    "receive_many": "blocked(consumer.receive_many, 3, 1000)",
    "consumer.wait": "blocked(consumer.wait)",
    "blocking_push": "blocked(full(pair).producer.blocking_push, b'y')",
    "send": "blocked(full(pair).producer.send, b'y', 1000)",
    "send_many": "blocked(full(pair).producer.send_many, [b'y'] * 9)",
    "reserve": "blocked(full(pair).producer.reserve, 1, None)",
    "producer.wait": "blocked(full(pair).producer.wait)",
    "shutdown": "blocked(broker.shutdown)",
    "shutdown with a limit": "blocked(broker.shutdown, 1000)",
    "both sides": "blocked(consumer.receive); blocked(full(another()).producer.send, b'y')",
    "of a moved handle": "blocked(consumer.receive); moved = consumer.move()",
    "of a broker without a name": """
own = omni.MailboxBroker()
other = own.request_channel("a")[1]
blocked(own.shutdown)
del own
""",
}
"""A daemon thread sleeps in it as the main thread ends."""

BUSY = {
    "small messages": """
def send():
    while True:
        producer.send(b"small")
def receive():
    for payload in consumer:
        busy[0] += 1
""",
    "large messages": """
def send():
    while True:
        producer.send(b"m" * (1 << 20))
def receive():
    for payload in consumer:
        busy[0] += 100
""",
    "batches": """
def send():
    while True:
        producer.send_many([b"m" * 100_000] * 3)
def receive():
    while True:
        busy[0] += len(consumer.receive_many(8)) * 10
""",
    "views": """
def send():
    while True:
        reservation = producer.reserve(1, None)
        reservation.data[:3] = b"abc"
        producer.commit(3)
def receive():
    while True:
        message = consumer.blocking_pop()[1]
        kept.append(message.data)
        del kept[:-4]
        busy[0] += 1
kept = []
""",
    "opening and closing": """
def send():
    while True:
        with omni.open_channel() as each:
            each.producer.send(b"x")
            busy[0] += 10
def receive():
    while True:
        each = omni.open_channel()
        each.producer = omni.attach(each.producer.detach())
        broker.has_channel("a")
""",
    "polling": """
def send():
    while True:
        producer.try_push(b"x")
def receive():
    while True:
        consumer.try_pop()
        busy[0] += 1
""",
}
"""Daemon threads are somewhere in it."""

HELD = {
    "handles in globals": "",
    "handles in a cycle": "cycle = [pair, producer, consumer]; cycle.append(cycle)",
    "handles in a cycle with a finaliser": """
class Held:
    def __init__(self):
        self.me, self.pair = self, omni.open_channel()
    def __del__(self):
        assert self.pair.producer.try_push(b"x") and bytes(self.pair.consumer.try_pop()[1]) == b"x"
        self.pair.close()
Held()
held = Held()
""",
    "a finaliser of a global that uses others": """
class Last:
    def __del__(self, pair=pair, closed=omni.PushResult.CHANNEL_CLOSED):
        pair.producer.try_push(b"x")
        pair.consumer.try_pop()
        pair.close()
        assert pair.producer.try_push(b"x") is closed
last = Last()
sys.last = Last()
__builtins__.last = Last()
""",
    "a module of its own": """
import types
module = sys.modules["held"] = types.ModuleType("held")
module.pair, module.omni, module.itself = pair, omni, module
del pair, producer, consumer, module
""",
    "what was popped": """
producer.send_many([b"x"] * 4)
message = consumer.try_pop()[1]
view = memoryview(message.data)[1:]
batch = consumer.batch_pop_buffer(2)[1]
views = [batch.data, batch.offsets]
cycle = [message, batch, view]
cycle.append(cycle)
""",
    "a reservation": """
reservation = producer.reserve(1)
view = reservation.data[1:]
cycle = [reservation, view]
cycle.append(cycle)
""",
    "an exception with its frames": """
try:
    def body(handle):
        message = handle.try_pop()
        1 / 0
    producer.send(b"x")
    body(consumer)
except ZeroDivisionError as error:
    kept = error
""",
    "thread locals and generators": """
local = threading.local()
local.pair = pair
def generator(handle):
    with handle:
        for payload in handle:
            yield payload
producer.send(b"x")
going = generator(consumer)
next(going)
iterator = iter(omni.open_channel().consumer)
""",
    "detached ends": "tokens = [producer.detach(), consumer.detach()]; other = omni.open_channel().producer.detach()",
    "native handles": """
natives = [producer.native_handle, consumer.native_handle]
del pair, producer, consumer, builtins.closing, Closing
""",
    "a broker of its own": "own = omni.MailboxBroker(); many = [own.request_channel(str(n)) for n in range(100)]",
    "weak references": """
import weakref
weak = [weakref.ref(each, lambda gone: None) for each in (producer, consumer, broker, pair)]
finalizers = [weakref.finalize(each, omni.open_channel) for each in (producer, consumer)]
""",
}
"""It is there as the interpreter ends."""

ENDINGS = {
    "a handler of atexit closes": "import atexit; blocked(consumer.receive); atexit.register(pair.close)",
    "a handler of atexit sends to a daemon thread": """
import atexit
blocked(list, consumer)
atexit.register(producer.send, b"x")
""",
    "a handler of atexit sends and receives": """
import atexit
def last():
    with omni.open_channel() as other:
        other.producer.send(b"x")
        assert other.consumer.receive() == b"x"
    assert broker.shutdown(0) is False
atexit.register(last)
blocked(consumer.receive)
""",
    "a handler of atexit shuts down, which ends the threads": """
import atexit
thread = threading.Thread(target=lambda: list(consumer), daemon=True)
thread.start()
def last():
    assert broker.shutdown(0) is False
    thread.join()
    pair.close()
    assert broker.shutdown()
atexit.register(last)
""",
    "sys.exit in a thread": """
def body():
    with pair:
        producer.send(b"x")
        sys.exit(3)
thread = threading.Thread(target=body)
thread.start()
thread.join()
assert consumer.try_pop() == (omni.PopResult.CHANNEL_CLOSED, None)
""",
    "sys.exit in a block": "with pair: blocked(full(another()).producer.send, b'y'); sys.exit()",
    "a thread that is no daemon receives until it ends": """
threading.Thread(target=lambda: list(consumer)).start()
def send():
    time.sleep(0)
    producer.send(b"x")
    producer.close()
threading.Thread(target=send).start()
""",
    "a child of fork, which ends as the parent does": """
blocked(consumer.receive)
message = full(other := omni.open_channel()).consumer.try_pop()[1]
view = message.data
child = os.fork()
if child:
    ends(child)
""",
}
"""How it ends."""


def programs() -> list[object]:
    """Each with its name."""
    found = {f"blocked in {name}": text for name, text in BLOCKED.items()}
    for name, text in BUSY.items():
        begins = "daemon(send)\ndaemon(receive)\nready()\n"
        found[f"busy with {name}"] = f"busy = [0]\nready.__defaults__ = (1000, busy)\n{text}{begins}"
    found |= {f"with {name}": text for name, text in HELD.items()} | ENDINGS
    return [pytest.param(text, id=name.replace(" ", "-")) for name, text in found.items()]


@pytest.mark.parametrize("program", programs())
def test_exit(tmp_path: Path, program: str) -> None:
    """The process ends with status 0, and without a word."""
    run_program(CHANNEL + program, tmp_path)


@pytest.mark.skipif("OMNI_EXITS" not in os.environ, reason="OMNI_EXITS says how often: 50 takes some minutes")
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("program", programs())
def test_exit_many_times(tmp_path: Path, program: str) -> None:
    """As above: where the threads are differs from time to time."""
    for _ in range(int(os.environ["OMNI_EXITS"])):
        run_program(CHANNEL + program, tmp_path)


@pytest.mark.skipif(fast_impl.binding != "cffi", reason="with types in C no Python code runs inside a pop")
def test_a_daemon_thread_stays_inside_a_pop(tmp_path: Path) -> None:
    """Where it sleeps, between the two steps: what closes the consumer as the interpreter ends does not wait for it."""
    run_program(
        CHANNEL
        + """
from fast_impl.cffi import consumer as module
def message(*arguments):
    inside.set()
    threading.Event().wait()
module.Message, inside = message, threading.Event()
producer.send(b"x")
daemon(consumer.try_pop)
inside.wait()
""",
        tmp_path,
    )


INTERRUPTED = """
# A shell that starts a job in the background has it ignore Ctrl-C, and so would this process.
signal.signal(signal.SIGINT, signal.default_int_handler)
main = threading.get_native_id()
def interrupt():
    wait_until_asleep("self", main)
    os.kill(os.getpid(), signal.SIGINT)
daemon(interrupt)
"""


def test_ctrl_c_ends_the_program(tmp_path: Path) -> None:
    """In a blocked call of the main thread, beside daemon threads that are blocked too."""
    run_program(
        CHANNEL
        + INTERRUPTED
        + """
other = omni.open_channel()
blocked(other.consumer.receive)
try:
    consumer.receive()
except KeyboardInterrupt:
    sys.exit(7)
""",
        tmp_path,
        status=7,
    )


@pytest.mark.parametrize("call", ["consumer.receive", "lambda: full(pair).producer.send(b'y')", "broker.shutdown"])
def test_ctrl_c_at_exit(tmp_path: Path, call: str) -> None:
    """As the main thread waits for one that is no daemon and is blocked: the process ends, Python alone says why."""
    run_program(
        CHANNEL
        + INTERRUPTED.replace("daemon(interrupt)", "")
        + f"""
sys.unraisablehook = lambda unraisable: None
thread = threading.Thread(target={call})
thread.start()
wait_until_asleep("self", thread.native_id)
daemon(interrupt)
""",
        tmp_path,
    )


def test_ctrl_c_in_a_handler_of_atexit(tmp_path: Path) -> None:
    """It is blocked in a pop."""
    run_program(
        CHANNEL
        + INTERRUPTED.replace("daemon(interrupt)", "")
        + """
import atexit
begun = threading.Event()
daemon(lambda: (begun.wait(), interrupt()))  # CPython 3.12 starts no thread any more in a handler of atexit
def last():
    begun.set()
    raises(KeyboardInterrupt, consumer.receive)
atexit.register(last)
blocked(full(another()).producer.send, b"y")
""",
        tmp_path,
    )
