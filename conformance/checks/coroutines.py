"""Descriptors, waiting for one of many handles, and the calls for coroutines."""

from __future__ import annotations

import asyncio
import os
import select
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from conformance.checks.registry import function
from conformance.threads import LIMIT, Task, open_full, open_pair, promptly, room


def _readable(descriptor: int, seconds: float = 0) -> bool:
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    return bool(poller.poll(seconds * 1000))


# ---- descriptors [WAI-3] ----

CONSUMERS_LOOKS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("try_pop", lambda c: c.try_pop()),
    ("blocking_pop", lambda c: c.blocking_pop(0)),
    ("batch_pop", lambda c: c.batch_pop(4)),
)
PRODUCERS_LOOKS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("try_push", lambda p: p.try_push(b"x")),
    ("blocking_push", lambda p: p.blocking_push(b"x", 0)),
    ("batch_push", lambda p: p.batch_push([b"x"])),
    ("reserve", lambda p: p.reserve(1)),
)


@function("WAI-3", "descriptors")
def a_consumers_descriptor(omni: Any) -> None:
    """Readable at first; not after a look that found nothing; from a message, a close or a shutdown on again."""
    for name, look in (*CONSUMERS_LOOKS, ("wait", lambda c: c.wait(0))):
        broker, pair = open_pair(omni)
        descriptor = pair.consumer.fileno()
        assert _readable(descriptor), "the first fileno() did not make it readable"
        for count in (1, 2):
            look(pair.consumer)
            assert not _readable(descriptor), f"{name} found nothing, and the descriptor is readable after it"
            look(pair.consumer)
            assert pair.producer.batch_push([b"x"] * count) == count
            assert _readable(descriptor), f"a message waits, and the descriptor is not readable after {name}"
            assert pair.consumer.try_pop()[0]
            assert _readable(descriptor), "no look has found nothing since, and the descriptor is not readable"
            pair.consumer.batch_pop(9)
        look(pair.consumer)
        if name == "try_pop":
            pair.producer.close()
        else:
            broker.shutdown(0)
        assert _readable(descriptor), f"the channel is closed, and the descriptor is not readable after {name}"
        pair.close()


@function("WAI-3", "descriptors")
def a_producers_descriptor(omni: Any) -> None:
    """Readable at first; not after a look that found no space; from a pop, a close or a shutdown on again."""
    for name, look in (*PRODUCERS_LOOKS, ("wait", lambda p: p.wait(0))):
        broker, pair = open_full(omni)
        descriptor = pair.producer.fileno()
        assert _readable(descriptor), "the first fileno() did not make it readable"
        look(pair.producer)
        assert not _readable(descriptor), f"{name} found no space, and the descriptor is readable after it"
        assert pair.consumer.try_pop()[0]
        assert _readable(descriptor), f"a slot is free, and the descriptor is not readable after {name}"
        assert pair.producer.batch_push([b"x", b"x"]) == 1
        assert not _readable(descriptor), "a batch was cut short, and the descriptor is readable after it"
        if name == "try_push":
            pair.consumer.close()
        else:
            broker.shutdown(0)
        assert _readable(descriptor), f"nobody receives, and the descriptor is not readable after {name}"
        pair.close()


@function("WAI-3", "descriptors")
def a_descriptor_with_a_reservation_outstanding(omni: Any) -> None:
    """Nothing the peer does makes space for a push; the reservation's end does."""
    for end in ("rollback", "commit"):
        _, pair = open_pair(omni)
        descriptor = pair.producer.fileno()
        assert pair.producer.reserve(1) is not None
        assert not pair.producer.try_push(b"x")
        getattr(pair.producer, end)(*[1] * (end == "commit"))
        assert _readable(descriptor), "the reservation has ended, and the descriptor is not readable"
        pair.close()


@function("WAI-3", "descriptors")
def a_descriptor_belongs_to_its_handle(omni: Any) -> None:
    """The same one from each call, close-on-exec; moved with the handle, and ended by its close."""
    for side in ("producer", "consumer"):
        _, pair = (open_full if side == "producer" else open_pair)(omni)
        handle = getattr(pair, side)
        descriptor = handle.fileno()
        assert handle.wait(0).name == "TIMEOUT" and not _readable(descriptor)
        assert handle.fileno() == descriptor, "fileno() answered two numbers"
        assert not os.get_inheritable(descriptor), "it is not close-on-exec"
        moved = handle.move()
        _refuses(handle, "moved from")
        assert moved.fileno() == descriptor, "move() did not carry it along"
        duplicate = os.dup(descriptor)
        assert not _readable(duplicate), "move() made it readable"
        moved.close()
        assert _readable(duplicate), "the close did not make it readable"
        _refuses(moved, "closed")
        os.close(duplicate)
        try:
            os.fstat(descriptor)
        except OSError:
            pass
        else:
            raise AssertionError("close() left the descriptor open")
        pair.close()


