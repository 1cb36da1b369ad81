"""What a child of fork has: none of its parent's channels, and everything to make its own [LIF-9]."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.workers import PROGRAM_LIMIT, needs_proc, run_program

pytestmark = [pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"), needs_proc]


def test_an_inherited_handle_is_inactive(tmp_path: Path) -> None:
    """Every call answers as on a closed handle, at once; its errors say that it is from before a fork."""
    run_program(
        """
broker = omni.MailboxBroker()
_, pair = broker.request_channel("a", omni.ChannelConfig(8, 64))
producer, consumer = pair
producer.send_many([b"1", b"22", b"333"])
assert consumer.receive() == b"1"
reservation = producer.reserve(1)

def child():
    closed = omni.PushResult.CHANNEL_CLOSED
    assert producer.try_push(b"x") is closed and producer.blocking_push(b"x") is closed and producer.wait() is closed
    assert producer.batch_push([b"x"]) == 0 and producer.available_slots() == 0 and not producer.is_connected()
    assert producer.reserve(1) is None and producer.reserve(1, None) is None and producer.commit(1) is False
    producer.rollback()
    none = omni.PopResult.CHANNEL_CLOSED, None
    assert consumer.try_pop() == consumer.blocking_pop() == consumer.batch_pop_buffer(1) == none
    assert consumer.batch_pop(1, None) == (omni.PopResult.CHANNEL_CLOSED, []) and list(consumer) == []
    assert consumer.wait() is omni.PopResult.CHANNEL_CLOSED
    assert consumer.available_messages() == 0 and not consumer.is_connected()
    raises(ValueError, lambda: reservation.data)
    for call in (
        lambda: producer.send(b"x"), lambda: producer.send_many([b"x"]), lambda: producer.build().__enter__(),
        consumer.receive, lambda: consumer.receive(0),
        lambda: consumer.receive_many(1), lambda: consumer.receive_many(0),
    ):
        assert "from before a fork" in raises(omni.ChannelClosedError, call)
    raises(ValueError, producer.detach)
    raises(ValueError, consumer.detach)
    assert (producer.capacity(), consumer.max_message_size()) == (8, 64)
    assert producer.get_stats() == omni.ProducerStats(3, 6, 0), producer.get_stats()
    assert consumer.get_stats() == omni.ConsumerStats(1, 1, 0), consumer.get_stats()
    moved = producer.move()
    assert producer.capacity() == 0 and moved.capacity() == 8 and moved.try_push(b"x") is closed
    with pair:
        pass
    consumer.close()
    assert "from before a fork" in raises(omni.ChannelClosedError, consumer.receive)
    assert producer.get_stats() == omni.ProducerStats() and consumer.get_stats() == omni.ConsumerStats(1, 1, 0)

ends(fork(child))
ends(fork(lambda: ends(fork(child))))  # and in its child
assert producer.commit(1) and len(consumer.receive_many(9)) == 3
assert broker.get_stats() == omni.BrokerStats(1, 1, 4, 7)
""",
        tmp_path,
    )


def test_brokers_are_as_new(tmp_path: Path) -> None:
    """Nothing is registered, counted or used of a limit; names are free, new channels work, beside threads too."""
    run_program(
        """
broker, shared = omni.MailboxBroker(memory_limit=8 * 64), omni.MailboxBroker.instance()
config = omni.ChannelConfig(8, 64)
_, (producer, consumer) = broker.request_channel("a", config)
_, others = shared.request_channel("a", config)
_, ended = shared.request_channel("b", config)
ended.close()
many = [shared.request_channel(str(number), config) for number in range(1000)]
token = others.consumer.detach()
others.producer.send(b"parent")

def child():
    assert omni.MailboxBroker.instance() is shared
    for each in (broker, shared):
        assert each.get_stats() == omni.BrokerStats(0, 0, 0, 0), each.get_stats()
        assert not each.has_channel("a") and each.shutdown() is True
    raises(ValueError, omni.attach, token)
    raises(ValueError, omni.close_detached, token)
    error, (sender, receiver) = broker.request_channel("a", config)
    assert not error and broker.request_channel("b", config)[0] is omni.ChannelError.ALLOCATION_FAILED
    thread, answers = blocked(receiver.receive)
    producer.close()
    consumer.close()
    sender.send(b"child")
    thread.join()
    assert answers == [b"child"]
    assert broker.get_stats() == omni.BrokerStats(1, 1, 1, 5)
    assert sender.detach() > token
    assert broker.shutdown(0) is False
    receiver.close()
    error, again = shared.request_channel("a", config)
    assert not error and shared.get_stats().active_channels == 1
    thread, answers = blocked(shared.shutdown)
    again.close()
    thread.join()
    assert answers == [True]

