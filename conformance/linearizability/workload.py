"""The workload of a recording: the calls of each thread, and their history."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import count
from typing import Any

from conformance.failure import Broken
from conformance.linearizability.history import (
    CHANNEL_NAME,
    POPS,
    THREADS,
    Event,
    Final,
    History,
    Plan,
    Recorder,
    timeline,
    timestamps,
)
from conformance.linearizability.payloads import decode, payload
from conformance.threads import LIMIT, Task
from spec_model.channel.value import Refused
from spec_model.vocabulary import BrokerStats, ChannelError, ConsumerStats, PopResult, ProducerStats, PushResult

TIMEOUTS = (0, 0.00002, 0.0005, None)
MAX_IDLE = 6
"""Calls without effect after which a thread blocks: otherwise most results would be QUEUE_FULL and EMPTY."""

REREAD_POLLS = 50
"""How often the consumer checks for a full queue before it reads the messages that it holds again."""

PAUSE = 0.0002
"""Seconds between the third thread's calls, so that the other two have the interpreter most of the time."""

ONCE = ("close_producer", "close_consumer", "shutdown")
"""What the third thread does only once; the others may have to wait for it."""

_WITH_RESULT = frozenset({"try_push", "blocking_push", "request_channel", "request_another"})


class ProducerThread:
    """Makes the planned calls, each with payloads of its own, until they are done or the channel has ended."""

    def __init__(self, plan: Plan, producer: Any, recorder: Recorder, reached: Callable[[], None]) -> None:
        self._plan, self._producer, self._recorder, self._reached = plan, producer, recorder, reached
        self._random = plan.random("producer")
        self._payload_ids = count(1)
        self._over = self._idle = 0

    def run(self) -> None:
        """Run to the end, and close."""
        plan, recorder = self._plan, self._recorder
        calls = {"try_push": self._try, "blocking_push": self._wait, "batch_push": self._batch, "reserve": self._write}
        try:
            for number, name in enumerate(self._random.choices(plan.pushes, k=plan.calls)):
                if number == plan.after:
                    self._reached()
                (self._wait if self._idle > MAX_IDLE else calls[name])()
                if self._over > 2:  # CHANNEL_CLOSED often enough
                    break
        finally:
            self._reached()
        if plan.third != "close_producer":
            recorder.call("close_producer", None, self._producer.close)

    def _note(self, result: Any) -> None:
        self._idle = 0 if result else self._idle + 1
        self._over += getattr(result, "name", "") == "CHANNEL_CLOSED"

    def _try(self) -> None:
        payload_id = next(self._payload_ids) if self._random.random() < 0.98 else self._random.choice((0, -1))
        data = payload(payload_id, self._plan.size)
        self._note(self._recorder.call("try_push", payload_id, self._producer.try_push, data))

    def _wait(self) -> None:
        payload_id = next(self._payload_ids)
        timeout = self._random.choice(TIMEOUTS)
        data = payload(payload_id, self._plan.size)
        push = self._producer.blocking_push
        self._note(self._recorder.call("blocking_push", payload_id, push, data, timeout, timeout=timeout))

    def _batch(self) -> None:
        payload_ids = tuple(next(self._payload_ids) for _ in range(self._random.randrange(self._plan.capacity + 3)))
        if self._random.random() < 0.05:
            payload_ids = (*payload_ids, 0, next(self._payload_ids))
        data = [payload(payload_id, self._plan.size) for payload_id in payload_ids]
        self._note(self._recorder.call("batch_push", payload_ids, self._producer.batch_push, data))

    def _write(self) -> None:
        """Reserve, write in place, and commit or roll back; pushes between them find the reservation outstanding."""
        producer, recorder, size = self._producer, self._recorder, self._plan.size
        payload_id = next(self._payload_ids)
        data = payload(payload_id, size)
        reservation = None

        def reserve() -> bool:
            nonlocal reservation
            reservation = producer.reserve(len(data))
            return reservation is not None

        self._note(recorder.call("reserve", len(data), reserve))
        if reservation is None:
            return
        chance = self._random.random()
        if chance < 0.1:
            self._try()
        elif chance < 0.15:
            self._wait()
        if chance > 0.9:
            recorder.call("rollback", None, producer.rollback)
            return
        try:
            reservation.data[: len(data)] = data
        except ValueError:  # the handle was closed meanwhile, and the reservation with it [RSV-6]
            if self._plan.third != "close_producer":
                raise
        self._note(recorder.call("commit", payload_id, producer.commit, len(data)))


