"""One check on one target, in this process: run, or what showed a failure run again; and what failed, in words."""

from __future__ import annotations

import ast
import linecache
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType, TracebackType

from conformance.checks import CHECKS, Check, interruption
from conformance.checks.registry import of_program
from conformance.differential import plain
from conformance.differential.lockstep import Divergence, Invalid, Tally, diverges, does, new_tally
from conformance.differential.program import parse
from conformance.differential.shrink import headed, reproduction, shrink
from conformance.failure import Broken, Failure, NotProvided
from conformance.learned import HANGS, Fact, Learned, become, here, learn
from conformance.results import CheckResult
from conformance.targets.target import Target
from conformance.threads import Hung

MOST = 8
"""Broken rules that one check looks for, one behind the other."""

ROUNDS = 16
"""How often a check goes on behind what it has found."""


def execute_check(
    check: Check,
    target: Target,
    profile: str = "quick",
    found: Callable[[Failure], None] = lambda failure: None,
    known: Learned | None = None,
    seed: int | None = None,
) -> tuple[CheckResult, Tally, list[Failure]]:
    """Run a check; how it ended, what it counted, and what it found, one failure for each rule.

    It goes on behind a difference that it found or that is known, for as long as it learns something new.
    `found` is called with a failure as soon as it is seen, before its program is shrunk.
    """
    become(known or Learned(), check.id)
    tally, begun = new_tally(), time.monotonic()
    tally.profile, tally.seed = profile, seed
    failures: list[Failure] = []
    rounds = 0

    def enter(failure: Failure) -> bool:
        nonlocal rounds
        rounds += 1
        before = next((each for each in failures if each.rule == failure.rule), None)
        if before is None:
            failures.append(failure)
        elif failure.python and (not before.python or len(failure.python) < len(before.python)):
            failures[failures.index(before)] = failure
        return learn(failure.facts) and len(failures) < MOST and rounds < ROUNDS

    tally.goes_on = lambda divergence: enter(_shown(divergence, check.id, target, found))
    try:
        while (failure := _attempt(check, target, tally, found)) is not None and enter(failure):
            pass
    except NotProvided as lacks:
        return result_of(check, "not provided", str(lacks), tally.operations, time.monotonic() - begun), tally, []
    finally:
        become(Learned())  # the model has its capacity again
    outcome = "passed"
    if failures:
        outcome = {"error": "error", "hang": "hung"}.get(failures[0].kind, "failed")
    reason = failures[0].seen if failures else ""
    result = result_of(check, outcome, reason, tally.operations, time.monotonic() - begun)
    decided = failure is None and (not tally.cut_short or check.program is None)
    return replace(result, decided=decided), tally, failures


def result_of(check: Check, outcome: str, reason: str, operations: int = 0, seconds: float = 0.0) -> CheckResult:
    """How a check ended; seconds: of its run."""
    return CheckResult(check.id, check.rule, check.layer, check.claim, outcome, operations, round(seconds, 3), reason)


def _attempt(check: Check, target: Target, tally: Tally, found: Callable[[Failure], None]) -> Failure | None:
    try:
        check.run(target, tally)
    except Divergence as divergence:
        return _shown(divergence, check.id, target, found)
    except Broken as broken:
        return _claimed(broken, check.id, target)
    except NotProvided:
        raise
    except Invalid as invalid:
        if here.shortfall:  # the program counts on the whole capacity
            tally.cut_short += 1
            return None
        return Failure(check.rule, check.id, "error", f"the check is no program by the model: {invalid}", target.name)
    except Hung as hung:
        facts = (Fact(check.rule, hung.call, HANGS, state=HANGS),) if hung.call else ()
        python = _script(hung, check, target)
        return Failure(check.rule, check.id, "hang", str(hung), target.name, python=python, facts=facts)
    except Exception as error:
        seen = in_words(error, check.claim)
        return Failure(check.rule, check.id, "claim", seen, target.name, python=_script(error, check, target))
    return None


def _shown(divergence: Divergence, check: str, target: Target, found: Callable[[Failure], None]) -> Failure:
    """A difference by the shortest program that shows it."""
    found(difference(divergence, check, target))  # should a shorter one hang
    shortest = difference(shrink(divergence, target.omni), check, target)
    return replace(shortest, facts=tuple(dict.fromkeys((*shortest.facts, *divergence.facts))))


def _claimed(broken: Broken, check: str, target: Target) -> Failure:
    """What a check says is broken, with the program of one thread that shows it, where it has one that does."""
    known = Learned(here.facts, here.assumed)
    for knowing in (known, Learned()) if broken.program else ():
        become(knowing, here.check)
        divergence = diverges(parse(broken.program), target.omni, broken.rule, waits=True)
        if divergence is not None and divergence.rule == broken.rule:
            become(known, here.check)
            facts = tuple(dict.fromkeys((*divergence.facts, *broken.facts)))
            return replace(difference(divergence, check, target), details=broken.details, facts=facts)
    become(known, here.check)
    details = broken.details
    return Failure(broken.rule, check, broken.kind, broken.seen, target.name, details=details, facts=broken.facts)


