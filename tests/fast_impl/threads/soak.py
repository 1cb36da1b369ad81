"""What is asked of channels under load, for as long as one likes: `make soak`.

For `--minutes`, two programs run beside each other. In the main thread, a round of `Program` opens one channel: one
thread pushes; two pop, of which the main one is interrupted by a signal every millisecond or so: its handler raises, or
calls the same handles; objects in reference cycles call them when they are collected. At the end of a round every
message must be accounted for: sent as often as received, with the bytes that were sent, none twice, none missing but
what an exception took away after it was handed out [POP-6], and the views that were kept unchanged [MSG-3].

Meanwhile `Crowd` has many channels open, whose ends go from player to player, moved or detached: threads, native code,
coroutines that are cancelled, one that waits for any of several; players are sent signals, channels are closed under
their hands and shut down. One call at a time is inside an end, so that message k of a channel must be number k.

`--channels`, `--opens` and `--messages` each measure one load instead. A hang ends the run with the stack of every
thread.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import faulthandler
import gc
import importlib.util
import itertools
import os
import queue
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import fast_impl as omni
from conformance.process_memory import mapped, resident
from fast_impl._common import PINNED
from tests.workers import Worker

HUNG = 120.0
"""Seconds without progress, of a round or of a player, after which the run hangs."""

REPORT = 10.0
"""Seconds from one line of progress to the next."""

MOST = 50_000
"""Messages of a round, more than there are."""

OPEN = 64
"""Channels of a crowd that are open at once."""

MIB = 1 << 20
GROWTH = 8 * MIB
"""How much more may be resident at the end than after the first minute.

Both times some OPEN channels are open, each with up to 2 x 64 buffers of 256 bytes: 2 MiB for all. The rest is the
interpreter's and malloc's: arenas that are partly used, a cache for each thread. 200 bytes that each detach left behind
were 15 MiB in a minute.
"""

EXPECTED = (omni.ConcurrentUseError, omni.ChannelClosedError, TimeoutError, BufferError, omni.MessageExpiredError)
"""What a call may raise where threads, handlers and finalisers share a handle."""

Payloads = list[Any]
"""Messages, bytes, or views of messages."""


class Raised(Exception):
    """By a handler."""


def payload_of(number: int) -> bytes:
    """The message of that number: of some length, and known by its first eight bytes."""
    return number.to_bytes(8, "little") + bytes([number % 251]) * (number * 7 % 97)


# ---- the ways to push and to pop


def _from_one_buffer(messages: list[bytes]) -> Iterator[memoryview]:
    buffer = bytearray(128)
    for message in messages:
        buffer[: len(message)] = message
        yield memoryview(buffer)[: len(message)]


def _in_place(producer: Any, messages: list[bytes], timeout: float | None) -> None:
    with contextlib.suppress(ValueError):  # another's rollback or close has ended it
        reservation = producer.reserve(len(messages[0]), timeout)
        if reservation is not None:
            reservation.data[: len(messages[0])] = messages[0]
            producer.commit(len(messages[0]))


PUSHES: tuple[Callable[[Any, list[bytes], float | None], object], ...] = (
    lambda producer, messages, timeout: producer.try_push(messages[0]),
    lambda producer, messages, timeout: producer.blocking_push(messages[0], timeout),
    lambda producer, messages, timeout: producer.batch_push(messages),
    lambda producer, messages, timeout: producer.send_many(_from_one_buffer(messages), timeout),
    lambda producer, messages, timeout: producer.send(messages[0], timeout),
    _in_place,
)

POPS: tuple[Callable[[Any, int, float | None], Payloads], ...] = (
    lambda consumer, most, timeout: [consumer.receive(timeout)],
    lambda consumer, most, timeout: consumer.receive_many(most, timeout),
    lambda consumer, most, timeout: consumer.batch_pop(most, timeout)[1],
    lambda consumer, most, timeout: [message for message in consumer.blocking_pop(timeout)[1:] if message is not None],
    lambda consumer, most, timeout: [message for message in consumer.try_pop()[1:] if message is not None],
)


# ---- one channel, whose handles threads, handlers and finalisers share


class Finaliser:
    """Acts when it is collected, wherever that is."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.itself = self  # only a collection finds it

    def __del__(self) -> None:
        self.program.act("finaliser")