ends(fork(child))
assert broker.has_channel("a") and shared.get_stats() == omni.BrokerStats(1001, 1002, 1, 6)
assert omni.attach(token).receive() == b"parent"
""",
        tmp_path,
    )


def test_nobody_in_the_child_waits_for_a_thread_of_the_parents(tmp_path: Path) -> None:
    """Threads asleep in every kind of call at the fork: the child closes all, and the parent's threads go on."""
    run_program(
        """
broker = omni.MailboxBroker()
def channel(name):
    return broker.request_channel(name, omni.ChannelConfig(8, 64))[1]

popping, pushing, reserving, moved, detaching = map(channel, "abcde")
for full in (pushing, reserving):
    full.producer.batch_push([b"x"] * 8)
shutting = omni.MailboxBroker()
_, shut = shutting.request_channel("a", omni.ChannelConfig(8, 64))
threads = [
    blocked(popping.consumer.receive), blocked(pushing.producer.send, b"y"),
    blocked(reserving.producer.reserve, 1, None),
    blocked(moved.consumer.wait), blocked(shutting.shutdown), blocked(detaching.consumer.blocking_pop),
]
lost = moved.consumer.move()

def child():
    for pair in (popping, pushing, reserving, shut, detaching):
        assert pair.consumer.try_pop() == (omni.PopResult.CHANNEL_CLOSED, None)
        pair.close()
    lost.close()
    moved.close()
    gc.collect()
    assert shutting.shutdown() and broker.shutdown()
    assert broker.request_channel("a")[0] is omni.ChannelError.SUCCESS

for _ in range(3):
    ends(fork(child))
popping.producer.send(b"parent")
pushing.consumer.receive()
reserving.consumer.receive()
moved.producer.send(b"x")
detaching.producer.close()
shut.close()
for thread, _ in threads:
    thread.join()
received, sent, reserved, waited, done, ended = (answers[0] for _, answers in threads)
assert received == b"parent" and sent is None and reserved is not None and done is True
assert waited is omni.PopResult.SUCCESS and ended == (omni.PopResult.CHANNEL_CLOSED, None)
""",
        tmp_path,
    )


def test_what_was_popped_stays_readable(tmp_path: Path) -> None:
    """Views, and messages until the child's close, whatever the parent sends and pops meanwhile."""
    run_program(
        """
_, (producer, consumer) = omni.MailboxBroker().request_channel("a", omni.ChannelConfig(8, 64))
producer.send_many([b"early", b"one", b"two"])
early = consumer.try_pop()[1].data
_, (one, two) = consumer.batch_pop(2)
view = one.data
go, began = os.pipe()

def child():
    os.close(began)
    assert os.read(go, 1) == b"x"
    assert consumer.try_pop() == (omni.PopResult.CHANNEL_CLOSED, None), "a pop of an inactive handle"
    assert (bytes(early), bytes(view), bytes(one.data), two.tobytes()) == (b"early", b"one", b"one", b"two")
    later = two.data
    consumer.close()
    producer.close()
    assert (bytes(early), bytes(view), bytes(later)) == (b"early", b"one", b"two")
    for message in (one, two):
        raises(omni.MessageExpiredError, message.tobytes)
        raises(omni.MessageExpiredError, lambda: message.data)

reading = fork(child)
del early, view
for _ in range(100):
    producer.batch_push([b"overwritten"] * 8)
    consumer.batch_pop(8)
os.write(began, b"x")
ends(reading)
""",
        tmp_path,
    )


