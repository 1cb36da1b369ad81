"""The calls for coroutines beyond what the suite asks of any implementation: trio, uvloop, descriptors left behind."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import fast_impl as omni


def _run_on_trio(coroutine: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return pytest.importorskip("trio").run(coroutine)


def _run_on_uvloop(coroutine: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return pytest.importorskip("uvloop").run(coroutine())


LIBRARIES = {"asyncio": lambda coroutine: asyncio.run(coroutine()), "trio": _run_on_trio, "uvloop": _run_on_uvloop}


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_coroutine_at_one_end_and_a_thread_at_the_other(library: str) -> None:
    """Messages come in order, a wait ends when its time is up, and a close ends one from another thread."""
    payloads = [b"%d" % number for number in range(500)]

    async def receive() -> list[bytes]:
        producer, consumer = omni.open_channel(capacity=8)
        sending = threading.Thread(target=producer.send_many, args=(payloads,))
        sending.start()
        received = [await consumer.receive_async(10) for _ in range(250)]
        while len(received) < 500:
            received += await consumer.receive_many_async(7, 10)
        sending.join()
        with pytest.raises(TimeoutError):
            await consumer.receive_async(0.001)
        closing = threading.Timer(0.05, consumer.close)
        closing.start()
        with pytest.raises(omni.ChannelClosedError):
            await consumer.receive_async(10)
        closing.join()
        return received

    async def send() -> list[bytes]:
        producer, consumer = omni.open_channel(capacity=8)
        received: list[bytes] = []
        receiving = threading.Thread(target=lambda: received.extend(consumer))
        receiving.start()
        await producer.send_many_async(payloads[:250], 10)
        for payload in payloads[250:]:
            await producer.send_async(payload, 10)
        producer.close()
        receiving.join()
        return received

    assert LIBRARIES[library](receive) == payloads
    assert LIBRARIES[library](send) == payloads


@pytest.mark.parametrize("how", ["send_many", "send_many_async"])
def test_a_series_that_another_call_stops_says_how_many_went(how: str) -> None:
    """A coroutine begins to wait in the handle before the second element: the first was sent [WAI-5, ASY-4]."""

    async def run() -> None:
        producer, _ = omni.open_channel(capacity=8)
        producer.batch_push([b"-"] * 7)
        waits = producer.send_async(b"other")

        def messages() -> Iterator[bytes]:
            yield b"first"
            waits.send(None)  # the queue is full now
            yield b"second"

        async def send_all() -> None:
            call = getattr(producer, how)(messages())
            if call is not None:
                await call

        try:
            with pytest.raises(omni.ConcurrentUseError) as caught:
                await send_all()
        finally:
            waits.close()
        assert isinstance(caught.value, omni.NotAllSent) and caught.value.sent == 1
        assert str(caught.value).startswith("element 1: ")

    asyncio.run(run())


def test_every_call_is_a_checkpoint_on_trio() -> None:
    """Cancelled before it takes, a call has taken nothing, though a message waits [ASY-2, ASY-5]."""
    trio = pytest.importorskip("trio")
    producer, consumer = omni.open_channel(capacity=8)
    producer.send(b"x")

    async def cancelled() -> None:
        calls: tuple[Callable[[], Coroutine[Any, Any, Any]], ...] = (
            consumer.receive_async, lambda: consumer.receive_many_async(2), lambda: consumer.receive_async(0),
            lambda: producer.send_async(b"y"), lambda: producer.send_many_async([b"y"]),
        )  # fmt: skip
        for call in calls:
            with trio.CancelScope() as scope:
                scope.cancel()
                await call()
            assert scope.cancelled_caught

    trio.run(cancelled)
    assert consumer.available_messages() == 1


def test_a_closed_loop_of_uvloop_ends_the_wait() -> None:
    """The handle may be used by others [ASY-3]."""
    loop = pytest.importorskip("uvloop").new_event_loop()
    producer, consumer = omni.open_channel(capacity=8)
    task = loop.create_task(consumer.receive_async())
    for _ in range(5):
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    producer.send(b"x")
    assert consumer.receive(0) == b"x"
    task._log_destroy_pending = False


def test_without_anyio_trio_is_refused_in_words(tmp_path: Path) -> None:
    """The error says what to install."""
    pytest.importorskip("trio")
    (tmp_path / "anyio.py").write_text("raise ModuleNotFoundError('no anyio here')")
    script = (
        "import trio, fast_impl as omni\n_, consumer = omni.open_channel()\n"
        "try:\n    trio.run(consumer.receive_async)\nexcept RuntimeError as error:\n    print(error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    assert "pip install 'omnimailbox[anyio]'" in done.stdout, done.stderr


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the system does not list descriptors")
def test_no_descriptor_is_left_behind() -> None:
    """Neither the handles' own, nor those that a loop watches, after either end has been used and closed."""

    async def use(count: int) -> None:
        for _ in range(count):
            producer, consumer = omni.open_channel(capacity=8)
            task = asyncio.ensure_future(consumer.receive_async())
            await asyncio.sleep(0)
            await producer.send_async(b"x")
            assert await task == b"x"
            task = asyncio.ensure_future(producer.send_many_async([b"x"] * 9))
            await asyncio.sleep(0)
            received = 0
            while received < 9:
                received += len(await consumer.receive_many_async(9))
            await task
            producer.close()
            consumer.close()
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    asyncio.run(use(3))
    before = _descriptors()
    asyncio.run(use(50))
    assert _descriptors() <= before


