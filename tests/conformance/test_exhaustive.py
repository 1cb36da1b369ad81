"""The exhaustive search reaches every state and operation, and its replay notices mistakes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import spec_model
from conformance.checks import CHECKS, Check
from conformance.differential.exhaustive import FEATURES, Reached, Replay, Start, part
from conformance.differential.exhaustive.operations import OPENING
from conformance.differential.exhaustive.state import State, Transition, abstract
from conformance.differential.lockstep import Divergence, Lockstep, new_tally
from conformance.differential.program import parse
from conformance.failure import Broken
from conformance.results import ALLOWED
from conformance.targets import Target, load
from spec_model.channel.lifecycle import is_abandoned
from spec_model.channel.value import Channel
from tests.conformance.test_mistakes import mistakes
from tests.mutation.mutant import Mutant

TRANSITIONS = {check.id: check for check in CHECKS if check.layer == "differential-exhaustive"}
PARTS = ("plain", *FEATURES)

PRODUCER = {
    "try_push", "blocking_push", "batch_push", "send_many", "wait", "reserve", "commit", "rollback",
    "close", "move", "del",
}  # fmt: skip
CONSUMER = {"try_pop", "blocking_pop", "batch_pop", "receive_many", "wait", "close", "move", "del"}
QUERIES = {"is_connected", "capacity", "max_message_size", "get_config", "get_stats"}
BROKER = {"request_channel", "has_channel", "remove_channel", "get_stats", "shutdown"}

# Waiting 0 to 8; reserved with 0 to 7 waiting, by a live producer; nothing, one or several messages held by a
# live consumer. So 9 + 8 states of a live producer's queue, 9 of a closed one's, times 3 or 1.
PLAIN = (17 + 9) * 3 + (17 + 9)
# One, 7 or 8 messages exported: held one or several with the oldest exported, several with all; or, after a later pop,
# nothing, one or several held beside one exported, nothing or one beside 7, nothing beside 8.
EXPORTED = (17 + 9) * (2 + 1 + 1 + 3 + 2 + 1) + (17 + 9)
COUNTS = {
    "plain": PLAIN,
    "shut": PLAIN,
    "producer moved": PLAIN,
    "consumer moved": PLAIN,
    "region exported": 8 * 3 + 8,
    "message exported": EXPORTED,
}


def _called(reached: Reached, variable: str) -> set[str]:
    operations = [operation for transition in reached.transitions for operation in transition.operations]
    calls = {operation.kind for operation in operations if operation.on == variable}
    return calls | {"del" for operation in operations if operation.source == f"del {variable}"}


@pytest.mark.parametrize("name", PARTS)
def test_every_state_is_reached_once(name: str) -> None:
    """Each part has as many states as the product of its dimensions."""
    assert len(part(name)) == COUNTS[name]


@pytest.mark.parametrize("name", PARTS)
def test_every_operation_in_every_state(name: str) -> None:
    """Every state has every operation on both handles, on moved-from handles and on the broker."""
    for reached in part(name):
        state = reached.state
        assert _called(reached, state.producer) == PRODUCER | QUERIES | {"available_slots"}
        assert _called(reached, state.consumer) == CONSUMER | QUERIES | {"available_messages"}
        assert _called(reached, "b") == BROKER
        assert not state.moved_from_producer or _called(reached, state.moved_from_producer) >= PRODUCER | QUERIES
        assert not state.moved_from_consumer or _called(reached, state.moved_from_consumer) >= CONSUMER | QUERIES


@pytest.mark.parametrize("name", PARTS)
def test_every_path_leads_to_its_state(name: str) -> None:
    """Each path, and one transition more, leads the model's handles to the channel that the search has."""
    for reached in part(name):
        leading = [transition for transition in reached.transitions if transition.after is not None]
        for number in (0, len(reached.path) % len(leading), len(leading) // 2):
            lockstep = Lockstep("spec_model")
            for operation in (*OPENING, *reached.path):
                lockstep.run(operation, compare=False)
            assert _channel(lockstep, reached.state) == reached.state.channel
            for operation in leading[number].operations:
                lockstep.run(operation, compare=False)
            after = leading[number].after
            assert after is not None and _channel(lockstep, after) == after.channel, leading[number].operations
            lockstep.close()


def _channel(lockstep: Lockstep, state: State) -> Channel:
    """The channel as seen by the model's endpoint that is still live, or was closed last."""
    endpoints = [lockstep.expected[state.producer]._endpoint, lockstep.expected[state.consumer]._endpoint]
    endpoints.sort(key=lambda endpoint: (endpoint._final is not None, not is_abandoned(endpoint.channel)))
    exports = lockstep.expected[state.consumer]._endpoint.resources
    channel: Channel = exports.release_dead(endpoints[0].channel)
    return channel


def test_programs_are_plain_python() -> None:
    """Every operation reads back from its text."""
    lines = {operation.render() for operation in OPENING}
    for reached in (each for name in PARTS for each in part(name)):
        lines.update(operation.render() for operation in reached.path)
        lines.update(operation.render() for each in reached.transitions for operation in each.operations)
    for line in lines:
        assert parse(line).render() == line


@pytest.mark.parametrize("target", ["spec_model", "fast_impl"])
@pytest.mark.parametrize(
    "check",
    [
        pytest.param("CON-3/exhaustive-start-13", marks=pytest.mark.slow),
        "RSV-7/exhaustive-with-the-region-exported",
    ],
)
def test_the_implementations_pass(target: str, check: str) -> None:
    """Model and core agree in every transition, and all are replayed."""
    tally = new_tally()
    TRANSITIONS[check].run(load(target), tally)
    assert tally.figures["states"] > 30
    assert tally.figures["transitions"] == tally.figures["transitions replayed"] > 50 * tally.figures["states"]


@pytest.mark.slow
def test_every_result_is_reached() -> None:
    """Plain states and exports reach every result that the rules give for valid arguments, refusals included."""
    tally = new_tally()
    TRANSITIONS["RSV-7/exhaustive-with-the-region-exported"].run(load("spec_model"), tally)
    replay = Replay(spec_model, tally, "CON-3", Start())
    for reached in part("plain")[::8]:
        replay.replay(reached, reached.transitions)
    for reached in part("message exported")[::3]:
        if abstract(reached.state).earlier == 8:
            Replay(spec_model, tally, "MSG-3", Start()).replay(
                reached, [each for each in reached.transitions if each.on_queue]
            )
    of_bad_arguments = {(kind, error) for kind in ALLOWED for error in ("TypeError", "ValueError")}
    of_bad_arguments |= {(kind, "BufferError") for kind in ("try_push", "blocking_push", "batch_push", "send_many")}
    wanted = {(kind, result) for kind in PRODUCER | CONSUMER for result in ALLOWED[kind]} - of_bad_arguments
    assert wanted - set(tally.coverage) == set()


def test_a_transition_not_replayed_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one transition left out, or no states at all, the check fails."""
    check = TRANSITIONS["RSV-7/exhaustive-with-the-region-exported"]
    every = Replay.replay
    left: list[str] = []

    def all_but_one(self: Replay, reached: Reached, transitions: list[Transition]) -> None:
        every(self, reached, transitions if left else transitions[1:])
        left.append("one")

    monkeypatch.setattr(Replay, "replay", all_but_one)
    with pytest.raises(Broken, match=r"\d+ of \d+ transitions were replayed"):
        check.run(load("spec_model"), new_tally())
    monkeypatch.setattr("conformance.checks.differential.part", lambda name: ())
    with pytest.raises(Broken, match="0 of 0 transitions"):
        check.run(load("spec_model"), new_tally())


def test_every_ring_position_is_a_start() -> None:
    """The states are replayed at each position in a ring of twice the capacity, and at each around the index wrap."""
    assert {f"CON-3/exhaustive-start-{popped:02}" for popped in range(16)} <= set(TRANSITIONS)
    wraps = {f"CON-3/exhaustive-index-wrap-{before:02}" for before in range(1, 17)}
    assert {check.id for check in TRANSITIONS.values() if "start-index" in check.needs} > wraps


@mistakes
def test_mistakes_are_caught(broken: Callable[[Mutant], Target], mistake: Mutant) -> None:
    """A mistake in a copy of the model is found by the plain transitions, as a program that breaks its rule."""
    check: Check = TRANSITIONS["CON-3/exhaustive-start-00"]
    with pytest.raises(Divergence) as caught:
        check.run(broken(mistake), new_tally())
    assert caught.value.rule == mistake.rules[0], caught.value
    assert caught.value.program.operations[: len(OPENING)] == OPENING