class Program:
    """One round on one channel, and what is known of its messages."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        capacity = self.random.choice((8, 16, 64))
        self.broker = omni.MailboxBroker()
        _, pair = self.broker.request_channel(f"soak {seed}", omni.ChannelConfig(capacity, 128))
        assert pair is not None
        self.producer, self.consumer = pair.producer, pair.consumer
        self.pushes = self.random.randrange(50, 800)
        self.numbers = list(range(MOST, 0, -1))
        """Those of the next messages, the next one last: without a GIL, too, each is popped once."""
        self.tried: set[int] = set()
        self.received: list[int] = []
        self.kept: list[tuple[memoryview, bytes]] = []
        self.taken_away: list[int] = []
        """How many messages each call that raised, or whose message another pop expired, may have been handed."""
        self.problems: list[str] = []
        self.ending = False

    # ---- what threads, handlers and finalisers do

    def act(self, who: str) -> None:
        """One random call on either side; what it may raise is accounted for."""
        if self.random.random() < 0.6:
            self.pop(who)
        elif self.random.random() < 0.5 and not self.ending:
            self.push(1)
        else:
            self.ask()

    def ask(self) -> None:
        with contextlib.suppress(*EXPECTED):
            self.random.choice((
                self.producer.get_stats, self.consumer.get_stats, self.consumer.available_messages,
                self.producer.available_slots, self.producer.is_connected, self.producer.rollback,
                lambda: self.consumer.wait(0), lambda: self.producer.wait(0), self.broker.get_stats,
            ))()  # fmt: skip

    def fresh(self, count: int) -> list[bytes]:
        """The next messages to be pushed."""
        numbers = [self.numbers.pop() for _ in range(count)]
        self.tried.update(numbers)
        return [payload_of(number) for number in numbers]

    def push(self, most: int) -> None:
        messages = self.fresh(self.random.randint(1, most))
        with contextlib.suppress(*EXPECTED):
            self.random.choice(PUSHES)(self.producer, messages, self.random.choice((0, 0.0005, 0.01)))

    def pop(self, who: str) -> None:
        most = self.random.choice((1, 1, 3, 8))
        timeout = 0 if who == "finaliser" else self.random.choice((0, 0.0005, 0.01))
        try:
            self._read(self.random.choice(POPS)(self.consumer, most, timeout))
        except EXPECTED:
            pass
        except Raised:
            self.taken_away.append(most)
            raise

    def _read(self, messages: Sequence[Any]) -> None:
        for number, message in enumerate(messages):
            if isinstance(message, bytes):
                self._note(message)
                continue
            try:
                view = message.data
            except omni.MessageExpiredError:  # the other thread has popped
                self.taken_away.append(len(messages) - number)
                return
            self._note(bytes(view))
            if self.random.random() < 0.02 and len(self.kept) < 4:
                self.kept.append((view, bytes(view)))

    def _note(self, payload: bytes) -> None:
        number = int.from_bytes(payload[:8], "little")
        if payload != payload_of(number):
            self.problems.append(f"a message has other bytes than were sent: {payload!r}")
        self.received.append(number)

    # ---- the threads

    def producing(self) -> None:
        try:
            for number in range(self.pushes):
                self.push(12)
                if number % 16 == 0:
                    Finaliser(self)
                if number % 64 == 0:
                    self.move("producer")
            self.ending = True
            if self.random.random() < 0.3:
                self.broker.shutdown(0)
        finally:
            self.producer.close()  # which ends the round

    def popping(self) -> None:
        while not self.drained():
            self.pop("thread")
            if self.random.random() < 0.05:
                Finaliser(self)
            if self.random.random() < 0.01:
                self.move("consumer")

    def move(self, side: str) -> None:
        """By the one thread of that side that no handler interrupts: the others may be inside."""
        with contextlib.suppress(omni.ConcurrentUseError):
            setattr(self, side, getattr(self, side).move())

    def drained(self) -> bool:
        try:
            return self.consumer.wait(0) is omni.PopResult.CHANNEL_CLOSED
        except omni.ConcurrentUseError:
            return False

    def handler(self, number: int, frame: FrameType | None) -> None:
        """Raises, calls the same handles, or both."""
        what = self.random.random()
        if what < 0.7:
            self.act("handler")
        in_the_hook = frame is not None and frame.f_code.co_name == "unraised"  # which prints what is raised there
        if what > 0.4 and self.interruptible and not in_the_hook:
            raise Raised

    interruptible = False

    def run(self) -> None:
        """Play the round, and add to `problems` what was wrong."""
        gc.set_threshold(self.random.choice((3, 20, 200)))
        signal.signal(signal.SIGALRM, self.handler)
        interval = self.random.choice((0.0003, 0.001, 0.004))
        workers = [Worker(body) for body in (self.producing, self.popping)]
        signal.setitimer(signal.ITIMER_REAL, interval, interval)
        drained = False
        while not drained:
            try:
                self.interruptible = True
                drained = self.drained()
                self.pop("main")
                self.interruptible = False
            except Raised:
                self.interruptible = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        for worker in workers:
            worker.result(HUNG)
        self.check()

    def check(self) -> None:
        """The accounts of the round: they must balance."""
        sent, received = self.producer.get_stats(), self.consumer.get_stats()
        if (sent.messages_sent, sent.bytes_sent) != (received.messages_received, received.bytes_received):
            self.problems.append(f"sent and received differ: {sent}, {received}")
        if len(set(self.received)) != len(self.received):
            self.problems.append("a message was received twice")
        if invented := set(self.received) - self.tried:
            self.problems.append(f"received and never sent: {sorted(invented)[:9]}")
        missing = received.messages_received - len(self.received)
        if not 0 <= missing <= sum(self.taken_away):
            self.problems.append(f"{missing} messages are missing, at most {sum(self.taken_away)} were taken away")
        if any(view != before for view, before in self.kept):
            self.problems.append("a view that was kept has changed")
        self.consumer.close()
        self.kept.clear()
        gc.collect()
        if self.broker.get_stats().active_channels:
            self.problems.append("the channel is still registered after both handles were closed")


# ---- many channels, each end in the hands of one player after another


class Wrong(Exception):
    """What a player has found."""


class End:
    """One end of a channel: its handle, or the token by which it was detached."""

    def __init__(self, channel: Channel, side: str, handle: Any) -> None:
        self.channel, self.side, self.handle = channel, side, handle
        self.token: int | None = None
        self.closed = False
        """By its player, or under its player's hands."""


