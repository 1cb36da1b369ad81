"""The near-linear judge and the one that tries every order say the same; what each finds wrong."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from random_histories import Play, mutated, renumbered, retimed

from conformance.failure import Broken
from conformance.linearizability import Event, Final, History, judge
from conformance.linearizability.brute import order_exists, worlds
from spec_model import BrokerStats, ChannelError, ConsumerStats, ProducerStats, PushResult
from spec_model import PopResult as Pop
from spec_model.channel.value import Refused

pytestmark = pytest.mark.once

CLOSED, FULL, SENT, LATE = (
    PushResult.CHANNEL_CLOSED, PushResult.QUEUE_FULL, PushResult.SUCCESS, PushResult.TIMEOUT
)  # fmt: skip


def verdict(history: History) -> str:
    """The rule that the judge finds broken, or nothing."""
    try:
        judge(history)
    except Broken as broken:
        return broken.rule
    return ""


def test_both_judges_agree() -> None:
    """On thousands of random histories, right ones and spoilt ones, with batches, exports, ends and looks ahead."""
    seen: Counter[tuple[str, bool]] = Counter()
    rules: Counter[str] = Counter()
    for seed in range(2000):
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
    assert seen["right", True] == 2000
    assert min(seen["mutated", True], seen["retimed", False]) > 300, seen
    assert min(seen["mutated", False], seen["retimed", True]) > 1000, seen
    assert len(rules) > 15, rules


def test_the_model_counts_what_the_judge_counts() -> None:
    """In every order that explains a history, the model's own statistics are those that the judge asks for."""
    checked = 0
    for seed in range(300):
        random = Random(seed)
        history = Play(random, 4).run()
        for world in worlds(history)[:20]:
            sent, received = world.channel.sent, world.channel.received
            broker = BrokerStats(0, 1, sent.messages_sent, sent.bytes_sent)
            judge(replace(history, final=Final(sent, received, broker)))
            assert verdict(replace(history, final=Final(sent._replace(bytes_sent=1), received, broker))) == "STA-1"
            checked += 1
    assert checked > 1000


@pytest.mark.timeout(180)
def test_a_million_operations_are_near_linear_work(capsys: pytest.CaptureFixture[str]) -> None:
    """The states visited per operation do not grow with the history."""
    per_operation = []
    for calls in (5_000, 50_000, 560_000):
        history = Play(Random(1), calls, ends=False).run()
        begun = time.perf_counter()
        per_operation.append(judge(history) / len(history))
        with capsys.disabled():
            print(f"\n{len(history)} operations judged in {time.perf_counter() - begun:.1f} s", end="")
    assert len(history) > 1_000_000
    assert max(per_operation) < 3
    assert max(per_operation) < 1.2 * min(per_operation)


def test_a_call_as_long_as_the_history_costs_no_search() -> None:
    """A shutdown that overlaps every other call leaves the work linear."""
    history = Play(Random(2), 20_000, ends=False).run()
    last = max(history.producer[-1].end, history.consumer[-1].end)
    lanes = {"producer": list(history.producer), "consumer": list(history.consumer), "side": []}
    lanes["side"] = [Event("shutdown", 0.5, last + 0.5, None, False)]  # type: ignore[arg-type]
    alone, beside = judge(history), judge(renumbered(history, lanes))
    assert beside < 5 * alone


def push(begin: int, end: int, token: int, got: PushResult = SENT, call: str = "try_push") -> Event:
    return Event(call, begin, end, token, got, 0.1)


def pop(begin: int, end: int, got: Pop, *tokens: int | bytes | None, most: int = 1, call: str = "try_pop") -> Event:
    return Event(call, begin, end, most, (got, tokens), 0.1 if call == "blocking_pop" else 0)


def batch(begin: int, end: int, tokens: range, got: int) -> Event:
    return Event("batch_push", begin, end, tuple(tokens), got)


def close(side: str, begin: int, end: int) -> Event:
    return Event(f"close_{side}", begin, end, None, None)


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
def test_what_is_wrong_is_named(name: str) -> None:
    """Each kind of wrongness is found, under its rule, with the wrong call in the timeline."""
    rule, producer, consumer, side = WRONG[name]
    with pytest.raises(Broken) as caught:
        judge(History(producer, consumer, side))
    assert (caught.value.rule, caught.value.kind) == (rule, "history"), caught.value.seen
    shown = caught.value.details["timeline"]
    assert any(call["wrong"] for call in shown)
    assert [call["begin"] for call in shown] == sorted(call["begin"] for call in shown)
    assert {"thread", "call", "result", "begin", "end", "wrong"} == set(shown[0])


@pytest.mark.parametrize(("begin", "end", "right"), [(3, 9, True), (5, 9, False)])
def test_a_moment_inside_the_call_is_enough(begin: int, end: int, right: bool) -> None:
    """EMPTY is right where the call began before the push had ended, and wrong where it began after."""
    history = History([push(1, 4, 1)], [pop(begin, end, Pop.EMPTY)])
    assert (verdict(history) == "") is right


def test_each_result_may_be_right_and_both_together_wrong() -> None:
    """QUEUE_FULL and EMPTY each have a moment of their own, but no order has both (store buffering)."""
    sent = [batch(1, 2, range(1, 8), 7), push(3, 4, 8), push(5, 12, 9, FULL)]
    took = pop(6, 7, Pop.SUCCESS, *range(1, 8), most=7, call="batch_pop")
    assert verdict(History(sent, [took])) == ""
    assert verdict(History(sent[:2], [took, pop(8, 9, Pop.EMPTY)])) == "POP-1"
    assert verdict(History(sent, [took, pop(8, 9, Pop.EMPTY)])) == "POP-1"


def test_a_batch_takes_what_it_saw() -> None:
    """Between the look that counts and the moment at which it frees the slots, more may come, and meet a full queue."""
    sent = [push(1, 2, 1), push(5, 6, 2), batch(7, 8, range(3, 10), 6)]
    took = [pop(3, 9, Pop.SUCCESS, 1, most=8, call="batch_pop")]
    assert order_exists(History(sent, took))
    assert verdict(History(sent, took)) == ""
    assert verdict(History(sent, [took[0]._replace(begin=8.5)])) == "POP-5"  # type: ignore[arg-type]


def test_a_batch_may_look_before_its_pushes_are_seen() -> None:
    """The same inside one call is allowed: no ticket orders the batch's push before its look."""
    sent = [batch(1, 2, range(1, 8), 7), batch(3, 12, range(8, 10), 1)]
    took = [pop(6, 7, Pop.SUCCESS, *range(1, 8), most=7, call="batch_pop"), pop(8, 9, Pop.EMPTY)]
    history = History(sent, took)
    assert order_exists(history)
    assert verdict(history) == ""
    assert verdict(History([sent[0], sent[1]._replace(end=5)], took)) != ""


def test_a_history_that_cannot_be_is_refused() -> None:
    """Tickets ascend in each thread, and a handle is closed once."""
    with pytest.raises(ValueError, match="ascend"):
        History([push(3, 4, 1), push(2, 5, 2)], [])
    with pytest.raises(ValueError, match="at most one close_producer"):
        History([close("producer", 1, 2)], [], [close("producer", 3, 4)])
