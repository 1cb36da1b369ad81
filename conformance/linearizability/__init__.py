"""Linearizability: histories of real threads, recorded, and checked against the model.

The checker says whether a history has an order of its steps that the rules and the timestamps allow (§8).

With fixed roles no general search is needed. The steps of each thread have an order of their own, so an order of all
is a merge of these; and as the results are known, the state of the channel after any part of a merge depends only on
how far each thread has come. So the states are tuples of positions, and those reachable with n steps follow from those
with n - 1. A thread can be ahead of another only by steps of calls that overlap, which keeps the states few: the work
is near-linear in the number of steps, and the answer is exact.
"""

from __future__ import annotations

from typing import NamedTuple

from conformance.failure import Broken
from conformance.linearizability.counters import check_counters
from conformance.linearizability.history import POPS, Event, Final, History, Plan, timeline
from conformance.linearizability.operations import (
    CONSUMER_ENDED,
    FOREVER,
    NO_RECEIVER,
    NO_SENDER,
    POPPING_SHUT,
    PRODUCER_ENDED,
    PUSHING_SHUT,
    ProducerOrder,
    ThreadOrder,
    consumer_order,
    third_thread_order,
)
from conformance.linearizability.payloads import check_payloads
from conformance.linearizability.workload import record
from spec_model.vocabulary import PopResult, PushResult

__all__ = ["Event", "Final", "History", "Plan", "check_history", "record"]

Position = tuple[int, int, int, int]
"""How many steps are done of each of the `ThreadOrders`."""


class ThreadOrders(NamedTuple):
    """The steps of a history, by thread; those of the batches' full-queue checks apart."""

    producer: ThreadOrder
    consumer: ThreadOrder
    third: ThreadOrder
    full_checks: ThreadOrder

    @staticmethod
    def of(history: History) -> ThreadOrders:
        """The steps of a history."""
        pushing = ProducerOrder(history.producer, history.slots)
        consumer = consumer_order(history.consumer, history.capacity)
        return ThreadOrders(pushing.steps, consumer, third_thread_order(history.third), pushing.full_checks)

    def flags(self, position: Position) -> int:
        """The flags set at that position."""
        i, j, k, _ = position
        return self.producer.flags[i] | self.consumer.flags[j] | self.third.flags[k]


class SearchResult(NamedTuple):
    """states: the number visited. stuck: the last positions reached, none where an order exists."""

    states: int
    stuck: tuple[Position, ...]


def search(orders: ThreadOrders) -> SearchResult:
    """Search from no step done to all done, breadth first, through every state that a merge can pass."""
    producer, consumer, third, full_checks = orders
    p_begin, p_end, p_low, p_high, p_needs = (
        producer.begin, producer.end, producer.low, producer.high, producer.needs
    )  # fmt: skip
    c_begin, c_end, c_low, c_high, c_needs = (
        consumer.begin, consumer.end, consumer.low, consumer.high, consumer.needs
    )  # fmt: skip
    pushed, popped = producer.count, consumer.count
    p_flags, c_flags, t_flags = producer.flags, consumer.flags, third.flags
    t_begin, t_end, f_begin, f_end = third.begin, third.end, full_checks.begin, full_checks.end
    frontier: list[Position] = [(0, 0, 0, 0)]
    states = 0
    while True:
        states += len(frontier)
        reached: list[Position] = []
        for i, j, k, m in frontier:
            # The call that ended first precedes every call that began after its end.
            first = min(p_end[i], c_end[j], t_end[k], f_end[m])
            if first == FOREVER:
                return SearchResult(states, ())
            flags = p_flags[i] | c_flags[j] | t_flags[k]
            if p_begin[i] < first:
                forbid, some, otherwise, _, _ = p_needs[i]
                if flags & otherwise or (
                    p_low[i] <= popped[j] <= p_high[i] and not flags & forbid and (not some or flags & some)
                ):
                    reached.append((i + 1, j, k, m))
            if c_begin[j] < first:
                forbid, some, otherwise, _, _ = c_needs[j]
                if flags & otherwise or (
                    c_low[j] <= pushed[i] <= c_high[j] and not flags & forbid and (not some or flags & some)
                ):
                    reached.append((i, j + 1, k, m))
            if t_begin[k] < first and third.low[k] == 0 and third.needs[k].met(flags):
                reached.append((i, j, k + 1, m))
            if f_begin[m] < first and (flags & full_checks.needs[m].otherwise or full_checks.low[m] == popped[j]):
                reached.append((i, j, k, m + 1))
        if not reached:
            return SearchResult(states, tuple(frontier))
        frontier = reached if len(reached) == 1 else list(set(reached))