def test_the_childs_memory_is_given_back(tmp_path: Path) -> None:
    """By a close in the child, where a thread of the parent's was inside too; what was detached, by the fork."""
    run_program(
        """
def mapped():
    return sum(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmSize"))

def channel(name):
    return broker.request_channel(name, omni.ChannelConfig(1024, 16384))[1]

broker, size = omni.MailboxBroker(), 2 * 1024 * 16384 // 1024
gone, kept, popping = channel("a"), channel("b"), channel("c")
thread, answers = blocked(popping.consumer.receive)
gone.producer.detach()
gone.consumer.detach()
before = mapped()

def child():
    assert before - mapped() >= size, "what was detached"
    closed = mapped()
    popping.close()
    assert closed - mapped() >= size
    kept.producer.close()
    closed = mapped()
    del globals()["kept"]
    gc.collect()
    assert closed - mapped() >= size, "the last reference"

ends(fork(child))
assert before - mapped() < size
popping.producer.send(b"x")
thread.join()
assert answers == [b"x"]
""",
        tmp_path,
    )


@pytest.mark.parametrize(
    "call", ["receive", "blocking_pop", "receive_many", "send", "wait", "wait_any", "wait_any_full", "shutdown"]
)
def test_a_call_under_way_in_the_forking_thread(tmp_path: Path, call: str) -> None:
    """A handler forks in it: it ends in the child, as on a closed handle, and goes on in the parent."""
    run_program(
        f"call = {call!r}\n"
        + """
broker = omni.MailboxBroker()
_, pair = broker.request_channel("a", omni.ChannelConfig(8, 64))
producer, consumer = pair
calls = {
    "receive": consumer.receive, "blocking_pop": consumer.blocking_pop,
    "receive_many": lambda: consumer.receive_many(3),
    "send": lambda: producer.send(b"x"), "wait": consumer.wait, "shutdown": broker.shutdown,
    "wait_any": lambda: omni.wait_any([consumer]) == [consumer],
    "wait_any_full": lambda: omni.wait_any([producer]) == [producer],
}
full = call in ("send", "wait_any_full")
if full:
    producer.batch_push([b"x"] * 8)
children, main = [], threading.get_native_id()
def handler(number, frame):
    children.append(os.fork())
    signal.alarm(20)

def release():
    wait_until_asleep("self", main)
    os.kill(os.getpid(), signal.SIGUSR1)
    while not children:
        time.sleep(0.001)
    if full:
        consumer.receive()
    elif call == "shutdown":
        pair.close()
    else:
        producer.send(b"x")

signal.signal(signal.SIGUSR1, handler)
thread = threading.Thread(target=release)
thread.start()
try:
    answer = calls[call]()
except omni.ChannelClosedError as error:
    answer = "closed"
    assert "from before a fork" in str(error)
if children[0] == 0:
    closed = omni.PopResult.CHANNEL_CLOSED
    ended = {"shutdown": True, "wait_any": True, "wait_any_full": True, "wait": closed, "blocking_pop": (closed, None)}
    assert answer == ended.get(call, "closed"), answer
    assert consumer.get_stats().failed_pops == 0 == producer.get_stats().failed_pushes
    os._exit(0)
thread.join()
ends(children[0])
assert answer != "closed"
""",
        tmp_path,
    )


@pytest.mark.parametrize("first", ["parent", "child"])
def test_a_loop_that_a_coroutine_waits_in(tmp_path: Path, first: str) -> None:
    """Its wait ends in the child, as on a closed handle, and goes on in the parent, whichever runs the loop first."""
    run_program(
        f"first = {first!r}\n"
        + """
import asyncio
producer, consumer = omni.open_channel("a", capacity=8)
loop = asyncio.new_event_loop()
task = loop.create_task(consumer.receive_async())
loop.run_until_complete(asyncio.sleep(0.01))  # it waits: its handle is claimed
raises(omni.ConcurrentUseError, consumer.try_pop)
begins, going = os.pipe()

def child():
    if first == "parent":
        os.read(begins, 1)
    assert "from before a fork" in raises(omni.ChannelClosedError, lambda: loop.run_until_complete(task))
    loop.run_until_complete(asyncio.sleep(0.01))
    assert asyncio.run(own()) == b"y"

async def own():
    producer, consumer = omni.open_channel("b", capacity=8)
    asyncio.get_running_loop().call_later(0.01, producer.send, b"y")
    return await consumer.receive_async()

process = fork(child)
if first == "child":
    ends(process)
producer.send(b"parent's")
assert loop.run_until_complete(asyncio.wait_for(task, 20)) == b"parent's"
if first == "parent":
    os.write(going, b"x")
    ends(process)
later = loop.create_task(consumer.receive_async())
loop.run_until_complete(asyncio.sleep(0.01))
producer.send(b"later")
assert loop.run_until_complete(asyncio.wait_for(later, 20)) == b"later"
loop.close()
""",
        tmp_path,
    )


