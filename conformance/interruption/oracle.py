"""What the model allows after an interrupted call: every order of the call, the intruder and what else happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import permutations
from typing import Any

import spec_model
from conformance.differential.observe import Raised, raised
from conformance.interruption.catalogue import BY_CALL, INTRUDERS, REFUSED, RESCUES, Call, Intruder
from conformance.interruption.observing import Names, Record, aftermath, compiled, opened, perform, settled
from spec_model.channel.value import Side
from spec_model.errors import WouldBlockForever
from spec_model.vocabulary import ChannelError

CONCURRENT_USE = Raised("ConcurrentUseError")

DONE, LOST, NOT_DONE, LOOKED = "done", "lost", "not done", "looked"
"""How a call can come out of an interruption: whole; whole, but an exception took the place of its answer; as if it
had not been made; likewise, but a pop had looked, so that earlier messages have expired."""

POPPED = "popped"
"""How a pop in another thread comes out before its messages are read."""

REFUSED_USE, EXPORTED, NO_MEMORY = "concurrent use", "exported", "no memory"
"""How it can be refused, with nothing done."""

_REFUSALS = {
    REFUSED_USE: CONCURRENT_USE, EXPORTED: Raised("BufferError"), NO_MEMORY: (ChannelError.ALLOCATION_FAILED, None),
}  # fmt: skip


NOTHING = Intruder("nothing")


class _Impossible(Exception):
    """An order in which something waits for ever."""


class Allowed:
    """Every record that some order of a call and its intruder gives, worked out when it is asked for.

    kind: of KINDS; an intruder of "" came at no point. rescues: how often a blocked call's way was made free.
    """

    def __init__(self, call: str, state: str, intruder: str, kind: str, rescues: int) -> None:
        self._call, self._state = BY_CALL[call], state
        self._intruder = REFUSED if intruder == REFUSED.name else INTRUDERS.get(intruder, NOTHING)
        self._orders = iter(dict.fromkeys(_orders(self._call, kind, self._intruder, rescues)))
        self._known: list[Record] = []

    def __iter__(self) -> Iterator[Record]:
        yield from tuple(self._known)
        for order in self._orders:
            try:
                record = _run(self._call, self._state, self._intruder, order)
            except _Impossible:
                continue
            if record not in self._known:
                self._known.append(record)
                yield record


@lru_cache(maxsize=8192)
def allowed(call: str, state: str, intruder: str, kind: str, rescues: int) -> Allowed:
    """The records that the model allows, the same for everybody who asks; an intruder of "" is none."""
    return Allowed(call, state, intruder, kind, rescues)


Action = tuple[str, str]
"""Whose, "call", "step N", "intruder", "reading" or "rescue", and how it comes out."""


def _orders(call: Call, kind: str, intruder: Intruder, rescues: int) -> Iterator[tuple[Action, ...]]:
    """Every order of the actions that could explain what was seen."""
    also: list[tuple[Action, ...]] = [(("intruder", DONE),)] if intruder.text else [()]
    if kind == "thread" and intruder.then and call.on == intruder.on:
        also.append((("intruder", POPPED), ("reading", DONE)))
    same = call.guarded and intruder.guarded and intruder.on == call.on and intruder.text
    if same:
        also.append((("intruder", REFUSED_USE),))
    for of_call in _outcomes(call, kind == "memory", intruder, bool(same)):
        for of_intruder in also:
            actions = (*of_call, *of_intruder, *[("rescue", DONE)] * rescues)
            for order in permutations(actions):
                if all([each for each in order if each in of_one] == list(of_one) for of_one in (of_call, of_intruder)):
                    yield order


def _outcomes(call: Call, memory: bool, intruder: Intruder, same: bool) -> Iterator[tuple[Action, ...]]:
    """How the call itself can come out, as the actions that it consists of."""
    whole = tuple((f"step {number}", DONE) for number in range(len(call.steps)))
    if intruder.raises is None or memory:
        yield (("call", DONE),)
        if call.pops:
            yield (("call", LOOKED), ("call", DONE))  # it found nothing, or began anew
        if whole and (call.between or intruder.on != call.on):
            yield whole  # the intruder may come between any two
        if same:
            yield from ((*whole[:number], ("call", REFUSED_USE)) for number in range(len(whole) if call.between else 1))
            yield (("call", LOOKED), ("call", REFUSED_USE))
        if intruder.exports:
            # MSG-3, RSV-7: beside an export that is just taken or dropped, a call may be refused.
            yield (("call", LOOKED), ("call", EXPORTED)) if call.pops else (("call", EXPORTED),)
    if memory and call.name == "request_channel":
        yield (("call", NO_MEMORY),)
    if intruder.raises is not None:
        yield (("call", NOT_DONE),)
        if call.pops:
            yield (("call", LOOKED), ("call", NOT_DONE))
        # With no memory for its answer, a call takes nothing [POP-6, BRK-5].
        if not (memory and call.once):
            yield (("call", LOST),)
        for number in range(1, len(whole)):
            yield (*whole[:number], ("call", NOT_DONE))


def _run(call: Call, state: str, intruder: Intruder, order: tuple[Action, ...]) -> Record:
    names = opened(spec_model, state, None)
    answers: dict[str, Any] = {"call": None, "intruder": None}
    rescued: list[Any] = []
    lost: list[Any] = []  # gone when the exception has left the call, after whoever came in between
    finished = 0  # steps
    raises = None if intruder.raises is None else Raised(intruder.raises.__name__)
    for whose, how in order:
        if whose == "rescue":
            rescued.append(_perform(names, RESCUES[call.on]))
        elif whose == "intruder":
            if how == POPPED:
                names["popped"] = eval(compiled(intruder.text), names)
            else:
                refused = how == REFUSED_USE
                answers["intruder"] = CONCURRENT_USE if refused else _perform(names, intruder.text, intruder.then)
        elif whose == "reading":
            answers["intruder"] = _perform(names, intruder.then)
            del names["popped"]
        elif whose.startswith("step"):
            if finished == int(whose[5:]):
                answers["call"], finished = _step(_perform(names, call.steps[finished]), finished)
        elif how == DONE:
            answers["call"] = _answer(names, call)
        elif how == LOST:
            lost.append(_answer(names, call))
            answers["call"] = raises
        elif how == NOT_DONE:
            answers["call"] = raises
        elif how == LOOKED:
            _expire(names)
        else:
            answers["call"] = _REFUSALS[how]
            if how == REFUSED_USE and call.between:
                answers["call"] = CONCURRENT_USE._replace(sent=finished)
    lost.clear()
    if any(action == ("call", DONE) for action in order) and not isinstance(answers["call"], BaseException):
        assign(names, call, answers["call"])  # whoever came in between had the old handle
    record = {
        "call": repr(settled_result(spec_model, answers["call"])), "intruder": repr(answers["intruder"]),
        "rescued": repr(rescued), "swallowed": "[]",
    }  # fmt: skip
    answers.clear()
    aftermath(names, record, lambda: None)
    return record


def _step(answer: Any, finished: int) -> tuple[Any, int]:
    """What a series answers after this step, before which so many were finished; and how many are now."""
    if isinstance(answer, Raised):
        return answer._replace(sent=finished), finished
    finished += answer is None or answer == 1
    return (finished if isinstance(answer, int) else answer), finished


def _answer(names: Names, call: Call) -> Any:
    try:
        answer = eval(compiled(call.text), names)
    except WouldBlockForever:
        raise _Impossible from None
    except Exception as error:
        return error
    return answer


def assign(names: Names, call: Call, answer: Any) -> None:
    """Keep the answer of a call where the catalogue says; without one, what another thread got stays."""
    if call.into == "views":
        names["views"].append(answer)
    elif call.into and answer is not None:
        names[call.into] = answer


def settled_result(omni: Any, answer: Any) -> Any:
    """An answer or an exception as it is compared, when everything else has happened."""
    if isinstance(answer, BaseException):
        return raised(omni, answer)
    return answer if isinstance(answer, Raised) else settled(omni, answer)


def _perform(names: Names, text: str, then: str = "") -> Any:
    try:
        return perform(names, text, then)
    except WouldBlockForever:
        raise _Impossible from None


def _expire(names: Names) -> None:
    """What a pop does that looks and takes nothing [POP-6]; no public call of the model does only that."""
    endpoint = names["c0"]._endpoint
    if endpoint.channel.consumer is Side.LIVE:
        endpoint.channel = replace(endpoint.channel, held=0)