_THIRD_RULES = {
    "has_channel": "BRK-10",
    "request_channel": "BRK-3",
    "request_another": "BRK-2",
    "broker_stats": "BRK-11",
    "shutdown": "SHD-2",
}
_PUSH_RULES = {"reserve": "RSV-1", "commit": "RSV-4", "batch_push": "PSH-6"}


def diagnose(history: History, orders: ThreadOrders, result: SearchResult) -> Broken:
    """The failure: the call that had to take effect next and could not, at the furthest position reached.

    Of the next calls there, the one that ended first precedes all that are still to begin. So it is not the
    timestamps that forbid it, but the rules.
    """
    position, thread = max(
        (_first(orders, position) for position in result.stuck), key=lambda found: _end(orders, *found)
    )
    threads = (history.producer, history.consumer, history.third, history.producer)
    event = threads[thread][orders[thread].events[position[thread]]]
    waiting = orders.producer.count[position[0]] - orders.consumer.count[position[1]]
    flags = orders.flags(position)
    if thread == 1:
        rule = _pop_rule(event, waiting, flags)
    else:
        rule = _THIRD_RULES[event.call] if thread == 2 else _push_rule(event, waiting, flags, history.slots)
    state = _state(history, waiting, flags)
    seen = f"{event.call_text()} returned {event.result_text()}, which no point of the call allows: {state}"
    return Broken(rule, seen, kind="history", timeline=timeline(history, [event]))


def _first(orders: ThreadOrders, position: Position) -> tuple[Position, int]:
    """The position, and the index of the order whose next call ended first."""
    return position, min(range(4), key=lambda thread: _end(orders, position, thread))


def _end(orders: ThreadOrders, position: Position, thread: int) -> int:
    return orders[thread].end[position[thread]]


def _state(history: History, waiting: int, flags: int) -> str:
    """The channel when the call had to take effect, in words."""
    words = [f"{waiting} of {history.slots} were waiting"]
    for flag, word in (
        (PRODUCER_ENDED | NO_SENDER & ~POPPING_SHUT, "the producer was closed"),
        (CONSUMER_ENDED | NO_RECEIVER & ~PUSHING_SHUT, "the consumer was closed"),
        (PUSHING_SHUT | POPPING_SHUT, "the channel was shut"),
    ):
        if flags & flag:
            words.append(word)
    return ", ".join(words)


def _push_rule(event: Event, waiting: int, flags: int, capacity: int) -> str:
    """The rule that a call of the producer breaks."""
    over = flags & (PRODUCER_ENDED | NO_RECEIVER) != 0
    went = event.got is PushResult.SUCCESS or (event.call != "batch_push" and event.got is True)
    if went and over:
        return "SHD-1" if flags & PUSHING_SHUT else "LIF-2"
    if event.call in _PUSH_RULES:
        return "PSH-2" if event.call == "batch_push" and waiting >= capacity and not over else _PUSH_RULES[event.call]
    if event.got is PushResult.TIMEOUT or (event.call == "blocking_push" and event.got is PushResult.QUEUE_FULL):
        return "PSH-4"
    if event.got in (PushResult.SUCCESS, PushResult.QUEUE_FULL) and not over:
        return "PSH-2"
    return "PSH-1"


def _pop_rule(event: Event, waiting: int, flags: int) -> str:
    """The rule that a call of the consumer breaks."""
    if event.call not in POPS:
        return "MSG-3"
    result, taken = event.got
    if result is PopResult.CHANNEL_CLOSED and flags & NO_SENDER and waiting:
        return "CON-4"
    if result in (PopResult.EMPTY, PopResult.TIMEOUT) and not waiting and flags & NO_SENDER:
        return "SHD-1" if flags & POPPING_SHUT else "LIF-2"
    if result is PopResult.SUCCESS and waiting < len(taken):
        return "CON-3"
    if event.call == "batch_pop":
        return "POP-5"
    if result is PopResult.SUCCESS and not flags & CONSUMER_ENDED:
        return "MSG-3"  # enough were waiting, but exports forbade it
    if not isinstance(result, PopResult):
        return "MSG-3"
    blocking = result is PopResult.TIMEOUT or (event.call == "blocking_pop" and result is PopResult.EMPTY)
    return "POP-4" if blocking else "POP-1"


def check_history(history: History) -> int:
    """Check a history; the number of states visited. Raises Broken with the rule, what was seen and a timeline.

    First the payloads, because the search only counts messages; then whether the results are linearizable [CON-3];
    then the statistics [STA-1, STA-2, BRK-11].
    """
    check_payloads(history)
    orders = ThreadOrders.of(history)
    result = search(orders)
    if result.stuck:
        raise diagnose(history, orders, result)
    check_counters(history)
    return result.states