def test_a_fork_between_the_two_steps_of_a_pop(tmp_path: Path) -> None:
    """The end of it answers OMNI_EXPIRED in the child, and takes the message in the parent."""
    run_program(
        """
import ctypes
from fast_impl import native
_, (producer, consumer) = omni.MailboxBroker().request_channel("a", omni.ChannelConfig(8, 64))
producer.send(b"x")
class Pop(ctypes.Structure):
    _fields_ = [("consumer", ctypes.c_void_p), ("number", ctypes.c_uint64)]
calls = native.functions()
pointers = [ctypes.c_void_p, ctypes.c_void_p]
begin = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, *pointers, ctypes.POINTER(Pop))
end = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Pop), ctypes.c_size_t)
begin, end = begin(calls["omni_pop_begin"]), end(calls["omni_pop_end"])
count, pop, handle = ctypes.c_size_t(), Pop(), int(consumer.native_handle)
assert begin(handle, 1, 3, None, ctypes.addressof(count), pop) == 0 and count.value == 1

def child():
    assert end(handle, pop, 1) == -4
    consumer.close()
    assert consumer.try_pop() == (omni.PopResult.CHANNEL_CLOSED, None)

ends(fork(child))
assert end(handle, pop, 1) == 0 and consumer.get_stats().messages_received == 1
""",
        tmp_path,
    )


def test_in_a_thread(tmp_path: Path) -> None:
    """The thread that forks is the child's only one, and may have used the handles or not."""
    run_program(
        """
_, (producer, consumer) = omni.MailboxBroker().request_channel("a", omni.ChannelConfig(8, 64))
receiving, answers = blocked(consumer.receive)

def child():
    assert producer.try_push(b"x") is omni.PushResult.CHANNEL_CLOSED
    consumer.close()
    producer.close()
    sender, receiver = omni.open_channel("a")
    thread, answers = blocked(receiver.receive)
    sender.send(b"child")
    thread.join()
    assert answers == [b"child"]

def body():
    ends(fork(child))
    producer.send(b"x")

for _ in range(5):
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
receiving.join()
assert answers == [b"x"] and consumer.receive_many(9) == [b"x"] * 4
""",
        tmp_path,
    )


@pytest.mark.timeout(180)
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(tmp_path: Path, method: str) -> None:
    """Its processes, and a pool of them, beside threads that send and receive, have channels of their own."""
    run_program(
        f"method, limit = {method!r}, {PROGRAM_LIMIT}\n"
        + """
import multiprocessing

def work(number):
    signal.alarm(limit)
    producer, consumer = omni.open_channel("work", capacity=8)
    thread, answers = blocked(lambda: list(consumer))
    for each in range(100):
        producer.send(each.to_bytes(4, "little"))
    producer.close()
    thread.join()
    assert omni.MailboxBroker.instance().get_stats().total_channels_created == 1, "a worker takes one piece of work"
    consumer.close()
    return number, [int.from_bytes(each, "little") for each in answers[0]] == [*range(100)]

def main():
    context = multiprocessing.get_context(method)
    producer, consumer = omni.open_channel("work", capacity=64)
    received = []
    def receive():
        received.extend(consumer)
    def send():
        while not done.wait(0.0001):  # a processor is left for the workers, which have all to import
            producer.send(b"x")
        producer.close()
    done = threading.Event()
    threads = [threading.Thread(target=receive), threading.Thread(target=send)]
    for thread in threads:
        thread.start()
    with context.Pool(2, maxtasksperchild=1) as pool:
        assert sorted(pool.imap_unordered(work, range(3), chunksize=1)) == [(number, True) for number in range(3)]
        pool.close()
        pool.join()
    process = context.Process(target=work, args=(0,))
    process.start()
    process.join()
    assert process.exitcode == 0
    done.set()
    for thread in threads:
        thread.join()
    assert len(received) == producer.get_stats().messages_sent > 0

if __name__ == "__main__":
    main()
""",
        tmp_path,
    )


