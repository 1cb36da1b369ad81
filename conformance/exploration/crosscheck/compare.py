"""Does a checker say of a program what the explorer says of it, and if not, is that a known difference of model?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import combinations

from conformance.exploration.crosscheck import Answer, Checker, CheckerError, Outcome, TooLong
from conformance.exploration.litmus import Program, run
from conformance.exploration.litmus.brute_force import candidates, executions
from conformance.exploration.litmus.counted import COUNTED
from conformance.exploration.litmus.differential import random_program
from conformance.exploration.litmus.rc11 import Rules
from conformance.exploration.litmus.suite import EVENTS, SUITE, Litmus

SAME, MODEL, DIFFERS, PASSED_OVER = "same", "model", "differs", "-"
CANDIDATES = 1_000_000
"""A program with more of them is not tried by brute force."""


@dataclass(frozen=True)
class Case:
    """A program to compare, and what is known of it from elsewhere."""

    id: str
    program: Program
    cxx20: bool = False
    litmus: Litmus | None = None
    executions: int | None = None

    @property
    def question(self) -> str | None:
        """The outcome asked about, if it is one."""
        return None if self.litmus is None or self.litmus.asks in EVENTS else self.litmus.asks

    def matching(self, outcomes: Mapping[Outcome, int]) -> int | None:
        """How many executions have the outcome asked about."""
        if self.litmus is None or self.question is None:
            return None
        return sum(count for outcome, count in outcomes.items() if self.litmus.matches(outcome))

    @cached_property
    def explored(self) -> Explored:
        """What the explorer finds."""
        return explored(self.program, cxx20=self.cxx20)


@dataclass(frozen=True)
class Explored:
    """How many executions have each outcome."""

    each: Mapping[Outcome, int]
    races: bool


@dataclass(frozen=True)
class Verdict:
    """Of one case: SAME, MODEL (a known difference), DIFFERS or PASSED_OVER; and in words."""

    kind: str
    says: str


def suite() -> Iterator[Case]:
    """The litmus suite, and the programs whose number of executions was published."""
    for test in SUITE:
        yield Case(test.id, test.program, test.cxx20, test)
    for each in COUNTED:
        yield Case(each.name, each.program, each.cxx20, executions=each.executions)


def random_cases(first: int, last: int) -> Iterator[Case]:
    """Random programs, the same for the same seed."""
    for seed in range(first, last):
        threads = random_program(seed, threads=2 + seed % 2, length=2 + seed // 2 % 2, more=bool(seed // 4 % 2))
        if run(threads, blocking_allowed=True).failure != "misuse":
            yield Case(f"seed {seed}", threads)


def compared(checker: Checker, case: Case, seconds: float) -> Verdict:
    """Ask the checker about this program, and compare."""
    if why := checker.cannot(case.program, case.cxx20):
        return Verdict(PASSED_OVER, why)
    try:
        answer = checker.ask(case.program, case.question, seconds)
    except TooLong as late:
        return Verdict(PASSED_OVER, str(late))
    except CheckerError as error:
        return Verdict(DIFFERS, str(error))
    wrong = difference(case, case.explored, answer)
    if wrong is None:
        wrong = against_known(case, answer)
        return Verdict(DIFFERS, wrong) if wrong else Verdict(SAME, "a data race" if answer.races else "")
    known = explanation(checker, case, answer)
    return Verdict(MODEL, f"{known}: {wrong}") if known else Verdict(DIFFERS, wrong)


def difference(case: Case, ours: Explored, answer: Answer) -> str | None:
    """What the two say otherwise, or None. Of a racy program, only that it is."""
    if ours.races or answer.races:
        if ours.races == answer.races:
            return None
        return "the explorer sees a data race, and the checker none" if ours.races else "a data race, not seen here"
    if more := answer.outcomes - set(ours.each):
        return f"outcome {min(more)} is not met by the explorer"
    if fewer := set(ours.each) - answer.outcomes:
        return f"outcome {min(fewer)} is met only by the explorer"
    if answer.complete != (total := sum(ours.each.values())):
        return f"{answer.complete} executions, and {total} explored"
    if answer.matching is not None and case.question and answer.matching != (found := case.matching(ours.each)):
        return f"{answer.matching} executions with {case.question}, and {found} explored"
    if answer.each is not None and dict(answer.each) != dict(ours.each):
        other = min(outcome for outcome in ours.each if answer.each[outcome] != ours.each[outcome])
        return f"outcome {other} in {answer.each[other]} executions, and {ours.each[other]} explored"
    return None


def against_known(case: Case, answer: Answer) -> str | None:
    """What the checker's answer is otherwise than the suite has it from its sources, or None."""
    if case.executions is not None and answer.complete != case.executions:
        return f"{answer.complete} executions instead of the known {case.executions}"
    test = case.litmus
    if test is None:
        return None
    seen = answer.races if test.asks == "race" else any(test.matches(outcome) for outcome in answer.outcomes)
    if seen != test.allowed:
        return f"{test.asks} should be {'allowed' if test.allowed else 'forbidden'} ({test.source})"
    return None


def explanation(checker: Checker, case: Case, answer: Answer) -> str | None:
    """The known deviations of the checker's model, as few as may be, that give the same answer."""
    known = checker.deviations
    for size in range(1, len(known) + 1):
        for words in combinations(known, size):
            theirs = under(_together([Rules(cxx20=case.cxx20), *(known[each] for each in words)]), case.program)
            if theirs is not None and difference(case, theirs, answer) is None:
                return ", and ".join(words)
    return None


def under(rules: Rules, threads: Program) -> Explored | None:
    """The program under these rules: explored, where the explorer has them; else by brute force, if it is small."""
    if not rules.any_location:
        return explored(threads, cxx20=rules.cxx20, failing_as_success=rules.failing_as_success)
    if candidates(threads) > CANDIDATES:
        return None
    found = executions(threads, rules)
    return Explored(found.outcomes, found.races)


def explored(threads: Program, **options: bool) -> Explored:
    """What the explorer finds."""
    result = run(threads, blocking_allowed=True, **options)
    if result.failure is not None and result.failure != "data race":
        raise CheckerError(f"the explorer fails: {result.failure}: {result.message}")
    return Explored(result.outcomes, result.failure is not None)


def _together(rules: Sequence[Rules]) -> Rules:
    return Rules(**{field.name: any(getattr(each, field.name) for each in rules) for field in fields(Rules)})
