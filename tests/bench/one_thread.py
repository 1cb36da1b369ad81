"""Push and pop in one thread: the cost of the calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter_ns
from typing import Any

from tests.bench.measuring import Contender
from tests.bench.peers import Open, Peer, installed
from tests.bench.workload import OURS, Threshold, Workload, check_messages, long, numbered, short, warm_channel


def _alternate(put: Callable[[bytes], Any], get: Callable[[], Any], sent: list[bytes], came: list[Any] | None) -> int:
    began = perf_counter_ns()
    if came is not None:
        for data in sent:
            put(data)
            came.append(get())
    else:
        for data in sent:
            put(data)
            get()
    return perf_counter_ns() - began


def _peer(peer: Peer, pick: Callable[[Open], Any], size: int, count: int, check: bool) -> float:
    """pick: selects the pair of calls to use."""
    made, sent = peer.make(), numbered(size, count)
    came: list[Any] | None = [] if check else None
    try:
        ns = _alternate(*pick(made), sent, came)
    finally:
        made.close()
    if came is not None:
        check_messages(peer.name, sent, came)
    return ns


def _waiting(made: Open) -> Any:
    return made.put, made.get


def _not_waiting(made: Open) -> Any:
    return made.put_now, made.get_now


def _received(size: int, count: int, check: bool) -> float:
    """try_push, and receive(0), which pops to bytes without waiting."""
    sent, came = numbered(size, count), []
    with warm_channel(size) as (producer, consumer):
        push, receive = producer.try_push, consumer.receive
        began = perf_counter_ns()
        if check:
            for data in sent:
                push(data)
                came.append(receive(0))
        else:
            for data in sent:
                push(data)
                receive(0)
        ns = perf_counter_ns() - began
    if check:
        check_messages(OURS, sent, came)
    return ns


def _popped(size: int, count: int, check: bool) -> float:
    """try_push, and bytes of the message of try_pop."""
    sent, came = numbered(size, count), []
    with warm_channel(size) as (producer, consumer):
        push, pop = producer.try_push, consumer.try_pop
        began = perf_counter_ns()
        if check:
            for data in sent:
                push(data)
                came.append(bytes(pop()[1]))
        else:
            for data in sent:
                push(data)
                bytes(pop()[1])
        ns = perf_counter_ns() - began
    if check:
        check_messages(OURS, sent, came)
    return ns


def _copied(size: int, count: int, check: bool) -> float:
    """try_push, and tobytes of the message of try_pop."""
    sent, came = numbered(size, count), []
    with warm_channel(size) as (producer, consumer):
        push, pop = producer.try_push, consumer.try_pop
        began = perf_counter_ns()
        if check:
            for data in sent:
                push(data)
                came.append(pop()[1].tobytes())
        else:
            for data in sent:
                push(data)
                pop()[1].tobytes()
        ns = perf_counter_ns() - began
    if check:
        check_messages(OURS, sent, came)
    return ns


def _through(pick: Callable[[Any, Any], Any], name: str, size: int, count: int, check: bool) -> float:
    """The channel through a pair of calls, as a peer."""
    with warm_channel(size) as channel:
        sent, came = numbered(size, count), [] if check else None
        ns = _alternate(*pick(*channel), sent, came)
        if came is not None:
            check_messages(name, sent, came)
        return ns


def _sent(producer: Any, consumer: Any) -> Any:
    return producer.send, consumer.receive


def _batches(size: int, batch: int, to_bytes: bool, count: int, check: bool) -> float:
    """batch_push of a list, batch_pop to messages, or on to bytes."""
    sent = numbered(size, count)
    lists = [sent[at : at + batch] for at in range(0, count, batch)]
    came: list[bytes] = []
    with warm_channel(size) as (producer, consumer):
        push, pop = producer.batch_push, consumer.batch_pop
        began = perf_counter_ns()
        for messages in lists:
            push(messages)
            _, popped = pop(batch)
            if to_bytes:
                popped = [bytes(message) for message in popped]
            if check:
                came += map(bytes, popped)
        ns = perf_counter_ns() - began
    if check:
        check_messages(OURS, sent, came)
    return ns


def _many(size: int, batch: int, count: int, check: bool) -> float:
    """send_many of a list, receive_many to a list."""
    sent, came = numbered(size, count), []
    lists = [sent[at : at + batch] for at in range(0, count, batch)]
    with warm_channel(size) as (producer, consumer):
        send, receive = producer.send_many, consumer.receive_many
        began = perf_counter_ns()
        for messages in lists:
            send(messages)
            received = receive(batch)
            if check:
                came += received
        ns = perf_counter_ns() - began
    if check:
        check_messages(OURS, sent, came)
    return ns


def _loops(peer: Peer, size: int, batch: int, count: int, check: bool) -> float:
    """The same batches through a queue that takes one message at a time."""
    sent = numbered(size, count)
    lists = [sent[at : at + batch] for at in range(0, count, batch)]
    came: list[Any] = []
    made = peer.make()
    put, get = made.put_now, made.get_now
    try:
        began = perf_counter_ns()
        for messages in lists:
            for data in messages:
                put(data)
            popped = [get() for _ in range(batch)]
            if check:
                came += popped
        ns = perf_counter_ns() - began
    finally:
        made.close()
    if check:
        check_messages(peer.name, sent, came)
    return ns


POPPED, COPIED = f"{OURS}: bytes(try_pop()[1])", f"{OURS}: try_pop()[1].tobytes()"
MANY = f"{OURS}: send_many, receive_many"


def single(size: int, *rows: Threshold) -> Workload:
    """try_push, and the non-blocking ways to pop to bytes."""

    def contenders() -> Sequence[Contender]:
        peers = (peer for peer in installed() if peer.room > size)
        return [
            Contender(OURS, partial(_received, size)),
            Contender(POPPED, partial(_popped, size)),
            Contender(COPIED, partial(_copied, size)),
            *(Contender(peer.name, partial(_peer, peer, _not_waiting, size)) for peer in peers),
        ]

    return Workload(f"single-{short(size)}", f"one thread, {long(size)}: try_push, receive(0)", contenders, rows)


def waiting(size: int, *rows: Threshold) -> Workload:
    """send and receive: the calls that can wait."""

    def contenders() -> Sequence[Contender]:
        peers = (peer for peer in installed() if peer.waits)
        return [
            Contender(OURS, partial(_through, _sent, OURS, size)),
            *(Contender(peer.name, partial(_peer, peer, _waiting, size)) for peer in peers),
        ]

    return Workload(f"send-{size}", f"one thread, {size} bytes: send, receive", contenders, rows)


def batched(size: int, batch: int, *rows: Threshold) -> Workload:
    """batch_push and batch_pop, and send_many and receive_many, against loops."""

    def contenders() -> Sequence[Contender]:
        peers = (peer for peer in installed() if peer.room > 2 * size * batch)
        return [
            Contender(OURS, partial(_batches, size, batch, False), batch),
            Contender(f"{OURS}: to bytes", partial(_batches, size, batch, True), batch),
            Contender(MANY, partial(_many, size, batch), batch),
            *(Contender(peer.name, partial(_loops, peer, size, batch), batch) for peer in peers),
        ]

    return Workload(f"batch-{batch}-{size}", f"one thread, {size} bytes in batches of {batch}", contenders, rows)


BY_REFERENCE = ("SimpleQueue",)
WORKLOADS = (
    single(8),
    single(
        64,
        Threshold(
            "single-64", "Python, try_push, receive(0): against SimpleQueue put, get_nowait", BY_REFERENCE, at_most=1.0
        ),
        Threshold(
            "single-popped-64", "Python, try_push, bytes(try_pop()[1]): against SimpleQueue put, get_nowait",
            BY_REFERENCE, at_most=1.9, ours=POPPED,
        ),
        Threshold(
            "single-copied-64", "Python, try_push, try_pop()[1].tobytes(): against SimpleQueue put, get_nowait",
            BY_REFERENCE, at_most=1.4, ours=COPIED,
        ),
    ),
    single(256),
    single(4096),
    single(2**20),
    waiting(
        64, Threshold("send-64", "Python, send, receive: against queue.Queue(1024) put, get", ("queue.Queue",), 15.0)
    ),
    batched(64, 32),
    batched(
        64,
        512,
        Threshold(
            "batch-512-64", "Python, batch_push, batch_pop of 512: against a SimpleQueue loop", BY_REFERENCE, 3.0
        ),
        Threshold(
            "many-512-64", "Python, send_many, receive_many of 512: against a SimpleQueue loop", BY_REFERENCE, 1.3,
            ours=MANY,
        ),
    ),
)  # fmt: skip