@function("WAI-3", "descriptors detaching")
def a_descriptor_ends_with_a_detach(omni: Any) -> None:
    """Whoever attaches the end has another one, readable at first."""
    for side in ("producer", "consumer"):
        _, pair = (open_full if side == "producer" else open_pair)(omni)
        handle = getattr(pair, side)
        descriptor = handle.fileno()
        duplicate = os.dup(descriptor)
        assert handle.wait(0).name == "TIMEOUT" and not _readable(duplicate)
        token = handle.detach()
        assert _readable(duplicate), "detach() did not make it readable"
        os.close(duplicate)
        _refuses(handle, "detached")
        try:
            os.fstat(descriptor)
        except OSError:
            pass
        else:
            raise AssertionError("detach() left the descriptor open")
        attached = omni.attach(token)
        assert _readable(attached.fileno()), "the first fileno() after attach() did not make it readable"
        attached.close()
        pair.close()


def _refuses(handle: Any, why: str) -> None:
    try:
        number = handle.fileno()
    except ValueError:
        return
    raise AssertionError(f"fileno() of a handle that was {why} answered {number}, not ValueError")


@function("WAI-3", "descriptors threads", layer="blocking")
def a_descriptor_misses_nothing(omni: Any) -> None:
    """Poll; call until there is nothing; poll again: whatever a thread sends or pops meanwhile ends the poll."""
    count = 3000
    _, pair = open_pair(omni)
    sending = Task(lambda: [pair.producer.blocking_push(b"x") for _ in range(count)])
    descriptor, received = pair.consumer.fileno(), 0
    while received < count:
        assert _readable(descriptor, LIMIT), f"after {received} of {count} messages the poll of a consumer did not end"
        while pair.consumer.try_pop()[0]:
            received += 1
    sending.finish()
    pair.close()
    _, pair = open_pair(omni)
    receiving = Task(lambda: [pair.consumer.blocking_pop()[0] for _ in range(count)])
    descriptor, sent = pair.producer.fileno(), 0
    while sent < count:
        assert _readable(descriptor, LIMIT), f"after {sent} of {count} messages the poll of a producer did not end"
        while sent < count and pair.producer.try_push(b"x"):
            sent += 1
    receiving.finish()
    pair.close()


@function("WAI-3", "descriptors threads", layer="blocking")
def a_descriptor_is_closed_while_nobody_writes(omni: Any) -> None:
    """A message that is sent beside a close is not written into what has the descriptor's number next."""
    for _ in range(300):
        _, pair = open_pair(omni)
        pair.consumer.fileno()
        assert pair.consumer.try_pop()[0].name == "EMPTY"
        sending = Task(pair.producer.try_push, b"x")
        pair.consumer.close()
        ours, other = os.pipe()
        try:
            sending.finish()
            assert not _readable(ours), "the push was written into a descriptor that is not the handle's any more"
        finally:
            os.close(ours)
            os.close(other)
        pair.close()


# ---- wait_any [WAI-4] ----


@function("WAI-4", "descriptors")
def wait_any_gives_what_has_something(omni: Any) -> None:
    """The same objects, in the order given and once, and nothing is taken."""
    pairs = [open_pair(omni)[1] for _ in range(4)]
    handles = [handle for pair in pairs for handle in (pair.consumer, pair.producer)]
    consumers = handles[::2]
    assert omni.wait_any(consumers, 0) == [] == omni.wait_any(iter(consumers), 1e-6)
    for pair in (pairs[2], pairs[0]):
        assert pair.producer.try_push(b"x")
    found = omni.wait_any([*reversed(consumers), consumers[0]])
    assert [id(each) for each in found] == [id(pairs[2].consumer), id(pairs[0].consumer)], f"wait_any gave {found}"
    assert [pair.consumer.available_messages() for pair in pairs] == [1, 0, 1, 0], "wait_any took a message"
    assert omni.wait_any([pairs[1].consumer, pairs[1].producer]) == [pairs[1].producer]
    pairs[1].producer.batch_push([b"x"] * room())
    assert omni.wait_any([pairs[1].producer], 0) == [], "a full queue has no space"
    pairs[3].consumer.close()
    assert omni.wait_any([pairs[3].producer, pairs[3].consumer], 0) == [pairs[3].producer, pairs[3].consumer]
    assert pairs[0].consumer.get_stats().failed_pops == 0


