"""A coroutine at one end or at both, on asyncio: the cost of a message."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from threading import Thread
from time import perf_counter_ns
from typing import Any, NamedTuple

from tests.bench.measuring import Contender
from tests.bench.workload import LIMIT, OURS, CannotRun, Threshold, Workload, check_messages, numbered, warm_channel

MANY = f"{OURS}: send_many, receive_many_async"
BATCH = 512


class _Ends(NamedTuple):
    """A queue in use: for threads, and for coroutines of the loop that made it."""

    put: Callable[[bytes], Any]
    get: Callable[[], bytes]
    put_async: Callable[[bytes], Awaitable[Any]]
    get_async: Callable[[], Awaitable[bytes]]
    close: Callable[[], Any]


def _ours() -> _Ends:
    stack = ExitStack()
    producer, consumer = stack.enter_context(warm_channel(64))
    return _Ends(producer.send, consumer.receive, producer.send_async, consumer.receive_async, stack.close)


def _peer(library: str) -> _Ends:
    queue = import_module(library).Queue(1024)
    sync, async_ = queue.sync_q, queue.async_q
    return _Ends(sync.put, sync.get, async_.put, async_.get, queue.close)


async def _put(ends: _Ends, sent: Sequence[bytes]) -> None:
    put = ends.put_async
    for data in sent:
        await put(data)


async def _get(ends: _Ends, count: int) -> list[bytes]:
    get = ends.get_async
    return [await get() for _ in range(count)]


def _put_from_thread(ends: _Ends, sent: Sequence[bytes]) -> None:
    put = ends.put
    for data in sent:
        put(data)


def _get_in_thread(ends: _Ends, count: int, came: list[bytes]) -> None:
    get = ends.get
    came.extend(get() for _ in range(count))


def _carry(name: str, make: Callable[[], _Ends], sends: bool, receives: bool, count: int, check: bool) -> float:
    """sends, receives: whether that end is a coroutine; else it is a thread."""

    async def carried() -> tuple[float, list[bytes]]:
        ends, came = make(), list[bytes]()
        began = perf_counter_ns()
        if sends and receives:
            _, came = await asyncio.gather(_put(ends, sent), _get(ends, count))
        elif receives:
            thread = Thread(target=_put_from_thread, args=(ends, sent), daemon=True)
            thread.start()
            came = await _get(ends, count)
        else:
            thread = Thread(target=_get_in_thread, args=(ends, count, came), daemon=True)
            thread.start()
            await _put(ends, sent)
            await asyncio.to_thread(thread.join, LIMIT)
        taken = perf_counter_ns() - began
        ends.close()
        return taken, came

    sent = numbered(64, count)
    ns, came = asyncio.run(asyncio.wait_for(carried(), LIMIT))
    if check:
        check_messages(name, sent, came)
    return ns


def _carry_many(count: int, check: bool) -> float:
    """From a thread in send_many, to a coroutine in receive_many_async."""

    async def carried() -> tuple[float, list[bytes]]:
        came: list[bytes] = []
        with warm_channel(64) as (producer, consumer):
            began = perf_counter_ns()
            thread = Thread(target=producer.send_many, args=(sent,), daemon=True)
            thread.start()
            while len(came) < count:
                came += await consumer.receive_many_async(BATCH)
            return perf_counter_ns() - began, came

    sent = numbered(64, count)
    ns, came = asyncio.run(asyncio.wait_for(carried(), LIMIT))
    if check:
        check_messages(MANY, sent, came)
    return ns


def _contenders(sends: bool, receives: bool, many: bool = False) -> Sequence[Contender]:
    found = []
    for library in ("janus", "culsans"):
        try:
            import_module(library)
        except ImportError:
            continue
        found.append(Contender(library, partial(_carry, library, partial(_peer, library), sends, receives)))
    if not found:
        raise CannotRun("neither janus nor culsans is installed")
    ours = [Contender(MANY, _carry_many)] if many else []
    return [Contender(OURS, partial(_carry, OURS, _ours, sends, receives)), *ours, *found]


def _rows(name: str, way: str) -> tuple[Threshold, ...]:
    return (
        Threshold(f"{name}-janus", f"{way}, 64 bytes: send, receive; against janus", ("janus",), at_least=10.0),
        Threshold(f"{name}-culsans", f"{way}, 64 bytes: send, receive; against culsans", ("culsans",), at_least=3.0),
    )


WORKLOADS = (
    Workload(
        "thread-coroutine-64",
        "a thread into a coroutine, 64 bytes",
        partial(_contenders, sends=False, receives=True, many=True),
        (
            *_rows("thread-coroutine-64", "a thread into a coroutine"),
            Threshold(
                "thread-coroutine-many-64",
                f"a thread into a coroutine, 64 bytes: send_many, receive_many_async({BATCH}); culsans one by one",
                ("culsans",),
                at_least=30.0,
                ours=MANY,
            ),
        ),
        turn=4,
    ),
    Workload(
        "coroutine-thread-64",
        "a coroutine into a thread, 64 bytes",
        partial(_contenders, sends=True, receives=False),
        _rows("coroutine-thread-64", "a coroutine into a thread"),
        turn=4,
    ),
    Workload(
        "coroutines-64",
        "a coroutine into another of its loop, 64 bytes",
        partial(_contenders, sends=True, receives=True),
        _rows("coroutines-64", "a coroutine into another"),
        turn=4,
    ),
)
