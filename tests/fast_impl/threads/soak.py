"""Random programs over threads, signal handlers and finalisers, for as long as one likes: `make soak`.

Every round opens a channel. One thread pushes; two pop, of which the main one is interrupted by a signal every
millisecond or so: its handler raises, or calls the same handles; objects in reference cycles call them when they are
collected. At the end of a round every message must be accounted for: sent as often as received, with the bytes that
were sent, none twice, none missing but what an exception took away after it was handed out [POP-6], and the views that
were kept unchanged [MSG-3]. A hang ends the run with the stack of every thread.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import gc
import random
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

import fast_impl as omni
from conformance.process_memory import resident
from tests.workers import Worker

HUNG = 300.0
"""Seconds without a new round after which the run hangs."""

MOST = 50_000
"""Messages of a round, more than there are."""

MIB = 1 << 20
EXPECTED = (omni.ConcurrentUseError, omni.ChannelClosedError, TimeoutError, BufferError, omni.MessageExpiredError)
"""What a call may raise where threads, handlers and finalisers share a handle."""


class Raised(Exception):
    """By a handler."""


def payload_of(number: int) -> bytes:
    """The message of that number: of some length, and known by its first eight bytes."""
    return number.to_bytes(8, "little") + bytes([number % 251]) * (number * 7 % 97)


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
        timeout = self.random.choice((0, 0.0005, 0.01))
        try:
            how = self.random.randrange(6)
            if how == 0:
                self.producer.try_push(messages[0])
            elif how == 1:
                self.producer.blocking_push(messages[0], timeout)
            elif how == 2:
                self.producer.batch_push(messages)
            elif how == 3:
                self.producer.send_many(self._from_one_buffer(messages), timeout)
            elif how == 4:
                self.producer.send(messages[0], timeout)
            else:
                self._in_place(messages[0], timeout)
        except EXPECTED:
            pass

    @staticmethod
    def _from_one_buffer(messages: list[bytes]) -> Iterator[memoryview]:
        buffer = bytearray(128)
        for message in messages:
            buffer[: len(message)] = message
            yield memoryview(buffer)[: len(message)]

    def _in_place(self, message: bytes, timeout: float) -> None:
        try:
            reservation = self.producer.reserve(len(message), timeout)
            if reservation is not None:
                reservation.data[: len(message)] = message
                self.producer.commit(len(message))
        except ValueError:  # another's rollback has ended it
            pass

    def pop(self, who: str) -> None:
        most = self.random.choice((1, 1, 3, 8))
        timeout = 0 if who == "finaliser" else self.random.choice((0, 0.0005, 0.01))
        call = self.random.randrange(5)
        try:
            if call == 0:
                self._note([self.consumer.receive(timeout)])
            elif call == 1:
                self._note(self.consumer.receive_many(most, timeout))
            elif call == 2:
                self._read(self.consumer.batch_pop(most, timeout)[1])
            else:
                _, message = self.consumer.blocking_pop(timeout) if call == 3 else self.consumer.try_pop()
                self._read([message] if message is not None else [])
        except EXPECTED:
            pass
        except Raised:
            self.taken_away.append(most)
            raise

    def _read(self, messages: Sequence[Any]) -> None:
        for number, message in enumerate(messages):
            try:
                view = message.data
            except omni.MessageExpiredError:  # the other thread has popped
                self.taken_away.append(len(messages) - number)
                return
            self._note([bytes(view)])
            if self.random.random() < 0.02 and len(self.kept) < 4:
                self.kept.append((view, bytes(view)))

    def _note(self, payloads: list[bytes]) -> None:
        for payload in payloads:
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
        if what > 0.4 and self.interruptible:
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


def main(arguments: list[str] | None = None) -> int:
    """Plays rounds until the time is up; 1 where one of them does not balance."""
    parser = argparse.ArgumentParser(prog="make soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10, metavar="M", help="default: %(default)g")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first round (default: %(default)s)")
    given = parser.parse_args(arguments)
    unraisable: list[str] = []

    def unraised(event: sys.UnraisableHookArgs) -> None:
        if event.exc_type is not Raised:  # one that a handler raised inside a finaliser ends there
            unraisable.append(f"{event.exc_type.__name__}: {event.exc_value} in {event.object!r}")

    sys.unraisablehook = unraised
    begun, reported, seed = time.monotonic(), 0.0, given.seed
    moved = taken_away = 0
    after_warm_up = 0
    while time.monotonic() - begun < given.minutes * 60:
        faulthandler.dump_traceback_later(HUNG, exit=True)
        program = Program(seed)
        program.run()
        program.problems += unraisable
        if program.problems:
            print(f"round {seed}: " + "\n  ".join(program.problems))
            return 1
        moved += len(program.received)
        taken_away += program.producer.get_stats().messages_sent - len(program.received)
        seed += 1
        after_warm_up = after_warm_up or (resident() if seed - given.seed == 20 else 0)
        if time.monotonic() - reported > 30:
            reported = time.monotonic()
            print(f"   {reported - begun:5.0f} s: {seed - given.seed:,} rounds, {moved:,} messages", flush=True)
    faulthandler.cancel_dump_traceback_later()
    grown = (resident() - after_warm_up) / MIB if after_warm_up else 0.0
    print(
        f"{omni.binding}: {seed - given.seed:,} rounds, {moved:,} messages received, {taken_away:,} handed to calls "
        f"that a handler ended or another pop expired, 0 lost; {grown:.1f} MiB more resident than after 20 rounds"
    )
    if grown > 16:
        print("the memory grows")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
