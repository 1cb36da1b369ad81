"""The transitions reach every state and operation that they say, and notice mistakes in them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import spec_model
from conformance.checks import CHECKS, Check
from conformance.differential.cells import ALLOWED
from conformance.differential.exhaustive.broker import OPENING
from conformance.differential.exhaustive.parts import FEATURES, part
from conformance.differential.exhaustive.replay import Replay, Start
from conformance.differential.exhaustive.search import Reached
from conformance.differential.exhaustive.state import State, abstract
from conformance.differential.exhaustive.step import Step
from conformance.differential.lockstep import Divergence, Lockstep, new_tally
from conformance.differential.program import parse
from conformance.failure import Broken
from conformance.targets import Target, load
from spec_model.channel.lifecycle import is_abandoned
from spec_model.channel.value import Channel
from tests.conformance.test_mistakes import mistakes
from tests.mutation.mutant import Mutant

TRANSITIONS = {check.id: check for check in CHECKS if check.layer == "transitions"}
PARTS = ("plain", *FEATURES)

PRODUCER = {"try_push", "blocking_push", "batch_push", "reserve", "commit", "rollback", "close", "move", "del"}
CONSUMER = {"try_pop", "blocking_pop", "batch_pop", "close", "move", "del"}
QUERIES = {"is_connected", "capacity", "max_message_size", "get_config", "get_stats"}
BROKER = {"request_channel", "has_channel", "remove_channel", "get_stats", "shutdown"}

# Waiting 0 to 8; reserved with 0 to 7 waiting, by a live producer; nothing, one or several messages held by a
# live consumer. So 9 + 8 states of a live producer's queue, 9 of a closed one's, times 3 or 1.
PLAIN = (17 + 9) * 3 + (17 + 9)
# Room for 7, 1 or 0 more pops; right after a single message was exported, several cannot be held.
EXPORTED = (17 + 9) * (3 * 3 - 1) + (17 + 9)
COUNTS = {
    "plain": PLAIN,
    "shut": PLAIN,
    "producer moved": PLAIN,
    "consumer moved": PLAIN,
    "region exported": 8 * 3 + 8,
    "message exported": EXPORTED,
}


def _called(reached: Reached, variable: str) -> set[str]:
    operations = [operation for step in reached.steps for operation in step.operations]
    calls = {operation.kind for operation in operations if operation.on == variable}
    return calls | {"del" for operation in operations if operation.source == f"del {variable}"}


@pytest.mark.parametrize("name", PARTS)
def test_the_states_are_those_that_there_are(name: str) -> None:
    """Each part has as many states as its dimensions multiply to: none is missed, none is there twice."""
    assert len(part(name)) == COUNTS[name]


@pytest.mark.parametrize("name", PARTS)
def test_every_operation_in_every_state(name: str) -> None:
    """No state is without an operation, on either handle, on what it was moved from, or on the broker."""
    for reached in part(name):
        state = reached.state
        assert _called(reached, state.producer) == PRODUCER | QUERIES | {"available_slots"}
        assert _called(reached, state.consumer) == CONSUMER | QUERIES | {"available_messages"}
        assert _called(reached, "b") == BROKER
        assert not state.producer_husk or _called(reached, state.producer_husk) >= PRODUCER | QUERIES
        assert not state.consumer_husk or _called(reached, state.consumer_husk) >= CONSUMER | QUERIES


@pytest.mark.parametrize("name", PARTS)
def test_every_path_leads_to_its_state(name: str) -> None:
    """The model's handles come by each path to the very channel that the search has, and by one step further too."""
    for reached in part(name):
        steps = [step for step in reached.steps if step.after is not None]
        for number in (0, len(reached.path) % len(steps), len(steps) // 2):
            lockstep = Lockstep("spec_model")
            for operation in (*OPENING, *reached.path):
                lockstep.run(operation, look=False)
            assert _channel(lockstep, reached.state) == reached.state.channel
            for operation in steps[number].operations:
                lockstep.run(operation, look=False)
            after = steps[number].after
            assert after is not None and _channel(lockstep, after) == after.channel, steps[number].operations
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
    for name in PARTS:
        for reached in part(name):
            operations = (*OPENING, *reached.path, *(each for step in reached.steps for each in step.operations))
            text = [operation.render() for operation in operations]
            assert [operation.render() for operation in parse("\n".join(text)).operations] == text


@pytest.mark.parametrize("target", ["spec_model", "fast_impl"])
@pytest.mark.parametrize("check", ["CON-3/transitions-start-13", "RSV-7/transitions-with-the-region-exported"])
def test_the_implementations_pass(target: str, check: str) -> None:
    """Model and core behave alike in every one, and all are replayed."""
    tally = new_tally()
    TRANSITIONS[check].run(load(target), tally)
    assert tally.figures["states"] > 30
    assert tally.figures["transitions"] == tally.figures["transitions replayed"] > 50 * tally.figures["states"]


def test_every_result_is_met() -> None:
    """With plain states and exports, each answer comes up that the rules give to good arguments, refusals too."""
    tally = new_tally()
    for check in ("CON-3/transitions-start-00", "RSV-7/transitions-with-the-region-exported"):
        TRANSITIONS[check].run(load("spec_model"), tally)
    for reached in part("message exported"):
        if abstract(reached.state).room == 0:
            Replay(spec_model, tally, "MSG-3", Start()).all(reached, [each for each in reached.steps if each.on_queue])
    of_bad_arguments = {(kind, error) for kind in ALLOWED for error in ("TypeError", "ValueError")}
    of_bad_arguments |= {(kind, "BufferError") for kind in ("try_push", "blocking_push", "batch_push")}
    wanted = {(kind, result) for kind in PRODUCER | CONSUMER for result in ALLOWED[kind]} - of_bad_arguments
    assert wanted - set(tally.cells) == set()


def test_what_is_not_replayed_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """One transition left out, or no states at all, and the check fails."""
    check = TRANSITIONS["RSV-7/transitions-with-the-region-exported"]
    every = Replay.all
    left: list[str] = []

    def all_but_one(self: Replay, reached: Reached, steps: list[Step]) -> None:
        every(self, reached, steps if left else steps[1:])
        left.append("one")

    monkeypatch.setattr(Replay, "all", all_but_one)
    with pytest.raises(Broken, match=r"\d+ of \d+ transitions were replayed"):
        check.run(load("spec_model"), new_tally())
    monkeypatch.setattr("conformance.checks.transitions.part", lambda name: ())
    with pytest.raises(Broken, match="0 of 0 transitions"):
        check.run(load("spec_model"), new_tally())


def test_each_slot_is_a_start() -> None:
    """The states are gone through at each place in a ring of twice the capacity, and at each around the wrap."""
    assert {f"CON-3/transitions-start-{popped:02}" for popped in range(16)} <= set(TRANSITIONS)
    wraps = {f"CON-3/transitions-index-wrap-{before:02}" for before in range(1, 17)}
    assert {check.id for check in TRANSITIONS.values() if check.needs == {"start-index"}} > wraps


@mistakes
def test_mistakes_are_caught(broken: Callable[[Mutant], Target], mistake: Mutant) -> None:
    """A mistake in a copy of the model shows in the plain transitions, as a program that breaks its rule."""
    check: Check = TRANSITIONS["CON-3/transitions-start-00"]
    with pytest.raises(Divergence) as caught:
        check.run(broken(mistake), new_tally())
    assert caught.value.rule == mistake.rules[0], caught.value
    assert caught.value.program.operations[: len(OPENING)] == OPENING