class Channel:
    """One of a crowd's, and how far each end has come: message k, from 0, is `content(k)`."""

    def __init__(self, number: int, broker: omni.MailboxBroker, choose: random.Random) -> None:
        self.number = number
        _, pair = broker.request_channel(f"soak {number}", omni.ChannelConfig(choose.choice((8, 16, 64)), 256))
        assert pair is not None
        self.ends = End(self, "producer", pair.producer), End(self, "consumer", pair.consumer)
        self.quota = choose.randrange(1, 3000)
        self.sent = self.received = self.expired = 0
        self.players = 2

    def content(self, number: int) -> bytes:
        return payload_of(self.number << 32 | number)

    def bytes_of(self, count: int) -> int:
        """Of its first messages."""
        return sum(len(self.content(number)) for number in range(count))


class Crowd:
    """OPEN channels at once, until `ending`; what was moved, and what was refused."""

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(f"crowd {seed}")
        self.brokers = [omni.MailboxBroker() for _ in range(3)]
        self.free: queue.SimpleQueue[End | None] = queue.SimpleQueue()
        """The ends that no player has; at last None for each of them."""
        self.lock = threading.Lock()
        self.channels: dict[int, Channel] = {}
        self.opened = self.messages = self.bytes = self.expired = self.left = 0
        self.problems: list[str] = []
        self.ending = False
        kinds = (Waiting, Waiting, Waiting, Native, Native, Coroutines, Coroutines, Several, Prompt)
        self.players = [kind(self, f"{kind.__name__} {number} {seed}") for number, kind in enumerate(kinds)]
        self.refill()
        self.workers = [Worker(player.run) for player in self.players]

    def refill(self) -> None:
        """Open as many as were closed; at the end let the players go."""
        with self.lock:
            while not self.ending and len(self.channels) < OPEN:
                channel = Channel(self.opened, self.choose.choice(self.brokers), self.choose)
                self.channels[channel.number] = channel
                self.opened += 1
                for end in self.choose.sample(channel.ends, 2):
                    self.free.put(end)
            if self.ending and not self.channels:
                for _ in self.players:
                    self.free.put(None)

    def done(self, end: End) -> None:
        """Its player has closed it, or found it closed; with the other one the channel's accounts must balance."""
        channel = end.channel
        with self.lock:
            channel.players -= 1
            if channel.players:
                return
            del self.channels[channel.number]
            waiting = channel.sent - channel.received
            self.messages += channel.received - channel.expired
            self.expired += channel.expired
            self.left += waiting
            self.bytes += channel.bytes_of(channel.received)
        if waiting < 0 or (waiting and not channel.ends[1].closed):
            raise Wrong(f"{waiting} of {channel.sent} messages of channel {channel.number} did not come")
        self.refill()

    def end(self) -> None:
        """Let all channels be drained, and balance the brokers' accounts."""
        self.ending = True
        for worker in self.workers:
            worker.result(HUNG)
        stats = [broker.get_stats() for broker in self.brokers]
        totals = [sum(each.total_channels_created for each in stats), sum(each.total_messages_sent for each in stats)]
        if totals != [self.opened, self.messages + self.expired + self.left]:
            self.problems.append(f"the brokers counted {totals} channels and messages, this program {self.opened} and "
                                 f"{self.messages + self.expired + self.left}")  # fmt: skip
        if any(each.active_channels for each in stats):
            self.problems.append("channels are still registered after their handles were closed")