@function("WAI-4", "descriptors")
def wait_any_refuses(omni: Any) -> None:
    """No handles, what is no handle, a bad timeout."""
    _, pair = open_pair(omni)
    for handles, timeout, kind in (
        ([], 0, ValueError), ((), None, ValueError), ([pair.consumer, "c"], 0, TypeError), (7, 0, TypeError),
        ([pair.consumer], -1, ValueError), ([pair.consumer], "soon", TypeError),
    ):  # fmt: skip
        try:
            found = omni.wait_any(handles, timeout)
        except kind:
            continue
        raise AssertionError(f"wait_any({handles}, {timeout!r}) gave {found}, not {kind.__name__}")


@function("WAI-4", "descriptors threads", layer="blocking")
def wait_any_waits_for_many(omni: Any) -> None:
    """A thousand idle channels cost no processor time; a message, a free slot and a close end the wait."""
    broker = omni.MailboxBroker()
    pairs = [broker.request_channel(str(number), omni.ChannelConfig(8, 64))[1] for number in range(1000)]
    consumers = [pair.consumer for pair in pairs]
    waiting = Task(omni.wait_any, consumers, 60)
    assert waiting.asleep(), f"wait_any answered {waiting.finish()} with nothing there"
    threads, slept = threading.active_count(), waiting.slept()
    assert not waiting.ends(0.3)
    assert slept and waiting.slept() == slept, "wait_any of 1,000 idle channels does not sleep all the time"
    assert threading.active_count() <= threads, "wait_any has started a thread"
    assert promptly(pairs[700].producer.try_push, b"x")
    assert waiting.finish() == [consumers[700]]
    assert pairs[700].consumer.try_pop()[0]
    begun = time.monotonic()
    assert omni.wait_any(consumers, 0.05) == []
    assert 0.05 <= time.monotonic() - begun < 2
    assert pairs[3].producer.batch_push([b"x"] * room()) == room()
    for end, own in ((pairs[3].consumer.try_pop, pairs[3].producer), (pairs[9].producer.close, pairs[9].consumer)):
        waiting = Task(omni.wait_any, [pairs[4].consumer, own], 60)
        assert waiting.asleep(), f"wait_any answered {waiting.finish()} with nothing there"
        promptly(end)
        assert waiting.finish() == [own]
    for pair in pairs:
        pair.close()


# ---- coroutines [ASY] ----


