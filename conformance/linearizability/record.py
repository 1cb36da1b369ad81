"""Records a history: two threads on one channel, and a third beside them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from conformance.failure import Broken
from conformance.linearizability.aside import Aside
from conformance.linearizability.consuming import Consuming
from conformance.linearizability.event import POPS, Event
from conformance.linearizability.history import Final, History, timeline
from conformance.linearizability.plan import Plan
from conformance.linearizability.producing import Producing
from conformance.linearizability.scribe import Scribe
from conformance.linearizability.ticket import tickets
from conformance.linearizability.token import decode
from conformance.linearizability.world import NAME
from conformance.threads import LIMIT, Task
from spec_model.vocabulary import BrokerStats, ChannelError, ConsumerStats, PopResult, ProducerStats, PushResult

ONCE = ("close_producer", "close_consumer", "shutdown")
"""What the third thread does only once; until then the others may have to wait for it."""
_ANSWERED = frozenset({"try_push", "blocking_push", "request_channel", "request_another"})


def record(omni: Any, plan: Plan, patience: float = LIMIT) -> History:
    """Run the plan on an implementation and return what its threads saw.

    Raises Broken [CON-5] where for `patience` seconds no call of any thread returns, and whatever
    a thread raised.
    """
    broker = omni.MailboxBroker()
    error, pair = broker.request_channel(NAME, omni.ChannelConfig(plan.capacity, plan.size))
    assert not error, error
    producer, consumer = pair
    ticket = tickets()
    scribes = [Scribe(thread, ticket) for thread in ("producer", "consumer", "side")]
    reached, over = threading.Event(), threading.Event()
    producing = Producing(plan, producer, scribes[0], reached.set)
    consuming = Consuming(plan, omni, consumer, scribes[1])
    aside = Aside(plan, omni, broker, pair, scribes[2])

    def beside() -> None:
        reached.wait()
        aside.run(lambda: not over.is_set())

    users = [Task(consuming.run), Task(producing.run)]
    third = [Task(beside)] if plan.side else []
    try:
        _wait([*users, *third] if plan.side in ONCE else users, scribes, plan, patience)
        over.set()
        _wait(third, scribes, plan, patience)
    except BaseException:
        over.set()
        Task(pair.close)  # lets go whom it can; nobody waits for it, for it may hang like the others
        raise
    final = Final(
        ProducerStats(*producer.get_stats()), ConsumerStats(*consumer.get_stats()), BrokerStats(*broker.get_stats())
    )
    lanes = _lanes(omni, scribes, plan)
    return History(*lanes, plan.capacity, plan.size, final)


def _wait(tasks: Sequence[Task], scribes: Sequence[Scribe], plan: Plan, patience: float) -> None:
    """Until all have ended; raises what they raised, or Broken where none gets on."""
    done, since = -1, time.monotonic()
    while not all(task.ends(0.05) for task in tasks):
        for task in tasks:
            if task.error is not None:
                raise task.error
        now = sum(len(scribe.events) for scribe in scribes)
        if now != done:
            done, since = now, time.monotonic()
        elif time.monotonic() - since > patience:
            raise _hang(scribes, plan, patience)
    for task in tasks:
        task.finish()


def _hang(scribes: Sequence[Scribe], plan: Plan, patience: float) -> Broken:
    """The calls that do not return, as a failure."""
    pending = {scribe.thread: scribe.hanging() for scribe in scribes}
    where = [f"the {thread} is in {event.text()}" for thread, events in pending.items() for event in events]
    producer, consumer, side = (
        [_read(event, plan.size, {}) for event in (*scribe.events, *pending[scribe.thread])] for scribe in scribes
    )
    stuck = [event for events in pending.values() for event in events]
    shown = timeline(History(producer, consumer, side), stuck) if stuck else []
    return Broken(
        "CON-5",
        f"for {patience:g} s no call returned: {', '.join(where) or 'no thread is inside a call'}",
        kind="hang",
        timeline=shown,
        plan=asdict(plan),
    )


def _lanes(omni: Any, scribes: Sequence[Scribe], plan: Plan) -> tuple[list[Event], list[Event], list[Event]]:
    """The events of each thread, with tokens for what was read and the model's results for the implementation's."""
    results = {
        getattr(getattr(omni, kind.__name__), ours.name): ours
        for kind in (PushResult, PopResult, ChannelError)
        for ours in kind
    }
    producer, consumer, side = ([_read(event, plan.size, results) for event in scribe.events] for scribe in scribes)
    return producer, consumer, side


def _read(event: Event, size: int, results: dict[Any, Any]) -> Event:
    if event.call in POPS and isinstance(event.got, tuple):
        result, taken = event.got
        got: Any = results.get(result, result), tuple(decode(data, size) for data in taken)
    elif event.call == "reread":
        got = decode(event.got, size)
    elif event.call in _ANSWERED:
        got = results.get(event.got, event.got)
    else:
        return event
    return event._replace(got=got)