class Player:
    """A thread that takes free ends, uses each for some calls, and gives it back."""

    most_ends = 1
    timeouts: tuple[float | None, ...] = (0, 0.001, None)
    """None is safe: the free end that could wake it is served by a player that never waits."""

    def __init__(self, crowd: Crowd, seed: str) -> None:
        self.crowd, self.random = crowd, random.Random(seed)
        self.refused: Counter[str] = Counter()
        self.did: Counter[str] = Counter()
        self.kept: list[tuple[memoryview, bytes]] = []
        self.steps = 0
        self.seen = -1
        self.thread = 0

    def run(self) -> None:
        self.thread = threading.get_ident()
        try:
            while (first := self.crowd.free.get()) is not None:
                ends = [first]
                with contextlib.suppress(queue.Empty):
                    while len(ends) < self.most_ends:
                        if (another := self.crowd.free.get_nowait()) is None:
                            self.crowd.free.put(None)
                            break
                        ends.append(another)
                self.play([end for end in ends if self.taken_over(end)])
        except Exception as error:
            self.crowd.problems.append(f"{type(self).__name__}: {type(error).__name__}: {error}")
            raise

    def play(self, ends: list[End]) -> None:
        for end in ends:
            for _ in range(self.random.randrange(1, 40)):
                if self.over(end):
                    break
                self.use(end)
            else:
                self.hand_on(end)

    # ---- from player to player

    def taken_over(self, end: End) -> bool:
        if end.token is None:
            return True
        try:
            end.handle = omni.attach(end.token)
            end.token = None
        except ValueError:  # [LIF-10]
            if not end.closed:
                raise
            self.crowd.done(end)
        return end.token is None

    def hand_on(self, end: End) -> None:
        how = self.random.random()
        try:
            if how < 0.4:
                end.token, end.handle = end.handle.detach(), None
                self.did["ends detached"] += 1
            elif how < 0.8:
                end.handle = end.handle.move()
                self.did["ends moved"] += 1
        except BufferError:  # a view is kept
            self.refused["detach beside a view"] += 1
        except ValueError:
            if not end.closed:
                raise
        self.crowd.free.put(end)

    def over(self, end: End) -> bool:
        """Whether the end has nothing left to do, or is closed at random; it is then."""
        self.steps += 1
        channel, handle = end.channel, end.handle
        if end.side == "producer":
            over = self.crowd.ending or channel.sent >= channel.quota or not handle.is_connected()
        else:
            over = handle.wait(0) is omni.PopResult.CHANNEL_CLOSED
            if not over and self.random.random() < 0.0005:
                over = end.closed = True
        if over:
            handle.close()
            self.crowd.done(end)
        return over

    # ---- calls

    def use(self, end: End) -> None:
        """One call, of which must come what is due."""
        (self.push if end.side == "producer" else self.pop)(end)

    def push(self, end: End) -> None:
        self.account(end, lambda: self.random.choice(PUSHES)(end.handle, self.due(end.channel), self.timeout()))

    def pop(self, end: End) -> None:
        self.account(end, lambda: self.read(end, self.random.choice(POPS)(end.handle, self.many(), self.timeout())))

    def timeout(self) -> float | None:
        return self.random.choice(self.timeouts)

    def many(self) -> int:
        return self.random.choice((1, 1, 3, 12))

    def due(self, channel: Channel) -> list[bytes]:
        return [channel.content(channel.sent + n) for n in range(self.many())]

    def account(self, end: End, call: Callable[[], object]) -> None:
        try:
            answer = call()
            if isinstance(answer, omni.PushResult) and not answer:
                self.refused[answer.name] += 1
        except (TimeoutError, omni.ChannelClosedError, BufferError) as error:
            self.refused[next(kind.__name__ for kind in EXPECTED if isinstance(error, kind))] += 1
        self.settle(end)

    def settle(self, end: End) -> None:
        """What the channel has counted must be what this program has."""
        channel, stats = end.channel, end.handle.get_stats()
        if end.side == "producer":
            channel.sent = stats.messages_sent
        elif stats.messages_received != channel.received:
            raise Wrong(f"channel {channel.number} counts {stats.messages_received} messages as received, of which "
                        f"{channel.received} came")  # fmt: skip

    def read(self, end: End, messages: Payloads) -> None:
        for nth, message in enumerate(messages):
            try:
                payload = message if isinstance(message, bytes) else message.data
            except omni.MessageExpiredError:
                self.expire(end, len(messages) - nth)
                return
            self.came(end.channel, payload)
            if isinstance(payload, memoryview):
                self.keep(payload) if self.random.random() < 0.01 else payload.release()

    def expire(self, end: End, count: int) -> None:
        """Messages that were popped, and not read before the end was closed [LIF-8]."""
        if not end.closed:
            raise Wrong(f"{count} messages of channel {end.channel.number} have expired under their reader")
        end.channel.received += count
        end.channel.expired += count

    def came(self, channel: Channel, payload: Any) -> None:
        due = channel.content(channel.received)
        if payload != due:
            raise Wrong(f"of channel {channel.number} came {bytes(payload)!r} where message {channel.received} was due,"
                        f" {due!r}")  # fmt: skip
        channel.received += 1

    def keep(self, view: memoryview) -> None:
        """Until a fifth one comes: while it is kept it must not change [MSG-3]."""
        self.kept.append((view, bytes(view)))
        if len(self.kept) > 4:
            oldest, before = self.kept.pop(0)
            if oldest != before:
                raise Wrong(f"a view that was kept has changed: {bytes(oldest)!r}, and was {before!r}")
            oldest.release()


class Waiting(Player):
    """Calls that wait in the kernel, without a limit too."""

    def pop(self, end: End) -> None:
        way = self.random.random()
        if way < 0.1:
            self.account(end, lambda: self.batch(end))
        elif way < 0.2:
            self.account(end, lambda: self.iterate(end))
        else:
            super().pop(end)

    def batch(self, end: End) -> None:
        batch = end.handle.batch_pop_buffer(self.many(), self.timeout())[1]
        if batch is None:
            return
        try:
            with batch.data as view:
                data = bytes(view)
        except omni.MessageExpiredError:
            self.expire(end, len(batch.offsets))
        else:
            places = zip(batch.offsets, batch.lengths, strict=True)
            self.read(end, [data[offset : offset + length] for offset, length in places])

    def iterate(self, end: End) -> None:
        for payload in itertools.islice(end.handle, self.many()):
            self.read(end, [payload])


