"""Random histories that are linearizable by construction, of any length, and the same with one mutation.

A channel is simulated by threads that are generators: at each `yield` another may continue, and timestamps are taken
as real threads take them. The simulation is independent of the checkers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

from conformance.linearizability.history import THREADS, Event, History
from spec_model import ChannelError, PopResult, PushResult
from spec_model.channel.value import Refused

CAPACITY = 8
PUSHES = ("try_push", "try_push", "blocking_push", "batch_push", "reserve", "commit", "rollback")
POPS = ("try_pop", "try_pop", "blocking_pop", "batch_pop", "batch_pop", "take_export", "release_export")
THIRD_THREAD = ("has_channel", "request_channel", "request_another")
ENDS = ("close_producer", "close_consumer", "shutdown", None, None)


class Play:
    """A simulated channel among three threads."""

    def __init__(self, random: Random, calls: int, waiting: int = 0, ends: bool = True) -> None:
        self.random, self.calls = random, calls
        self.queue: deque[int] = deque(range(1, waiting + 1))
        self.sent, self.popped, self.reserved = waiting, 0, False
        self.producer_closed = self.consumer_closed = False  # visible to their own calls
        self.no_receiver = self.no_sender = False  # visible to their peers
        self.buffered: deque[int] = deque()  # pushed, but visible to the producer alone (store buffer)
        self.freed: set[str] = set()
        self.exported: set[int] = set()
        self.timestamp = 0
        self.payload_id = waiting
        self.events: dict[str, list[Event]] = {"producer": [], "consumer": [], "third": []}
        if waiting:
            self.events["producer"].append(Event("batch_push", 1, 2, tuple(self.queue), waiting))
            self.timestamp = 2
        self.ending = random.choice(ENDS) if ends else None
        self.closer = {call: random.choice((thread, "third")) for call, thread in CLOSERS.items()}

    def run(self) -> History:
        """Interleave the threads at random until all have ended."""
        threads = {"producer": self.produce(), "consumer": self.consume(), "third": self.third_thread()}
        names = list(threads)
        while names:
            name = self.random.choice(names)
            for _ in range(self.random.choice((1, 1, 2, 5))):
                if next(threads[name], "over") == "over":
                    names.remove(name)
                    break
        return History(self.events["producer"], self.events["consumer"], self.events["third"], CAPACITY)

    def take(self) -> int:
        self.timestamp += 1
        return self.timestamp

    def call(
        self, thread: str, name: str, given: Any, work: Iterator[Any], timeout: float | None = 0
    ) -> Iterator[None]:
        """A call with its timestamps: `work` yields None where others may continue, and its result last."""
        begin = self.take()
        got = None
        for got in work:
            if got is None:
                yield
        self.events[thread].append(Event(name, begin, self.take(), given, None if got == "nothing" else got, timeout))
        yield

    def fresh(self) -> int:
        self.payload_id += 1
        return self.payload_id if self.random.random() < 0.95 else 0

    def produce(self) -> Iterator[None]:
        for _ in range(self.random.randint(1, self.calls) if self.calls < 100 else self.calls):
            name = self.random.choice(PUSHES)
            if name == "batch_push":
                payload_ids = tuple(self.fresh() for _ in range(self.random.choice((0, 1, 2, 3, 3, 4))))
                yield from self.call("producer", name, payload_ids, self.batch(payload_ids))
            elif name == "reserve":
                yield from self.call("producer", name, 8, self.reserve())
            elif name == "rollback":
                yield from self.call("producer", name, None, self.rollback())
            elif name == "commit":
                payload_id = self.fresh() or self.payload_id
                yield from self.call("producer", name, payload_id, self.commit(payload_id))
            else:
                payload_id = self.fresh()
                timeout = self.random.choice((0, 1.0)) if name == "blocking_push" else 0
                yield from self.call("producer", name, payload_id, self.push(payload_id, name), timeout)
        if self.ending == "close_producer" and self.closer["close_producer"] == "producer":
            yield from self.call("producer", "close_producer", None, self.close_producer())

    def try_result(self, payload_id: int, ahead: int = 0) -> PushResult:
        """The result of try_push with `ahead` pushes that are not yet visible to others."""
        if self.producer_closed:
            return PushResult.CHANNEL_CLOSED
        if payload_id == 0:
            return PushResult.INVALID_SIZE
        if self.no_receiver:
            return PushResult.CHANNEL_CLOSED
        full = self.reserved or self.sent + ahead - self.popped >= CAPACITY
        return PushResult.QUEUE_FULL if full else PushResult.SUCCESS

    def publish(self, payload_id: int) -> None:
        self.queue.append(payload_id)
        self.sent += 1

    def push(self, payload_id: int, name: str) -> Iterator[Any]:
        yield
        while True:
            result = self.try_result(payload_id)
            if name == "blocking_push" and result is PushResult.QUEUE_FULL:
                if not self.reserved and self.random.random() < 0.7:
                    yield
                    continue
                result = PushResult.TIMEOUT
            break
        if result is PushResult.SUCCESS:
            self.publish(payload_id)
        yield
        yield result

    def batch(self, payload_ids: tuple[int, ...]) -> Iterator[Any]:
        """Each push may stay in a store buffer, visible to its own thread alone, until the call ends."""
        yield
        done, buffered = 0, self.buffered
        for payload_id in payload_ids:
            if self.try_result(payload_id, len(buffered)) is not PushResult.SUCCESS:
                break
            buffered.append(payload_id)
            done += 1
            while buffered and self.random.random() < 0.6:
                self.publish(buffered.popleft())
                yield
            yield
        while buffered:  # at the end of the call at the latest
            self.publish(buffered.popleft())
            yield
        yield done

    def reserve(self) -> Iterator[Any]:
        yield
        granted = self.try_result(1) is PushResult.SUCCESS
        self.reserved = self.reserved or granted
        yield granted

    def commit(self, payload_id: int) -> Iterator[Any]:
        yield
        done = self.reserved and not self.producer_closed and not self.no_receiver
        self.reserved = False
        if done:
            self.publish(payload_id)
        yield done

    def rollback(self) -> Iterator[Any]:
        yield
        self.reserved = False
        yield "nothing"

    def consume(self) -> Iterator[None]:
        for _ in range(self.random.randint(1, self.calls) if self.calls < 100 else self.calls):
            name = self.random.choice(POPS)
            if name == "take_export":
                if self.popped and not self.consumer_closed and self.popped - 1 in self.readable():
                    yield from self.call("consumer", name, self.popped - 1, self.export(self.popped - 1, True))
            elif name == "release_export":
                if len(self.exported) > self.random.randrange(CAPACITY):  # seldom while there are few
                    number = min(self.exported)
                    yield from self.call("consumer", name, number, self.export(number, False))
            else:
                most = self.random.choice((0, 1, 2, 8)) if name == "batch_pop" else 1
                timeout = self.random.choice((0, 1.0)) if name != "try_pop" else 0
                yield from self.call("consumer", name, most, self.pop(name, most, timeout), timeout)
        if self.ending == "close_consumer" and self.closer["close_consumer"] == "consumer":
            yield from self.call("consumer", "close_consumer", None, self.close_consumer())

    def readable(self) -> range:
        """The numbers of the messages of the newest pop."""
        pops = [event for event in self.events["consumer"][-1:] if event.call.endswith("pop")]
        return range(self.popped - len(pops[0].got[1]), self.popped) if pops else range(0)

    def export(self, number: int, taken: bool) -> Iterator[Any]:
        (self.exported.add if taken else self.exported.discard)(number)
        yield
        yield "nothing"

    def pop(self, name: str, most: int, timeout: float) -> Iterator[Any]:
        yield
        answer: tuple[Any, tuple[int, ...]] | None = None
        while answer is None:
            allowed = CAPACITY - len(self.exported)
            if self.consumer_closed:
                answer = PopResult.CHANNEL_CLOSED, ()
            elif most == 0:
                answer = PopResult.EMPTY, ()
            elif self.queue and allowed <= 0:
                answer = Refused.BY_EXPORT, ()
            elif self.queue:
                count = min(most, allowed, len(self.queue))
                for _ in range(self.random.randrange(3) if count else 0):  # more may arrive before it takes them
                    yield
                if self.consumer_closed:
                    continue
                answer = PopResult.SUCCESS, tuple(self.queue.popleft() for _ in range(count))
                self.popped += count
            elif self.no_sender:
                answer = PopResult.CHANNEL_CLOSED, ()
            elif name == "try_pop" or (name == "batch_pop" and not timeout):
                answer = PopResult.EMPTY, ()
            elif self.random.random() < 0.3:
                answer = PopResult.TIMEOUT, ()
            yield
        yield answer

    def third_thread(self) -> Iterator[None]:
        for _ in range(self.random.randint(0, 2)):
            name = self.random.choice(THIRD_THREAD)
            yield from self.call("third", name, None, self.ask(name))
        if self.ending == "shutdown":
            yield from self.call("third", "shutdown", None, self.shut())
        elif self.ending is not None and self.closer[self.ending] == "third":
            yield from self.call("third", self.ending, None, getattr(self, self.ending)())

    def ask(self, name: str) -> Iterator[Any]:
        yield
        registered = len(self.freed) < 2
        if name == "has_channel":
            yield registered
        elif name == "request_channel" and registered:
            yield ChannelError.NAME_EXISTS
        else:
            yield ChannelError.SUCCESS

    def close_producer(self) -> Iterator[Any]:
        self.producer_closed, self.reserved = True, False
        yield
        while self.buffered:  # a close waits for the push under way
            yield
        self.no_sender = True
        yield
        self.freed.add("producer")
        yield "nothing"

    def close_consumer(self) -> Iterator[Any]:
        self.consumer_closed = True
        yield
        self.no_receiver = True
        yield
        self.freed.add("consumer")
        yield "nothing"

    def shut(self) -> Iterator[Any]:
        yield
        self.no_receiver = True
        yield
        while self.buffered:
            yield
        self.no_sender = True
        yield
        yield len(self.freed) == 2


CLOSERS = {"close_producer": "producer", "close_consumer": "consumer"}


def retimed(history: History, random: Random) -> History:
    """The same calls with the same results, a few of them earlier or later, and shorter."""
    for _ in range(random.randint(1, 4)):
        threads = {name: list(getattr(history, name)) for name in THREADS}
        events = threads[random.choice([name for name in THREADS if threads[name]])]
        number = random.randrange(len(events))
        low = events[number - 1].end if number else 0
        high = min(events[number + 1].begin if number + 1 < len(events) else low + 20, low + 20)
        begin = random.uniform(low, high)
        events[number] = events[number]._replace(begin=begin, end=random.uniform(begin, begin + (high - begin) / 4))
        history = renumbered(history, threads)
    return history


def renumbered(history: History, threads: dict[str, list[Event]]) -> History:
    stamps = sorted(stamp for events in threads.values() for event in events for stamp in (event.begin, event.end))
    timestamp = {stamp: number for number, stamp in enumerate(stamps, 1)}
    return replace(
        history,
        **{
            name: [event._replace(begin=timestamp[event.begin], end=timestamp[event.end]) for event in events]
            for name, events in threads.items()
        },
    )


def mutated(history: History, random: Random) -> History:
    """The same with one result, message or call changed; it may still be linearizable."""
    thread = random.choice([name for name in THREADS if getattr(history, name)])
    events = list(getattr(history, thread))
    number = random.randrange(len(events))
    event = events[number]
    if random.random() < 0.15 and event.call not in ("reserve", "take_export", "release_export"):
        del events[number]
    else:
        events[number] = event._replace(got=_other(event, random))
    return replace(history, **{thread: events})


def _other(event: Event, random: Random) -> Any:
    """Another result."""
    if event.call == "batch_push":
        return random.choice([count for count in range(len(event.given) + 2) if count != event.got])
    if isinstance(event.got, bool):
        return not event.got
    if isinstance(event.got, (PushResult, ChannelError)):
        return random.choice([result for result in type(event.got) if result is not event.got])
    if isinstance(event.got, tuple) and event.call.endswith("pop"):
        result, taken = event.got
        if taken and random.random() < 0.7:
            changed = random.choice((taken[:-1], (*taken, taken[-1] + 1), taken[::-1], (taken[0] + 1, *taken[1:])))
            return (result if changed else PopResult.EMPTY), changed
        return random.choice([other for other in (*PopResult, Refused.BY_EXPORT) if other is not result]), taken
    return event.got