class ConsumerThread:
    """Makes planned calls until the channel has ended; holds messages and reads them again where planned."""

    def __init__(self, plan: Plan, omni: Any, consumer: Any, recorder: Recorder) -> None:
        self._plan, self._omni, self._consumer, self._recorder = plan, omni, consumer, recorder
        self._random = plan.random("consumer")
        self._popped = self._idle = 0
        self._over = False
        self._held: list[Any] = []
        self._views: dict[int, memoryview] = {}

    def run(self) -> None:
        """Run to the end, and close."""
        calls = {
            "try_pop": self._try,
            "blocking_pop": self._wait,
            "batch_pop": self._batch,
            "reread": self._reread,
            "take_export": self._hold,
            "release_export": self._drop,
        }
        for name in iter(lambda: self._random.choice(self._plan.pops), None):
            (self._wait if self._idle > MAX_IDLE else calls[name])()
            if self._over:
                break
        while self._views:
            self._reread()
            self._drop()
        if self._plan.third != "close_consumer":
            self._recorder.call("close_consumer", None, self._consumer.close)

    def _try(self) -> None:
        self._pop("try_pop", 1, 0, self._consumer.try_pop)

    def _wait(self) -> None:
        if self._random.random() < 0.3:
            self._batch()
        else:
            timeout = self._random.choice(TIMEOUTS)
            self._pop("blocking_pop", 1, timeout, self._consumer.blocking_pop, timeout)

    def _batch(self) -> None:
        most = self._random.randrange(self._plan.capacity + 3)
        timeout = self._random.choice(TIMEOUTS)
        self._pop("batch_pop", most, timeout, self._consumer.batch_pop, most, timeout)

    def _pop(self, name: str, most: int, timeout: float | None, pop: Callable[..., Any], *arguments: Any) -> None:
        recorder = self._recorder
        begin = recorder.timestamp()
        recorder.doing = name, begin, most, timeout
        try:
            result, got = pop(*arguments)
            end = recorder.timestamp()
        except BufferError:
            end = recorder.timestamp()
            result, got = Refused.BY_EXPORT, None
        recorder.doing = None
        messages = got if isinstance(got, list) else [] if got is None else [got]
        read = tuple(self._read(message) for message in messages)
        recorder.events.append(Event(name, begin, end, most, (result, read), timeout))
        if most:  # otherwise it was no pop, and the messages held remain readable [MSG-5]
            self._held = messages
        self._popped += len(messages)
        self._idle = 0 if messages else self._idle + 1
        if result is Refused.BY_EXPORT:
            self._drop()
        self._over = getattr(result, "name", "") == "CHANNEL_CLOSED"

    def _read(self, message: Any) -> bytes | None:
        """The bytes, or None where the consumer was closed and the message has expired [MSG-2]."""
        try:
            return bytes(message)
        except self._omni.MessageExpiredError:
            return None

    def _reread(self) -> None:
        """Read all messages held again, after giving the producer time to fill the queue."""
        for _ in range(REREAD_POLLS):
            if self._consumer.available_messages() == self._plan.capacity:
                break
        for number, view in self._views.items():
            self._recorder.call("reread", number, bytes, view)
        for number, message in enumerate(self._held, self._popped - len(self._held)):
            self._recorder.call("reread", number, self._read, message)

    def _hold(self) -> None:
        """Keep an export of the newest message, or of all that are held, beyond the next pop [MSG-3]."""
        held = list(enumerate(self._held, self._popped - len(self._held)))
        for number, message in held if self._random.random() < 0.5 else held[-1:]:
            if number not in self._views:
                try:
                    self._recorder.call("take_export", number, self._take, number, message)
                except self._omni.MessageExpiredError:
                    if self._plan.third != "close_consumer":
                        raise

    def _take(self, number: int, message: Any) -> None:
        self._views[number] = message.data

    def _drop(self) -> None:
        """Release the oldest export."""
        if self._views:
            number = min(self._views)
            self._recorder.call("release_export", number, self._views.pop(number).release)


class ThirdThread:
    """Closes, shuts down, requests or reads statistics, once or as long as `going` returns true."""

    def __init__(self, plan: Plan, omni: Any, broker: Any, pair: Any, recorder: Recorder) -> None:
        self._plan, self._omni, self._broker, self._pair, self._recorder = plan, omni, broker, pair, recorder

    def run(self, going: Callable[[], bool]) -> None:
        """Run to the end."""
        if self._plan.third == "shutdown":
            timeout = self._plan.random("side").choice((0, 0.0005, None))
            self._recorder.call("shutdown", None, self._broker.shutdown, timeout, timeout=timeout)
        elif self._plan.third.startswith("close"):
            closed = self._pair.producer if self._plan.third == "close_producer" else self._pair.consumer
            self._recorder.call(self._plan.third, None, closed.close)
        else:
            calls = self._statistics if self._plan.third == "statistics" else self._requests
            while going():
                calls()
                time.sleep(PAUSE)
            calls()

    def _statistics(self) -> None:
        producer, consumer = self._pair
        self._recorder.call("producer_stats", None, producer.get_stats)
        self._recorder.call("consumer_stats", None, consumer.get_stats)
        self._recorder.call("broker_stats", None, self._broker.get_stats)

    def _requests(self) -> None:
        self._recorder.call("has_channel", None, self._broker.has_channel, CHANNEL_NAME)
        self._recorder.call("request_channel", None, self._request, CHANNEL_NAME)
        self._recorder.call("request_another", None, self._request, "another")

    def _request(self, name: str) -> Any:
        """Request a channel and close it at once."""
        error, pair = self._broker.request_channel(name, self._omni.ChannelConfig(8, 64))
        if pair is not None:
            pair.close()
        return error