class Prompt(Player):
    """Waits for nothing, and does to the others what comes from outside: signals, closes, shutdowns."""

    timeouts = (0,)

    def play(self, ends: list[End]) -> None:
        super().play(ends)
        what, player = self.random.random(), self.random.choice(self.crowd.players)
        if what < 0.1 and player.thread:
            signal.pthread_kill(player.thread, signal.SIGUSR1)
            self.did["signals to players"] += 1
        elif what < 0.102:
            self.random.choice(self.crowd.brokers).shutdown(0)
            self.did["shutdowns"] += 1
        elif what < 0.11:
            with self.crowd.lock:
                channels = [*self.crowd.channels.values()]
            if channels:
                self.close(self.random.choice(self.random.choice(channels).ends))

    def close(self, end: End) -> None:
        """From another thread than the one that may be inside [LIF-8]."""
        token, handle, end.closed = end.token, end.handle, True
        self.did["ends closed under their player"] += 1
        if handle is not None:
            handle.close()
        elif token is not None:
            try:
                omni.close_detached(token)
            except ValueError:
                self.refused["a token that was attached"] += 1


class Several(Player):
    """Waits for any of several ends, and asks those that have something."""

    most_ends = 12

    def play(self, ends: list[End]) -> None:
        for _ in range(self.random.randrange(1, 60)):
            if not ends:
                return
            found = omni.wait_any([end.handle for end in ends], self.timeout())
            for end in [end for end in ends if any(end.handle is handle for handle in found)]:
                if self.over(end):
                    ends.remove(end)
                else:
                    self.timeouts, waits = (0,), self.timeouts
                    self.use(end)
                    self.timeouts = waits
        for end in ends:
            self.hand_on(end)


class Coroutines(Player):
    """A loop with a task for each of several ends, whose calls are cancelled at random."""

    most_ends = 12

    def play(self, ends: list[End]) -> None:
        asyncio.run(self.all_of(ends))

    async def all_of(self, ends: list[End]) -> None:
        await asyncio.gather(*map(self.one, ends))

    async def one(self, end: End) -> None:
        for _ in range(self.random.randrange(1, 40)):
            if self.over(end):
                return
            await self.call(end)
        self.hand_on(end)

    async def call(self, end: End) -> None:
        task = asyncio.ensure_future((self.sending if end.side == "producer" else self.receiving)(end))
        if self.random.random() < 0.4:
            for _ in range(self.random.randrange(4)):
                await asyncio.sleep(0)
            if task.cancel():
                self.did["calls cancelled"] += 1
        await asyncio.wait([task])
        self.account(end, lambda: None if task.cancelled() else task.result())

    async def sending(self, end: End) -> None:
        messages, timeout = self.due(end.channel), self.timeout()
        if self.random.random() < 0.5:
            await end.handle.send_async(messages[0], timeout)
        else:
            await end.handle.send_many_async(messages, timeout)

    async def receiving(self, end: End) -> None:
        way = self.random.random()
        if way < 0.4:
            self.read(end, [await end.handle.receive_async(self.timeout())])
        elif way < 0.8:
            self.read(end, await end.handle.receive_many_async(self.many(), self.timeout()))
        else:
            left = self.many()
            async for payload in end.handle:
                self.read(end, [payload])
                left -= 1
                if not left:
                    break


class _Bytes(ctypes.Structure):
    """omni_bytes, and how omni_region begins."""

    _fields_ = (("data", ctypes.c_void_p), ("size", ctypes.c_size_t), ("number", ctypes.c_uint64))


class _Message(ctypes.Structure):
    _fields_ = (*_Bytes._fields_, ("pop", ctypes.c_uint64))


class _Two(ctypes.Structure):
    """omni_pop, and omni_pin."""

    _fields_ = (("owner", ctypes.c_void_p), ("number", ctypes.c_uint64))


INTERRUPTED, EXPIRED = -3, -4


