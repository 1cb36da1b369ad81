"""What has been learned of a target: the deviations that are known, so that one does not hide the others.

A known difference is passed over, a capacity that is short is taken as that capacity, and a call that crashed or hung
is not made again. `here` is what this process knows; a run hands it from check to check.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from spec_model.channel.value import Channel

HANGS, CRASHES = "hangs", "crashes"
ENDINGS = (HANGS, CRASHES)
"""Answers of a call that is not made again."""

CAPACITY = "what fits"
"""In place of the call, in a fact whose answer is how many messages fewer fit than should."""

SHORT = "PSH-2"
"""The rule that a capacity which is short breaks, in some calls or in all."""

SUSPECTED = "suspected"
"""The state in a fact about a query whose rule is the one that the check is of, and not the likeliest."""

MANY = 3
"""Calls on handles of one inactive state that did not come back, after which none is made on them; or checks."""


class Fact(NamedTuple):
    """One deviation from the model.

    rule: broken by it. call: the operation, or the query. answer: of the operation, in a word; of a query "".
    expected: the model's answer. field: of statistics. after: the operation that a query differed after; of one of
    ENDINGS, the check. state: of the handle that the call was made on, if that was inactive; else, for one of ENDINGS,
    the call with its arguments; or SUSPECTED.
    """

    rule: str
    call: str
    answer: str = ""
    expected: str = ""
    field: str = ""
    after: str = ""
    state: str = ""


class Learned:
    """Facts, and the rules that are taken to be broken from the start.

    check: the one that is run. endings: the facts about calls that did not come back.
    """

    def __init__(self, facts: Iterable[Fact] = (), assumed: Iterable[str] = ()) -> None:
        self.facts: set[Fact] = set()
        self.endings: list[Fact] = []
        self.check = ""
        self.assumed = frozenset(assumed)
        self.learn(facts)

    def learn(self, facts: Iterable[Fact]) -> bool:
        """Add facts; whether any was new."""
        new = set(facts) - self.facts
        self.facts |= new
        self.endings = [fact for fact in self.facts if fact.answer in ENDINGS]
        return bool(new)

    @property
    def shortfall(self) -> int:
        """How many messages fewer fit than should."""
        return max((int(fact.answer) for fact in self.facts if fact.call == CAPACITY), default=0)

    def knows(self, fact: Fact, candidates: Collection[str], suspect: str | None = None) -> bool:
        """Whether a difference is a known one; `candidates`: the rules that it may break, `fact.rule` the likeliest.

        A query that is known to differ says something only in the check of a rule that it may break, the `suspect`;
        and in the check of the likeliest rule, what another check has given to its own is found again.
        """
        if fact.rule in self.assumed or (self.shortfall and fact.rule == SHORT):
            return True
        return any(
            (known.call, known.answer, known.expected, known.field)
            == (fact.call, fact.answer, fact.expected, fact.field)
            and (known.rule == fact.rule or fact.rule != suspect or known.state != SUSPECTED)
            and (
                known.rule in candidates
                or (not fact.answer and (known.after == fact.after or suspect not in candidates))
            )
            for known in self.facts
        )

    def avoids(self, call: str, state: str) -> bool:
        """Whether a call is not to be made on a handle in a state, or with arguments, since it did not come back.

        On an active handle, that holds in the check in which it did not, and everywhere when it did not in several.
        """
        endings = self.endings
        if state in INACTIVE:
            calls = {fact.call for fact in endings if fact.state == state}
            return call in calls or len(calls) >= MANY
        checks = {fact.after for fact in endings if (fact.call, fact.state) == (call, state)}
        return self.check in checks or len(checks) >= MANY


INACTIVE = ("closed", "moved from")
"""States of a handle in which a call has no effect [LIF-4]."""

here = Learned()
"""What this process knows."""

_free_slots = Channel.free_slots


def become(known: Learned, check: str = "") -> None:
    """From now on, this process knows what `known` knows, and no more, and runs a check."""
    here.facts, here.assumed, here.check = set(), known.assumed, check
    here.learn(known.facts)
    _adapt()


def learn(facts: Iterable[Fact]) -> bool:
    """Add facts to what this process knows; whether any was new."""
    new = here.learn(facts)
    _adapt()
    return new


def _adapt() -> None:
    """Let the model's channels have the capacity of the target's."""
    short = property(lambda channel: channel.config.capacity - here.shortfall - len(channel.waiting))
    setattr(Channel, "free_slots", short if here.shortfall else _free_slots)  # noqa: B010 - a property of another class