def _script(error: Exception, check: Check, target: Target) -> str:
    """The program of several threads that shows an error of a check, where it has one."""
    text: str = getattr(error, "python", "")
    return headed(check.rule, target.preamble, text) if text else ""


def difference(divergence: Divergence, check: str, target: Target) -> Failure:
    """A divergence as a failure."""
    program = tuple(operation.render() for operation in divergence.program.operations)
    python = reproduction(divergence, target)
    seen = str(divergence)
    details = {} if divergence.likeliest == divergence.rule else {"likeliest": divergence.likeliest}
    query = "" if divergence.observable.query == "result" else divergence.observable.render()
    return Failure(
        divergence.rule, check, "difference", seen, target.name, program, python, details, divergence.facts,
        query=query, expected=does(divergence.expected), got=does(divergence.got),
    )  # fmt: skip


def again(failure: Failure, behind: bool = False) -> Check:
    """What showed a failure, as a check: its program, or else the check that found it; ValueError for neither.

    behind: whether it is to show more than what is known, and not which rule that breaks.
    The failure may come from a file of others: of its program, only calls of the target with literals are carried out.
    """
    if failure.program:
        own = next((check.program for check in CHECKS if check.id == failure.check), None)
        program = plain.program(failure.program, own)
        claim, suspect = f"the program that showed {failure.rule}", None if behind else failure.rule
        return of_program(failure.check, failure.rule, claim, program, suspect=suspect, waits=True)
    for check in CHECKS:
        if check.id == failure.check:
            text = failure.details.get("replay") if check.layer == "interruption" else None
            return interruption.again(check, text) if isinstance(text, str) else check
    raise ValueError(f"the failure is of the check {failure.check!r}, which this suite does not have")


_SUITE = str(Path(__file__).parent)


def in_words(error: Exception, claim: str) -> str:
    """The error of a check: its own words, or else the call that did not answer as it should, and what should hold."""
    claim = " ".join(claim.split())
    place = _innermost(error.__traceback__)
    where = _statement(place) if place is not None else ""
    if isinstance(error, AssertionError):
        words = str(error)
        if words and not re.fullmatch(r"[\w.]+", words):
            return words
        found = f" ({words})" if words else _values(place)
        return f"not so: {_spoken(where)}{found}; expected: {claim}" if where else f"not so: {claim}"
    raised = f"{type(error).__name__}: {error}".rstrip(": ")
    return f"{raised}, raised in {_spoken(where)}; expected: {claim}" if where else f"{raised}; expected: {claim}"


def _innermost(trace: TracebackType | None) -> tuple[FrameType, int] | None:
    """The innermost line of the suite's own checks, or of its own at all."""
    best: tuple[FrameType, int] | None = None
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(_SUITE) and file != f"{_SUITE}/threads.py" and not file.endswith("/registry.py"):
            best = trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next
    return best


def _statement(place: tuple[FrameType, int]) -> str:
    """The statement at a line, an assertion without its message, in one line."""
    frame, number = place
    lines = linecache.getlines(frame.f_code.co_filename)
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:
        return ""
    simple = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assert, ast.Expr, ast.Assign, ast.AnnAssign, ast.Return, ast.Raise))
        and node.lineno <= number <= (node.end_lineno or node.lineno)
    ]
    if not simple:
        return lines[number - 1].strip() if number <= len(lines) else ""
    node = max(simple, key=lambda node: node.lineno)
    return ast.unparse(node.test if isinstance(node, ast.Assert) else node)


def _spoken(statement: str) -> str:
    """A line of a check as a program of the API's would have it."""
    plain = re.sub(r"promptly\(([\w.\[\]]+), ", r"\1(", statement)
    return re.sub(r"promptly\(([\w.\[\]]+)\)", r"\1()", plain)


def _values(place: tuple[FrameType, int] | None) -> str:
    """The plain values of the names in the statement."""
    if place is None:
        return ""
    frame, statement = place[0], _statement(place)
    words = dict.fromkeys(re.findall(r"\b[a-z_]\w*\b", statement))
    known = {word: frame.f_locals[word] for word in words if word in frame.f_locals}
    shown = [
        f"{word} is {getattr(each, 'name', each)!s:.80}"
        for word, each in known.items()
        if isinstance(each, (bool, int, float, str, bytes, tuple)) or (hasattr(each, "name") and hasattr(each, "value"))
    ]
    return f" ({', '.join(shown)})" if shown else ""