@contextmanager
def _no_further_descriptor() -> Iterator[None]:
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)


def test_a_descriptor_that_the_system_refuses() -> None:
    """OSError says so, and the handle works as before, later with a descriptor too [WAI-3]."""
    producer, consumer = omni.open_channel(capacity=8)
    with _no_further_descriptor():
        for call in (consumer.fileno, producer.fileno, lambda: omni.wait_any([consumer])):
            with pytest.raises(OSError, match="oo many open files"):
                call()
    producer.send(b"x")
    assert consumer.receive(0) == b"x"
    assert consumer.fileno() != producer.fileno()


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_descriptor_that_the_system_refuses_a_coroutine(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """OSError says so, and it has left nothing behind: no claim, no message of a finaliser [ASY-4]."""
    producer, consumer = omni.open_channel(capacity=8)
    unraisable: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)

    async def receive() -> bytes:
        with monkeypatch.context() as patched:
            patched.setattr(os, "dup", _refused)
            with pytest.raises(OSError, match="oo many open files"):
                await consumer.receive_async()
        producer.send(b"x")
        return await consumer.receive_async(10)

    assert LIBRARIES[library](receive) == b"x"
    assert unraisable == []


def _refused(descriptor: int) -> int:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@pytest.mark.parametrize("taken", [False, True], ids=["free", "taken by another file"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_close_between_a_descriptor_and_its_duplicate(
    library: str, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number may be nobody's then, or that of a file that never becomes readable; the close ends the wait."""
    _producer, consumer = omni.open_channel(capacity=8)
    others: list[int] = []
    duplicate = os.dup

    def dup(descriptor: int) -> int:
        if descriptor == number:
            consumer.close()
            if taken:
                others.append(fcntl.fcntl(silent[0], fcntl.F_DUPFD_CLOEXEC, descriptor))
                assert others == [descriptor]
        return duplicate(descriptor)

    async def receive() -> None:
        monkeypatch.setattr(os, "dup", dup)
        begun = time.monotonic()
        with pytest.raises(omni.ChannelClosedError):
            await consumer.receive_async(10)
        assert time.monotonic() - begun < 5, "its time was up before it saw the close"

    number, silent = consumer.fileno(), os.pipe()
    try:
        LIBRARIES[library](receive)
    finally:
        for each in (*others, *silent):
            os.close(each)


@pytest.mark.parametrize("library", LIBRARIES)
def test_no_wait_ends_early(library: str) -> None:
    """Neither where the loop's timers count in milliseconds [ARG-2]."""
    producer, consumer = omni.open_channel(capacity=8)
    producer.batch_push([b"x"] * 8)
    _, empty = omni.open_channel(capacity=8)

    async def early() -> list[float]:
        found: list[float] = []
        for call in (empty.receive_async, lambda timeout: producer.send_async(b"x", timeout)):
            for timeout in (0.0014, 0.0024) * 5:
                begun = time.monotonic()
                with pytest.raises(TimeoutError):
                    await call(timeout)
                found.append(time.monotonic() - begun - timeout)
        return found

    assert min(LIBRARIES[library](early)) >= 0
    assert (empty.get_stats().failed_pops, producer.get_stats().failed_pushes) == (10, 10)
    assert consumer.available_messages() == 8


def test_one_nanosecond_after_its_time_a_wait_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left then, -1, is what the core takes for ever [POP-4]."""
    _producer, consumer = omni.open_channel(capacity=8)
    times = iter([0, 1_000_001])

    async def receive() -> None:
        monkeypatch.setattr("fast_impl._coroutines.monotonic_ns", lambda: next(times))
        with pytest.raises(TimeoutError, match="no message came"):
            await asyncio.wait_for(consumer.receive_async(0.001), 10)

    asyncio.run(receive())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_million_messages_with_a_cancellation_every_ten() -> None:
    """None is lost, none comes twice, all in order [ASY-2]."""
    count = 1_000_000
    producer, consumer = omni.open_channel(capacity=1024, max_message_size=64)

    def send() -> None:
        producer.send_many(number.to_bytes(4, "little") for number in range(count))
        producer.close()

    async def receive() -> None:
        wanted = cancelled = 0
        while wanted < count:
            if wanted % 10 == 9 and cancelled <= wanted // 10:
                task = asyncio.ensure_future(consumer.receive_async())
                for _ in range(wanted // 10 % 3):
                    await asyncio.sleep(0)
                task.cancel()
                cancelled += 1
                try:
                    payload = await task
                except asyncio.CancelledError:
                    continue
            else:
                payload = await consumer.receive_async()
            assert int.from_bytes(payload, "little") == wanted
            wanted += 1

    sending = threading.Thread(target=send)
    sending.start()
    asyncio.run(receive())
    sending.join()
    assert consumer.get_stats().messages_received == count