def _run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What the coroutine returns, on a loop of its own; raises what it raises, or TimeoutError after the limit."""
    return asyncio.run(asyncio.wait_for(coroutine, LIMIT))


async def _waits(coroutine: Awaitable[Any]) -> asyncio.Task[Any]:
    """A task that waits, which it does some turns of the loop later."""
    task = asyncio.ensure_future(coroutine)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done(), f"it did not wait: {task}"
    return task


def _raised(call: Callable[[], Any]) -> Any:
    """What it returned, or the type of what it raised and its `sent`."""
    try:
        return call()
    except Exception as error:
        public = (kind for kind in type(error).__mro__ if kind.__module__ == "builtins" or "Closed" in kind.__name__)
        return next(public), getattr(error, "sent", None)


@function("ASY-1", "coroutines")
def calls_of_coroutines_answer_as_their_namesakes(omni: Any) -> None:
    """The same answers, errors and statistics, wherever a blocking call answers."""
    scripts: tuple[Callable[[Any, Callable[[str], Callable[..., Any]]], Any], ...] = (
        lambda pair, call: [call("send")(b"1"), call("send")(bytearray(b"2"), 5), call("receive")()],
        lambda pair, call: [call("send_many")([b"1", b"2", b"3"]), call("receive_many")(2), call("receive")(0)],
        lambda pair, call: [call("receive")(0)],
        lambda pair, call: [call("receive")(1e-6)],
        lambda pair, call: [call("receive_many")(3, 0)],
        lambda pair, call: [call("receive_many")(3, 1e-6)],
        lambda pair, call: [call("receive_many")(0), call("receive_many")(0, 1)],
        lambda pair, call: [call("receive_many")(-1)],
        lambda pair, call: [call("receive")(-1)],
        lambda pair, call: [call("receive")("soon")],
        lambda pair, call: [call("send")(b"")],
        lambda pair, call: [call("send")(bytes(65), 0)],
        lambda pair, call: [call("send")("text")],
        lambda pair, call: [call("send_many")([b"1", "text", b"3"])],
        lambda pair, call: [call("send_many")([b"1", b"2", b""])],
        lambda pair, call: [call("send_many")([b"x"] * (room() + 1), 0)],
        lambda pair, call: [call("send_many")([b"x"] * (room() + 1), 1e-6)],
        lambda pair, call: [pair.producer.batch_push([b"x"] * room()), call("send")(b"x", 0)],
        lambda pair, call: [pair.producer.batch_push([b"x"] * room()), call("send")(b"x", 1e-6)],
        lambda pair, call: [pair.producer.batch_push([b"x"] * room()), call("send")(bytes(65))],
        lambda pair, call: [pair.producer.reserve(1), call("send")(b"x")],
        lambda pair, call: [call("send")(b"1"), pair.producer.close(), call("receive")(), call("receive")()],
        lambda pair, call: [pair.producer.close(), call("receive_many")(2)],
        lambda pair, call: [pair.consumer.close(), call("send")(b"1")],
        lambda pair, call: [pair.consumer.close(), call("send_many")([b"1"])],
        lambda pair, call: [pair.consumer.close(), call("receive")()],
        lambda pair, call: [pair.producer.close(), call("send")(b"1")],
    )
    for number, script in enumerate(scripts):
        answers = []
        for suffix in ("", "_async"):
            _, pair = open_pair(omni)

            def call(name: str, pair: Any = pair, suffix: str = suffix) -> Callable[..., Any]:
                method = getattr(pair.producer if name.startswith("send") else pair.consumer, name + suffix)
                return (lambda *given: _run(method(*given))) if suffix else method

            answer = _raised(partial(_comparable, script, pair, call))
            answers.append((answer, pair.producer.get_stats(), pair.consumer.get_stats()))
            pair.close()
        assert answers[0] == answers[1], f"case {number}: the namesake gave {answers[0]}, a coroutine's {answers[1]}"


def _comparable(script: Callable[..., list[Any]], *given: Any) -> list[Any]:
    usual = (bytes, list, int, type(None))
    return [answer if isinstance(answer, usual) else type(answer).__name__ for answer in script(*given)]


@function("ASY-1", "coroutines")
def iteration_of_a_coroutine(omni: Any) -> None:
    """async for gives the payloads, and ends when the channel is closed and drained."""
    _, pair = open_pair(omni)
    assert pair.producer.batch_push([b"1", b"2", b"3"]) == 3
    pair.producer.close()

    async def drained() -> list[bytes]:
        return [payload async for payload in pair.consumer]

    assert _run(drained()) == [b"1", b"2", b"3"]
    assert _run(drained()) == []


@function("ASY-1", "coroutines threads", layer="blocking")
def a_coroutine_at_either_end(omni: Any) -> None:
    """A thread and a coroutine, two coroutines of one loop, two loops: all messages come, in order."""
    payloads = [number.to_bytes(4, "little") for number in range(2000)]

    async def send(producer: Any) -> None:
        await producer.send_many_async(payloads[:1000])
        for payload in payloads[1000:]:
            await producer.send_async(payload)
        producer.close()

    async def receive(consumer: Any) -> list[bytes]:
        first = [await consumer.receive_async() for _ in range(500)]
        while len(first) < 1000:
            first += await consumer.receive_many_async(1000 - len(first))
        return first + [payload async for payload in consumer]

    async def both(pair: Any) -> list[bytes]:
        return (await asyncio.gather(receive(pair.consumer), send(pair.producer)))[0]

    def send_from_thread(producer: Any) -> None:
        producer.send_many(payloads)
        producer.close()

    pair = open_pair(omni)[1]
    sending = Task(send_from_thread, pair.producer)
    assert _run(receive(pair.consumer)) == payloads, "from a thread to a coroutine"
    sending.finish()
    pair = open_pair(omni)[1]
    receiving = Task(lambda: list(pair.consumer))
    _run(send(pair.producer))
    assert receiving.finish() == payloads, "from a coroutine to a thread"
    assert _run(both(open_pair(omni)[1])) == payloads, "from a coroutine to another"
    pair = open_pair(omni)[1]
    sending = Task(lambda: _run(send(pair.producer)))
    assert _run(receive(pair.consumer)) == payloads, "from one loop to another"
    sending.finish()


@function("ASY-2", "coroutines threads", layer="blocking")
def cancelled_it_has_taken_nothing(omni: Any) -> None:
    """Receiving calls cancelled beside a thread that sends: each message comes once, in order."""
    count = 400
    _, pair = open_pair(omni)
    sending = Task(lambda: [pair.producer.blocking_push(number.to_bytes(4, "little")) for number in range(count)])

    async def receive() -> list[bytes]:
        received: list[bytes] = []
        for turn in range(10 * count):
            task = asyncio.ensure_future(pair.consumer.receive_many_async(2))
            for _ in range(turn % 3):
                await asyncio.sleep(0)
            task.cancel()
            with suppress(asyncio.CancelledError):
                received += await task
            if len(received) == count:
                break
            if turn % 10 == 9:
                received += await pair.consumer.receive_many_async(3)
                if len(received) == count:
                    break
        while len(received) < count:
            received += await pair.consumer.receive_many_async(9)
        return received

    received = [int.from_bytes(each, "little") for each in _run(receive())]
    sending.finish()
    assert received == list(range(count)), "a message was lost, came twice or out of order"
    pair.close()


@function("ASY-2", "coroutines threads", layer="blocking")
def a_cancelled_step_does_not_end_the_iteration(omni: Any) -> None:
    """What it would have received, the next step of the same iterator receives."""
    _, pair = open_pair(omni)

    async def steps() -> list[bytes]:
        payloads = aiter(pair.consumer)
        for _ in range(2):
            task = await _waits(anext(payloads))
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        assert pair.producer.batch_push([b"1", b"2"]) == 2
        pair.producer.close()
        return [payload async for payload in payloads]

    assert _run(steps()) == [b"1", b"2"]
    pair.close()


@function("ASY-2", "coroutines threads", layer="blocking")
def cancelled_it_has_sent_whole_or_not(omni: Any) -> None:
    """Sending calls cancelled on a full queue: what the statistics count is what comes."""
    _, pair = open_full(omni)

    async def send() -> int:
        task = await _waits(pair.producer.send_async(b"cancelled"))
        task.cancel()
        assert (await asyncio.gather(task, return_exceptions=True))[0].__class__ is asyncio.CancelledError
        before = int(pair.producer.get_stats().messages_sent)
        task = await _waits(pair.producer.send_many_async([b"1", b"2", b"3"]))
        assert pair.consumer.batch_pop(2)[0]
        while pair.producer.get_stats().messages_sent < before + 2:
            await asyncio.sleep(0)
        task.cancel()
        assert (await asyncio.gather(task, return_exceptions=True))[0].__class__ is asyncio.CancelledError
        return int(pair.producer.get_stats().messages_sent) - before

    assert _run(send()) == 2
    received = [bytes(message) for message in pair.consumer.batch_pop(20)[1]]
    assert received == [b"x"] * (room() - 2) + [b"1", b"2"], f"what was sent is not what came: {received}"
    pair.close()


@function("ASY-3", "coroutines threads", layer="blocking")
def a_coroutine_waits_without_a_thread(omni: Any) -> None:
    """While it waits no processor time is spent and no thread is there that was not; ends of the channel end it."""

    async def idle(consumer: Any) -> float:
        task = await _waits(consumer.receive_async())
        assert threading.active_count() <= before, "a thread was started"
        begun = time.thread_time()
        await asyncio.sleep(0.3)
        spent = time.thread_time() - begun
        consumer.close()
        await _closed(task)
        return spent

    async def _closed(task: asyncio.Task[Any]) -> None:
        try:
            answered = await asyncio.wait_for(task, LIMIT)
        except omni.ChannelClosedError:
            return
        raise AssertionError(f"it answered {answered}, not ChannelClosedError")

    async def ended(end: Callable[[Any, Any, Any], Any], sends: bool) -> None:
        broker, pair = (open_full if sends else open_pair)(omni)
        own, peer = (pair.producer, pair.consumer) if sends else (pair.consumer, pair.producer)
        task = await _waits(own.send_async(b"y") if sends else own.receive_many_async(4))
        ending = Task(end, broker, own, peer)
        await _closed(task)
        ending.finish()
        pair.close()

    before = threading.active_count()
    pair = open_pair(omni)[1]
    spent = _run(idle(pair.consumer))
    pair.close()
    assert spent < 0.1, f"a coroutine that waited for 0.3 s took {spent:.2f} s of processor time"
    ends: tuple[Callable[[Any, Any, Any], Any], ...] = (
        lambda broker, own, peer: peer.close(),
        lambda broker, own, peer: broker.shutdown(0),
        lambda broker, own, peer: own.close(),
    )
    for end in ends:
        for sends in (False, True):
            _run(ended(end, sends))


@function("ASY-3", "coroutines threads", layer="blocking")
def a_closed_loop_ends_the_wait(omni: Any) -> None:
    """Another loop, or a thread, may use the handle afterwards."""
    _, pair = open_pair(omni)
    loop = asyncio.new_event_loop()
    task = loop.create_task(pair.consumer.receive_async())
    for _ in range(5):
        loop.run_until_complete(asyncio.sleep(0))
    assert not task.done()
    loop.close()
    assert pair.producer.try_push(b"1") and pair.producer.try_push(b"2")
    assert promptly(pair.consumer.receive, 0) == b"1", "the handle is still the closed loop's"
    assert _run(pair.consumer.receive_async()) == b"2"
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    pair.close()


@function("ASY-4", "coroutines concurrent-use", layer="blocking")
def a_second_call_while_a_coroutine_waits(omni: Any) -> None:
    """It is refused, of a coroutine or not; queries and a close are answered, and after a cancellation all is."""

    async def refused(pair: Any, handle: Any, waiting: Awaitable[Any], calls: dict[str, Callable[[], Any]]) -> None:
        task = await _waits(waiting)
        for name, call in calls.items():
            try:
                answer = call()
                answer = await asyncio.wait_for(answer, LIMIT) if asyncio.iscoroutine(answer) else answer
            except omni.ConcurrentUseError:
                continue
            raise AssertionError(f"{name} answered {answer} while a coroutine waits, not ConcurrentUseError")
        assert handle.is_connected() and handle.capacity() == 8 and handle.get_stats() is not None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    _, pair = open_pair(omni)
    c = pair.consumer
    calls = {
        "try_pop": c.try_pop, "blocking_pop": lambda: c.blocking_pop(0), "batch_pop": lambda: c.batch_pop(2),
        "receive": lambda: c.receive(0), "receive_async": c.receive_async, "wait": lambda: c.wait(0),
        "receive_many_async": lambda: c.receive_many_async(2), "detach": c.detach,
    }  # fmt: skip
    _run(refused(pair, c, c.receive_async(), calls))
    assert pair.producer.try_push(b"1") and bytes(c.try_pop()[1]) == b"1"
    pair.close()
    _, pair = open_full(omni)
    p = pair.producer
    calls = {
        "try_push": lambda: p.try_push(b"y"), "send": lambda: p.send(b"y", 0),
        "batch_push": lambda: p.batch_push([b"y"]),
        "send_async": lambda: p.send_async(b"y"), "reserve": lambda: p.reserve(1), "wait": lambda: p.wait(0),
        "send_many_async": lambda: p.send_many_async([b"y"]), "detach": p.detach,
    }  # fmt: skip
    _run(refused(pair, p, p.send_async(b"x"), calls))
    assert pair.consumer.try_pop()[0] and p.try_push(b"y")
    pair.close()


@function("ASY-5", "coroutines")
def a_coroutine_lets_others_run(omni: Any) -> None:
    """Another task of the loop comes once in 64 calls that are answered at once, and so does a timeout."""
    _, pair = open_pair(omni, capacity=1024)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def calls() -> None:
        counting = asyncio.ensure_future(count())
        several: tuple[Callable[[], Awaitable[Any]], ...] = (
            lambda: pair.producer.send_async(b"x"),
            lambda: pair.consumer.receive_async(),
            lambda: pair.producer.send_many_async([b"x"]),
            lambda: pair.consumer.receive_many_async(1),
        )
        for call in several:
            before = turns
            for _ in range(640):
                await call()
            assert turns - before >= 9, f"in 640 calls another task had {turns - before} turns"
        before = turns
        await pair.producer.send_many_async([b"x"] * 640)
        assert turns - before >= 9, f"while 640 messages were sent another task had {turns - before} turns"
        counting.cancel()

    async def never_empty() -> None:
        while True:
            await pair.producer.send_async(b"x")
            await pair.consumer.receive_async()

    _run(calls())
    try:
        asyncio.run(asyncio.wait_for(never_empty(), 0.05))
    except TimeoutError:
        return
    raise AssertionError("a timeout did not fire beside a channel that is never empty")
