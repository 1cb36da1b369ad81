"""The near-linear checker agrees with the reference checker, and names the rule that each wrong history breaks."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from conformance.failure import Broken
from conformance.linearizability import Event, Final, History, check_history
from conformance.linearizability.reference import final_states, order_exists
from spec_model import BrokerStats, ChannelError, ConsumerStats, ProducerStats, PushResult
from spec_model import PopResult as Pop
from spec_model.channel.value import Refused
from tests.conformance.random_histories import Play, mutated, renumbered, retimed

pytestmark = pytest.mark.once

CLOSED, FULL, SENT, LATE = (
    PushResult.CHANNEL_CLOSED, PushResult.QUEUE_FULL, PushResult.SUCCESS, PushResult.TIMEOUT
)  # fmt: skip


def verdict(history: History) -> str:
    """The rule that the checker finds broken, or an empty string."""
    try:
        check_history(history)
    except Broken as broken:
        return broken.rule
    return ""


@pytest.mark.parametrize("seeds", [150, pytest.param(2000, marks=[pytest.mark.slow, pytest.mark.timeout(300)])])
def test_both_checkers_agree(seeds: int) -> None:
    """On random histories, linearizable or not, with batches, exports, closes and store buffering."""
    seen: Counter[tuple[str, bool]] = Counter()
    rules: Counter[str] = Counter()
    for seed in range(seeds):
        random = Random(seed)
        right = Play(random, 5, waiting=random.choice((0, 0, 5, 6, 7, 8))).run()
        for kind, history in (
            ("right", right),
            ("mutated", mutated(right, random)),
            ("retimed", retimed(right, random)),
        ):
            rule = verdict(history)
            assert (rule == "") == order_exists(history), (seed, kind, rule, list(history))
            seen[kind, rule == ""] += 1
            rules[rule] += 1
    assert seen["right", True] == seeds
    assert min(seen["mutated", True], seen["retimed", False]) > 0.15 * seeds, seen
    assert min(seen["mutated", False], seen["retimed", True]) > 0.5 * seeds, seen
    assert len(rules) > 15, rules


def test_the_model_has_the_statistics_that_the_checker_requires() -> None:
    """In every order that gives a history's results, the model's statistics are those that the checker requires."""
    checked = 0
    for seed in range(300):
        random = Random(seed)
        history = Play(random, 4).run()
        for state in final_states(history)[:20]:
            sent, received = state.channel.sent, state.channel.received
            broker = BrokerStats(0, 1, sent.messages_sent, sent.bytes_sent)
            check_history(replace(history, final=Final(sent, received, broker)))
            assert verdict(replace(history, final=Final(sent._replace(bytes_sent=1), received, broker))) == "STA-1"
            checked += 1
    assert checked > 1000


@pytest.mark.parametrize("most", [50_000, pytest.param(560_000, marks=[pytest.mark.slow, pytest.mark.timeout(300)])])
def test_the_work_is_near_linear(most: int, capsys: pytest.CaptureFixture[str]) -> None:
    """The states visited per operation do not grow with the length of the history."""
    per_operation = []
    for calls in (most // 100, most // 10, most):
        history = Play(Random(1), calls, ends=False).run()
        begun = time.perf_counter()
        per_operation.append(check_history(history) / len(history))
        with capsys.disabled():
            print(f"\n{len(history)} operations checked in {time.perf_counter() - begun:.1f} s", end="")
    assert len(history) > 1.7 * most
    assert max(per_operation) < 3
    assert max(per_operation) < 1.2 * min(per_operation)


def test_a_call_as_long_as_the_history_costs_no_search() -> None:
    """A shutdown that overlaps every other call leaves the work linear."""
    history = Play(Random(2), 20_000, ends=False).run()
    last = max(history.producer[-1].end, history.consumer[-1].end)
    threads = {"producer": list(history.producer), "consumer": list(history.consumer), "third": []}
    threads["third"] = [Event("shutdown", 0.5, last + 0.5, None, False)]  # type: ignore[arg-type]
    alone, beside = check_history(history), check_history(renumbered(history, threads))
    assert beside < 5 * alone


def push(begin: int, end: int, payload_id: int, got: PushResult = SENT, call: str = "try_push") -> Event:
    return Event(call, begin, end, payload_id, got, 0.1)


def pop(
    begin: int, end: int, got: Pop, *payload_ids: int | bytes | None, most: int = 1, call: str = "try_pop"
) -> Event:
    return Event(call, begin, end, most, (got, payload_ids), 0.1 if call == "blocking_pop" else 0)


def batch(begin: int, end: int, payload_ids: range, got: int) -> Event:
    return Event("batch_push", begin, end, tuple(payload_ids), got)


def close(third: str, begin: int, end: int) -> Event:
    return Event(f"close_{third}", begin, end, None, None)


REFUSED = (Refused.BY_EXPORT, ())
FILLED = batch(1, 2, range(1, 9), 8)
WRONG = {
    "lost": ("CON-3", [batch(1, 2, range(1, 4), 3)], [pop(3, 4, Pop.SUCCESS, 1), pop(5, 6, Pop.SUCCESS, 3)], []),
    "duplicated": ("CON-3", [push(1, 2, 1)], [pop(3, 4, Pop.SUCCESS, 1), pop(5, 6, Pop.SUCCESS, 1)], []),
    "reordered": ("CON-3", [batch(1, 2, range(1, 3), 2)], [pop(3, 4, Pop.SUCCESS, 2), pop(5, 6, Pop.SUCCESS, 1)], []),
    "torn": ("CON-3", [push(1, 2, 1)], [pop(3, 4, Pop.SUCCESS, b"no payload")], []),
    "made up": ("CON-3", [FILLED, push(3, 4, 9, FULL)], [pop(5, 6, Pop.SUCCESS, *range(1, 10), most=9)], []),
    "before it was sent": ("CON-3", [push(3, 4, 1)], [pop(1, 2, Pop.SUCCESS, 1)], []),
    "closed before the drain": ("CON-4", [push(1, 2, 1), close("producer", 3, 4)], [pop(5, 6, Pop.CHANNEL_CLOSED)], []),
    "the last push after the drain": (
        "CON-4", [push(1, 9, 1), close("producer", 10, 12)], [pop(11, 14, Pop.CHANNEL_CLOSED)], [],
    ),
    "closed though nobody closed": ("POP-1", [], [pop(1, 2, Pop.CHANNEL_CLOSED)], []),
    "nine fit": ("PSH-2", [FILLED, push(3, 4, 9)], [], []),
    "seven fit": ("PSH-2", [batch(1, 2, range(1, 8), 7), push(3, 4, 8, FULL)], [], []),
    "nobody was gone": ("PSH-1", [push(1, 2, 1, CLOSED)], [], []),
    "closed for a wrong size": ("PSH-1", [push(3, 4, 0, CLOSED)], [close("consumer", 1, 2)], []),
    "batch stopped where it was never full": (
        "PSH-6", [FILLED, batch(3, 8, range(9, 13), 2)],
        [pop(4, 5, Pop.SUCCESS, *range(1, 9), most=8, call="batch_pop")], [],
    ),
    "batch stopped early": ("PSH-6", [batch(1, 2, range(1, 4), 2)], [], []),
    "timeout with room": ("PSH-4", [push(1, 2, 1, LATE, "blocking_push")], [], []),
    "empty though one waited": ("POP-1", [push(1, 2, 1)], [pop(3, 4, Pop.EMPTY)], []),
    "timeout though one waited": ("POP-4", [push(1, 2, 1)], [pop(3, 4, Pop.TIMEOUT, call="blocking_pop")], []),
    "a wait for ever that timed out": ("POP-4", [], [Event("blocking_pop", 1, 2, 1, (Pop.TIMEOUT, ()), None)], []),
    "refused where none waited": (
        "MSG-3", [FILLED],
        [
            pop(3, 4, Pop.SUCCESS, 1), Event("take_export", 5, 6, 0, None),
            pop(7, 8, Pop.SUCCESS, *range(2, 9), most=7, call="batch_pop"), Event("try_pop", 9, 10, 1, REFUSED),
        ], [],
    ),
    "refused beside few exports": (
        "MSG-3", [FILLED],
        [
            pop(3, 4, Pop.SUCCESS, 1), Event("take_export", 5, 6, 0, None),
            pop(7, 8, Pop.SUCCESS, *range(2, 8), most=6, call="batch_pop"), Event("try_pop", 9, 10, 1, REFUSED),
        ], [],
    ),
    "popped beside as many exports as there may be": (
        "MSG-3", [FILLED, push(31, 32, 9)],
        [
            pop(3, 4, Pop.SUCCESS, *range(1, 9), most=8, call="batch_pop"),
            *(Event("take_export", 5 + 2 * number, 6 + 2 * number, number, None) for number in range(8)),
            pop(33, 34, Pop.SUCCESS, 9),
        ], [],
    ),
    "fewer than waited": (
        "POP-5", [batch(1, 2, range(1, 4), 3)], [pop(3, 4, Pop.SUCCESS, 1, 2, most=8, call="batch_pop")], [],
    ),
    "push after the consumer's end": ("LIF-2", [push(3, 4, 1)], [close("consumer", 1, 2)], []),
    "empty after the producer's end": ("LIF-2", [close("producer", 1, 2)], [pop(3, 4, Pop.EMPTY)], []),
    "push after shutdown": ("SHD-1", [push(3, 4, 1)], [], [Event("shutdown", 1, 2, None, False)]),
    "empty after shutdown": ("SHD-1", [], [pop(3, 4, Pop.EMPTY)], [Event("shutdown", 1, 2, None, False)]),
    "shutdown with handles": ("SHD-2", [], [], [Event("shutdown", 1, 2, None, True)]),
    "name gone too soon": ("BRK-10", [close("producer", 1, 2)], [], [Event("has_channel", 3, 4, None, False)]),
    "name kept": (
        "BRK-3", [close("producer", 1, 2)], [close("consumer", 3, 4)],
        [Event("request_channel", 5, 6, None, ChannelError.NAME_EXISTS)],
    ),
    "changed while held": (
        "MSG-1", [batch(1, 2, range(1, 4), 3)], [pop(3, 4, Pop.SUCCESS, 1), Event("reread", 5, 6, 0, 3)], [],
    ),
    "changed under an export": (
        "MSG-3", [batch(1, 2, range(1, 4), 3)],
        [
            pop(3, 4, Pop.SUCCESS, 1), Event("take_export", 5, 6, 0, None),
            pop(7, 8, Pop.SUCCESS, 2), Event("reread", 9, 10, 0, 3),
        ], [],
    ),
    "expired at once": ("MSG-1", [push(1, 2, 1)], [pop(3, 4, Pop.SUCCESS, None)], []),
    "statistics from the future": (
        "STA-1", [push(3, 4, 1)], [], [Event("producer_stats", 1, 2, None, ProducerStats(1, 19, 0))],
    ),
    "statistics that fall": (
        "STA-1", [push(1, 9, 1)], [],
        [
            Event("producer_stats", 2, 3, None, ProducerStats(1, 19, 0)),
            Event("producer_stats", 4, 5, None, ProducerStats(0, 0, 0)),
        ],
    ),
    "statistics that forget": (
        "STA-2", [push(1, 2, 1)], [pop(3, 4, Pop.SUCCESS, 1)],
        [Event("consumer_stats", 5, 6, None, ConsumerStats(0, 0, 0))],
    ),
    "broker statistics": (
        "BRK-11", [push(1, 2, 1)], [], [Event("broker_stats", 3, 4, None, BrokerStats(1, 1, 0, 0))],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_errors_are_attributed_to_their_rule(name: str) -> None:
    """Each kind of error is found under its rule, with the wrong call in the timeline."""
    rule, producer, consumer, third = WRONG[name]
    with pytest.raises(Broken) as caught:
        check_history(History(producer, consumer, third))
    assert (caught.value.rule, caught.value.kind) == (rule, "history"), caught.value.seen
    shown = caught.value.details["timeline"]
    assert any(call["wrong"] for call in shown)
    assert [call["begin"] for call in shown] == sorted(call["begin"] for call in shown)
    assert {"thread", "call", "result", "begin", "end", "wrong"} == set(shown[0])


@pytest.mark.parametrize(("begin", "end", "right"), [(3, 9, True), (5, 9, False)])
def test_a_linearization_point_inside_the_call_is_enough(begin: int, end: int, right: bool) -> None:
    """EMPTY is allowed where the call began before the push had ended, and not where it began after."""
    history = History([push(1, 4, 1)], [pop(begin, end, Pop.EMPTY)])
    assert (verdict(history) == "") is right


def test_two_results_may_each_be_linearizable_but_not_together() -> None:
    """QUEUE_FULL and EMPTY are each linearizable, but no order has both (store buffering)."""
    sent = [batch(1, 2, range(1, 8), 7), push(3, 4, 8), push(5, 12, 9, FULL)]
    took = pop(6, 7, Pop.SUCCESS, *range(1, 8), most=7, call="batch_pop")
    assert verdict(History(sent, [took])) == ""
    assert verdict(History(sent[:2], [took, pop(8, 9, Pop.EMPTY)])) == "POP-1"
    assert verdict(History(sent, [took, pop(8, 9, Pop.EMPTY)])) == "POP-1"


def test_a_batch_takes_the_messages_that_it_counted() -> None:
    """Between the load of the index and the release of the slots, more may be pushed and find the queue full."""
    sent = [push(1, 2, 1), push(5, 6, 2), batch(7, 8, range(3, 10), 6)]
    took = [pop(3, 9, Pop.SUCCESS, 1, most=8, call="batch_pop")]
    assert order_exists(History(sent, took))
    assert verdict(History(sent, took)) == ""
    assert verdict(History(sent, [took[0]._replace(begin=8.5)])) == "POP-5"  # type: ignore[arg-type]


def test_a_batch_may_check_before_its_pushes_are_visible() -> None:
    """Store buffering inside one call is allowed: no timestamp orders the batch's push before its check."""
    sent = [batch(1, 2, range(1, 8), 7), batch(3, 12, range(8, 10), 1)]
    took = [pop(6, 7, Pop.SUCCESS, *range(1, 8), most=7, call="batch_pop"), pop(8, 9, Pop.EMPTY)]
    history = History(sent, took)
    assert order_exists(history)
    assert verdict(history) == ""
    assert verdict(History([sent[0], sent[1]._replace(end=5)], took)) != ""


def test_an_impossible_history_is_refused() -> None:
    """Timestamps ascend in each thread, and a handle is closed once."""
    with pytest.raises(ValueError, match="ascend"):
        History([push(3, 4, 1), push(2, 5, 2)], [])
    with pytest.raises(ValueError, match="at most one close_producer"):
        History([close("producer", 1, 2)], [], [close("producer", 3, 4)])