class Native(Player):
    """The C ABI, without the GIL, by its addresses and a native handle."""

    def __init__(self, crowd: Crowd, seed: str) -> None:
        super().__init__(crowd, seed)
        self.functions = {
            name: ctypes.CFUNCTYPE(None if name == "omni_unpin" else ctypes.c_int)(address)
            for name, address in omni.native.functions().items()
        }

    def call(self, name: str, *arguments: Any) -> int:
        """Again where a signal came."""
        while (code := self.functions[f"omni_{name}"](*arguments)) == INTERRUPTED:
            self.refused["OMNI_INTERRUPTED"] += 1
        if code not in (None, PINNED, EXPIRED) and code < 0:
            raise Wrong(f"omni_{name} answered {code}")
        return code or 0

    def nanoseconds(self) -> ctypes.c_int64:
        timeout = self.timeout()
        return ctypes.c_int64(-1 if timeout is None else int(timeout * 1e9))

    def push(self, end: End) -> None:
        native, message = end.handle.native_handle, self.due(end.channel)[0]
        size, way = ctypes.c_size_t(len(message)), self.random.randrange(3)
        if way == 0:
            code = self.call("try_push", native, message, size)
        elif way == 1:
            code = self.call("blocking_push", native, message, size, self.nanoseconds())
        else:
            region = _Bytes()
            code = self.call("reserve", native, size, ctypes.byref(region))
            if code == 0 and self.random.random() < 0.2:
                self.call("rollback", native)
            elif code == 0:
                pin = _Two()  # keeps the memory where the end is closed meanwhile
                if self.call("region_pin", native, ctypes.byref(region), ctypes.byref(pin)) == 0:
                    ctypes.memmove(region.data, message, len(message))
                    self.call("unpin", ctypes.byref(pin))
                    code = self.call("commit", native, size, ctypes.c_size_t(0))
        if code:
            self.refused[omni.PushResult(code).name if code > 0 else "OMNI_EXPIRED"] += 1
        self.settle(end)

    def pop(self, end: End) -> None:
        native, message, other = end.handle.native_handle, _Message(), _Two()
        if self.random.random() < 0.5:
            if self.random.random() < 0.5:
                code = self.call("try_pop", native, ctypes.byref(message))
            else:
                code = self.call("blocking_pop", native, self.nanoseconds(), ctypes.byref(message))
            if code == 0:
                if self.call("message_pin", native, ctypes.byref(message), ctypes.byref(other)) == 0:
                    self.whole(end, message)
                    self.call("unpin", ctypes.byref(other))
                else:
                    self.expire(end, 1)
        else:
            many, count = self.many(), ctypes.c_size_t()
            messages = (_Message * many)()
            code = self.call("pop_begin", native, ctypes.c_size_t(many), ctypes.c_int(omni.PopResult.EMPTY.value),
                             messages, ctypes.byref(count), ctypes.byref(other))  # fmt: skip
            if code == 0:  # nobody can end it meanwhile
                taken = self.random.randint(0, count.value)
                for nth in range(taken):
                    self.whole(end, messages[nth])
                self.call("pop_end", native, ctypes.byref(other), ctypes.c_size_t(taken))
        if code:
            self.refused[omni.PopResult(code).name if code > 0 else "BufferError"] += 1
        self.settle(end)
        if self.random.random() < 0.02:
            self.refuse_to_detach(end)

    def whole(self, end: End, message: _Message) -> None:
        if message.number != end.channel.received:
            raise Wrong(f"message {end.channel.received} of channel {end.channel.number} has number {message.number}")
        self.came(end.channel, ctypes.string_at(message.data, message.size))

    def refuse_to_detach(self, end: End) -> None:
        native = end.handle.native_handle
        try:
            end.handle.detach()
        except BufferError:
            self.refused["detach beside a native handle"] += 1
        except ValueError:
            if not end.closed:
                raise
        else:
            raise Wrong(f"{native} did not forbid to detach its end")


def soak(minutes: float, seed: int) -> int:
    """Rounds beside a crowd; 1 where the accounts of one do not balance, or the memory has grown."""
    unraisable: list[str] = []

    def unraised(event: sys.UnraisableHookArgs) -> None:
        if event.exc_type is not Raised:  # one that a handler raised inside a finaliser ends there
            unraisable.append(f"{event.exc_type.__name__}: {event.exc_value} in {event.object!r}")

    sys.unraisablehook = unraised
    sys.setswitchinterval(0.0005)
    signal.signal(signal.SIGUSR1, lambda number, frame: None)
    begun = reported = time.monotonic()
    rounds = moved = moved_bytes = taken_away = at_first = 0
    faulthandler.dump_traceback_later(HUNG, exit=True)
    crowd = Crowd(seed)
    while time.monotonic() - begun < minutes * 60:
        if all(player.steps != player.seen for player in crowd.players):
            faulthandler.dump_traceback_later(HUNG, exit=True)
            for player in crowd.players:
                player.seen = player.steps
        program = Program(seed + rounds)
        program.run()
        program.problems += unraisable
        if program.problems or crowd.problems:
            print(f"round {seed + rounds}: " + "\n  ".join(program.problems + crowd.problems), flush=True)
            return 1
        rounds += 1
        sent = program.producer.get_stats()
        moved, moved_bytes = moved + len(program.received), moved_bytes + sent.bytes_sent
        taken_away += sent.messages_sent - len(program.received)
        now = time.monotonic()
        if not at_first and now - begun > min(60, minutes * 60 / 4):
            at_first = _resident()
        if now - reported > REPORT:
            reported = now
            print(f"   {now - begun:5.0f} s: {rounds + crowd.opened:,} channels, {moved + crowd.messages:,} messages, "
                  f"{resident() / MIB:.1f} MiB resident", flush=True)  # fmt: skip
    at_last = _resident()
    faulthandler.dump_traceback_later(HUNG, exit=True)
    crowd.end()
    faulthandler.cancel_dump_traceback_later()
    did = sum((player.did for player in crowd.players), Counter[str]())
    refused = sum((player.refused for player in crowd.players), Counter[str]())
    grown = at_last - at_first if at_first else 0
    print(f"{omni.binding}: moved {moved + crowd.messages:,} messages, {moved_bytes + crowd.bytes:,} bytes, through "
          f"{rounds + crowd.opened:,} channels; 0 lost")  # fmt: skip
    print(f"  handed to a call that a handler ended, or expired unread: {taken_away + crowd.expired:,}; "
          f"left behind by a consumer that closed: {crowd.left:,}")  # fmt: skip
    print("  done to them: " + ", ".join(f"{name} {count:,}" for name, count in sorted(did.items())))
    print("  refused: " + ", ".join(f"{name} {count:,}" for name, count in sorted(refused.items())))
    print(f"  resident: {at_first / MIB:.1f} MiB after the first minute or quarter, {at_last / MIB:.1f} MiB at the end")
    if grown > GROWTH:
        print(f"the memory grows: at most {GROWTH / MIB:.0f} MiB more were expected")
    for problem in crowd.problems:
        print(problem)
    return int(bool(crowd.problems) or grown > GROWTH)


