"""Cause and consequence: which of a run's failures another one explains.

A failure without a program of its own is explained by a deviation that a program shows, where its check makes the call
that deviates and it tells of that answer; and one crash or hang that several checks reach is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

from conformance.checks import CHECKS
from conformance.differential.program import parse
from conformance.failure import Failure
from conformance.learned import CAPACITY, ENDINGS, INACTIVE, Fact
from conformance.threads import OPERATIONS

PLACE = {check.id: number for number, check in enumerate(CHECKS)}

_FULL = re.compile(r"QUEUE_FULL|TIMEOUT|TimeoutError|\bfit\b|has sent|batch_push|out of room")


def explained(failures: Sequence[Failure]) -> list[Failure]:
    """The failures, each with the rule that explains it where another one does.

    A claim that says what is known by it was made where nothing else came in between.
    """
    shown = {failure.rule for failure in failures if failure.program and not failure.cause}
    known = [failure for failure in failures if failure.rule in shown]
    result = _explained_by(known, failures, shown)
    known += [failure for failure in result if failure.python and not failure.cause and failure not in known]
    return _once(_explained_by(known, result, shown))


def _explained_by(known: Iterable[Failure], failures: Iterable[Failure], shown: Collection[str]) -> list[Failure]:
    """The failures, with those explained that have no cause yet and are not of the rules that are `shown`."""
    facts = list(dict.fromkeys(fact for failure in known for fact in failure.facts))
    result: list[Failure] = []
    for failure in failures:
        by_itself = failure.program or failure.rule in shown or (failure.kind == "claim" and failure.facts)
        if _waits_for_room(failure):  # that a shorter channel does not have
            by_itself = not any(fact.call == CAPACITY for fact in facts)
        cause = failure.cause if by_itself or failure.cause else _cause(failure, facts) or _met(failure, known)
        result.append(replace(failure, cause=cause))
    return result


def _met(failure: Failure, known: Iterable[Failure]) -> str:
    """The rule of a program all of whose calls the check of a claim makes too: it uses something else that is broken.

    Of several, the longest; programs are the shortest that show what they show.
    """
    if failure.kind not in ("claim", "crash") or failure.program or failure.python:
        return ""
    uses = uses_of(failure.check)
    met = [(len(calls), each.rule) for each in known for calls in [_calls(each)] if _are_made(calls, uses)]
    return max(met)[1] if met and uses is not OPERATIONS else ""


def _calls(failure: Failure) -> list[str]:
    """The calls of a program in their order, but for those that open a channel."""
    kinds = [each.kind for each in parse("\n".join(failure.program)).operations]
    return [kind for place, kind in enumerate(kinds, 1) if kind in OPERATIONS
            and (kind != "request_channel" or place == len(kinds))]  # fmt: skip


def _are_made(calls: Sequence[str], uses: Collection[str]) -> bool:
    """Whether a check makes these calls, or others of the same side: the only one just so."""
    sides = [next((side for side in (_PUSHES, _POPS) if call in side), (call,)) for call in calls]
    if len(calls) == 1:
        return calls[0] in uses
    return bool(calls) and all(not set(side).isdisjoint(uses) for side in sides)


def _cause(failure: Failure, facts: Iterable[Fact]) -> str:
    found = [fact.rule for fact in facts if fact.rule != failure.rule and _explains(fact, failure)]
    return max(found, key=found.count) if found else ""


def _explains(fact: Fact, failure: Failure) -> bool:
    """Whether what is known of a target may be all that a failure shows."""
    uses, seen = uses_of(failure.check), failure.seen
    if fact.call == CAPACITY:
        return _waits_for_room(failure) or (bool(_FULL.search(seen)) and not uses.isdisjoint(_PUSHES))
    if fact.answer in ENDINGS:
        ended = failure.kind == ("hang" if fact.answer == "hangs" else "crash")
        calls = {each.call for each in failure.facts}
        same = next((side for side in (_PUSHES, _POPS) if fact.call in side), (fact.call,))
        return ended and (fact.state in INACTIVE or not calls.isdisjoint(same))
    follows = _FOLLOWS.get(fact.call)
    if follows is not None and follows[0] in uses and follows[1] in seen:
        return True
    if fact.call not in uses:
        return False
    if fact.answer:
        return re.search(rf"\b{re.escape(fact.answer)}\b", seen) is not None
    return any(word in seen for word in (fact.call, *_FIELDS.get(fact.field, ())))


def _waits_for_room(failure: Failure) -> bool:
    return failure.kind == "hang" and any(fact.call in _PUSHES for fact in failure.facts)


_PUSHES = ("try_push", "blocking_push", "batch_push", "send", "send_many", "reserve", "build")
_POPS = ("try_pop", "blocking_pop", "batch_pop", "receive", "receive_many")
"""Calls of one side: what ends one of them ends the others."""

_FOLLOWS = {"has_channel": ("request_channel", "NAME_EXISTS")}
"""The call that answers otherwise where a query differs, and its answer."""

_FIELDS = {
    "active": ("active_channels",),
    "total": ("total_channels_created", "total_messages_sent", "total_bytes_transferred"),
    "failed": ("failed_pushes", "failed_pops"),
    "counts": ("messages_sent", "bytes_sent", "messages_received", "bytes_received"),
}


def _once(failures: Sequence[Failure]) -> list[Failure]:
    """Of the crashes in one call, and of the hangs, the one that is shown best stands for the others."""
    ends: dict[tuple[str, str], list[Failure]] = {}
    for failure in failures:
        if failure.kind in ("crash", "hang") and not failure.cause and failure.facts:
            ends.setdefault((failure.kind, failure.facts[0].call), []).append(failure)
    main = {key: min(same, key=_shown_worse) for key, same in ends.items()}
    result = []
    for failure in failures:
        best = main.get((failure.kind, failure.facts[0].call)) if failure.facts and not failure.cause else None
        apart = best is None or best is failure or failure.program or failure.rule == best.rule
        result.append(failure if apart or best is None else replace(failure, cause=best.rule))
    return result


def _shown_worse(failure: Failure) -> tuple[bool, bool, int]:
    return not failure.program, not failure.python, PLACE.get(failure.check, len(PLACE))


@cache
def uses_of(check: str) -> frozenset[str]:
    """The operations that a check's code may call; all where that cannot be known."""
    body = next((each.run for each in CHECKS if each.id == check), None)
    names = _names(body, set()) if body is not None else frozenset()
    found = names & OPERATIONS | ({"reserve", "commit", "rollback"} if "build" in names else set())
    return found or OPERATIONS


def _names(body: Callable[..., Any], seen: set[int]) -> frozenset[str]:
    """The attributes that a function's code names, with the suite's own functions and classes that it mentions."""
    if id(body) in seen:
        return frozenset()
    seen.add(id(body))
    if isinstance(body, type):
        members = [each for each in vars(body).values() if isinstance(each, FunctionType)]
        return frozenset().union(*(_names(each, seen) for each in members))
    if not isinstance(body, FunctionType):
        return frozenset()
    codes, names = [body.__code__], set[str]()
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes += [each for each in code.co_consts if isinstance(each, CodeType)]
    cells = [cell.cell_contents for cell in body.__closure__ or ()]
    for each in [*cells, *(body.__globals__.get(name) for name in names)]:
        module = getattr(each, "__module__", "") or ""
        if callable(each) and not isinstance(each, ModuleType) and module.startswith("conformance."):
            names |= _names(each, seen)
    return frozenset(names)