def record(omni: Any, plan: Plan, hang_limit: float = LIMIT) -> History:
    """Run the plan on an implementation and return the history of its threads.

    Raises Broken [CON-5] where no call of any thread returns for `hang_limit` seconds, and whatever a thread raised.
    """
    broker = omni.MailboxBroker()
    error, pair = broker.request_channel(CHANNEL_NAME, omni.ChannelConfig(plan.capacity, plan.size))
    assert not error, error
    producer, consumer = pair
    timestamp = timestamps()
    recorders = [Recorder(thread, timestamp) for thread in THREADS]
    reached, over = threading.Event(), threading.Event()
    third_thread = ThirdThread(plan, omni, broker, pair, recorders[2])

    def run_third() -> None:
        reached.wait()
        third_thread.run(lambda: not over.is_set())

    users = [
        Task(ConsumerThread(plan, omni, consumer, recorders[1]).run),
        Task(ProducerThread(plan, producer, recorders[0], reached.set).run),
    ]
    third = [Task(run_third)] if plan.third else []
    try:
        _wait([*users, *third] if plan.third in ONCE else users, recorders, plan, hang_limit)
        over.set()
        _wait(third, recorders, plan, hang_limit)
    except BaseException:
        over.set()
        Task(pair.close)  # releases blocked threads if it can; not joined, because it may hang too
        raise
    final = Final(
        ProducerStats(*producer.get_stats()), ConsumerStats(*consumer.get_stats()), BrokerStats(*broker.get_stats())
    )
    producer_events, consumer_events, third_events = _events(omni, recorders, plan)
    return History(producer_events, consumer_events, third_events, plan.capacity, plan.size, final)


def _wait(tasks: Sequence[Task], recorders: Sequence[Recorder], plan: Plan, hang_limit: float) -> None:
    """Wait until all have ended; raises what they raised, or Broken where none makes progress."""
    done, since = -1, time.monotonic()
    while not all(task.ends(0.05) for task in tasks):
        for task in tasks:
            if task.error is not None:
                raise task.error
        now = sum(len(recorder.events) for recorder in recorders)
        if now != done:
            done, since = now, time.monotonic()
        elif time.monotonic() - since > hang_limit:
            raise _hang(recorders, plan, hang_limit)
    for task in tasks:
        task.finish()


def _hang(recorders: Sequence[Recorder], plan: Plan, hang_limit: float) -> Broken:
    """The calls that do not return, as a failure."""
    pending = {recorder.thread: recorder.hanging() for recorder in recorders}
    where = [f"the {thread} is in {event.call_text()}" for thread, events in pending.items() for event in events]
    producer, consumer, third = (
        [_decoded(event, plan.size, {}) for event in (*recorder.events, *pending[recorder.thread])]
        for recorder in recorders
    )
    stuck = [event for events in pending.values() for event in events]
    shown = timeline(History(producer, consumer, third), stuck) if stuck else []
    return Broken(
        "CON-5",
        f"for {hang_limit:g} s no call returned: {', '.join(where) or 'no thread is inside a call'}",
        kind="hang",
        timeline=shown,
        plan=asdict(plan),
    )


def _events(omni: Any, recorders: Sequence[Recorder], plan: Plan) -> list[list[Event]]:
    """The events of each thread, with payload ids for bytes and the model's results for the implementation's."""
    results = {
        getattr(getattr(omni, kind.__name__), ours.name): ours
        for kind in (PushResult, PopResult, ChannelError)
        for ours in kind
    }
    return [[_decoded(event, plan.size, results) for event in recorder.events] for recorder in recorders]


def _decoded(event: Event, size: int, results: dict[Any, Any]) -> Event:
    if event.call in POPS and isinstance(event.got, tuple):
        result, taken = event.got
        got: Any = results.get(result, result), tuple(decode(data, size) for data in taken)
    elif event.call == "reread":
        got = decode(event.got, size)
    elif event.call in _WITH_RESULT:
        got = results.get(event.got, event.got)
    else:
        return event
    return event._replace(got=got)