def _resident() -> int:
    """Bytes, without what only a collection would give back."""
    gc.collect()
    return resident()


# ---- one load at a time


def _must_end(count: int) -> None:
    """Within a millisecond for each, and HUNG: set once, since each time takes a thread, whose stack is a mapping."""
    faulthandler.dump_traceback_later(HUNG + count / 1000, exit=True)


def _progress(begun: float, done: str) -> None:
    print(f"   {time.monotonic() - begun:5.0f} s: {done}", flush=True)


def _parts(count: int) -> Iterator[range]:
    """A hundred, of about as many numbers each."""
    yield from (range(count * part // 100, count * (part + 1) // 100) for part in range(100))


def _last_to_first(seconds: list[float]) -> float:
    """Processor time of the parts: the median of the last ten for each second of the first ten's."""
    return statistics.median(seconds[-10:]) / statistics.median(seconds[:10])


def open_at_once(count: int) -> int:
    """That many channels of the default configuration, open at once, and a message through each."""
    broker, seconds = omni.MailboxBroker(), list[float]()
    pairs: list[Any] = [None] * count
    _must_end(count)
    memory, space, maps = _resident(), mapped(), _maps()
    begun = time.monotonic()
    for part in _parts(count):
        before = time.thread_time()
        for number in part:
            error, pairs[number] = broker.request_channel(f"channel {number}")
            if error:
                raise SystemExit(f"{number} channels are open, the next one was refused: {error.name}")
        seconds.append(time.thread_time() - before)
    opened = time.monotonic() - begun
    _progress(begun, f"{count:,} open")
    idle, space = _resident() - memory, mapped() - space
    before = time.monotonic()
    for number, (producer, _) in enumerate(pairs):
        producer.send(payload_of(number))
    wrong = sum(consumer.receive(0) != payload_of(number) for number, (_, consumer) in enumerate(pairs))
    moved = time.monotonic() - before
    used = _resident() - memory
    active = broker.get_stats().active_channels
    polled = [consumer for _, consumer in pairs[:1000]]
    descriptors = _descriptors()
    omni.wait_any(polled, 1e-3)
    descriptors = _descriptors() - descriptors
    before = time.monotonic()
    for pair in pairs:
        pair.close()
    closed = time.monotonic() - before
    pairs.clear()
    faulthandler.cancel_dump_traceback_later()
    print(f"{omni.binding}: {active:,} channels of capacity 1024 and messages of 4096 bytes open at once, "
          f"a message through each, {wrong} lost or changed")  # fmt: skip
    print(f"  of each, microseconds: {opened / count * 1e6:.1f} to open (last tenth to first: "
          f"{_last_to_first(seconds):.2f}), {moved / count * 1e6:.1f} for its message, {closed / count * 1e6:.1f} to "
          f"close; bytes: {idle / count:,.0f} resident, {used / count:,.0f} after the message, {space / count:,.0f} of "
          f"address space")  # fmt: skip
    print(f"  descriptors for wait_any of {len(polled):,}: {descriptors:,}; "
          f"lines of /proc/self/maps: {maps} before, {_maps()} after the close")  # fmt: skip
    return int(bool(wrong) or active != count)


def open_and_close(count: int) -> int:
    """That many channels, one after the other: the last ones take no longer, and nothing is left of them [MEM-2]."""
    broker, seconds = omni.MailboxBroker(), list[float]()
    _must_end(count)
    for number in range(100):
        broker.request_channel(f"first {number}")[1].close()
    memory, maps = _resident(), _maps()
    begun = time.monotonic()
    for part in _parts(count):
        before = time.thread_time()
        for number in part:
            _, pair = broker.request_channel(f"channel {number}")
            pair.close()
        seconds.append(time.thread_time() - before)
        if part.start % max(count // 10, 1) == 0:
            _progress(begun, f"{part.stop:,} opened")
    faulthandler.cancel_dump_traceback_later()
    ratio, grown, left = _last_to_first(seconds), _resident() - memory, _maps() - maps
    print(f"{omni.binding}: {count:,} channels opened and closed, {sum(seconds) / count * 1e6:.2f} us of processor "
          f"time each; last tenth to first: {ratio:.2f}")  # fmt: skip
    print(f"  lines of /proc/self/maps: {maps} before, {left:+} after; {grown / MIB:+.1f} MiB resident; "
          f"{broker.get_stats().active_channels} still registered")  # fmt: skip
    return int(broker.get_stats().active_channels > 0 or left > 2 or grown > GROWTH or ratio > 2)


def _maps() -> int:
    """Mappings of this process; 0 where the system does not show them."""
    listing = Path("/proc/self/maps")
    return len(listing.read_text().splitlines()) if listing.exists() else 0


def _descriptors() -> int:
    return len(os.listdir("/dev/fd"))


def through_one(count: int) -> int:
    """That many messages of 64 bytes, from a thread to another one: every byte of each must be what is due."""
    import numpy

    many = 4096
    words = numpy.arange(2 * many, dtype=numpy.uint64)[:, None] + (numpy.arange(8, dtype=numpy.uint64) << 40)
    producer, consumer = omni.open_channel(capacity=2 * many, max_message_size=64)

    def produce() -> None:
        """Message k has eight words, of k + j * 2^40 each."""
        batch = words[:many].copy()
        messages = [memoryview(row) for row in batch]
        with producer:
            for first in range(0, count, many):
                producer.send_many(messages[: count - first])
                batch += numpy.uint64(many)

    worker, came, reported = Worker(produce), 0, 0
    begun = time.monotonic()
    faulthandler.dump_traceback_later(HUNG, exit=True)
    while (batch := consumer.batch_pop_buffer(2 * many, None)[1]) is not None:
        length = len(batch.offsets)
        stride = batch.offsets[1] if length > 1 else 64
        if (numpy.asarray(batch.lengths) != 64).any() or (numpy.diff(batch.offsets) != stride).any():
            raise Wrong(f"after message {came}: {[*batch.lengths]}, {[*batch.offsets]}")
        numbers = numpy.lib.stride_tricks.as_strided(
            numpy.frombuffer(batch.data, numpy.uint64), (length, 8), (stride, 8), writeable=False
        )
        if not numpy.array_equal(numbers - numpy.uint64(came), words[:length]):
            raise Wrong(f"after message {came} came {numbers}")
        came += length
        del numbers, batch
        if time.monotonic() - begun - reported > REPORT:
            reported = time.monotonic() - begun
            faulthandler.dump_traceback_later(HUNG, exit=True)
            _progress(begun, f"{came:,} messages")
    took = time.monotonic() - begun
    worker.result(HUNG)
    faulthandler.cancel_dump_traceback_later()
    sent, received = producer.get_stats(), consumer.get_stats()
    each, lost = took / max(came, 1) * 1e9, sent.messages_sent - came
    print(f"{omni.binding}: {came:,} messages of 64 bytes, {received.bytes_received:,} bytes, through one channel, "
          f"every byte compared; {lost} lost; {took:.0f} s, {each:.0f} ns each")  # fmt: skip
    return int(came != count or sent.messages_sent != count)


def in_turns(bindings: Sequence[str], given: argparse.Namespace) -> int:
    """Each in a process of its own, for its part of the time."""
    share = given.minutes / len(bindings)
    limit = 60 * share + 2 * HUNG if not (given.channels or given.opens or given.messages) else None
    ended = []
    for binding in bindings:
        command = [sys.executable, "-m", "tests.fast_impl.threads.soak", "--binding", binding, "--minutes", str(share)]
        for option in ("seed", "channels", "opens", "messages"):
            command += [f"--{option}", str(getattr(given, option))]
        ended.append(subprocess.run(command, env={**os.environ, "OMNI_BINDING": binding}, timeout=limit).returncode)
    return int(any(ended))


def main(arguments: list[str] | None = None) -> int:
    """0 where all that was sent came."""
    parser = argparse.ArgumentParser(prog="make soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10, metavar="M", help="in all (default: %(default)g)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of every choice (default: %(default)s)")
    parser.add_argument("--binding", choices=("c", "cffi", "both"), default="both", help="default: both, in turns")
    parser.add_argument("--channels", type=int, default=0, metavar="N", help="instead: N channels open at once")
    parser.add_argument("--opens", type=int, default=0, metavar="N", help="instead: N channels, opened and closed")
    parser.add_argument("--messages", type=int, default=0, metavar="N", help="instead: N messages through one channel")
    given = parser.parse_args(arguments)
    if given.binding != omni.binding:
        built = [name for name, module in (("c", "_handles"), ("cffi", "_core"))
                 if importlib.util.find_spec(f"fast_impl.{module}")]  # fmt: skip
        return in_turns(built if given.binding == "both" else [given.binding], given)
    if given.channels:
        return open_at_once(given.channels)
    if given.opens:
        return open_and_close(given.opens)
    if given.messages:
        return through_one(given.messages)
    return soak(given.minutes, given.seed)


if __name__ == "__main__":
    sys.exit(main())