@pytest.mark.parametrize("children", [25, pytest.param(500, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_a_storm(tmp_path: Path, children: int) -> None:
    """Forks beside opening, sending, detaching and shutdowns: no child hangs, nothing of the parent's is lost."""
    run_program(
        f"children = {children}\n"
        + """
signal.alarm(60 + children)
shared, own = omni.MailboxBroker.instance(), omni.MailboxBroker()
to, fro = omni.open_channel(capacity=8)
keeps = omni.open_channel("kept")
keeps.producer.send(b"kept")
kept = keeps.consumer.try_pop()[1]
done, failed, rounds = threading.Event(), [], {}

def repeat(name):
    def decorate(body):
        def forever():
            try:
                while not done.is_set():
                    body()
                    rounds[name] = rounds.get(name, 0) + 1
            except BaseException:
                failed.append(traceback.format_exc())
                done.set()
        threads.append(threading.Thread(target=forever))
        return body
    return decorate

threads = []
@repeat("sending")
def send():
    number = to.get_stats().messages_sent
    try:
        to.send(number.to_bytes(8, "little"), 1)
    except TimeoutError:
        pass

@repeat("opening")
def opening():
    with omni.open_channel() as pair:
        pair.producer.send(b"x")
        assert pair.consumer.receive() == b"x"

@repeat("detaching")
def detaching():
    pair = omni.open_channel(broker=own)
    pair.producer = omni.attach(pair.producer.detach())
    omni.close_detached(pair.consumer.detach())
    pair.producer.close()

@repeat("shutting")
def shutting():
    broker = omni.MailboxBroker()
    pairs = [broker.request_channel(str(number))[1] for number in range(3)]
    closing = threading.Thread(target=lambda: [pair.close() for pair in pairs])
    closing.start()
    assert broker.shutdown()
    closing.join()

received = []
def receive():
    for payload in fro:
        received.append(int.from_bytes(payload, "little"))

receiving = threading.Thread(target=receive)

def child():
    assert shared.get_stats() == omni.BrokerStats(0, 0, 0, 0) == own.get_stats()
    assert to.try_push(b"x") is omni.PushResult.CHANNEL_CLOSED
    assert fro.try_pop() == (omni.PopResult.CHANNEL_CLOSED, None)
    assert kept.tobytes() == b"kept"
    for broker in (shared, own):
        with omni.open_channel("kept", capacity=8, broker=broker) as pair:
            thread, answers = blocked(pair.consumer.receive)
            pair.producer.send(b"child")
            thread.join()
            assert answers == [b"child"]
    to.close()
    fro.close()
    keeps.close()
    assert shared.shutdown() and own.shutdown()

for thread in (receiving, *threads):
    thread.start()
while len(rounds) < len(threads) and not failed:
    time.sleep(0.001)
running = []
for _ in range(children):
    running.append(fork(child))
    if len(running) == 4:
        ends(running.pop(0))
for each in running:
    ends(each)
done.set()
for thread in threads:
    thread.join()
to.close()
receiving.join()
assert not failed, failed
assert received == [*range(to.get_stats().messages_sent)], (len(received), received[-3:], to.get_stats())
assert kept.tobytes() == b"kept"
fro.close()
keeps.close()
assert shared.get_stats().active_channels == own.get_stats().active_channels == 0
""",
        tmp_path,
        seconds=100 + children,
    )


@pytest.mark.skipif(sys.version_info >= (3, 14) and sys.platform != "linux", reason="fork is not the default")
def test_a_program_that_is_replaced(tmp_path: Path) -> None:
    """A command started beside blocked threads, with Python code between fork and exec too."""
    run_program(
        """
import subprocess
_, (producer, consumer) = omni.MailboxBroker().request_channel("a", omni.ChannelConfig(8, 64))
thread, answers = blocked(consumer.receive)
for prepared in (None, lambda: consumer.close()):
    assert subprocess.run(["true"], preexec_fn=prepared).returncode == 0
producer.send(b"x")
thread.join()
assert answers == [b"x"]
""",
        tmp_path,
    )
